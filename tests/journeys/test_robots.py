"""Robots ask and wait: every call is answered, once, whatever happens, and the workflow goes its way by the answer."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import pytest_asyncio

from b24app.bitrix24.errors import PortalBusy
from b24app.dedupe.record import RecordType
from b24app.jobs.tasks import TASKS
from b24app.sandbox.automation_rules import Act, Condition, NextStep, Rule, Test
from b24app.sandbox.events import OutgoingCall
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.wire import to_pairs
from b24app.sandbox.workflows import RobotStep
from b24app.services.housekeeping import portals_to_answer
from b24app.services.portal.context import PortalStatus, block_portal
from b24app.services.robots.catalogue import ROBOTS
from b24app.store.robot_calls import Ending
from tests.journeys.shared_town import installed_town
from tests.journeys.test_decisions import TravelClock
from tests.journeys.town import ADMIN, Town

SIZE = 40
MANAGER = 2
MANY = 60

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("robots")
    async with installed_town(template_url, folder, size=SIZE, clock=TravelClock()) as town:
        yield town


@pytest.fixture
def acme(built: Town) -> Iterator[Town]:
    yield built
    built.portal.faults.clear()
    built.portal.automation.rules.clear()
    built.portal.quirks.second_event_send = "true"


def start(
    acme: Town, robot: str, word: str, record_id: int, inputs: Mapping[str, object] | None = None
) -> RobotStep:
    return acme.portal.run_robot(robot, word, record_id, inputs)  # type: ignore[arg-type]


async def ask(
    acme: Town, robot: str, word: str, record_id: int, inputs: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Let a workflow ask a robot, and return what it was told."""
    step = start(acme, robot, word, record_id, inputs)
    await acme.deliver()
    assert step.answer is not None
    return dict(step.answer)


async def run_robots(acme: Town) -> None:
    await TASKS["answer_robots"].run(acme.house.runtime, (await acme.known()).portal_id)


async def take_in(acme: Town, *steps: RobotStep) -> None:
    """Deliver these calls and nobody works: the process ends right then."""
    await acme.portal.events.deliver_all()
    assert not any(step.answer for step in steps)


async def endings(acme: Town) -> list[Ending]:
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        return await tx.robot_calls.endings()


def form_of(acme: Town) -> OutgoingCall:
    """Return the robot's call that waits to be delivered."""
    return next(call for call in acme.portal.events.waiting if call.name.startswith("robot:"))


async def test_a_lead_moves_on_by_what_the_robot_found(acme: Town):
    then = NextStep(Act.MOVE, "IN_PROCESS")
    has_duplicates = Condition("status", Test.EQUAL, "duplicate")
    acme.portal.automation.add_rule(
        Rule("lead", "NEW", "find_duplicates", condition=has_duplicates, then=(then,))
    )
    phones = ("8 900 000-01-01", "+7 900 777-88-11")

    repeated, alone = (
        acme.portal.create("lead", {"STATUS_ID": "NEW", "PHONE": [{"VALUE": phone}]}, by=None)
        for phone in phones
    )
    await acme.deliver()

    stages = [acme.portal.crm.get("lead", lead).fields["STATUS_ID"] for lead in (repeated, alone)]
    acme.portal.delete("lead", repeated, by=None)
    acme.portal.delete("lead", alone, by=None)
    assert stages == ["IN_PROCESS", "NEW"]


async def test_all_that_was_found_comes_back_in_the_spelling_of_its_type(acme: Town):
    told = await ask(acme, "find_duplicates", "lead", SHOWCASE.lead)

    assert set(told) == {*ROBOTS["find_duplicates"].nothing, "reason_code"}
    assert (told["status"], told["reason_code"], told["grade"]) == ("duplicate", "ok", "exact")
    assert [told[name] for name in ("count", "leads", "contacts", "companies")] == ["7", "4", "2", "1"]
    assert told["matches"][0] == told["best"]
    assert set(told["matches"]) == {
        *("L_102", "L_103", "L_104", "L_105"), *("C_101", "C_102"), "CO_101"
    }  # fmt: skip
    assert set(told["lead_ids"]) == {"102", "103", "104", "105"}
    assert set(told["contact_ids"]) | set(told["company_ids"]) == {"101", "102"}
    assert str(told["best_responsible"]).startswith("user_")
    assert "Телефон" in str(told["reason"])
    assert str(told["checked_at"]).endswith("+00:00")


async def test_the_step_says_which_records_and_values_count(acme: Town):
    inputs = {"types": ["contact", "company"], "keys": ["email"], "least_grade": "likely"}

    told = await ask(acme, "find_duplicates", "lead", SHOWCASE.lead, inputs)

    assert told["matches"] == ["C_102"]
    assert (told["leads"], told["companies"], told["count"]) == ("0", "0", "1")


async def test_a_deal_is_answered_for_its_clients(acme: Town):
    told = await ask(acme, "find_duplicates", "deal", SHOWCASE.deal)
    of_client = await ask(acme, "find_duplicates", "contact", SHOWCASE.contact)

    assert told["matches"] == of_client["matches"]
    assert "C_101" not in told["matches"]


async def test_a_company_that_carries_a_strangers_phone_is_an_alarm_with_who_gets_the_call(acme: Town):
    told = await ask(acme, "check_shared", "contact", SHOWCASE.contact)
    alone = await ask(acme, "check_shared", "company", SHOWCASE.own_company)

    assert (told["status"], told["shared"], told["severity"]) == ("shared", "foreign_company", "alarm")
    assert (told["partners"], told["contact_ids"], told["company_ids"]) == (["CO_101"], ["101"], ["101"])
    assert (told["receiver"], told["should_receive"]) == ("user_4", "user_4")
    assert (alone["status"], alone["reason_code"]) == ("none", "ok")


async def test_a_repeat_is_told_with_its_original(acme: Town):
    told = await ask(
        acme, "repeat_enquiry", "lead", SHOWCASE.lead, {"by": ["phone"], "look_back_days": "3650"}
    )
    earliest = await ask(acme, "repeat_enquiry", "lead", SHOWCASE.converted_lead, {"by": "email"})

    assert (told["is_repeat"], told["reason_code"], told["original_type"]) == ("Y", "ok", "lead")
    assert told["original_id"] in ("102", "104")
    assert earliest["is_repeat"] == "N"


@pytest.mark.parametrize(
    ("robot", "word", "record_id", "inputs", "reason"),
    [
        ("find_duplicates", "lead", 999_999, {}, "gone"),
        ("check_shared", "contact", 999_999, {}, "gone"),
        ("repeat_enquiry", "lead", 999_999, {}, "gone"),
        ("unify_phones", "company", 999_999, {}, "gone"),
        ("find_duplicates", "deal", 999_999, {}, "gone"),
        ("find_duplicates", "lead", 101, {"look_back_days": "3651"}, "wrong_input"),
        ("find_duplicates", "lead", 101, {"types": ["deal"]}, "wrong_input"),
        ("unify_phones", "lead", 101, {"dry_run": "maybe"}, "wrong_input"),
        ("repeat_enquiry", "contact", 101, {}, "wrong_document"),
    ],
)
async def test_what_can_not_be_done_is_an_answer_with_a_reason(
    acme: Town, robot: str, word: str, record_id: int, inputs: Mapping[str, object], reason: str
):
    step = start(acme, robot, word, record_id, inputs)
    await acme.deliver()

    assert step.answer is not None
    assert step.answer["reason_code"] == reason
    assert set(step.answer) <= {*ROBOTS[robot].nothing, "reason_code"}
    assert step.messages[0]
    assert not any(f"«{name}»" not in step.messages[0] for name in inputs if reason == "wrong_input")


async def test_a_token_that_comes_twice_has_one_answer(acme: Town):
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    form = dict(to_pairs(form_of(acme).form))
    await acme.deliver()

    again = await acme.browser.post(acme.address + "robots/find_duplicates", data=form)
    await acme.work()

    assert again.status_code == 200
    assert step.answers_seen == 1


async def test_nothing_is_believed_without_the_portals_own_token(acme: Town):
    start(acme, "unify_phones", "lead", SHOWCASE.lead)
    form = dict(to_pairs(form_of(acme).form))
    url = acme.address + "robots/unify_phones"
    before = await acme.rows("SELECT count(*) FROM robot_call")

    forged = await acme.browser.post(url, data={**form, "auth[application_token]": "x" * 32})
    nameless = await acme.browser.post(url, data={**form, "auth[application_token]": ""})
    stranger = await acme.browser.post(url, data={**form, "auth[member_id]": "f" * 32})
    broken = await acme.browser.post(url, data={**form, "event_token": ""})

    assert [answer.status_code for answer in (forged, nameless, stranger, broken)] == [403, 403, 403, 400]
    assert await acme.rows("SELECT count(*) FROM robot_call") == before
    await acme.portal.events.deliver_all()
    await acme.work()


async def test_a_call_whose_document_can_not_be_read_is_answered_too(acme: Town):
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    form = dict(to_pairs(form_of(acme).form)) | {"document_id[2]": "QUOTE_5"}

    await acme.browser.post(acme.address + "robots/find_duplicates", data=form)
    await acme.deliver()

    assert step.answer is not None
    assert (step.answer["reason_code"], step.answer["status"]) == ("wrong_document", "not_checked")


async def test_sixty_calls_cost_a_handful_of_requests(acme: Town):
    await acme.deliver()
    steps = [start(acme, "find_duplicates", "lead", SHOWCASE.lead) for _ in range(MANY)]
    await take_in(acme, *steps)
    acme.portal.traffic.reset()

    await acme.work()

    assert {json.dumps(step.answer["matches"]) for step in steps if step.answer} == {
        json.dumps(steps[0].answer and steps[0].answer["matches"])
    }
    assert all(step.answer for step in steps)
    assert acme.portal.traffic.requests <= 6


async def test_a_call_whose_task_was_lost_is_found_within_a_minute(acme: Town):
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    await take_in(acme, step)
    await acme.rows("DELETE FROM procrastinate_jobs")
    await acme.work()
    lost = step.answer is None

    await acme.house.queue.app.tasks["every_minute"](timestamp=0)
    await acme.work()

    assert lost
    assert step.answer is not None
    assert await portals_to_answer(acme.house.runtime) == []


@pytest.mark.parametrize("quirk", ["true", "denied"])
async def test_an_answer_that_arrived_unnoticed_is_sent_again_and_counts(acme: Town, quirk: str):
    acme.portal.quirks.second_event_send = quirk  # type: ignore[assignment]
    step = start(acme, "unify_phones", "lead", SHOWCASE.lead, {"dry_run": "Y"})
    await take_in(acme, step)
    acme.portal.faults.add(Fault(FaultKind.RESET_AFTER, skip=1, methods=frozenset({"batch"})))

    with pytest.raises(PortalBusy):
        await run_robots(acme)
    first = step.answer
    await run_robots(acme)

    assert (first, step.answers_seen) == (step.answer, 2)
    assert (await endings(acme))[-1].state == "answered"
    await acme.work()


async def test_a_workflow_that_waits_no_longer_is_not_asked_for_ever(acme: Town):
    acme.portal.quirks.second_event_send = "denied"
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    step.is_waiting = False

    await acme.deliver()

    assert (await endings(acme))[-1] == Ending((await endings(acme))[-1].digest, "too_late", "too_late")  # type: ignore[arg-type]
    assert step.answers_seen == 1


async def test_a_blocked_portals_call_is_answered_when_the_app_is_back(acme: Town):
    portal_id = (await acme.known()).portal_id
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    await block_portal(acme.house.runtime, portal_id, "lost_rights")

    await acme.deliver()
    while_blocked = step.answer
    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.portal.set_status(PortalStatus.ACTIVE)
    await acme.house.queue.app.tasks["every_minute"](timestamp=0)
    await acme.work()

    assert while_blocked is None
    assert step.answer is not None


async def test_a_portal_that_brought_no_token_proves_itself_by_an_administrators(acme: Town):
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    form = dict(to_pairs(form_of(acme).form))
    url = acme.address + "robots/find_duplicates"
    manager = acme.portal.oauth.issue(acme.portal, acme.portal.the_app(), MANAGER).access_token
    await acme.rows("UPDATE portal SET application_token_sealed = NULL")

    refused = await acme.browser.post(url, data={**form, "auth[access_token]": manager})
    adopted = await acme.browser.post(url, data=form)
    await acme.deliver()

    assert (refused.status_code, adopted.status_code) == (403, 200)
    assert step.answer is not None
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        assert await tx.portal.application_token() == form["auth[application_token]"]


async def test_a_busy_portal_is_asked_again_and_at_the_end_told_so(acme: Town):
    clock: TravelClock = acme.house.runtime.clock  # type: ignore[assignment]
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    await take_in(acme, step)
    acme.portal.faults.add(Fault(FaultKind.TIME_LIMIT, times=2, methods=frozenset({"batch"})))

    with pytest.raises(PortalBusy) as waits:
        await run_robots(acme)
    clock.ahead_s += 700.0
    with pytest.raises(PortalBusy):
        await run_robots(acme)

    assert waits.value.retry_after_s <= 5.0
    assert step.answer is not None
    assert step.answer["reason_code"] == "portal_busy"
    assert "занят" in step.messages[0]
    await acme.work()


async def test_an_installer_who_lost_his_rights_denies_nothing(acme: Town):
    steps = [
        start(acme, robot, "lead", SHOWCASE.lead, inputs)
        for robot, inputs in (
            ("find_duplicates", {}),
            ("find_duplicates", {"keys": "email"}),
            ("check_shared", {}),
        )
    ]
    await take_in(acme, *steps)
    installer = acme.portal.users.get(ADMIN)
    assert installer is not None
    installer.admin = False

    await run_robots(acme)

    installer.admin = True
    assert [step.answer and step.answer["reason_code"] for step in steps] == ["access_denied"] * 3
    await acme.work()


async def test_while_the_index_is_incomplete_nothing_is_claimed(acme: Town):
    portal_id = (await acme.known()).portal_id
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    await take_in(acme, step)
    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.portal.mark_indexed(None)

    await run_robots(acme)

    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.portal.mark_indexed(1.0)
    assert step.answer is not None
    assert (step.answer["status"], step.answer["reason_code"]) == ("not_checked", "not_checked")
    await acme.work()


async def test_a_mistake_of_ours_is_an_answer_and_none_of_the_others(acme: Town):
    broken, sound = (
        start(acme, "find_duplicates", "lead", lead) for lead in (SHOWCASE.lead, SHOWCASE.alias_lead)
    )
    await take_in(acme, broken, sound)
    await acme.rows(
        "UPDATE robot_call SET inputs = '{\"least_grade\": \"surely\"}' WHERE state = 'waiting' AND document_id = $1",
        SHOWCASE.lead,
    )

    await run_robots(acme)

    told = [step.answer and step.answer["reason_code"] for step in (broken, sound)]
    assert told == ["internal", "ok"]
    assert "ошибка" in broken.messages[0]
    await acme.work()


async def test_a_step_that_does_not_wait_costs_nothing_unless_it_changes_something(acme: Town):
    await acme.deliver()
    robots = acme.portal.the_app().registrations.robots
    before = {code: dict(robots[code].settings) for code in ("find_duplicates", "unify_phones")}
    for code in before:
        robots[code].settings["USE_SUBSCRIPTION"] = "N"
    asked = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    acme.portal.traffic.reset()

    await acme.deliver()
    requests = acme.portal.traffic.requests
    start(acme, "unify_phones", "lead", SHOWCASE.other_spelling_lead)
    await acme.deliver()

    for code, settings in before.items():
        robots[code].settings.update(settings)
    changed = acme.portal.crm.get("lead", SHOWCASE.other_spelling_lead)
    assert (requests, asked.answers_seen) == (0, 0)
    assert changed is not None
    assert [phone.value for phone in changed.values["PHONE"]] == [SHOWCASE.phone]


async def test_what_a_robot_read_ahead_of_the_events_is_published_as_well(acme: Town):
    lead = acme.portal.create("lead", {"PHONE": [{"VALUE": "8 900 000-01-01"}]}, by=None)
    step = start(acme, "find_duplicates", "lead", SHOWCASE.lead)
    await acme.portal.events.deliver_all()
    await run_robots(acme)
    told = step.answer

    await acme.work()

    assert told is not None
    assert str(lead) in told["lead_ids"]
    status = await acme.rows("SELECT status FROM outcome WHERE type = $1 AND id = $2", RecordType.LEAD, lead)
    assert [row["status"] for row in status] == ["duplicate"]
    acme.portal.delete("lead", lead, by=None)
    await acme.deliver()
