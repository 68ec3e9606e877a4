"""The robot "Repeat enquiry": the verdict on a lead by the portal's rules, with what the step says otherwise.

It answers whether or not the app acts on repeats by itself, and does nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from b24app.bitrix24.calls import JSON
from b24app.dedupe.enquiry import Judgement
from b24app.dedupe.enquiry_rules import LOOK_BACK_DAYS, By, EnquiryRules
from b24app.dedupe.outcome import Outcome, Status
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.enquiries.judge import find_enquiry_outcomes, judge_enquiry
from b24app.services.enquiries.rules import read_enquiry_rules
from b24app.services.portal.context import PortalContext
from b24app.services.robots.robot import (
    Ended,
    Given,
    Inputs,
    Robot,
    RobotAnswer,
    choices,
    one_number,
    to_user,
)
from b24app.services.robots.subjects import catch_up
from b24app.store.robot_calls import KeptCall

NOTHING: Mapping[str, JSON] = {
    "is_repeat": "N",
    "number": 0,
    "original_id": "",
    "original_type": "",
    "original_responsible": "",
}


def read_inputs(given: Given) -> Inputs:
    """Return what the step asks for, with what was left empty left out; raises InputMistake."""
    inputs: Inputs = {
        "by": choices(given, "by", By) or None,
        "look_back_days": one_number(given, "look_back_days", LOOK_BACK_DAYS),
    }
    return {name: value for name, value in inputs.items() if value is not None}


async def answer(context: PortalContext, calls: Sequence[KeptCall]) -> dict[bytes, RobotAnswer]:
    """Judge all leads by one look at the portal."""
    refs = {
        call.digest: RecordRef(RecordType.LEAD, call.document_id)
        for call in calls
        if call.document_type == RecordType.LEAD.word
    }
    await catch_up(context)
    outcomes = await find_enquiry_outcomes(context, sorted(set(refs.values()))) if refs else {}
    async with context.read() as tx:
        rules = rules_for(await read_enquiry_rules(tx), calls[0].inputs)
    return {
        call.digest: await _answer_one(context, outcomes.get(refs[call.digest]), rules)
        if call.digest in refs
        else RobotAnswer(Ended.WRONG_DOCUMENT)
        for call in calls
    }


def rules_for(rules: EnquiryRules, inputs: Mapping[str, object]) -> EnquiryRules:
    """Return the portal's rules with what the step says otherwise."""
    by, days = inputs.get("by"), inputs.get("look_back_days")
    if isinstance(by, list):
        rules = replace(rules, by=frozenset(map(By, by)))
    return replace(rules, look_back_days=days) if isinstance(days, int) else rules


async def _answer_one(context: PortalContext, outcome: Outcome | None, rules: EnquiryRules) -> RobotAnswer:
    if outcome is None:
        return RobotAnswer(Ended.GONE)
    if outcome.status is Status.NOT_CHECKED:
        return RobotAnswer(Ended.NOT_CHECKED)
    judgement = await judge_enquiry(context, outcome.ref, outcome, rules)
    return RobotAnswer(Ended.OK, NOTHING if judgement is None else _values(judgement))


def _values(judgement: Judgement) -> dict[str, JSON]:
    return {
        "is_repeat": "Y",
        "number": judgement.number,
        "original_id": judgement.original.id,
        "original_type": judgement.original.type.word,
        "original_responsible": to_user(judgement.responsible_id),
    }


REPEAT_ENQUIRY = Robot(read_inputs, answer, NOTHING)
