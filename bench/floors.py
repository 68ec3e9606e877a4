"""The least time in which a portal's limits let anybody read its records. Pure arithmetic.

Of the requests only the bounds and full batches of 50 x 50 rows are counted; nothing else of the app's takes time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from b24app.sandbox.limits import BASKETS, MINUTE, SandboxLimits

PAGE_ROWS, PAGES_A_BATCH = 50, 50
BOUNDS_PAGES = 2  # of one type: its first and its last record


@dataclass(frozen=True, slots=True)
class Floor:
    """What must be spent at least."""

    requests: int
    seconds: float


def reading_floor(records: Mapping[str, int], limits: SandboxLimits) -> Floor:
    """Return the floor for this many records of each type: the slower of the two limits decides."""
    pages = [ceil(count / PAGE_ROWS) for count in records.values()]
    requests = 1 + ceil(sum(pages) / PAGES_A_BATCH)
    bounds_s = len(records) * BOUNDS_PAGES * limits.server_seconds
    chain_s = min(PAGES_A_BATCH, max(pages)) * limits.server_seconds
    by_requests = max(bounds_s, (requests - limits.bucket) / limits.drain_per_s) + chain_s
    by_time = max(_running_time_floor(count, limits) for count in records.values())
    return Floor(requests, max(by_requests, bounds_s + by_time))


def _running_time_floor(count: int, limits: SandboxLimits) -> float:
    """Return the seconds until one method's pages fit its running time: ten minutes for each time it is used up."""
    needed_s = ceil(count / PAGE_ROWS) * limits.server_seconds
    windows = max(0, ceil(needed_s / limits.operating_limit_s) - 1)
    return windows * float(BASKETS * MINUTE)
