"""Records change: events come in storms, doubled, in any order, or not at all, and the index ends right."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from b24app.dedupe.record import RecordRef, RecordType
from b24app.jobs.tasks import TASKS
from b24app.sandbox.events import DeliveryPlan
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.portal import SandboxPortal
from b24app.services.portal.context import PortalStatus
from b24app.store.sync_state import SyncKind
from tests.conftest import StillClock
from tests.journeys.indexes import index_of, undisturbed
from tests.journeys.town import ADMIN, Town, town

NOW = 1_790_000_000.0
SIZE = 60
MANAGER, HEAD = 3, 2
STORM, DELIVERED = 500, 30
HANDFUL = 8
BATCH = 50  # records whose fields are written by one request


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE, clock=StillClock(NOW)) as built:
        await built.install()
        await built.deliver()
        pass_time(built)
        yield built


def pass_time(acme: Town, seconds: float = 60.0) -> None:
    acme.house.runtime.clock.advance(seconds)  # type: ignore[attr-defined]


def phone(number: int) -> dict[str, list[dict[str, str]]]:
    return {"PHONE": [{"VALUE": f"8 (900) 555-{number // 100:02}-{number % 100:02}", "VALUE_TYPE": "WORK"}]}


def shake(portal: SandboxPortal) -> None:
    """Add, change and delete records of all three types, some of them several times."""
    for number, word in enumerate(("lead", "contact", "company")):
        first, second = portal.crm.tables[word].ids_between(0, 10**9)[:2]
        portal.change(word, first, phone(number), by=MANAGER)
        portal.change(word, first, phone(number + 10), by=None)
        fresh = portal.create(word, {"TITLE": "Новая", "NAME": "Новый", **phone(number)}, by=HEAD)
        portal.change(word, fresh, {"ASSIGNED_BY_ID": 5}, by=ADMIN)
        gone = portal.create(word, phone(90), by=HEAD)
        portal.delete(word, gone, by=HEAD)
        portal.delete(word, second, by=ADMIN)


async def run(acme: Town, task: str) -> None:
    """Do one task at once, without the queue."""
    await TASKS[task].run(acme.house.runtime, (await acme.known()).portal_id)


async def waiting(acme: Town) -> int:
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        return await tx.inbox.count()


async def test_a_storm_of_events_costs_a_handful_of_requests(acme: Town):
    leads = [acme.portal.add_record("lead", phone(number)) for number in range(STORM)]
    for lead in leads[:DELIVERED]:
        acme.portal.touch("lead", lead, by=MANAGER)
    await acme.portal.events.deliver_all()
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:  # as the others would
        await tx.inbox.put([RecordRef(RecordType.LEAD, lead) for lead in leads[DELIVERED:]], at=NOW)
    assert await waiting(acme) == STORM
    acme.portal.traffic.reset()

    await acme.work()

    assert acme.portal.traffic.requests <= HANDFUL + STORM / BATCH
    assert await waiting(acme) == 0
    await acme.deliver()
    assert await index_of(acme) == await undisturbed(acme)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_the_order_and_doubling_the_index_ends_as_the_portal_is(acme: Town, seed: int):
    acme.portal.events.follow(DeliveryPlan(doubled=0.5, is_shuffled=True, seed=seed))
    shake(acme.portal)

    await acme.deliver()

    assert {delivered.status for delivered in acme.portal.events.log} == {200}
    assert await index_of(acme) == await undisturbed(acme)


async def test_late_events_of_an_older_state_do_not_bring_it_back(acme: Town):
    acme.portal.events.follow(DeliveryPlan(doubled=1.0))
    shake(acme.portal)
    calls = acme.portal.events.waiting
    await acme.deliver()
    pass_time(acme)

    for call in reversed(calls):
        acme.portal.events.put(call)
    await acme.deliver()

    assert await index_of(acme) == await undisturbed(acme)


async def test_lost_events_of_changes_are_healed_by_the_sweep_for_one_request(acme: Town):
    acme.portal.events.follow(DeliveryPlan(lost=1.0))
    acme.portal.change("lead", 102, phone(1), by=MANAGER)
    added = acme.portal.create("company", phone(1), by=None)
    pass_time(acme)
    acme.portal.traffic.reset()

    await run(acme, "sweep_portal")

    assert acme.portal.traffic.requests <= 2
    assert RecordRef(RecordType.COMPANY, added) in await index_of(acme)
    assert await index_of(acme) == await undisturbed(acme)


async def test_lost_deletions_are_healed_by_the_nightly_reconciliation(acme: Town):
    acme.portal.events.follow(DeliveryPlan(lost=1.0))
    shake(acme.portal)
    pass_time(acme)
    await run(acme, "sweep_portal")
    assert await index_of(acme) != await undisturbed(acme), "a sweep can't see what is gone"

    await run(acme, "reconcile_portal")

    assert await index_of(acme) == await undisturbed(acme)


async def test_a_reconciliation_begun_by_a_machine_whose_clock_is_ahead_ends_all_the_same(acme: Town):
    runtime, portal_id = acme.house.runtime, (await acme.known()).portal_id
    async with runtime.store.begin(portal_id) as tx:
        await tx.sync.start(SyncKind.FULL, [], {}, runtime.clock.now() + 600.0)

    async with asyncio.timeout(30):
        await run(acme, "reconcile_portal")

    assert await index_of(acme) == await undisturbed(acme)


async def test_a_record_restored_under_a_new_id_takes_the_place_of_the_deleted_one(acme: Town):
    old = acme.portal.crm.get("lead", 102)
    assert old is not None
    phones = [{"VALUE": value.value, "VALUE_TYPE": value.value_type} for value in old.values["PHONE"]]
    acme.portal.delete("lead", 102, by=MANAGER)
    restored = acme.portal.create("lead", {"TITLE": "Восстановлен", "PHONE": phones}, by=MANAGER)

    await acme.deliver()
    page = (await acme.open_card(HEAD, "lead", 101)).text

    assert f"/crm/lead/details/{restored}/" in page
    assert "/crm/lead/details/102/" not in page
    assert await index_of(acme) == await undisturbed(acme)


async def test_a_change_that_concerns_nobody_changes_no_row(acme: Town):
    before = await acme.rows("SELECT * FROM record ORDER BY type, id /* all portals */")
    acme.portal.touch("lead", 101, by=ADMIN, app_made=True)  # as our own changes come back

    await acme.deliver()

    after = await acme.rows("SELECT * FROM record ORDER BY type, id /* all portals */")
    assert [drop_times(row) for row in after] == [drop_times(row) for row in before]
    assert await waiting(acme) == 0


def drop_times(row: object) -> dict[str, object]:
    found = dict(row)  # type: ignore[call-overload]
    return {name: value for name, value in found.items() if name not in ("read_at", "modified_at")}


async def test_events_before_the_page_has_finished_the_installation_are_not_lost(
    database_url: str, tmp_path: Path
):
    async with town(database_url, tmp_path, size=SIZE, clock=StillClock(NOW)) as fresh:
        await fresh.open_installer(ADMIN)  # the browser has not called installFinish yet
        fresh.portal.change("lead", 102, phone(1), by=MANAGER)
        fresh.portal.install_finish(ADMIN)
        fresh.portal.change("lead", 103, phone(2), by=MANAGER)

        await fresh.deliver()

        assert await index_of(fresh) == await undisturbed(fresh)


async def test_a_crash_between_reading_and_storing_leaves_the_records_waiting(acme: Town):
    shake(acme.portal)
    await acme.portal.events.deliver_all()
    before, named = await index_of(acme), await waiting(acme)
    acme.portal.faults.add(Fault(FaultKind.RESET_AFTER, times=None))

    with pytest.raises(Exception):  # noqa: B017 - whatever ends the process
        await run(acme, "drain_inbox")
    assert (await index_of(acme), await waiting(acme)) == (before, named)
    acme.portal.faults.clear()
    await acme.deliver()

    assert await waiting(acme) == 0
    assert await index_of(acme) == await undisturbed(acme)


@pytest.mark.parametrize("kind", [FaultKind.BUSY, FaultKind.TIME_LIMIT])
async def test_a_busy_portal_is_asked_again_later_and_nothing_is_lost(acme: Town, kind: FaultKind):
    shake(acme.portal)
    await acme.portal.events.deliver_all()
    acme.portal.faults.add(Fault(kind, times=None))
    await acme.work()
    named = await waiting(acme)
    acme.portal.faults.clear()
    pass_time(acme, 900)

    put_off = [job for job in await acme.jobs("todo") if job.task_name == "drain_inbox"]
    await run(acme, "drain_inbox")
    await acme.portal.events.deliver_all()  # of our own writes
    await run(acme, "drain_inbox")

    assert named > 0
    assert len(put_off) == 1
    assert put_off[0].scheduled_at is not None
    assert await acme.jobs("failed") == []
    assert await index_of(acme) == await undisturbed(acme)


async def test_an_installer_who_lost_his_rights_makes_nothing_forgotten(acme: Town):
    before = await index_of(acme)
    demote(acme.portal, ADMIN)
    acme.portal.change("lead", 102, phone(1), by=HEAD)

    await acme.deliver()

    known = await acme.known()
    assert (known.status, known.blocked_reason) == (PortalStatus.BLOCKED, "lost_rights")
    assert await index_of(acme) == before


async def test_an_administrator_who_opens_the_page_reconnects_the_portal(acme: Town):
    demote(acme.portal, ADMIN)
    acme.portal.change("lead", 102, phone(1), by=HEAD)
    await acme.deliver()
    promote(acme.portal, HEAD)
    acme.portal.delete("lead", 103, by=HEAD)  # while nobody listens
    await acme.deliver()
    pass_time(acme)

    answer = await acme.open(HEAD, "DEFAULT")
    await acme.deliver()

    promote(acme.portal, ADMIN)  # for the comparison only

    assert answer.status_code == 200
    assert await acme.is_active()
    assert await index_of(acme) == await undisturbed(acme)


def demote(portal: SandboxPortal, user_id: int) -> None:
    user = portal.users.get(user_id)
    assert user is not None
    user.admin, user.rights = False, {}


def promote(portal: SandboxPortal, user_id: int) -> None:
    user = portal.users.get(user_id)
    assert user is not None
    user.admin = True
