"""The portal's two limits: how often (leaky bucket by source address) and how long (running time by method).

Documentation, page "limits": 50 in the bucket, 2 a second drain (Enterprise 250 and 5); a method's running
time is counted in ten one-minute baskets, by portal and app; over the limit the next call of that method
is refused until a basket is freed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE = 60
BASKETS = 10


@dataclass(slots=True)
class SandboxLimits:
    """The settings. ``server_seconds`` is what one call of a method costs on the simulated server."""

    bucket: float = 50
    drain_per_s: float = 2
    operating_limit_s: float = 480
    server_seconds: float = 0.0
    server_seconds_by_method: Mapping[str, float] = field(default_factory=dict)
    uncounted_below_s: float = 0.0
    are_on: bool = True

    def cost(self, method: str) -> float:
        """Return how long the server works for one call of the method."""
        return self.server_seconds_by_method.get(method, self.server_seconds)

    @classmethod
    def none(cls) -> "SandboxLimits":
        """Return settings of a server of one's own, where nothing is limited."""
        return cls(are_on=False)


class RequestBucket:
    """Leaky buckets, one per source address; all apps at one address share one."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._limits = limits
        self._levels: dict[str, tuple[float, float]] = {}

    def admits(self, source: str, now: float) -> bool:
        """Pour one request in; False when the bucket would overflow, and then nothing is poured."""
        if not self._limits.are_on:
            return True
        level, since = self._levels.get(source, (0.0, now))
        level = max(0.0, level - (now - since) * self._limits.drain_per_s)
        fits = level + 1 <= self._limits.bucket
        self._levels[source] = (level + 1 if fits else level, now)
        return fits


class OperatingTime:
    """Running time by app and method in baskets of a minute."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._limits = limits
        self._baskets: dict[tuple[str, str], dict[int, float]] = {}

    def is_over(self, app: str, method: str, now: float) -> bool:
        return self._limits.are_on and self.used(app, method, now) > self._limits.operating_limit_s

    def used(self, app: str, method: str, now: float) -> float:
        """Return the seconds of the last ten baskets, the running one included."""
        return sum(self._living(app, method, now).values())

    def note(self, app: str, method: str, seconds: float, now: float) -> None:
        if seconds >= self._limits.uncounted_below_s and seconds > 0:
            baskets = self._living(app, method, now)
            baskets[int(now // MINUTE)] = baskets.get(int(now // MINUTE), 0.0) + seconds

    def resets_at(self, app: str, method: str, now: float) -> int:
        """Return when the oldest basket is freed; ten minutes from now when there is none."""
        baskets = self._living(app, method, now)
        oldest = min(baskets, default=int(now // MINUTE))
        return (oldest + BASKETS) * MINUTE

    def _living(self, app: str, method: str, now: float) -> dict[int, float]:
        baskets = self._baskets.setdefault((app, method), {})
        for minute in [minute for minute in baskets if minute <= int(now // MINUTE) - BASKETS]:
            del baskets[minute]
        return baskets
