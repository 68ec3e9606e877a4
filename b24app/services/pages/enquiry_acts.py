"""What administrators do on the page of repeat enquiries: set the rules, and take back what was done. Journaled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.errors import Bitrix24Error
from b24app.bitrix24.throttle import Priority
from b24app.dedupe.enquiry_rules import EnquiryRules
from b24app.dedupe.rules import MistakeCode, RuleMistake
from b24app.services.enquiries.rules import OPTION, read_enquiry_rules
from b24app.services.mistake import Mistake
from b24app.services.pages.enquiries import ACTIONS, ShownEnquiryRules
from b24app.services.portal.access import PageToken, Refused
from b24app.services.portal.context import PortalContext, Runtime, open_portal
from b24app.services.portal.viewers import open_for_administrator
from b24app.services.writeback.carry_out import take_back
from b24app.store.database import Transaction
from b24app.store.effects import Effect, EffectState

LEAD_STAGES = "STATUS"
LONGEST_NUMBER = 9  # digits of a number somebody typed
TASK = "carry_out_effects"
RULES_CHANGED, ENQUIRY_UNDONE, EFFECT_UNDONE = (
    "enquiry",
    "enquiry_undone",
    "enquiry_effect_undone",
)  # in the journal


@dataclass(frozen=True, slots=True)
class EnquiryForm:
    """What an administrator sent: rules, or the first mistake; and the form as it was filled in."""

    typed: ShownEnquiryRules
    rules: EnquiryRules | None
    mistake: Mistake | None

    @classmethod
    def read(cls, fields: Mapping[str, list[str]]) -> "EnquiryForm":
        """Read the form; an unticked box is simply not sent."""
        typed = _typed(fields)
        for name, number in (("look_back_days", typed.look_back_days), ("task_days", typed.task_days)):
            if not (number.isascii() and number.isdigit()):
                return cls(typed, None, Mistake(name, MistakeCode.WRONG_TYPE.value))
            if len(number) > LONGEST_NUMBER:
                return cls(typed, None, Mistake(name, MistakeCode.OUT_OF_RANGE.value))
        try:
            return cls(typed, EnquiryRules.from_dict(_to_raw(typed)), None)
        except RuleMistake as refused:
            return cls(typed, None, Mistake(refused.field, refused.code.value))


def _typed(fields: Mapping[str, list[str]]) -> ShownEnquiryRules:
    def text(name: str) -> str:
        return fields.get(name, [""])[0].strip()

    return ShownEnquiryRules(
        is_on="is_on" in fields,
        by=tuple(fields.get("by", [])),
        look_back_days=text("look_back_days"),
        originals=tuple(fields.get("originals", [])),
        actions=tuple(name for name in ACTIONS if name in fields.get("actions", [])),
        task_days=text("task_days"),
        move_to=text("move_to"),
    )


def _to_raw(typed: ShownEnquiryRules) -> dict[str, object]:
    return {
        "is_on": typed.is_on,
        "by": list(typed.by),
        "look_back_days": int(typed.look_back_days),
        "originals": list(typed.originals),
        "task_days": int(typed.task_days),
        "move_to": typed.move_to,
        **{name: name in typed.actions for name in ACTIONS},
    }


async def save_enquiry_rules(runtime: Runtime, token: PageToken, form: EnquiryForm) -> EnquiryForm:
    """Save the rules of a form without mistakes; returns it, refused when the stage is none of the portal's.

    Raises Refused for anybody but an administrator.
    """
    context, viewer = await open_for_administrator(runtime, token)
    if form.rules is None:
        return form
    if form.rules.move_to and form.rules.move_to not in dict(await read_stages(context)):
        return EnquiryForm(form.typed, None, Mistake("move_to", MistakeCode.UNKNOWN_CHOICE.value))
    new = form.rules.to_dict()
    async with context.begin() as tx:
        old = (await read_enquiry_rules(tx)).to_dict()
        changed = [name for name in new if new[name] != old[name]]
        await tx.options.put(OPTION, new)
        if changed:
            before, after = ({name: rules[name] for name in changed} for rules in (old, new))
            await tx.journal.note(viewer.id, RULES_CHANGED, before, after, context.now())
    return form


async def read_stages(context: PortalContext) -> tuple[tuple[str, str], ...]:
    """Return id and name of the portal's lead stages, in its order."""
    command = methods.statuses(LEAD_STAGES)
    listed = answers.status_list(await context.client.call(command.method, command.params))
    return tuple((stage.id, stage.name) for stage in listed)


async def undo_enquiry(runtime: Runtime, token: PageToken, lead_id: str) -> None:
    """Take back everything that was done for a lead, the last first; a second time changes nothing.

    What is under way is taken back when it is done. Raises Refused for anybody but an administrator.
    """
    context, viewer = await open_for_administrator(runtime, token)
    async with context.begin() as tx:
        if not await tx.enquiries.undo(_number(lead_id)):
            return
        effects = await tx.effects.of_leads([_number(lead_id)])
        begun = {effect.effect_id: await _begin_undo(tx, effect, context.now()) for effect in effects}
        await tx.journal.note(viewer.id, ENQUIRY_UNDONE, "", int(lead_id), context.now())
    to_undo = [effect for effect in reversed(effects) if begun[effect.effect_id] is EffectState.UNDOING]
    await _take_back_now(runtime, token.portal_id, to_undo)


async def undo_effect(runtime: Runtime, token: PageToken, effect_id: str) -> None:
    """Take back one thing that was done for an enquiry; raises Refused for anybody but an administrator."""
    context, viewer = await open_for_administrator(runtime, token)
    async with context.begin() as tx:
        effect = await tx.effects.get(_number(effect_id))
        if effect is None or effect.lead_id is None:
            return
        begun = await _begin_undo(tx, effect, context.now())
        if begun is not None:
            await tx.journal.note(viewer.id, EFFECT_UNDONE, effect.kind, effect.lead_id, context.now())
    await _take_back_now(runtime, token.portal_id, [effect] if begun is EffectState.UNDOING else [])


async def _begin_undo(tx: Transaction, effect: Effect, at: float) -> EffectState | None:
    """Return the state after this: what was only planned is undone at once; None: there is nothing to take back."""
    steps = ((EffectState.PLANNED, EffectState.UNDONE), (EffectState.DONE, EffectState.UNDOING))
    for before, after in steps:
        if await tx.effects.move(effect.effect_id, before, after, at=at):
            return after
    return None


async def _take_back_now(runtime: Runtime, portal_id: int, effects: Sequence[Effect]) -> None:
    """Do it while the administrator looks; what a busy portal leaves open is the task's."""
    if not effects:
        return
    app = await open_portal(runtime, portal_id, Priority.PERSON)
    try:
        for effect in effects:
            await take_back(app, effect)
    except Bitrix24Error:
        await runtime.queue.ask(TASK, portal_id)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refused("malformed", 400)
    return int(text)
