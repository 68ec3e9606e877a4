"""Answering robots: calls with the same inputs together, fifty answers a request, and an answer whatever happens.

A workflow waits for ever for an answer that never comes, so each failure is one too. What is kept for later are calls
of a portal that is busy, until their deadline. An answer that may have arrived is sent again: the portal takes one.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from b24app.bitrix24 import acting
from b24app.bitrix24.calls import BATCH_LIMIT, JSON, BatchAnswer
from b24app.bitrix24.errors import (
    AccessDenied,
    Bitrix24Error,
    InsufficientScope,
    PortalBusy,
    PortalGone,
    RestStopped,
    TokenRejected,
)
from b24app.bitrix24.throttle import Priority
from b24app.logs import logger
from b24app.services.portal.context import (
    PortalContext,
    Runtime,
    StoreUnavailable,
    UnknownPortal,
    open_portal,
)
from b24app.services.portal.parts import Part, note_part, part_reason
from b24app.services.publishing import ask_to_publish
from b24app.services.robots.catalogue import ROBOTS
from b24app.services.robots.robot import Ended, RobotAnswer
from b24app.services.robots.subjects import DOCUMENT_TYPES
from b24app.store.robot_calls import CallState, Ending, KeptCall
from b24app.texts import language_of, plain_translator

log = logger(__name__)

CALLS_AT_ONCE = BATCH_LIMIT
LONGEST_PAUSE_S = 5.0  # of a busy portal: a robot that comes meanwhile waits as long
NOT_OURS = (PortalGone, TokenRejected, StoreUnavailable, UnknownPortal)  # no answer can be sent at all
TOO_LATE = "too_late"


async def answer_robots(runtime: Runtime, portal_id: int) -> None:
    """Answer all calls that wait; raises PortalBusy when some have to wait on."""
    context = await open_portal(runtime, portal_id, Priority.ROBOT)
    while True:
        async with context.read() as tx:
            calls = await tx.robot_calls.waiting(CALLS_AT_ONCE)
        if not calls:
            await ask_to_publish(runtime, portal_id)  # of what was read here, ahead of the event's own task
            return
        try:
            await _answer(context, calls)
        except RestStopped:
            raise
        except PortalBusy as busy:
            raise PortalBusy(code=busy.code, retry_after_s=min(busy.retry_after_s, LONGEST_PAUSE_S)) from busy


async def _answer(context: PortalContext, calls: Sequence[KeptCall]) -> None:
    answered: dict[bytes, RobotAnswer] = {}
    busy: PortalBusy | None = None
    for group in _groups(calls):
        try:
            answered |= await _answer_group(context, group)
        except PortalBusy as error:
            log.info("robots wait: the portal is busy", calls=len(group), error_code=error.code)
            busy = error
            due = [call for call in group if call.deadline <= context.now()]
            answered |= {call.digest: RobotAnswer(Ended.PORTAL_BUSY) for call in due}
    if answered:
        await _send(context, [call for call in calls if call.digest in answered], answered)
    if busy is not None:
        raise busy


def _groups(calls: Sequence[KeptCall]) -> list[list[KeptCall]]:
    """Put calls together that are answered alike."""
    groups: defaultdict[tuple[str, str, str], list[KeptCall]] = defaultdict(list)
    for call in calls:
        readable = "" if _refused_at_once(call) is None else call.digest.hex()
        groups[call.robot, json.dumps(call.inputs, sort_keys=True), readable].append(call)
    return list(groups.values())


def _refused_at_once(call: KeptCall) -> RobotAnswer | None:
    if call.mistake is not None:
        return RobotAnswer(Ended.WRONG_INPUT)
    if call.document_type not in DOCUMENT_TYPES:
        return RobotAnswer(Ended.WRONG_DOCUMENT)
    return None


async def _answer_group(context: PortalContext, calls: Sequence[KeptCall]) -> dict[bytes, RobotAnswer]:
    """Return an answer to each of these calls; a failure that is one call's is not told to the others."""
    refused = _refused_at_once(calls[0])
    if refused is not None:
        return {calls[0].digest: refused}
    robot = ROBOTS[calls[0].robot]
    if not robot.leaves_traces and not any(call.is_awaited for call in calls):
        return {call.digest: RobotAnswer(Ended.OK) for call in calls}
    try:
        answered = await robot.answer(context, calls)
        return {call.digest: answered[call.digest] for call in calls}
    except (PortalBusy, *NOT_OURS):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, the workflow has to go on
        if len(calls) > 1:
            return await _answer_each(context, calls)
        return {calls[0].digest: RobotAnswer(_ending_of(error, calls[0]))}


async def _answer_each(context: PortalContext, calls: Sequence[KeptCall]) -> dict[bytes, RobotAnswer]:
    answered: dict[bytes, RobotAnswer] = {}
    for call in calls:
        answered |= await _answer_group(context, [call])
    return answered


def _ending_of(error: Exception, call: KeptCall) -> Ended:
    if isinstance(error, AccessDenied):
        return Ended.ACCESS_DENIED
    if isinstance(error, Bitrix24Error):
        log.warning(
            "a robot was refused", robot=call.robot, error=type(error).__name__, error_code=error.code
        )
        return Ended.REFUSED
    log.error("a robot failed", robot=call.robot, error=type(error).__name__, exc_info=error)
    return Ended.INTERNAL


async def _send(
    context: PortalContext, calls: Sequence[KeptCall], answered: Mapping[bytes, RobotAnswer]
) -> None:
    """Send the answers to those who wait for one, and note how every call ended."""
    awaited = [call for call in calls if call.is_awaited]
    if awaited:
        async with context.begin() as tx:
            await tx.robot_calls.note_sent([call.digest for call in awaited], context.now())
    speak = _Speaker(language_of(context.portal.language))
    commands = {
        call.digest.hex(): acting.answer_robot(
            call.token,
            speak.values(call, answered[call.digest]),
            speak.message(call, answered[call.digest]),
        )
        for call in awaited
    }
    batch = await context.client.batch(commands) if commands else BatchAnswer({}, {})
    endings = [ending for call in calls if (ending := _ending(call, answered[call.digest], batch))]
    async with context.begin() as tx:
        await tx.robot_calls.finish(endings, context.now())
    await _note_part(context, batch)
    _raise_busy(batch)


def _ending(call: KeptCall, answer: RobotAnswer, batch: BatchAnswer) -> Ending | None:
    """Return how a call ended; None when the portal was too busy to take the answer."""
    error = batch.errors.get(call.digest.hex())
    reason = None if answer.ended is Ended.OK else answer.ended.value
    if error is None:
        return Ending(call.digest, CallState.ANSWERED, reason)
    if isinstance(error, PortalBusy):
        return None
    if isinstance(error, AccessDenied) and call.sent_at is not None:
        return Ending(call.digest, CallState.ANSWERED, reason)  # the first answer had arrived
    log.info("a workflow did not wait any more", robot=call.robot, error_code=error.code)
    return Ending(call.digest, CallState.TOO_LATE, TOO_LATE)


async def _note_part(context: PortalContext, batch: BatchAnswer) -> None:
    """Let the app's page say that no robot gets its answer any more; registering anew says that they do."""
    off = next((error for error in batch.errors.values() if isinstance(error, InsufficientScope)), None)
    if off is not None:
        await note_part(context, Part.ROBOTS, part_reason(off))


def _raise_busy(batch: BatchAnswer) -> None:
    for error in batch.errors.values():
        if isinstance(error, PortalBusy):
            raise error


class _Speaker:
    """Says in the portal's language how a call ended."""

    def __init__(self, language: str) -> None:
        t = self._t = plain_translator(language)
        self._texts = {
            Ended.OK: t("robots_ended.ok"),
            Ended.GONE: t("robots_ended.gone"),
            Ended.NO_CLIENT: t("robots_ended.no_client"),
            Ended.NOT_CHECKED: t("robots_ended.not_checked"),
            Ended.WRONG_DOCUMENT: t("robots_ended.wrong_document"),
            Ended.ACCESS_DENIED: t("robots_ended.access_denied"),
            Ended.PORTAL_BUSY: t("robots_ended.portal_busy"),
            Ended.REFUSED: t("robots_ended.refused"),
            Ended.INTERNAL: t("robots_ended.internal"),
        }

    def values(self, call: KeptCall, answer: RobotAnswer) -> dict[str, JSON]:
        """Return every result of the robot: a workflow may ask for any of them, whatever happened."""
        return {**ROBOTS[call.robot].nothing, **answer.values, "reason_code": answer.ended.value}

    def message(self, call: KeptCall, answer: RobotAnswer) -> str:
        t = self._t
        if answer.ended is Ended.WRONG_INPUT:
            return t("robots_ended.wrong_input", input=call.mistake)
        return answer.message or self._texts[answer.ended]
