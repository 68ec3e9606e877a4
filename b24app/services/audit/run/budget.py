"""A share of a portal's requests: an audit leaves the rest to people, robots and events."""

from collections.abc import Collection, Mapping

from b24app.bitrix24.throttle import BucketState, Limits, Priority, Throttle, take
from b24app.clock import Clock

BURST = 5.0  # requests at once, after a pause


class BudgetThrottle:
    """Takes from the portal's throttle, and never faster than its share. One run uses one of them."""

    def __init__(self, inner: Throttle, clock: Clock, *, rate_per_s: float) -> None:
        self._inner = inner
        self._clock = clock
        self._limits = Limits(capacity=BURST, rate_per_s=rate_per_s)
        self._bucket = BucketState(updated_at=clock.now())

    async def take(self, priority: Priority, methods: Collection[str]) -> float:
        """Return 0 when one request may go now; a wait takes nothing from anybody."""
        taken, wait_s = take(self._bucket, self._limits, Priority.PERSON, self._clock.now())
        if wait_s > 0:
            return wait_s
        wait_s = await self._inner.take(priority, methods)
        if wait_s == 0:
            self._bucket = taken
        return wait_s

    async def refused(self, *, retry_after_s: float) -> None:
        await self._inner.refused(retry_after_s=retry_after_s)

    async def spent(self, operating: Mapping[str, tuple[float, float]]) -> None:
        await self._inner.spent(operating)

    async def blocked(self, method: str, until: float) -> None:
        await self._inner.blocked(method, until)
