"""Work that outlives the request which began it, in this process: files of audits, written with the viewer's own token.

The token must not be stored, so no worker can do it; a process that ends leaves a broken file, which says so.
"""

import asyncio
from collections.abc import Coroutine

from b24app.logs import logger

log = logger(__name__)


class Background:
    """Tasks of one web process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Begin the work; what it raises is logged, for nobody waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def finish(self) -> None:
        """Wait until everything that was begun has ended."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", error=type(error).__name__, exc_info=error)
