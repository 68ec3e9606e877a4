"""Simulated time: an event loop whose clock jumps to the next timer when nothing else can run.

The app, the toy portal and asyncio's own time-outs all read the same virtual seconds. Real work (the database, threads)
takes none of them: while any is under way, time stands still. So a reading that takes twenty minutes of a portal's
limits is measured in one, and a busy machine changes nothing.
"""

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar, TypeVarTuple

from b24app.store import limits
from b24app.store.database import SharedTransaction, Store, Transaction

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
EPOCH = 1_749_999_600.0  # a full minute: portals count running time in baskets of one


class _Time(selectors.DefaultSelector):
    """Asked to wait for ``timeout`` seconds, it lets them pass at once, unless real work is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0
        self.working = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self.working:
            return super().select(None)
        found = super().select(0)
        if not found:
            self.passed_s += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._virtual = _Time()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.passed_s

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let no time pass while the body does real work."""
        self._virtual.working += 1
        try:
            yield
        finally:
            self._virtual.working -= 1

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run in a thread, as ``asyncio.to_thread`` does; no time passes meanwhile."""
        running = super().run_in_executor(executor, func, *args)
        self._virtual.working += 1
        running.add_done_callback(self._worked)
        return running

    def _worked(self, _: asyncio.Future[Any]) -> None:
        self._virtual.working -= 1


class VirtualClock:
    """The running virtual loop's time, as the app and the toy portal are handed it."""

    def now(self) -> float:
        return EPOCH + asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class TimelessStore(Store):
    """The store as it is; what it does takes no virtual time."""

    async def ping(self) -> None:
        with _working():
            await super().ping()

    @asynccontextmanager
    async def read(self, portal_id: int) -> AsyncIterator[Transaction]:
        with _working():
            async with super().read(portal_id) as tx:
                yield tx

    @asynccontextmanager
    async def begin(self, portal_id: int) -> AsyncIterator[Transaction]:
        with _working():
            async with super().begin(portal_id) as tx:
                yield tx

    @asynccontextmanager
    async def begin_shared(self) -> AsyncIterator[SharedTransaction]:
        with _working():
            async with super().begin_shared() as shared:
                yield shared

    @asynccontextmanager
    async def renewal_lock(self, portal_id: int) -> AsyncIterator[None]:
        with _working():
            async with super().renewal_lock(portal_id):
                yield

    async def limits_take(self, portal_id: int, decide: limits.Decide) -> float:
        with _working():
            return await super().limits_take(portal_id, decide)


@contextmanager
def _working() -> Iterator[None]:
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise TypeError("a timeless store lives in a virtual loop")
    with loop.working():
        yield


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
