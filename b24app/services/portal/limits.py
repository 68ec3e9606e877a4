"""A portal's request limits, kept in the store and counted by the pure arithmetic of ``bitrix24.throttle``."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from b24app.bitrix24.throttle import (
    LEARNED_OPERATING_LIMIT_S,
    BucketState,
    Limits,
    Priority,
    method_wait,
    refuse,
    take,
)
from b24app.clock import Clock
from b24app.store.database import Store
from b24app.store.limits import Bucket


class StoredThrottle:
    """The portal's limits as one row that every process takes from."""

    def __init__(self, store: Store, portal_id: int, clock: Clock) -> None:
        self._store = store
        self._portal_id = portal_id
        self._clock = clock

    async def take(self, priority: Priority, methods: Collection[str]) -> float:
        now = self._clock.now()
        return await self._apply(lambda bucket: _take(bucket, priority, methods, now))

    async def refused(self, *, retry_after_s: float) -> None:
        """Note the refusal; a portal that refuses does not have the wider limits we took it to have."""
        now = self._clock.now()

        def decide(bucket: Bucket) -> tuple[Bucket, float]:
            narrowed = _with_limits(bucket, Limits())
            return _with_state(narrowed, _refuse(narrowed, retry_after_s, now)), 0.0

        await self._apply(decide)

    async def widen(self, limits: Limits) -> None:
        """Take the portal to have these limits: what its plan promises."""
        await self._apply(lambda bucket: (_with_limits(bucket, limits), 0.0))

    async def rate_per_s(self) -> float:
        """Return how many requests a second the portal is taken to allow."""
        return await self._apply(lambda bucket: (bucket, bucket.rate_per_s))

    async def spent(self, operating: Mapping[str, tuple[float, float]]) -> None:
        await self._apply(lambda bucket: (replace(bucket, methods={**bucket.methods, **operating}), 0.0))

    async def blocked(self, method: str, until: float) -> None:
        def decide(bucket: Bucket) -> tuple[Bucket, float]:
            learned_s = min(bucket.operating_limit_s, LEARNED_OPERATING_LIMIT_S)
            _, told = bucket.methods.get(
                method, (0.0, 0.0)
            )  # a refusal inside a batch does not say until when
            methods = {**bucket.methods, method: (bucket.operating_limit_s, max(until, told))}
            return replace(bucket, operating_limit_s=learned_s, methods=methods), 0.0

        await self._apply(decide)

    async def _apply(self, decide: Callable[[Bucket], tuple[Bucket, float]]) -> float:
        return await self._store.limits_take(self._portal_id, decide)


def _limits(bucket: Bucket) -> Limits:
    return Limits(bucket.capacity, bucket.rate_per_s, bucket.operating_limit_s)


def _with_limits(bucket: Bucket, limits: Limits) -> Bucket:
    return replace(bucket, capacity=limits.capacity, rate_per_s=limits.rate_per_s)


def _state(bucket: Bucket) -> BucketState:
    return BucketState(bucket.level, bucket.updated_at, bucket.blocked_until)


def _with_state(bucket: Bucket, state: BucketState) -> Bucket:
    return replace(bucket, level=state.level, updated_at=state.updated_at, blocked_until=state.blocked_until)


def _refuse(bucket: Bucket, retry_after_s: float, now: float) -> BucketState:
    return refuse(_state(bucket), _limits(bucket), retry_after_s, now)


def _take(bucket: Bucket, priority: Priority, methods: Collection[str], now: float) -> tuple[Bucket, float]:
    """Decide for one request: a method without running time left waits before the bucket is touched."""
    limits = _limits(bucket)
    used = [bucket.methods[method] for method in methods if method in bucket.methods]
    longest = max(
        (method_wait(spent, reset_at, limits, priority, now) for spent, reset_at in used), default=0.0
    )
    if longest > 0:
        return bucket, longest
    state, wait_s = take(_state(bucket), limits, priority, now)
    return _with_state(bucket, state), wait_s
