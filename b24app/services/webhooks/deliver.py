"""Tells webhooks what is planned for them: signed, tried for a day with growing pauses, then given up.

A receiver may get an event twice, when its answer was lost; the event's id is the same every time. It never
learns anything personal, and what it answers is not read.
"""

import asyncio
import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24app.bitrix24.wire import NotDelivered
from b24app.logs import logger
from b24app.services.portal.context import Runtime
from b24app.services.webhooks.events import DELIVERY_TASK
from b24app.store.portals import PortalStatus
from b24app.store.webhooks import Attempt, Delivery, DeliveryState, Webhook

log = logger(__name__)

SIGNATURE_HEADER, EVENT_HEADER = "B24app-Signature", "B24app-Event-Id"
PAUSES_S = (60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0)  # after the last: always the last
GIVE_UP_AFTER_S = 86_400.0
GONE = "410"
AT_ONCE = 50  # deliveries of a portal between two looks at the database
ROUNDS = 20  # of one job; the next one goes on


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one webhook's deliveries. ``put_off_until``: the receiver can't be reached before."""

    attempts: tuple[Attempt, ...]
    put_off_until: float | None = None

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]


async def deliver_webhooks(runtime: Runtime, portal_id: int) -> None:
    """Send what is due, oldest first; receivers do not wait for each other."""
    for _ in range(ROUNDS):
        # A writing transaction: it waits for whoever is planning events right now.
        async with runtime.store.begin(portal_id) as tx:
            portal = await tx.portal.get()
            due = await tx.webhooks.due(runtime.clock.now(), AT_ONCE)
            known = {hook.webhook_id: hook for hook in await tx.webhooks.list()}
        if portal.status is not PortalStatus.ACTIVE or not due:
            return
        waiting: defaultdict[int, list[Delivery]] = defaultdict(list)
        for delivery in due:
            waiting[delivery.webhook_id].append(delivery)
        async with asyncio.TaskGroup() as receivers:
            for webhook_id, deliveries in waiting.items():
                receivers.create_task(
                    _tell_and_note(runtime, portal_id, portal.member_id, known[webhook_id], deliveries)
                )
    await runtime.queue.ask(DELIVERY_TASK, portal_id)


async def portals_to_tell(runtime: Runtime) -> list[int]:
    """Return active portals with a delivery that is due."""
    async with runtime.store.begin_shared() as shared:
        return await shared.portals_to_tell(runtime.clock.now())


async def _tell_and_note(
    runtime: Runtime, portal_id: int, member_id: str, hook: Webhook, deliveries: Sequence[Delivery]
) -> None:
    told = await _tell(runtime, member_id, hook, deliveries)
    if not is_delivered(told.last.result):
        log.info("webhook not taken", webhook=hook.webhook_id, result=told.last.result)
    async with runtime.store.begin(portal_id) as tx:
        for attempt in told.attempts:
            await tx.webhooks.note_attempt(attempt)
        if told.last.result == GONE:
            await tx.webhooks.switch_off(hook.webhook_id)
        elif told.put_off_until is not None:
            too_old = told.last.at - GIVE_UP_AFTER_S
            await tx.webhooks.give_up(hook.webhook_id, too_old, told.last.result)
            await tx.webhooks.postpone(hook.webhook_id, told.put_off_until)


async def _tell(runtime: Runtime, member_id: str, hook: Webhook, deliveries: Sequence[Delivery]) -> Told:
    """Send one after the other; a receiver that can't be reached is not asked a second time."""
    attempts: list[Attempt] = []
    for delivery in deliveries:
        body = {"event_id": delivery.event_id, "portal": member_id, **delivery.body}
        result = await post_event(runtime, hook, body)
        attempt = judge(delivery, result, runtime.clock.now())
        attempts.append(attempt)
        if result == GONE:
            break
        if not result.isdigit():
            return Told(tuple(attempts), attempt.next_at)
    return Told(tuple(attempts))


def judge(delivery: Delivery, result: str, now: float) -> Attempt:
    """Decide what becomes of a delivery: it is done, tried again later, or a day is over."""
    last_try_at = delivery.planned_at + GIVE_UP_AFTER_S
    pause_s = PAUSES_S[min(delivery.attempts, len(PAUSES_S) - 1)]
    next_at = max(now + PAUSES_S[0], min(now + pause_s, last_try_at))
    state = DeliveryState.WAITING
    if is_delivered(result):
        state = DeliveryState.DONE
    elif now >= last_try_at:
        state = DeliveryState.GIVEN_UP
    return Attempt(delivery.delivery_id, delivery.webhook_id, state, result, now, next_at)


def is_delivered(result: str) -> bool:
    """Tell whether the receiver took it: any status from 200 to 299."""
    return len(result) == len(GONE) and result.startswith("2")


async def post_event(runtime: Runtime, hook: Webhook, body: Mapping[str, object]) -> str:
    """Send one event; return the status of the answer, or the code of why none came."""
    content = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signature = sign(hook.secret, content, int(runtime.clock.now()))
    headers = {SIGNATURE_HEADER: signature, EVENT_HEADER: str(body["event_id"])}
    try:
        return str(await runtime.send(hook.url, content, headers))
    except NotDelivered as failure:
        return failure.code


def sign(secret: str, content: bytes, at: int) -> str:
    """Return the signature header: HMAC-SHA256 over the moment, a full stop and the body as it is sent."""
    signed = hmac.new(secret.encode(), b"%d." % at + content, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
