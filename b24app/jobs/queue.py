"""The queue: procrastinate on the app's own database. Locks per portal, retries, stalled jobs.

Two lines, so that a long indexing never keeps a changed record waiting: ``soon`` and ``bulk``.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from math import inf

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Status

SOON, BULK = "soon", "bulk"
AT_ONCE = {SOON: 16, BULK: 8}  # jobs a process works on at the same time
POLL_S = 1.0  # a job that waited for another's lock is found by polling
HEARTBEAT_S = 5.0
STALLED_AFTER_S = 20.0
LEAVING_S = 10.0  # for the jobs under way when a worker is asked to stop
KEEP_FAILED = timedelta(days=7)


class JobQueue:
    """Where use cases ask for background work, and what a worker process runs."""

    def __init__(self, dsn: str) -> None:
        connector = procrastinate.PsycopgConnector(conninfo=dsn, min_size=1, max_size=8)
        self.app = procrastinate.App(connector=connector)

    async def open(self) -> None:
        """Connect, and make the queue's tables when they are missing; two processes may start at once."""
        await self.app.open_async()
        if not await self.app.check_connection_async():
            # Another process may have made them a moment ago.
            with suppress(ConnectorException):
                await self.app.schema_manager.apply_schema_async()
            if not await self.app.check_connection_async():
                raise RuntimeError("the queue's tables are missing: run b24app migrate")

    async def close(self) -> None:
        await self.app.close_async()

    async def ask(self, task: str, portal_id: int, *, delay_s: float = 0.0, attempt: int = 1) -> None:
        """Make sure one such task waits for that portal; asking again while it waits adds nothing."""
        known = self.app.tasks[task]
        with suppress(AlreadyEnqueued):
            await self.app.configure_task(
                name=task,
                queue=known.queue,
                lock=f"{known.lock}:{portal_id}",
                queueing_lock=f"{task}:{portal_id}",
                schedule_in={"seconds": int(delay_s)} if delay_s else None,
            ).defer_async(portal_id=portal_id, attempt=attempt)

    async def work(self, *, until_empty: bool = False) -> None:
        """Run jobs of both lines until cancelled, or until nothing is left to do."""
        async with asyncio.TaskGroup() as lines:
            for line, at_once in AT_ONCE.items():
                lines.create_task(self._work(line, at_once, wait=not until_empty))

    async def _work(self, line: str, at_once: int, *, wait: bool) -> None:
        await self.app.run_worker_async(
            queues=[line],
            name=line,
            concurrency=at_once,
            wait=wait,
            install_signal_handlers=False,
            fetch_job_polling_interval=POLL_S,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_AFTER_S,
            shutdown_graceful_timeout=LEAVING_S if wait else inf,  # nobody asked it to stop
            delete_jobs="successful",
        )

    async def revive_stalled(self) -> int:
        """Put jobs of dead workers back, unless another of the kind waits already; returns how many."""
        manager = self.app.job_manager
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S))
        for job in stalled:
            try:
                await manager.retry_job(job)
            except UniqueViolation:
                await manager.finish_job(job, status=Status.ABORTED, delete_job=True)
        return len(stalled)

    async def forget_failed(self) -> None:
        """Remove failed jobs when nobody needs to look at them any more."""
        await self.app.job_manager.delete_old_jobs(
            nb_hours=int(KEEP_FAILED.total_seconds() // 3600), include_failed=True
        )

    async def counts(self) -> dict[str, int]:
        """Return how many jobs are in which state: todo, doing, failed."""
        counts = {"todo": 0, "doing": 0, "failed": 0}
        for queue in await self.app.job_manager.list_queues_async():
            for state in counts:
                counts[state] += int(queue.get(state, 0))
        return counts
