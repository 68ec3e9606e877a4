"""The small automation: a stage calls a robot, its answer decides, triggers move records, nobody waits for ever."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from b24app.sandbox.automation import WrongRule
from b24app.sandbox.automation_rules import Act, Condition, NextStep, Rule, Test, TriggerPlace
from b24app.sandbox.events import EventDelivery
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.story import story
from b24app.sandbox.wire import parse_query
from tests.sandbox.builders import ADMIN, OWNER, Caller, StillClock, a_portal

URL = "https://app.example.com/robot"
ROBOT: dict[str, Any] = {
    "CODE": "find", "HANDLER": URL, "NAME": {"ru": "Найти дубли", "en": "Find duplicates"}, "USE_SUBSCRIPTION": "Y",
    "PROPERTIES": {
        "days": {"Name": "Дней", "Type": "int", "Default": "365"}, "types": {"Name": "Типы", "Multiple": "Y"}
    },
    "RETURN_PROPERTIES": {"status": {"Name": "Итог"}, "count": {"Name": "Сколько", "Type": "int"}},
    "FILTER": {"INCLUDE": [["crm", "CCrmDocumentLead"], ["crm", "CCrmDocumentDeal"]]},
}  # fmt: skip
STEP = {**ROBOT, "CODE": "step", "FILTER": {}}
IS_DUPLICATE = Condition("status", Test.EQUAL, "duplicate")
RULE = Rule(
    "lead",
    "IN_PROCESS",
    "find",
    {"types": ["lead", "contact"]},
    IS_DUPLICATE,
    then=(
        NextStep(Act.COMMENT, "Найдено: {count}"),
        NextStep(Act.ASSIGN, str(OWNER)),
        NextStep(Act.MOVE, "JUNK"),
    ),
    otherwise=(NextStep(Act.MOVE, "PROCESSED"),),
)


async def _a_portal() -> tuple[SandboxPortal, Caller, list[dict[str, Any]]]:
    """Return a portal with a robot, an activity and a trigger, and the list of what its handlers are sent."""
    sent: list[dict[str, Any]] = []

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(dict(parse_query(request.content.decode())))
        return httpx.Response(200)

    portal = a_portal()
    portal.events = EventDelivery(portal.clock, transport=httpx.MockTransport(take))
    admin = Caller(portal)
    await admin.result("bizproc.robot.add", **ROBOT)
    await admin.result("bizproc.activity.add", **STEP)
    await admin.result("crm.automation.trigger.add", CODE="found", NAME="Найден дубль")
    portal.add_record("lead", {"ID": 1, "STATUS_ID": "NEW", "ASSIGNED_BY_ID": ADMIN})
    portal.add_record("contact", {"ID": 2})
    return portal, admin, sent


async def _enter(portal: SandboxPortal) -> str:
    portal.change("lead", 1, {"STATUS_ID": "IN_PROCESS"}, by=OWNER)
    await portal.events.deliver_all()
    return next(reversed(portal.workflows.steps))


async def test_a_stage_calls_the_robot_with_its_settings() -> None:
    portal, _, sent = await _a_portal()
    portal.automation.add_rule(replace(RULE, timeout_s=60))

    token = await _enter(portal)

    [form] = sent
    assert form["document_id"] == ["crm", "CCrmDocumentLead", "LEAD_1"]
    assert form["properties"] == {"days": "365", "types": ["lead", "contact"]}
    assert (form["event_token"], form["use_subscription"], form["timeout_duration"]) == (token, "Y", "60")
    assert form["auth"]["application_token"] == portal.the_app().application_token


@pytest.mark.parametrize(
    ("status", "stage", "owner"), [("duplicate", "JUNK", OWNER), ("none", "PROCESSED", ADMIN)]
)
async def test_the_robots_answer_decides_the_next_step(status: str, stage: str, owner: int) -> None:
    portal, admin, _ = await _a_portal()
    portal.automation.add_rule(RULE)
    token = await _enter(portal)

    values = {"STATUS": status, "count": 3, "undeclared": "x"}
    await admin.result("bizproc.event.send", EVENT_TOKEN=token, RETURN_VALUES=values)

    lead = portal.crm.get("lead", 1)
    assert lead is not None
    assert (lead.fields["STATUS_ID"], lead.fields["ASSIGNED_BY_ID"]) == (stage, owner)
    texts = [comment.text for comment in portal.timeline.of("lead", 1)]
    assert texts == (["Найдено: 3"] if status == "duplicate" else [])
    assert portal.workflows.steps[token].answer == {"status": status, "count": 3}


async def test_the_story_of_a_record_names_every_link_of_the_chain() -> None:
    portal, admin, _ = await _a_portal()
    portal.automation.add_rule(RULE)
    assert isinstance(portal.clock, StillClock)
    token = await _enter(portal)
    portal.clock.time += 1
    await admin.result("bizproc.event.send", EVENT_TOKEN=token, RETURN_VALUES={"status": "duplicate"})
    await admin.result("crm.lead.update", id=1, fields={"COMMENTS": "x"})

    told = [line.what for line in story(portal, "lead", 1)]

    expected = ["changed", "entered", "robot_called", "delivered", "robot_answered", "condition", "comment"]
    assert told == [*expected, "assigned", "changed", "moved", "changed", "app_changed"]


async def test_a_second_answer_does_not_move_the_record_again() -> None:
    portal, admin, _ = await _a_portal()
    portal.automation.add_rule(RULE)
    token = await _enter(portal)

    for status in ("duplicate", "none"):
        await admin.result("bizproc.event.send", EVENT_TOKEN=token, RETURN_VALUES={"status": status})

    lead = portal.crm.get("lead", 1)
    assert lead is not None and lead.fields["STATUS_ID"] == "JUNK"


async def test_a_robot_that_does_not_answer_in_time_returns_nothing() -> None:
    portal, admin, _ = await _a_portal()
    assert isinstance(portal.clock, StillClock)
    portal.automation.add_rule(replace(RULE, timeout_s=60))
    token = await _enter(portal)
    portal.automation.end_overdue()
    assert portal.workflows.steps[token].is_waiting

    portal.clock.time += 61
    portal.automation.end_overdue()
    await admin.result("bizproc.event.send", EVENT_TOKEN=token, RETURN_VALUES={"status": "duplicate"})

    lead = portal.crm.get("lead", 1)
    assert lead is not None and lead.fields["STATUS_ID"] == "PROCESSED"
    assert portal.workflows.steps[token].is_timed_out


async def test_a_lead_made_on_the_stage_starts_the_robot_and_other_changes_do_not() -> None:
    portal, _, _ = await _a_portal()
    portal.automation.add_rule(RULE)

    made = portal.create("lead", {"STATUS_ID": "IN_PROCESS"}, by=ADMIN)
    portal.change("lead", made, {"TITLE": "x"}, by=ADMIN)

    assert [step.record_id for step in portal.workflows.steps.values()] == [made]


async def test_a_trigger_moves_a_record_forward_only() -> None:
    portal, admin, _ = await _a_portal()
    portal.automation.place_trigger(TriggerPlace("lead", "UC_MEASURE", "found"))
    portal.add_record("lead", {"ID": 5, "STATUS_ID": "PROCESSED"})

    for lead_id in (1, 5, 77):
        await admin.result("crm.automation.trigger.execute", CODE="found", OWNER_TYPE_ID=1, OWNER_ID=lead_id)

    stages = [record.fields["STATUS_ID"] for record in portal.crm.tables["lead"]]
    assert stages == ["UC_MEASURE", "PROCESSED"]


async def test_a_contact_has_workflows_that_are_started_by_hand() -> None:
    portal, admin, sent = await _a_portal()
    text = (NextStep(Act.COMMENT, "Итог: {status}"),)
    rule = portal.automation.add_rule(Rule("contact", "", "step", then=text))

    step = portal.automation.start(rule, 2)
    await portal.events.deliver_all()
    await admin.result("bizproc.event.send", EVENT_TOKEN=step.token, RETURN_VALUES={"status": "none"})

    assert sent[0]["document_id"] == ["crm", "CCrmDocumentContact", "CONTACT_2"]
    assert [comment.text for comment in portal.timeline.of("contact", 2)] == ["Итог: none"]


@pytest.mark.parametrize(
    "rule",
    [
        Rule("contact", "", "find"),
        Rule("contact", "NEW", "step"),
        Rule("lead", "NEW", "step"),
        Rule("lead", "NEW", "x"),
    ],
    ids=["filtered out", "no stages", "an activity", "unknown"],
)
async def test_a_rule_that_cannot_run_is_refused(rule: Rule) -> None:
    portal, _, _ = await _a_portal()

    with pytest.raises(WrongRule):
        portal.automation.add_rule(rule)


CONDITIONS = (
    (Condition("n", Test.EQUAL, "2"), {"n": 2}, True),
    (Condition("n", Test.EQUAL, "2"), {"n": ["1", "2"]}, True),
    (Condition("n", Test.EQUAL, "2"), {}, False),
    (Condition("n", Test.NOT_EQUAL, "2"), {}, True),
    (Condition("n", Test.MORE, "9"), {"n": "10"}, True),
    (Condition("n", Test.MORE, "9"), {"n": "many"}, False),
    (Condition("n", Test.FILLED), {"n": ["L_1"]}, True),
    (Condition("n", Test.FILLED), {"n": []}, False),
    (Condition("n", Test.EMPTY), {"n": ""}, True),
)


@pytest.mark.parametrize(("condition", "returned", "holds"), CONDITIONS)
def test_a_condition_is_asked_of_what_was_returned(
    condition: Condition, returned: dict[str, Any], holds: bool
) -> None:
    assert condition.holds(returned) is holds
