"""One table: task → use case, line and lock; and what happens by the clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from b24app.bitrix24.errors import (
    AccessDenied,
    BadRequest,
    MethodUnknown,
    PlanRefused,
    PortalBusy,
    PortalGone,
    TokenRejected,
)
from b24app.jobs.queue import BULK, SOON, JobQueue
from b24app.logs import logger
from b24app.services.audit.run.portal_run import give_up_audit, run_audit
from b24app.services.audit.run.schedule import order_scheduled, portals_to_audit
from b24app.services.housekeeping import (
    portals_to_act,
    portals_to_answer,
    portals_to_drain,
    portals_to_index,
    portals_to_publish,
    portals_to_sweep,
    purge,
)
from b24app.services.indexing.refresh import LostRights
from b24app.services.indexing.sync import give_up_reading, index_portal, reconcile_portal, sweep_portal
from b24app.services.installation.install import register_again
from b24app.services.portal.context import Runtime, UnknownPortal, block_portal, renew_tokens
from b24app.services.publishing import BACKLOG_TASK, TASK
from b24app.services.robots.answering import answer_robots
from b24app.services.webhooks.deliver import deliver_webhooks, portals_to_tell
from b24app.services.writeback.carry_out import RETRY_TASK, carry_out_effects, retry_effects
from b24app.services.writeback.keep_up import keep_up
from b24app.services.writeback.publish import publish_backlog, publish_outcomes

log = logger(__name__)

KEEPING_UP = "inbox"  # the lock of whoever reads and publishes what changed
READING = "reading"  # the lock of passes over a whole portal
AUDIT = "audit"
FAILURES = ((PlanRefused, "plan_refused"), (AccessDenied, "access_denied"))

ATTEMPTS = 5  # of a job that ends with an error nobody foresaw
FIRST_PAUSE_S = 5.0
FINAL = (AccessDenied, BadRequest, MethodUnknown)  # asking again gives the same answer

UseCase = Callable[[Runtime, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Task:
    """``lock``: tasks of one portal with the same lock never run at the same time."""

    run: UseCase
    line: str
    lock: str


TASKS = {
    "drain_inbox": Task(keep_up, SOON, KEEPING_UP),
    "deliver_webhooks": Task(deliver_webhooks, SOON, "webhooks"),
    "answer_robots": Task(answer_robots, SOON, "robots"),
    "register_portal": Task(register_again, SOON, "registration"),
    "carry_out_effects": Task(carry_out_effects, SOON, "effects"),
    RETRY_TASK: Task(retry_effects, SOON, "effects_retry"),
    TASK: Task(publish_outcomes, SOON, KEEPING_UP),
    BACKLOG_TASK: Task(publish_backlog, BULK, "backlog"),
    "index_portal": Task(index_portal, BULK, READING),
    "reconcile_portal": Task(reconcile_portal, BULK, READING),
    "sweep_portal": Task(sweep_portal, BULK, "sweep"),
    "run_audit": Task(run_audit, BULK, AUDIT),
}
NIGHT = "30 19 * * *"  # UTC: nobody's working hours from Berlin and Kaliningrad to Vladivostok and Kamchatka


def add_tasks(queue: JobQueue, runtime: Callable[[], Runtime]) -> None:
    """Make the queue know every task; ``runtime`` is asked when a job starts."""
    for name, task in TASKS.items():
        _add_task(queue, runtime, name, task)
    _add_periodic(queue, "* * * * * */10", "every_ten_seconds", lambda: _revive(queue))
    _add_periodic(queue, "* * * * *", "every_minute", lambda: _every_minute(queue, runtime()))
    _add_periodic(queue, "*/10 * * * *", "every_ten_minutes", lambda: _sweep_all(queue, runtime()))
    _add_periodic(queue, NIGHT, "every_night", lambda: _every_night(queue, runtime()))


def _add_task(queue: JobQueue, runtime: Callable[[], Runtime], name: str, task: Task) -> None:
    async def run(portal_id: int) -> None:
        with structlog.contextvars.bound_contextvars(portal=portal_id, job=name):
            pause_s = await _run(runtime(), task, portal_id)
            if pause_s is not None:
                await queue.ask(name, portal_id, delay_s=max(1.0, pause_s))

    async def run_or_try_again(portal_id: int, attempt: int = 1) -> None:
        try:
            await run(portal_id)
        except FINAL as refused:
            await _give_up(runtime(), task, portal_id, refused)
            raise
        except Exception as error:
            if attempt < ATTEMPTS:
                await queue.ask(name, portal_id, delay_s=FIRST_PAUSE_S * 3**attempt, attempt=attempt + 1)
            else:
                await _give_up(runtime(), task, portal_id, error)
            raise

    queue.app.task(name=name, queue=task.line, lock=task.lock)(run_or_try_again)


async def _run(runtime: Runtime, task: Task, portal_id: int) -> float | None:
    """Run the use case; returns the pause in seconds after which a busy portal should be asked again."""
    try:
        await task.run(runtime, portal_id)
    except PortalBusy as busy:
        log.info("portal is busy", error_code=busy.code, retry_after_s=busy.retry_after_s)
        return busy.retry_after_s
    except (PortalGone, UnknownPortal):
        log.info("job ended: the portal may not be called any more")
    except TokenRejected:
        # The app may have been removed and the event lost: the authorization server knows.
        if not await renew_tokens(runtime, portal_id):
            return None
        raise
    except LostRights:
        await block_portal(runtime, portal_id, "lost_rights")
    return None


async def _give_up(runtime: Runtime, task: Task, portal_id: int, error: Exception) -> None:
    """Let the app's page say that a pass over the portal failed; it is tried again in an hour, or at night."""
    reason = next((code for kind, code in FAILURES if isinstance(error, kind)), "internal")
    if task.lock == READING:
        await give_up_reading(runtime, portal_id, reason)
    if task.lock == AUDIT:
        await give_up_audit(runtime, portal_id, reason)


def _add_periodic(queue: JobQueue, cron: str, name: str, run: Callable[[], Awaitable[None]]) -> None:
    async def tick(timestamp: int) -> None:
        await run()

    queue.app.periodic(cron=cron)(queue.app.task(name=name, queue=SOON, queueing_lock=name)(tick))


async def _revive(queue: JobQueue) -> None:
    """Put jobs of dead workers back: half a minute after a worker was killed another goes on with them."""
    if revived := await queue.revive_stalled():
        log.warning("jobs of a dead worker revived", jobs=revived)


async def _every_minute(queue: JobQueue, runtime: Runtime) -> None:
    """Heal: inboxes nobody drains, portals nobody indexes; audits that are due."""
    for portal_id in await portals_to_drain(runtime):
        await queue.ask("drain_inbox", portal_id)
    for portal_id in await portals_to_answer(runtime):
        await queue.ask("answer_robots", portal_id)
    for portal_id in await portals_to_act(runtime):
        await queue.ask("carry_out_effects", portal_id)
    for portal_id in await portals_to_tell(runtime):
        await queue.ask("deliver_webhooks", portal_id)
    for portal_id, is_backlog in await portals_to_publish(runtime):
        await queue.ask(BACKLOG_TASK if is_backlog else TASK, portal_id)
    for portal_id in await portals_to_index(runtime):
        await queue.ask("index_portal", portal_id)
    await order_scheduled(runtime)
    for portal_id in await portals_to_audit(runtime):
        await queue.ask("run_audit", portal_id)


async def _sweep_all(queue: JobQueue, runtime: Runtime) -> None:
    for portal_id in await portals_to_sweep(runtime):
        await queue.ask("sweep_portal", portal_id)


async def _every_night(queue: JobQueue, runtime: Runtime) -> None:
    for portal_id in await portals_to_sweep(runtime):
        await queue.ask("register_portal", portal_id)  # what somebody deleted, what a plan allows now
        await queue.ask("reconcile_portal", portal_id)
    await queue.forget_failed()
    await purge(runtime)
