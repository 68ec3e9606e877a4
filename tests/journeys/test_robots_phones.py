"""Bringing phones to one form: what is written, what is left alone, and how all of it is taken back."""

from collections.abc import AsyncIterator, Iterator, Mapping

import httpx
import pytest
import pytest_asyncio

from b24app.bitrix24.errors import PortalBusy
from b24app.jobs.tasks import TASKS
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.workflows import RobotStep
from b24app.services.housekeeping import purge
from b24app.services.phone_fixes import UNDO_LIFE_S, undo_phone_fix
from b24app.services.portal.context import Priority, open_portal
from b24app.services.publishing import OPTION
from b24app.store.phone_fixes import PhoneFix
from tests.journeys.shared_town import installed_town
from tests.journeys.test_decisions import TravelClock
from tests.journeys.town import ADMIN, Town, token_of

MANAGER = 2
TYPED = [
    ("8 (900) 555-01-02", "MOBILE"),
    ("+7 495 000-55-66 доб. 104", "WORK"),
    ("+79005550103", "HOME"),
    ("8 900 555-01-04 Ирина", "OTHER"),
    ("нет телефона", "WORK"),
]
UNIFIED = [
    ("+79005550102", "MOBILE"),
    ("+74950005566;104", "WORK"),
    ("+79005550103", "HOME"),
    ("8 900 555-01-04 Ирина", "OTHER"),
    ("нет телефона", "WORK"),
]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("phones")
    async with installed_town(template_url, folder, size=20, clock=TravelClock()) as town:
        async with town.house.runtime.store.begin((await town.known()).portal_id) as tx:
            await tx.options.put(OPTION, {"write_fields": False})
        yield town


@pytest.fixture
def acme(built: Town) -> Iterator[Town]:
    yield built
    built.portal.faults.clear()


def a_record(acme: Town, word: str = "lead") -> int:
    phones = [{"VALUE": value, "VALUE_TYPE": kind} for value, kind in TYPED]
    return acme.portal.add_record(word, {"PHONE": phones})


def phones(acme: Town, record_id: int, word: str = "lead") -> list[tuple[str, str]]:
    record = acme.portal.crm.get(word, record_id)
    assert record is not None
    return [(phone.value, phone.value_type) for phone in record.values["PHONE"]]


async def unify(
    acme: Town, record_id: int, word: str = "lead", inputs: Mapping[str, object] | None = None
) -> RobotStep:
    step = acme.portal.run_robot("unify_phones", word, record_id, inputs)  # type: ignore[arg-type]
    await acme.deliver()
    assert step.answer is not None
    return step


def counts(step: RobotStep) -> list[object]:
    assert step.answer is not None
    return [step.answer[name] for name in ("changed", "unchanged", "invalid")]


async def newest_fix(acme: Town) -> PhoneFix:
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        return (await tx.phone_fixes.recent(1))[0]


async def undo(acme: Town, fix: PhoneFix) -> int:
    context = await open_portal(acme.house.runtime, (await acme.known()).portal_id, Priority.PERSON)
    return await undo_phone_fix(context, fix.fix_id, ADMIN)


@pytest.mark.parametrize("word", ["lead", "contact", "company"])
async def test_phones_are_written_in_one_form_and_nothing_else_changes(acme: Town, word: str):
    record_id = a_record(acme, word)

    step = await unify(acme, record_id, word)

    assert phones(acme, record_id, word) == UNIFIED
    assert counts(step) == ["2", "1", "2"]
    assert step.answer is not None
    assert step.answer["log"] == (
        "8 (9••) •••-••-02 → +79•••••••02\n+7 4•• •••-••-•• доб. •04 → +74•••••••••;•04"
    )
    assert step.messages == ["Телефоны: изменено 2, уже в нужном виде 1, не похоже на телефон 2"]


async def test_a_dry_run_tells_the_same_and_changes_nothing(acme: Town):
    record_id = a_record(acme)

    dry = await unify(acme, record_id, inputs={"dry_run": "Y"})
    untouched = phones(acme, record_id)
    real = await unify(acme, record_id, inputs={"dry_run": "N"})

    assert untouched == TYPED
    assert dry.answer == real.answer


async def test_a_second_time_there_is_nothing_to_do_and_our_own_change_starts_nothing(acme: Town):
    record_id = a_record(acme)
    await unify(acme, record_id)
    acme.portal.traffic.reset()

    await acme.deliver()
    step = await unify(acme, record_id)

    assert counts(step) == ["0", "3", "2"]
    assert acme.portal.traffic.calls["crm.lead.update"] == 0
    assert acme.portal.events.waiting == []


async def test_a_deals_phones_are_those_of_its_clients(acme: Town):
    contact, company = a_record(acme, "contact"), a_record(acme, "company")
    deal = acme.portal.add_record("deal", {"CONTACT_ID": contact, "COMPANY_ID": company})

    step = await unify(acme, deal, "deal")

    assert counts(step) == ["4", "2", "4"]
    assert phones(acme, contact, "contact") == phones(acme, company, "company") == UNIFIED


async def test_undoing_restores_every_spelling_once(acme: Town):
    record_id = a_record(acme)
    await unify(acme, record_id)
    fix = await newest_fix(acme)

    restored, again = await undo(acme, fix), await undo(acme, fix)

    assert (restored, again) == (2, 0)
    assert phones(acme, record_id) == TYPED
    assert (await newest_fix(acme)).undone_by == ADMIN


async def press_undo(acme: Town, user: int, fix: PhoneFix) -> httpx.Response:
    """Open the app, go to the page of automation, and take one record's phones back."""
    token = token_of((await acme.open(user, "DEFAULT")).text)
    fields = {"page_token": token, "fix_id": str(fix.fix_id)}
    return await acme.browser.post(acme.address + "phone-fixes/undo", data=fields)


async def test_an_administrator_takes_phones_back_on_the_apps_page(acme: Town):
    record_id = a_record(acme)
    await unify(acme, record_id)
    fix = await newest_fix(acme)
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)

    listed = await acme.browser.post(acme.address + "automation", data={"page_token": token})
    refused = await press_undo(acme, MANAGER, fix)
    untouched = phones(acme, record_id)
    undone = await press_undo(acme, ADMIN, fix)
    again = await press_undo(acme, ADMIN, fix)

    assert "8 (900) 555-01-02" in listed.text
    assert "+74950005566;104" in listed.text
    assert (refused.status_code, untouched) == (403, UNIFIED)
    assert "Возвращено 2 телефона" in undone.text
    assert phones(acme, record_id) == TYPED
    assert "Возвращать нечего" in again.text


async def test_undoing_leaves_alone_what_somebody_has_changed_since(acme: Town):
    record_id = a_record(acme)
    await unify(acme, record_id)
    first = acme.portal.crm.get("lead", record_id).values["PHONE"][0]  # type: ignore[union-attr]
    acme.portal.change(
        "lead",
        record_id,
        {"PHONE": [{"ID": str(first.id), "VALUE": "+79005559999", "VALUE_TYPE": "HOME"}]},
        by=ADMIN,
    )

    restored = await undo(acme, await newest_fix(acme))

    assert restored == 1
    assert phones(acme, record_id) == [("+79005559999", "HOME"), *TYPED[1:]]


async def test_after_thirty_days_nothing_can_be_undone(acme: Town):
    record_id = a_record(acme)
    await unify(acme, record_id)
    clock: TravelClock = acme.house.runtime.clock  # type: ignore[assignment]
    clock.ahead_s += UNDO_LIFE_S

    fix = await newest_fix(acme)
    restored = await undo(acme, fix)
    await purge(acme.house.runtime)

    assert restored == 0
    assert phones(acme, record_id) == UNIFIED
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        assert await tx.phone_fixes.get(fix.fix_id) is None
        assert await tx.robot_calls.endings() == []


@pytest.mark.parametrize("kind", [FaultKind.TIME_LIMIT, FaultKind.RESET_AFTER])
async def test_work_broken_off_while_writing_neither_forgets_nor_writes_twice(acme: Town, kind: FaultKind):
    await acme.deliver()
    record_id = a_record(acme)
    step = acme.portal.run_robot("unify_phones", "lead", record_id)
    await acme.portal.events.deliver_all()
    acme.portal.faults.add(Fault(kind, skip=1, methods=frozenset({"batch"})))
    portal_id = (await acme.known()).portal_id

    with pytest.raises(PortalBusy):
        await TASKS["answer_robots"].run(acme.house.runtime, portal_id)
    acme.house.runtime.clock.ahead_s += 700.0  # type: ignore[attr-defined]
    await TASKS["answer_robots"].run(acme.house.runtime, portal_id)

    assert phones(acme, record_id) == UNIFIED
    assert counts(step) == ["2", "1", "2"]
    assert await undo(acme, await newest_fix(acme)) == 2
    assert phones(acme, record_id) == TYPED
    await acme.work()


async def test_two_steps_at_once_on_one_record_write_once(acme: Town):
    record_id = a_record(acme)
    steps = [acme.portal.run_robot("unify_phones", "lead", record_id) for _ in range(2)]

    await acme.deliver()

    assert sorted(counts(step) for step in steps) == [["0", "3", "2"], ["2", "1", "2"]]
    assert phones(acme, record_id) == UNIFIED


async def test_a_record_that_may_not_be_changed_is_a_reason(acme: Town):
    record_id = a_record(acme)
    installer = acme.portal.users.get(ADMIN)
    assert installer is not None
    installer.admin, installer.rights = False, {}

    step = await unify(acme, record_id)

    installer.admin = True
    assert step.answer is not None
    assert step.answer["reason_code"] in ("access_denied", "gone")
    assert phones(acme, record_id) == TYPED
