"""What those who run the app want to know: does the database answer, how many portals, how much waits."""

from collections import Counter as Tally

from prometheus_client import Counter, Gauge

from b24app.bitrix24.calls import CallRecord
from b24app.services.housekeeping import portals_to_drain
from b24app.services.portal.context import Runtime, StoreUnavailable

CALLS = Counter("b24app_rest_requests", "REST requests to portals", ["priority", "outcome"])
PORTALS = Gauge("b24app_portals", "Active portals", ["state"])
JOBS = Gauge("b24app_jobs", "Jobs in the queue", ["state"])


def count_call(call: CallRecord) -> None:
    """Count one REST request."""
    CALLS.labels(call.priority or "oauth", call.error or "ok").inc()


async def is_ready(runtime: Runtime) -> bool:
    """Tell whether the database answers."""
    try:
        await runtime.store.ping()
    except StoreUnavailable:
        return False
    return True


async def take_measures(runtime: Runtime) -> None:
    """Bring the gauges up to date; raises StoreUnavailable."""
    async with runtime.store.begin_shared() as shared:
        states = Tally(
            "indexed" if portal.indexed_at else "indexing" for portal in await shared.portals.active()
        )
    for state in ("indexed", "indexing"):
        PORTALS.labels(state).set(states[state])
    PORTALS.labels("waiting").set(len(await portals_to_drain(runtime)))
    for state, count in (await runtime.queue.counts()).items():
        JOBS.labels(state).set(count)
