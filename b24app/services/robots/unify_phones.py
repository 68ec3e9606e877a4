"""The robot "Bring phones to one form": writes the international form of each phone, or only tells what it would write.

A deal's phones are those of its clients. The log names old and new with their middle hidden: it is read by whoever may
read the workflow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from b24app.bitrix24.answers_phones import PhoneValue
from b24app.bitrix24.calls import JSON
from b24app.dedupe.phone_form import masked
from b24app.dedupe.record import RecordRef
from b24app.services.phone_fixes import PhonePlan, plan_phones, read_phones, write_fixes
from b24app.services.portal.context import PortalContext
from b24app.services.robots.robot import Ended, Given, Inputs, Robot, RobotAnswer, one_flag
from b24app.services.robots.subjects import Subjects, find_subjects, refs_of
from b24app.store.phone_fixes import PhoneFix
from b24app.store.robot_calls import KeptCall
from b24app.texts import language_of, plain_translator

NOTHING: Mapping[str, JSON] = {"changed": 0, "unchanged": 0, "invalid": 0, "log": ""}

Plans = dict[bytes, list[PhonePlan]]


def read_inputs(given: Given) -> Inputs:
    """Return whether only to tell; raises InputMistake."""
    return {"dry_run": one_flag(given, "dry_run") or False}


async def answer(context: PortalContext, calls: Sequence[KeptCall]) -> dict[bytes, RobotAnswer]:
    """Read all phones in one request and write them in another; each call tells what it changed."""
    subjects = await find_subjects(context, calls)
    refs = refs_of(subjects)
    phones = await read_phones(context, refs) if refs else {}
    if calls[0].inputs.get("dry_run"):
        plans = {
            call.digest: [
                plan_phones(phones[ref], context.rules.region) for ref in _own(subjects, call, phones)
            ]
            for call in calls
        }
    else:
        plans = await _write(context, calls, subjects, phones)
    language = language_of(context.portal.language)
    return {call.digest: _to_answer(subjects[call.digest], plans[call.digest], language) for call in calls}


def _own(
    subjects: Subjects, call: KeptCall, phones: Mapping[RecordRef, tuple[PhoneValue, ...]]
) -> list[RecordRef]:
    """Return the records of a call that exist."""
    own = subjects[call.digest]
    return [] if isinstance(own, Ended) else [ref for ref in own if ref in phones]


async def _write(
    context: PortalContext,
    calls: Sequence[KeptCall],
    subjects: Subjects,
    phones: Mapping[RecordRef, tuple[PhoneValue, ...]],
) -> Plans:
    """Keep the plans, then write them. A call that was begun before has its plan already."""
    plans: Plans = {call.digest: [] for call in calls}
    fixes: list[PhoneFix] = []
    ahead = dict(phones)  # as they will stand when the calls before have been worked off
    async with context.begin() as tx:
        for call in calls:
            begun = {fix.ref: fix for fix in await tx.phone_fixes.of_call(call.digest)}
            for ref in _own(subjects, call, phones):
                plan = plan_phones(ahead[ref], context.rules.region)
                fix = begun.get(ref)
                if fix is None and plan.phones:
                    fix = await tx.phone_fixes.plan(
                        call.digest,
                        ref,
                        plan.phones,
                        unchanged=plan.unchanged,
                        invalid=plan.invalid,
                        at=context.now(),
                    )
                if fix is not None:
                    fixes.append(fix)
                    plan = PhonePlan(fix.phones, fix.unchanged, fix.invalid)
                    ahead[ref] = _written(ahead[ref], plan)
                plans[call.digest].append(plan)
    if fixes:
        await write_fixes(context, fixes, phones)
    return plans


def _written(values: Sequence[PhoneValue], plan: PhonePlan) -> tuple[PhoneValue, ...]:
    new = {(phone.value_id, phone.old): phone.new for phone in plan.phones}
    return tuple(replace(value, value=new.get((value.id, value.value), value.value)) for value in values)


def _to_answer(own: Sequence[RecordRef] | Ended, plans: Sequence[PhonePlan], language: str) -> RobotAnswer:
    if isinstance(own, Ended):
        return RobotAnswer(own)
    if not plans:
        return RobotAnswer(Ended.GONE)
    t = plain_translator(language)
    phones = [phone for plan in plans for phone in plan.phones]
    values: dict[str, JSON] = {
        "changed": len(phones),
        "unchanged": sum(plan.unchanged for plan in plans),
        "invalid": sum(plan.invalid for plan in plans),
        "log": "\n".join(
            t("robots.phone_line", old=masked(phone.old), new=masked(phone.new)) for phone in phones
        ),
    }
    return RobotAnswer(Ended.OK, values, message=t("robots.phones", **values))


UNIFY_PHONES = Robot(read_inputs, answer, NOTHING, leaves_traces=True)
