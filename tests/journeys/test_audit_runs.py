"""An audit of a whole portal, from the order to its figures: complete, repeatable, broken off and taken up again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random

import pytest
import pytest_asyncio

from b24app.bitrix24.answers import Viewer
from b24app.bitrix24.throttle import Priority
from b24app.dedupe.group import group_records
from b24app.dedupe.record import RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.run import acts
from b24app.services.audit.run.access import AuditAccess, may_audit, save_access
from b24app.services.audit.run.numbers import AuditNumbers
from b24app.services.audit.run.orders import AuditScope, AuditTerms, Window
from b24app.services.audit.run.portal_run import run_audit, work_off
from b24app.services.audit.run.schedule import (
    AuditSchedule,
    Every,
    order_scheduled,
    portals_to_audit,
    read_schedule,
    save_schedule,
)
from b24app.services.audit.run.simulate import NEEDS_READING, simulate_rules
from b24app.services.audit.run.steps import RunStopped, Steps, open_work
from b24app.services.portal.access import Refused
from b24app.services.portal.context import PortalContext, open_portal
from b24app.store.audit_values import AuditRun, AuditState, Change, GroupFilter, GroupOrder
from tests.conftest import StillClock
from tests.journeys.indexes import index_of
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = 1_790_000_000.0
ADMINISTRATOR, MANAGER = Viewer(ADMIN, is_admin=True), Viewer(5, is_admin=False)
TABLES = ("audit_group", "audit_member", "audit_shared", "audit_hub")
ONE_BY_ONE = Steps(groups_stored=12, records_read=40)
EVERYTHING, ALL_AT_ONCE = AuditScope(), AuditTerms()
PHONE = {"PHONE": [{"VALUE": "8 (900) 777-00-11", "VALUE_TYPE": "WORK"}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("audited")
    async with installed_town(template_url, folder, size=120, clock=StillClock(NOW)) as town:
        yield town


async def context_of(town: Town) -> PortalContext:
    return await open_portal(town.house.runtime, (await town.known()).portal_id, Priority.PERSON)


async def ordered(town: Town, scope: AuditScope = EVERYTHING, terms: AuditTerms = ALL_AT_ONCE) -> AuditRun:
    return await acts.order_audit(await context_of(town), ADMINISTRATOR, "Аудит", scope, terms)


async def an_audit(town: Town, scope: AuditScope = EVERYTHING, terms: AuditTerms = ALL_AT_ONCE) -> AuditRun:
    """Order one and let the worker do it."""
    run = await ordered(town, scope, terms)
    await town.work()
    return await stored(town, run.run_id)


async def stored(town: Town, run_id: int) -> AuditRun:
    async with (await context_of(town)).read() as tx:
        run = await tx.audits.get(run_id)
    assert run is not None
    return run


async def results(town: Town, run_id: int) -> dict[str, list[tuple[object, ...]]]:
    """Every row a run has, without its own number, and what only the run before decides."""
    left_out = {"run_id", "change", "is_solved"}
    found = {}
    for table in TABLES:
        rows = await town.rows(f"SELECT * FROM {table} WHERE run_id = $1", run_id)
        found[table] = sorted(
            (tuple(value for name, value in row.items() if name not in left_out) for row in rows), key=str
        )
    return found


async def codes(town: Town, run_id: int, **wanted: object) -> list[str]:
    async with (await context_of(town)).read() as tx:
        groups = await tx.audits.find_groups(run_id, GroupFilter(**wanted), GroupOrder.NUMBER, None, 999)
    return [group.code for group in groups]


def pass_time(town: Town, seconds: float) -> None:
    town.house.runtime.clock.advance(seconds)  # type: ignore[attr-defined]


async def test_an_audit_finds_every_group_of_the_index_and_counts_it(acme: Town):
    index = await index_of(acme)
    expected = group_records({ref: record.keys for ref, record in index.items()}, hub_limit=50)

    run = await an_audit(acme)

    numbers = AuditNumbers.from_dict(run.numbers)
    found = await results(acme, run.run_id)
    assert (run.state, run.reason_code) == (AuditState.DONE, None)
    assert sorted(await codes(acme, run.run_id)) == sorted(group.number for group in expected.groups)
    touched = await acme.rows("SELECT newest_at FROM audit_group ORDER BY group_no")
    assert list(touched) == sorted(touched)
    assert numbers.records == len(index)
    assert numbers.records_in_groups == sum(len(group.records) for group in expected.groups)
    assert sum(numbers.by_name_grade.values()) == numbers.groups == len(expected.groups)
    assert "not_read" not in numbers.by_name_grade
    assert numbers.shared_values == len(found["audit_shared"]) > 0
    assert sum(numbers.sources.values()) > 0
    assert sum(numbers.months.values()) == numbers.records_in_groups - numbers.groups
    assert run.progress.done == run.progress.total == numbers.records_in_groups


async def test_a_run_that_is_killed_again_and_again_ends_like_one_that_was_not(acme: Town):
    undisturbed = await an_audit(acme)
    run = await ordered(acme)
    chance, kills = Random(3), 0

    while not (now := await stored(acme, run.run_id)).state.is_final:
        work = await open_work(acme.house.runtime, (await acme.known()).portal_id, now)
        work.steps = ONE_BY_ONE
        worker = asyncio.create_task(work_off(work))
        while not worker.done() and (await stored(acme, run.run_id)).checkpoint == now.checkpoint:
            await asyncio.sleep(0.01)
        for _ in range(chance.randrange(40)):  # turns of the loop: however fast the machine, amid a step
            await asyncio.sleep(0)
        kills += not worker.done()
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker

    assert kills > 3
    assert await results(acme, run.run_id) == await results(acme, undisturbed.run_id)
    ended = await stored(acme, run.run_id)
    same = {"by_change": None, "solved": None}
    assert {**ended.numbers, **same} == {**undisturbed.numbers, **same}


async def test_a_run_is_paused_goes_on_and_is_cancelled_without_a_trace(acme: Town):
    context, run = await context_of(acme), await ordered(acme)
    await acts.pause_audit(context, ADMINISTRATOR, run.run_id)
    await acme.work()
    paused = await stored(acme, run.run_id)
    await acts.resume_audit(context, ADMINISTRATOR, run.run_id)
    await acme.work()
    resumed = await stored(acme, run.run_id)

    other = await ordered(acme)
    work = await open_work(acme.house.runtime, context.portal.portal_id, other)
    work.steps = ONE_BY_ONE
    worker = asyncio.create_task(work_off(work))
    while not await acme.rows("SELECT FROM audit_member WHERE run_id = $1", other.run_id):
        await asyncio.sleep(0.005)
    await acts.cancel_audit(context, ADMINISTRATOR, other.run_id)
    with pytest.raises(RunStopped):
        await worker

    assert (paused.state, resumed.state) == (AuditState.PAUSED, AuditState.DONE)
    assert (await stored(acme, other.run_id)).state is AuditState.CANCELLED
    assert [await acme.rows(f"SELECT FROM {table} WHERE run_id = $1", other.run_id) for table in TABLES] == [
        []
    ] * len(TABLES)
    with pytest.raises(Refused):
        await acts.resume_audit(context, ADMINISTRATOR, other.run_id)


async def test_changes_since_the_last_run_are_told_and_an_incremental_run_equals_a_full_one(acme: Town):
    pass_time(acme, 3_600)
    first = await an_audit(acme)
    pass_time(acme, 3_600)
    one, two = (acme.portal.create("lead", {"TITLE": "Повтор", **PHONE}, by=3) for _ in range(2))
    code = f"lead:{one}"
    await acme.deliver()

    second = await an_audit(acme, terms=AuditTerms(incremental=True))
    full = await an_audit(acme)
    pass_time(acme, 3_600)
    acme.portal.delete("lead", two, by=ADMIN)
    await acme.deliver()
    third = await an_audit(acme)
    acme.portal.create("lead", {"TITLE": "Опять", **PHONE}, by=3)
    await acme.deliver()
    fourth = await an_audit(acme)

    assert await codes(acme, second.run_id, change=Change.NEW) == [code]
    assert second.previous_run_id == first.run_id
    assert second.progress.total < full.progress.total
    assert await results(acme, second.run_id) == await results(acme, full.run_id)
    assert await codes(acme, full.run_id, is_solved=True) == [code]
    assert AuditNumbers.from_dict(third.numbers).solved == 1
    assert await codes(acme, fourth.run_id, change=Change.REOPENED) == [code]
    assert fourth.numbers["by_change"] == {"same": full.progress.groups - 1, "reopened": 1}


async def test_an_incremental_run_equals_a_full_one_after_changes_deletions_and_merges(acme: Town):
    portal, by = acme.portal, {"by": ADMIN}
    renamed, moved, joined, lost, kept = groups_of_leads(acme, 5)
    await acme.deliver()
    pass_time(acme, 3_600)
    before = await an_audit(acme)
    pass_time(acme, 3_600)
    portal.change("lead", renamed[0], {"NAME": "Пётр", "LAST_NAME": "Иной"}, **by)
    portal.change("lead", moved[0], {"SOURCE_ID": "WEB", "ASSIGNED_BY_ID": "4"}, **by)
    portal.change("lead", joined[0], {"PHONE": [{"VALUE": "+7 900 123-99-01"}]}, **by)
    portal.change("lead", moved[1], {"PHONE": [{"VALUE": "8 900 123 99 01"}]}, **by)
    portal.delete("lead", lost[0], **by)
    for absorbed in kept[1:]:  # a merge: the one that stays takes the values over, the others are deleted
        portal.change("lead", kept[0], {"EMAIL": [{"VALUE": f"merged{absorbed}@example.org"}]}, **by)
        portal.delete("lead", absorbed, **by)
    contact, company = await shared_pair(acme, before.run_id)
    portal.create("deal", {"TITLE": "Сделка", "CONTACT_ID": contact}, **by)
    assert portal.change("contact", contact, {"COMPANY_IDS": [company]}, **by)
    await acme.deliver()

    incremental = await an_audit(acme, terms=AuditTerms(incremental=True))
    full = await an_audit(acme)

    assert await results(acme, incremental.run_id) == await results(acme, full.run_id)
    after, then = await results(acme, full.run_id), await results(acme, before.run_id)
    assert [table for table in TABLES if after[table] == then[table]] == ["audit_hub"]
    assert incremental.progress.total < full.progress.total
    assert await codes(acme, incremental.run_id, change=Change.GROWN)
    assert incremental.numbers["solved"]
    same = {"by_change": None, "solved": None}
    assert {**incremental.numbers, **same} == {**full.numbers, **same}


def groups_of_leads(town: Town, count: int) -> list[list[int]]:
    """Create groups of two leads of one name: stories told before may have used up those of the seed."""
    return [
        [
            town.portal.create(
                "lead",
                {"NAME": "Вера", "LAST_NAME": "Новая", "PHONE": [{"VALUE": f"+7 900 321-00-{number:02d}"}]},
                by=ADMIN,
            )
            for _ in range(2)
        ]
        for number in range(count)
    ]


async def shared_pair(town: Town, run_id: int) -> tuple[int, int]:
    """A contact and a company that share a value, in a state that is as bad as any."""
    rows = await town.rows(
        "SELECT contacts[1] >> 16 AS contact, companies[1] >> 16 AS company FROM audit_shared "
        "WHERE run_id = $1 ORDER BY severity DESC, group_no LIMIT 1", run_id,
    )  # fmt: skip
    return rows[0]["contact"], rows[0]["company"]


async def test_a_scope_asks_the_portal_for_departments_and_sources(acme: Town):
    book = acme.portal.users
    book.department_names |= dict.fromkeys(range(100, 160), "Филиал")  # more than a page of them
    book.department_parents |= {5: 159, 159: 120, 120: 159}  # the second and the third go round in a circle
    users = [user for user in book.all() if 5 in user.departments]
    leads = acme.portal.crm.tables["lead"]
    called = [one for one in leads.ids_between(0, 10**9) if leads.get(one).fields.get("SOURCE_ID") == "CALL"]

    own = await an_audit(acme, AuditScope(departments=frozenset({120})))
    calls = await an_audit(acme, AuditScope(types=frozenset({RecordType.LEAD}), sources=frozenset({"CALL"})))

    members = await acme.rows("SELECT * FROM audit_member WHERE run_id = $1", own.run_id)
    assert {row["responsible_id"] for row in members} <= {user.id for user in users}
    assert len(members) > 0
    in_calls = await acme.rows("SELECT id, source FROM audit_member WHERE run_id = $1", calls.run_id)
    assert calls.numbers["records"] == len(called)
    assert {row["source"] for row in in_calls} == {"CALL"}


async def test_a_run_waits_for_its_window_and_a_missed_schedule_is_made_up_once(acme: Town):
    runtime, context = acme.house.runtime, await context_of(acme)
    hour = int(context.now() // 3_600 % 24)
    waiting = await an_audit(acme, terms=AuditTerms(window=Window((hour + 1) % 24, (hour + 2) % 24)))
    due_before = await portals_to_audit(runtime)
    pass_time(acme, 3_600)
    due_after = await portals_to_audit(runtime)
    await run_audit(runtime, context.portal.portal_id)

    await save_schedule(context, ADMINISTRATOR, AuditSchedule(Every.DAY, terms=AuditTerms(told=(ADMIN,))))
    await order_scheduled(runtime)
    before = await scheduled(acme)
    pass_time(acme, 5 * 86_400)
    await order_scheduled(runtime)
    await order_scheduled(runtime)
    await acme.work()
    made_up = await scheduled(acme)

    assert (waiting.state, waiting.reason_code) == (AuditState.QUEUED, "outside_window")
    assert (due_before, due_after) == ([], [context.portal.portal_id])
    assert (await stored(acme, waiting.run_id)).state is AuditState.DONE
    assert before == []
    assert [run.state for run in made_up] == [AuditState.DONE]
    kept = await read_schedule(context)
    assert kept is not None and context.now() < kept[1] <= context.now() + 86_400
    (notice,) = [notice for notice in acme.portal.bell.of(ADMIN) if "Аудит дублей завершён" in notice.text]
    assert f"Групп: {made_up[0].numbers['groups']}," in notice.text
    await save_schedule(context, ADMINISTRATOR, None)
    assert await read_schedule(context) is None


async def scheduled(town: Town) -> list[AuditRun]:
    async with (await context_of(town)).read() as tx:
        return [run for run in await tx.audits.latest(9) if run.started_by is None]


async def test_only_administrators_and_whom_they_name_may_audit_and_all_of_it_is_logged(acme: Town):
    context = await context_of(acme)
    department = acme.portal.users.get(MANAGER.id).departments[0]
    stages = [await may_audit(context, MANAGER)]
    with pytest.raises(Refused):
        await acts.order_audit(context, MANAGER, "", EVERYTHING, ALL_AT_ONCE)
    with pytest.raises(Refused):
        await save_access(context, MANAGER, AuditAccess(people=frozenset({MANAGER.id})))
    await save_access(context, ADMINISTRATOR, AuditAccess(departments=frozenset({department})))
    stages.append(await may_audit(context, MANAGER))
    above = acme.portal.users.department_parents[department]
    await save_access(context, ADMINISTRATOR, AuditAccess(departments=frozenset({above})))
    stages.append(await may_audit(context, MANAGER))
    await save_access(context, ADMINISTRATOR, AuditAccess(departments=frozenset({department + 1})))
    stages.append(await may_audit(context, MANAGER))
    await save_access(context, ADMINISTRATOR, AuditAccess(people=frozenset({MANAGER.id})))
    stages.append(await may_audit(context, MANAGER))
    run = await acts.order_audit(context, MANAGER, "", EVERYTHING, ALL_AT_ONCE)
    await acme.work()
    await acts.note_opened(context, MANAGER, run.run_id, "report")
    await acts.hand_over(context, MANAGER, run.run_id, 0, MANAGER.id, NOW)

    async with context.read() as tx:
        journal = [(entry.user_id, entry.what) for entry in await tx.journal.recent(7)]
        group = await tx.audits.group(run.run_id, 0)
    assert stages == [False, True, True, False, True]
    assert [what for _, what in journal] == [
        "audit.hand_over",
        "audit.opened.report",
        "audit.order",
        *["audit.access"] * 4,
    ]
    assert journal[0][0] == MANAGER.id
    assert group is not None
    assert group.handed_to == MANAGER.id


async def test_other_rules_can_be_tried_before_they_hold(acme: Town):
    context = await context_of(acme)

    same = await simulate_rules(context, context.rules)
    leads = await simulate_rules(context, RuleSet(types=frozenset({RecordType.LEAD})))
    strict = await simulate_rules(context, RuleSet(email_aliases=False, hub_limit=2))
    abroad = await simulate_rules(context, RuleSet(region="DE"))

    assert (same.gained, same.lost, same.changed) == (0, 0, 0)
    assert same.groups_before == same.groups_after > 0
    assert leads.lost >= len(leads.lost_samples) > 0
    assert leads.records_after < leads.records_before
    assert strict.groups_after + strict.lost >= strict.groups_before
    assert strict.lost > 0
    assert abroad.reason == NEEDS_READING


async def test_an_audit_writes_nothing_to_the_crm(acme: Town):
    told = len(acme.heard)
    await an_audit(acme)

    assert not any(call.holds(act) for call in acme.heard[told:] for act in (".add", ".update", ".delete"))
    assert (
        await acme.rows("SELECT FROM audit_run WHERE portal_id <> $1", (await acme.known()).portal_id) == []
    )
