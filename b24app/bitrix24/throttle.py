"""How long to wait before the next request: the request limit and the running time of methods.

The arithmetic is pure and its state plain floats, so that it can live in memory or in a database row;
who sleeps is the client. Source: REST documentation, "limits"; portals count by our address, so all
processes must take from one bucket.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar, Protocol

from b24app.clock import Clock

ROUNDING = 1e-6  # of a request: moments as floats are no finer, and a wait must move the clock
LEARNED_OPERATING_LIMIT_S = 420.0  # the smaller of the two limits in use; known after the first 429


class Priority(IntEnum):
    """Who asks; a smaller number goes first."""

    PERSON = 0
    ROBOT = 1
    EVENT = 2
    BACKGROUND = 3

    @property
    def word(self) -> str:
        return self.name.lower()


# How many requests of the bucket, and seconds of a method's running time, each leaves to those before him.
# Background work reads a portal at the full rate: so many cards may still be opened in the same moment.
_BUCKET_RESERVE = {Priority.PERSON: 0.0, Priority.ROBOT: 2.0, Priority.EVENT: 4.0, Priority.BACKGROUND: 6.0}
_OPERATING_RESERVE_S = {
    Priority.PERSON: 0.0,
    Priority.ROBOT: 5.0,
    Priority.EVENT: 10.0,
    Priority.BACKGROUND: 15.0,
}


@dataclass(frozen=True, slots=True)
class BucketState:
    """Requests in the bucket at ``updated_at``; before ``blocked_until`` nobody may ask. Unix seconds."""

    level: float = 0.0
    updated_at: float = 0.0
    blocked_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a portal's plan allows."""

    capacity: float = 50.0
    rate_per_s: float = 2.0
    operating_limit_s: float = 480.0

    ENTERPRISE: ClassVar["Limits"]


Limits.ENTERPRISE = Limits(capacity=250.0, rate_per_s=5.0)


def take(state: BucketState, limits: Limits, priority: Priority, now: float) -> tuple[BucketState, float]:
    """Return the new state and 0 when the request may go, else the leaked state and the wait in seconds."""
    leaked = _leak(state, limits, now)
    if now < state.blocked_until:
        return leaked, state.blocked_until - now
    ceiling = max(1.0, limits.capacity - _BUCKET_RESERVE[priority])
    surplus = leaked.level + 1.0 - ceiling
    if surplus > ROUNDING:
        return leaked, surplus / limits.rate_per_s
    return replace(leaked, level=leaked.level + 1.0), 0.0


def refuse(state: BucketState, limits: Limits, retry_after_s: float, now: float) -> BucketState:
    """Return the state after QUERY_LIMIT_EXCEEDED: the bucket is full, whatever we had counted."""
    blocked_until = max(state.blocked_until, now + retry_after_s)
    return BucketState(level=limits.capacity, updated_at=now, blocked_until=blocked_until)


def method_wait(operating_s: float, reset_at: float, limits: Limits, priority: Priority, now: float) -> float:
    """Return the seconds until a method with that much running time used may be called."""
    allowed = limits.operating_limit_s - _OPERATING_RESERVE_S[priority]
    if operating_s < allowed or reset_at <= now:
        return 0.0
    return reset_at - now


def _leak(state: BucketState, limits: Limits, now: float) -> BucketState:
    passed_s = max(0.0, now - state.updated_at)
    level = max(0.0, state.level - passed_s * limits.rate_per_s)
    return BucketState(level=level, updated_at=max(now, state.updated_at), blocked_until=state.blocked_until)


class Throttle(Protocol):
    """One portal's limits, shared by everybody who calls it."""

    async def take(self, priority: Priority, methods: Collection[str]) -> float:
        """Return 0 when one request with these methods may go now, else the seconds to wait."""

    async def refused(self, *, retry_after_s: float) -> None:
        """Note that the portal said QUERY_LIMIT_EXCEEDED."""

    async def spent(self, operating: Mapping[str, tuple[float, float]]) -> None:
        """Note each method's running time in seconds and when its oldest part is freed."""

    async def blocked(self, method: str, until: float) -> None:
        """Note that the portal said OPERATION_TIME_LIMIT; from now on the smaller limit holds."""


class LocalThrottle:
    """A throttle in this process's memory: for the command line, benchmarks and tests."""

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._bucket = BucketState(updated_at=clock.now())
        self._operating: dict[str, tuple[float, float]] = {}
        self._blocked: dict[str, float] = {}

    async def take(self, priority: Priority, methods: Collection[str]) -> float:
        now = self._clock.now()
        method_waits = [self._method_wait(method, priority, now) for method in methods]
        longest = max(method_waits, default=0.0)
        if longest > 0:
            return longest
        self._bucket, wait_s = take(self._bucket, self._limits, priority, now)
        return wait_s

    async def refused(self, *, retry_after_s: float) -> None:
        self._bucket = refuse(self._bucket, self._limits, retry_after_s, self._clock.now())

    async def spent(self, operating: Mapping[str, tuple[float, float]]) -> None:
        self._operating.update(operating)

    async def blocked(self, method: str, until: float) -> None:
        self._blocked[method] = until
        learned_s = min(self._limits.operating_limit_s, LEARNED_OPERATING_LIMIT_S)
        self._limits = replace(self._limits, operating_limit_s=learned_s)

    def _method_wait(self, method: str, priority: Priority, now: float) -> float:
        operating_s, reset_at = self._operating.get(method, (0.0, 0.0))
        by_time = method_wait(operating_s, reset_at, self._limits, priority, now)
        return max(by_time, self._blocked.get(method, 0.0) - now, 0.0)
