"""The clock that is handed in, so that tests and benchmarks can bring their own.

Times are Unix seconds (float); ``datetime`` appears only where people read it.
"""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the app knows of time."""

    def now(self) -> float:
        """Return Unix seconds."""

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
