"""The side door's part for the automation: rules, triggers on stages, workflows by hand, repeat leads, stories."""

from collections.abc import Mapping
from dataclasses import asdict

from b24app.sandbox.automation_rules import Act, Condition, NextStep, Rule, Test, TriggerPlace
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.repeats import create_repeat
from b24app.sandbox.story import story
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

Body = Mapping[str, Json]


async def add_rule(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    return {"id": portal.automation.add_rule(_rule(body)).id}


async def place_trigger(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    place = TriggerPlace(as_text(body.get("type")), as_text(body.get("stage")), as_text(body.get("code")))
    portal.automation.place_trigger(place)
    return {"placed": True}


async def start_workflow(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    wanted = as_int(body.get("rule"))
    rule = next((one for one in portal.automation.rules if one.id == wanted), None)
    if rule is None:
        raise KeyError(f"no rule {wanted}")
    return {"event_token": portal.automation.start(rule, as_int(body.get("id"))).token}


async def repeat(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    stage = as_text(body.get("stage")) or "NEW"
    return {"id": create_repeat(portal, as_text(body.get("type")), as_int(body.get("id")), stage=stage)}


async def tell(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    told = story(portal, as_text(body.get("type")), as_int(body.get("id")))
    return {"story": [asdict(line) for line in told]}


def _rule(body: Body) -> Rule:
    asked = as_map(body.get("condition"))
    condition = None
    if asked is not None:
        test = Test(as_text(asked.get("test")) or Test.EQUAL)
        condition = Condition(as_text(asked.get("result")), test, as_text(asked.get("value")))
    return Rule(
        as_text(body.get("type")),
        as_text(body.get("stage")),
        as_text(body.get("robot")),
        as_map(body.get("properties")) or {},
        condition,
        _steps(body.get("then")),
        _steps(body.get("otherwise")),
        as_int(body.get("timeout_s")),
    )


def _steps(raw: Json) -> tuple[NextStep, ...]:
    rows = [as_map(one) or {} for one in as_list(raw) or ()]
    return tuple(NextStep(Act(as_text(row.get("act"))), as_text(row.get("value"))) for row in rows)
