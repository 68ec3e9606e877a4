"""Carrying effects out, each once, and taking them back.

The state says what is known: an effect is DOING before its request leaves, so that a crash at any point leaves
either a PLANNED effect, which is done now, or a DOING one, which is looked for in the portal and never done blindly
a second time. Taking back may be repeated, so it needs no such care. Two workers never begin the same effect: only one
of them moves it to DOING.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias, cast

from b24app.bitrix24.calls import JSON, Command
from b24app.bitrix24.errors import (
    AccessDenied,
    BadRequest,
    Bitrix24Error,
    MethodUnknown,
    NotFound,
    NotRegistered,
    PortalBusy,
    PortalGone,
    PortalUnreachable,
    TokenRejected,
    UnexpectedAnswer,
)
from b24app.bitrix24.throttle import Priority
from b24app.logs import logger
from b24app.services.effects import EffectKind, Findable, NothingToDo, Payload
from b24app.services.enquiries.judge import judge_waiting
from b24app.services.portal.context import PortalContext, Runtime, open_portal
from b24app.services.portal.parts import note_part, part_reason
from b24app.services.writeback.effect_kinds import HANDLERS, PARTS
from b24app.store.effects import Effect, EffectState

log = logger(__name__)

Step: TypeAlias = Callable[[PortalContext, Effect], Awaitable[None]]

AT_ONCE = 100  # effects taken from the store at a time
LOOK_AFTER_S = 240.0  # what broke off: longer than a living worker and its portal can take for three requests
RETRY_TASK = "retry_effects"
FORBIDDEN = (AccessDenied, MethodUnknown, NotRegistered)
REASONS = ((NotFound, "gone"), (BadRequest, "not_accepted"))


async def carry_out_effects(runtime: Runtime, portal_id: int) -> None:
    """Judge new leads, begin what is planned, and take back what is to be taken back.

    What has to wait, and what broke off, is left to a task of its own, so that nothing new waits with it.
    """
    context = await open_portal(runtime, portal_id, Priority.EVENT)
    await judge_waiting(context)
    if await _work_off(context, _STEPS) is not None:
        await runtime.queue.ask(RETRY_TASK, portal_id)


async def retry_effects(runtime: Runtime, portal_id: int) -> None:
    """Work off what had to wait or broke off; raises PortalBusy when some of it still has to wait."""
    context = await open_portal(runtime, portal_id, Priority.EVENT)
    waiting = await _work_off(context, {**_STEPS, EffectState.DOING: _recover})
    if waiting is not None:
        raise waiting


async def _work_off(context: PortalContext, steps: Mapping[EffectState, Step]) -> PortalBusy | None:
    """Take every open effect one step on; a kind the portal has no time for does not keep other kinds waiting."""
    waiting: list[PortalBusy] = []
    busy_kinds: set[str] = set()
    after = 0
    while effects := await _take(context, after):
        for effect in sorted(effects, key=_is_for_later):
            if effect.kind in busy_kinds:
                continue
            try:
                await steps[effect.state](context, effect)
            except PortalBusy as busy:
                waiting.append(busy)
                busy_kinds |= set() if isinstance(busy, NotYet) else {effect.kind}
        after = effects[-1].effect_id
    return min(waiting, key=lambda busy: busy.retry_after_s, default=None)


def _is_for_later(effect: Effect) -> bool:
    """Somebody waits for what a repeat enquiry brings; notes and the like come after it."""
    return effect.lead_id is None


class NotYet(PortalBusy):
    """It is too early to look whether the portal did what a lost request asked."""

    says = "a request whose answer was lost may still be worked on"


async def _take(context: PortalContext, after: int) -> list[Effect]:
    async with context.read() as tx:
        return await tx.effects.open(AT_ONCE, after=after)


async def _begin(context: PortalContext, effect: Effect) -> None:
    if await _move(context, effect, EffectState.PLANNED, EffectState.DOING):
        await _do(context, effect)


async def _do(context: PortalContext, effect: Effect) -> None:
    """Do an effect that is DOING already, and note what became of it."""
    kind = EffectKind(effect.kind)
    try:
        result = await HANDLERS[kind].carry_out(context, _payload(effect))
    except NothingToDo as nothing:
        await _refuse(context, effect, nothing.reason)
    except FORBIDDEN as forbidden:
        await _refuse(context, effect, part_reason(forbidden))
        if kind in PARTS:
            await note_part(context, PARTS[kind], part_reason(forbidden))
    except Bitrix24Error as error:
        if _was_it_done(error):
            raise
        await _settle_failure(context, effect, error)
    else:
        await _done(context, effect, result)
        if kind in PARTS:
            await note_part(context, PARTS[kind], None)


def _was_it_done(error: Bitrix24Error) -> bool:
    """Claim that nobody knows whether the portal did it: a writing request left and no good answer came."""
    is_lost = isinstance(error, UnexpectedAnswer) or (isinstance(error, PortalUnreachable) and error.was_sent)
    return is_lost and not Command(error.method).is_reading


async def _settle_failure(context: PortalContext, effect: Effect, error: Bitrix24Error) -> None:
    """Nothing was done: plan it again where asking later may help, and refuse it where it will not."""
    if isinstance(error, PortalBusy | PortalGone | TokenRejected):
        await _move(context, effect, EffectState.DOING, EffectState.PLANNED)
        raise error
    reason = next((code for kind, code in REASONS if isinstance(error, kind)), "not_accepted")
    await _refuse(context, effect, reason)


async def _leave(context: PortalContext, effect: Effect) -> None:
    """Wait until nobody can be at it any more; somebody may be doing it at this moment."""
    raise NotYet(retry_after_s=max(1.0, LOOK_AFTER_S - (context.now() - effect.changed_at)))


async def _recover(context: PortalContext, effect: Effect) -> None:
    """Find out what became of an effect whose doing broke off."""
    if context.now() - effect.changed_at < LOOK_AFTER_S:
        await _leave(context, effect)
    handler = HANDLERS[EffectKind(effect.kind)]
    if not isinstance(handler, Findable):
        log.warning("nobody knows whether an effect was done", kind=effect.kind)
        await _move(context, effect, EffectState.DOING, EffectState.UNSURE)
        return
    try:
        found = await handler.find(context, _payload(effect))
    except (*FORBIDDEN, NotFound):
        await _move(context, effect, EffectState.DOING, EffectState.UNSURE)
        return
    if found is not None:
        await _done(context, effect, found)
    elif await _move(context, effect, EffectState.DOING, EffectState.PLANNED):
        await _begin(context, effect)


async def _done(context: PortalContext, effect: Effect, result: Mapping[str, JSON]) -> None:
    async with context.begin() as tx:
        is_unwanted = effect.lead_id is not None and await tx.enquiries.is_undone(effect.lead_id)
        after = EffectState.UNDOING if is_unwanted else EffectState.DONE
        await tx.effects.move(effect.effect_id, EffectState.DOING, after, at=context.now(), result=result)


async def _refuse(context: PortalContext, effect: Effect, reason: str) -> None:
    await _move(context, effect, EffectState.DOING, EffectState.REFUSED, reason)
    log.info("an effect was not done", kind=effect.kind, reason=reason)


async def take_back(context: PortalContext, effect: Effect) -> None:
    """Undo an effect that is UNDOING; a portal that forbids it leaves it done, with the reason."""
    handler = HANDLERS[EffectKind(effect.kind)]
    try:
        await handler.undo(context, _payload(effect), _facts(effect.result))
    except NotFound:
        pass  # what was made is gone, and so it is undone
    except FORBIDDEN as forbidden:
        await _move(context, effect, EffectState.UNDOING, EffectState.DONE, part_reason(forbidden))
        return
    except BadRequest:
        await _move(context, effect, EffectState.UNDOING, EffectState.DONE, "not_accepted")
        return
    await _move(context, effect, EffectState.UNDOING, EffectState.UNDONE)


async def _move(
    context: PortalContext, effect: Effect, before: EffectState, after: EffectState, reason: str | None = None
) -> bool:
    async with context.begin() as tx:
        return await tx.effects.move(effect.effect_id, before, after, at=context.now(), reason=reason)


def _payload(effect: Effect) -> Payload:
    return {**_facts(effect.payload), "key": effect.key}


def _facts(stored: Mapping[str, object]) -> Payload:
    return cast("Payload", stored)  # JSON values, as they were planned


_STEPS: Mapping[EffectState, Step] = {
    EffectState.PLANNED: _begin,
    EffectState.DOING: _leave,
    EffectState.UNDOING: take_back,
}
