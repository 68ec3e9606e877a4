"""Result fields: seconds after an event all sides say what is true, once, and our own writes start nothing anew."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from b24app.bitrix24.throttle import Priority
from b24app.dedupe.outcome import MatchKind, Outcome
from b24app.dedupe.record import RecordRef, RecordType
from b24app.jobs.tasks import TASKS
from b24app.sandbox.events import DeliveryPlan
from b24app.services.outcomes.find import find_outcomes
from b24app.services.portal.context import open_portal
from b24app.services.publishing import OPTION, PublishingOptions
from b24app.services.writeback.result_fields import ResultCode
from tests.conftest import StillClock
from tests.journeys.seen import SeenPage
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town, token_of

NOW = 1_790_000_000.0
MANAGER, HEAD = 3, 2
SIZE = 20
WORDS = ("lead", "contact", "company")
EVENTS, DELIVERED = 1_000, 40
HUB_LIMIT = 10
GRADES = ("weak", "possible", "likely", "exact")


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("result_fields")
    async with installed_town(template_url, folder, size=SIZE, clock=StillClock(NOW)) as built:
        await built.set_rules(hub_limit=HUB_LIMIT)
        await built.deliver()
        yield built


@pytest.fixture(autouse=True)
def calm(acme: Town) -> None:
    """Let time pass between two stories, deliver events as they come, and count anew."""
    pass_time(acme)
    acme.portal.events.follow(DeliveryPlan())
    acme.portal.traffic.reset()


def pass_time(acme: Town, seconds: float = 60.0) -> None:
    acme.house.runtime.clock.advance(seconds)  # type: ignore[attr-defined]


def phone(number: int) -> dict[str, list[dict[str, str]]]:
    return {"PHONE": [{"VALUE": f"8 (900) 555-{number // 100:02}-{number % 100:02}", "VALUE_TYPE": "WORK"}]}


def other_phone(acme: Town, word: str, record_id: int, number: int) -> dict[str, list[dict[str, object]]]:
    """Return the change by which a person types another number over the first one."""
    record = acme.portal.crm.get(word, record_id)
    assert record is not None
    return {"PHONE": [{"ID": record.values["PHONE"][0].id, **phone(number)["PHONE"][0]}]}


def field(acme: Town, word: str, record_id: int, code: ResultCode) -> object:
    """Return what stands in a field; the item's code instead of its id, None for an empty one."""
    record = acme.portal.crm.get(word, record_id)
    assert record is not None
    value = record.fields.get(code.value)
    items = acme.portal.crm.custom_names(word)[code.value].row.get("LIST")
    names = {str(item["ID"]): item["XML_ID"] for item in items} if isinstance(items, list) else {}  # type: ignore[index, call-overload]
    return names.get(str(value), value) if value not in ("", [], [""], None) else None


def says(acme: Town, word: str, record_id: int) -> dict[str, object]:
    """Return what all fields of a record say, empty ones and the time left out."""
    found = {code.name.lower(): field(acme, word, record_id, code) for code in ResultCode}
    return {name: value for name, value in found.items() if value is not None and name != "checked"}


def expected(outcome: Outcome) -> dict[str, object]:
    """Return what the fields have to say of an outcome, as a person would put it; but for the reason's words."""
    letters = {RecordType.LEAD: "L", RecordType.CONTACT: "C", RecordType.COMPANY: "CO"}
    links = dict.fromkeys([*(match.ref for match in outcome.matches), *outcome.partners])
    named = {
        "status": outcome.status.value,
        "matches": [f"{letters[ref.type]}_{ref.id}" for ref in links] or None,
        "count": outcome.count(),
        "leads": outcome.count(RecordType.LEAD),
        "contacts": outcome.count(RecordType.CONTACT),
        "companies": outcome.count(RecordType.COMPANY),
        "best": f"{letters[outcome.best.ref.type]}_{outcome.best.ref.id}" if outcome.best else None,
        "owner": outcome.best.responsible_id if outcome.best else None,
        "grade": GRADES[outcome.grade - 1] if outcome.grade else None,
        "shared": outcome.shared.value if outcome.shared else None,
        "group": outcome.group or None,
    }
    return {name: value for name, value in named.items() if value is not None}


async def assert_fields_are_true(acme: Town) -> None:
    """Hold every record's fields against what is found for it now; unique ones may never have been written."""
    portal_id = (await acme.known()).portal_id
    context = await open_portal(acme.house.runtime, portal_id, Priority.PERSON)
    refs = [
        RecordRef(RecordType.parse(word), record_id)
        for word in WORDS
        for record_id in acme.portal.crm.tables[word].ids_between(0, 10**9)
    ]
    for ref, outcome in (await find_outcomes(context, refs)).items():
        told = says(acme, ref.type.word, ref.id)
        reason = told.pop("reason", None)
        wanted = expected(outcome)
        assert told == wanted or (wanted["status"], told) == ("none", {}), str(ref)
        assert (reason is None) == (outcome.status.value == "none"), str(ref)


def writes(acme: Town) -> int:
    """Return how many records' fields were written since the traffic was last counted."""
    return sum(acme.portal.traffic.calls[f"crm.{word}.update"] for word in WORDS)


async def run(acme: Town, task: str) -> None:
    await TASKS[task].run(acme.house.runtime, (await acme.known()).portal_id)


async def test_after_the_first_indexing_duplicates_say_so_and_the_rest_is_left_alone(acme: Town):
    await assert_fields_are_true(acme)

    told = [
        says(acme, word, one) for word in WORDS for one in acme.portal.crm.tables[word].ids_between(0, 10**9)
    ]
    card = SeenPage((await acme.open_card(HEAD, "lead", 101)).text)
    assert {said["status"] for said in told if said} == {"duplicate", "shared"}
    assert {} in told
    assert field(acme, "lead", 101, ResultCode.COUNT) == len(card.matches())
    assert str(field(acme, "lead", 101, ResultCode.REASON)).startswith("Телефон совпадает: 3 лида, 1 контакт")


async def test_doubled_reordered_and_lost_events_end_in_true_fields(acme: Town):
    acme.portal.events.follow(DeliveryPlan(doubled=0.4, lost=0.3, is_shuffled=True, seed=4))
    leads = [
        acme.portal.create("lead", {"TITLE": "Заявка", **phone(100 + number % 4)}, by=None)
        for number in range(8)
    ]
    contact = acme.portal.create("contact", {"NAME": "Новый", **phone(101)}, by=HEAD)
    acme.portal.change("lead", leads[2], other_phone(acme, "lead", leads[2], 103), by=MANAGER)
    acme.portal.change("lead", 102, {"ASSIGNED_BY_ID": 5}, by=ADMIN)
    acme.portal.change("lead", 101, other_phone(acme, "lead", 101, 101), by=ADMIN)
    acme.portal.delete("lead", leads[3], by=HEAD)
    await acme.deliver()

    acme.portal.events.follow(DeliveryPlan())
    pass_time(acme)
    await run(acme, "sweep_portal")
    await run(acme, "reconcile_portal")  # a lost deletion
    await acme.deliver()

    await assert_fields_are_true(acme)
    assert field(acme, "contact", contact, ResultCode.STATUS) == "duplicate"


async def test_a_lost_event_is_healed_by_the_sweep(acme: Town):
    acme.portal.events.follow(DeliveryPlan(lost=1.0))
    lead = acme.portal.create("lead", phone(201), by=None)
    repeat = acme.portal.create("lead", phone(201), by=None)
    await acme.deliver()
    pass_time(acme)

    await run(acme, "sweep_portal")
    await acme.work()

    assert says(acme, "lead", repeat)["matches"] == [f"L_{lead}"]
    await assert_fields_are_true(acme)


async def test_a_thousand_events_of_one_record_are_one_write_and_no_echo(acme: Town):
    lead = acme.portal.create("lead", {"TITLE": "Заявка", **phone(301)}, by=None)
    waiting = acme.portal.events.waiting
    for _ in range(DELIVERED - 1):
        acme.portal.events.put(waiting[0])
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
        for _ in range(EVENTS - DELIVERED):  # as the others would
            await tx.inbox.put([RecordRef(RecordType.LEAD, lead)], at=NOW)
    acme.portal.traffic.reset()

    await acme.deliver()

    assert says(acme, "lead", lead) == {
        "status": "none",
        "count": 0,
        "leads": 0,
        "contacts": 0,
        "companies": 0,
    }
    assert writes(acme) == 1
    assert acme.portal.events.waiting == []
    acme.portal.traffic.reset()
    await acme.work()
    assert acme.portal.traffic.requests == 0


async def test_a_change_that_changes_no_outcome_writes_nothing(acme: Town):
    acme.portal.change("lead", 101, {"TITLE": "Другое название"}, by=MANAGER)

    await acme.deliver()

    assert writes(acme) == 0


async def test_of_two_leads_of_one_moment_the_later_is_the_repeat_and_both_say_so(acme: Town):
    first = acme.portal.create("lead", phone(501), by=None)
    second = acme.portal.create("lead", phone(501), by=None)
    acme.portal.events.follow(DeliveryPlan(is_shuffled=True, seed=1))

    await acme.deliver()

    assert [says(acme, "lead", one)["matches"] for one in (first, second)] == [
        [f"L_{second}"],
        [f"L_{first}"],
    ]
    assert [says(acme, "lead", one)["group"] for one in (first, second)] == [f"lead:{first}"] * 2
    portal_id = (await acme.known()).portal_id
    context = await open_portal(acme.house.runtime, portal_id, Priority.PERSON)
    refs = [RecordRef(RecordType.LEAD, one) for one in (first, second)]
    found = await find_outcomes(context, refs)
    assert [bool(found[ref].earlier) for ref in refs] == [False, True]


async def test_shared_data_are_flagged_on_both_sides_and_clear_by_themselves(acme: Town):
    contact = acme.portal.create("contact", {"NAME": "Новый", **phone(601)}, by=HEAD)
    company = acme.portal.create("company", {"TITLE": "Новая", **phone(601)}, by=HEAD)
    await acme.deliver()
    flagged = says(acme, "contact", contact), says(acme, "company", company)

    acme.portal.change("company", company, other_phone(acme, "company", company, 602), by=HEAD)
    await acme.deliver()

    assert [said["shared"] for said in flagged] == ["foreign_company"] * 2
    assert [said["matches"] for said in flagged] == [[f"CO_{company}"], [f"C_{contact}"]]
    assert {said["status"] for said in flagged} == {"shared"}
    for cleared in (says(acme, "contact", contact), says(acme, "company", company)):
        assert cleared == {"status": "none", "count": 0, "leads": 0, "contacts": 0, "companies": 0}


async def test_a_deleted_match_and_a_value_become_common_clear_the_others(acme: Town):
    leads = [acme.portal.create("lead", phone(701), by=None) for _ in range(2)]
    await acme.deliver()
    acme.portal.delete("lead", leads[0], by=HEAD)
    await acme.deliver()
    alone = says(acme, "lead", leads[1])["status"]

    crowd = [acme.portal.create("lead", phone(701), by=None) for _ in range(HUB_LIMIT - 1)]
    await acme.deliver()
    before = says(acme, "lead", crowd[0])["count"]
    acme.portal.create("lead", phone(701), by=None)
    await acme.deliver()

    assert (alone, before) == ("none", HUB_LIMIT - 1)
    assert {says(acme, "lead", one)["status"] for one in (leads[1], *crowd)} == {"none"}


async def test_a_decision_of_a_person_clears_the_fields_and_taking_it_back_fills_them(acme: Town):
    first, second = (acme.portal.create("lead", phone(801), by=MANAGER) for _ in range(2))
    await acme.deliver()
    page = SeenPage((await acme.open_card(ADMIN, "lead", first)).text)
    given = {"ref": f"lead:{second}", "reason": "shared_value", "days": "0"}

    answer = await acme.browser.post(f"{acme.address}widget/reject", data={"page_token": page.token, **given})
    await acme.deliver()
    apart = [says(acme, "lead", one)["status"] for one in (first, second)]
    token = SeenPage(answer.text).token
    await acme.browser.post(f"{acme.address}widget/undo", data={"page_token": token, "ref": given["ref"]})
    await acme.deliver()

    assert apart == ["none", "none"]
    assert [says(acme, "lead", one)["status"] for one in (first, second)] == ["duplicate", "duplicate"]


async def test_while_the_index_is_incomplete_nothing_else_is_said(acme: Town):
    portal_id = (await acme.known()).portal_id
    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.portal.mark_indexed(None)
    lead = acme.portal.create("lead", phone(901), by=None)
    acme.portal.change("lead", 102, {"ASSIGNED_BY_ID": 4}, by=ADMIN)
    await acme.deliver()
    said = says(acme, "lead", lead), says(acme, "lead", 102)

    await acme.house.queue.ask("index_portal", portal_id)
    await acme.deliver()

    assert said == ({"status": "not_checked"}, {"status": "not_checked"})
    await assert_fields_are_true(acme)
    assert says(acme, "lead", 102)["status"] == "duplicate"


async def test_a_deleted_field_is_made_again_and_filled_while_the_others_go_on(acme: Town):
    number = acme.portal.crm.custom_names("lead")[ResultCode.COUNT.value].id
    del acme.portal.crm.custom_fields[number]
    acme.house.runtime.caches.fields.clear()
    lead = acme.portal.create("lead", phone(1001), by=None)

    await acme.deliver()
    await acme.deliver()
    acme.portal.change("lead", lead, {"ASSIGNED_BY_ID": 5}, by=ADMIN)
    await acme.deliver()

    assert acme.portal.crm.custom_names("lead")[ResultCode.COUNT.value].id != number
    await assert_fields_are_true(acme)


async def test_switched_off_no_field_is_written_and_switched_on_all_are(acme: Town):
    portal_id = (await acme.known()).portal_id
    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.options.put(OPTION, PublishingOptions(write_fields=False).to_dict())
    lead = acme.portal.create("lead", phone(1101), by=None)
    await acme.deliver()
    silent = says(acme, "lead", lead)

    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.options.put(OPTION, PublishingOptions().to_dict())
        await tx.pending.note_all(NOW, hub_limit=HUB_LIMIT)
    await run(acme, "publish_backlog")

    assert silent == {}
    assert says(acme, "lead", lead)["status"] == "none"


async def test_an_administrator_orders_the_best_match_and_nobody_else(acme: Town):
    contact = acme.portal.create("contact", {"NAME": "Новый", **phone(1301)}, by=HEAD)
    leads = [acme.portal.create("lead", phone(1301), by=None) for _ in range(2)]
    await acme.deliver()
    before = says(acme, "lead", leads[0])["best"]
    order = [kind.value for kind in MatchKind]

    twice = await order_best(acme, ADMIN, [*order[:5], order[0]])
    saved = await order_best(acme, ADMIN, order[::-1])
    forbidden = await order_best(acme, MANAGER, order)
    await acme.work()

    assert "Не сохранено" in twice.text
    assert "Сохранено" in saved.text
    assert forbidden.status_code == 403
    assert (before, says(acme, "lead", leads[0])["best"]) == (f"C_{contact}", f"L_{leads[1]}")
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        assert [entry.what for entry in await tx.journal.recent(1)] == ["publishing"]


async def order_best(acme: Town, user: int, order: list[str]) -> httpx.Response:
    """Open the app's page, and send the form as this user's browser would."""
    token = token_of((await acme.open(user, "DEFAULT")).text)
    form = {"page_token": token, "write_fields": "1"}
    places = {f"best_order[{place}]": kind for place, kind in enumerate(order)}
    return await acme.browser.post(f"{acme.address}publishing", data={**form, **places})
