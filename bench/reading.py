"""Reading a whole portal within its limits, in simulated time: the app's own first indexing against the toy portal."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from b24app.sandbox.limits import SandboxLimits
from b24app.services.indexing.sync import index_portal
from b24app.store.limits import Bucket
from bench.database import fresh_database
from bench.floors import reading_floor
from bench.report import Figure
from bench.town import Town, bench_vault, build_portal, ids_by_type, light_row, open_town
from bench.virtual_clock import TimelessStore, VirtualClock, run_virtually

ORDINARY = SandboxLimits(bucket=50, drain_per_s=2, operating_limit_s=480, server_seconds=0.03)
ENTERPRISE = replace(ORDINARY, bucket=250, drain_per_s=5)
SLOW = replace(ORDINARY, server_seconds=0.1)
SLOW_420 = replace(SLOW, operating_limit_s=420)
RATIO = 1.1
MILLION = 1_000_000
REQUESTS_PER_1000 = 1.0
POOL_SIZE = 12


@dataclass(frozen=True, slots=True)
class Case:
    """One portal to read."""

    size: int
    half_gone: bool
    limits: SandboxLimits

    @property
    def name(self) -> str:
        ids = "half gone" if self.half_gone else "dense"
        limits = self.limits
        plan = f"{limits.drain_per_s:g}/s {limits.operating_limit_s:g} s {limits.server_seconds:g} s/page"
        return f"reading {self.size:,} {ids}, {plan}"


@dataclass(frozen=True, slots=True)
class Read:
    """What a reading took: virtual seconds, requests, answers 503, and commands refused for their running time."""

    seconds: float
    requests: int
    busy: int
    overtime: int
    indexed: int


def cases(*, quick: bool) -> Iterator[Case]:
    """Yield the portals of a run; of a million and five only those that differ most, for each takes minutes."""
    for size in (10_000, 100_000):
        for half_gone in (False, True):
            yield Case(size, half_gone, ORDINARY)
            yield Case(size, half_gone, ENTERPRISE)
        yield Case(size, False, SLOW)
        yield Case(size, True, SLOW_420)
    if not quick:
        yield Case(MILLION, False, ORDINARY)
        yield Case(MILLION, True, ORDINARY)
        yield Case(MILLION, True, ENTERPRISE)
        yield Case(MILLION, False, SLOW)
        yield Case(MILLION, True, SLOW_420)
        yield Case(5 * MILLION, False, ORDINARY)
        yield Case(5 * MILLION, True, ENTERPRISE)


def measure(*, quick: bool) -> Iterator[Figure]:
    """Read every portal and yield its rows."""
    for case in cases(quick=quick):
        with fresh_database() as (url, folder):
            read = run_virtually(read_portal(case, url, folder))
        yield from figures(case, read)


def figures(case: Case, read: Read) -> Iterator[Figure]:
    """Yield the time beside the floor, the requests beside the fewest possible, and the refusals."""
    if read.indexed != case.size:
        raise RuntimeError(f"{read.indexed} of {case.size} records were indexed")
    records = {word: len(ids) for word, ids in ids_by_type(case.size, half_gone=False).items()}
    floor = reading_floor(records, case.limits)
    overtime = f"{read.overtime} commands over their running time" if read.overtime else ""
    yield Figure(case.name, read.seconds, "s", floor.seconds, "limits", RATIO, note=overtime)
    allowed = case.size * REQUESTS_PER_1000 / 1000
    yield Figure(
        "  requests", read.requests, "", floor.requests, "full batches", allowed, is_ratio_target=False
    )
    yield Figure("  answers 503", read.busy, "", target=0.0, is_ratio_target=False)


async def read_portal(case: Case, database_url: str, folder: Path) -> Read:
    """Install the app in a portal of that size and let it index everything."""
    clock = VirtualClock()
    portal = build_portal(clock, case.limits)
    for word, ids in ids_by_type(case.size, half_gone=case.half_gone).items():
        portal.crm.load_lazily(word, ids, light_row)
    store = await TimelessStore.open(database_url, bench_vault(folder), clock=clock, pool_size=POOL_SIZE)
    try:
        async with open_town(portal, store=store, folder=folder) as town:
            await _tell_plan(town, case.limits)
            began = clock.now()
            await index_portal(town.runtime, town.portal_id)
            seconds = clock.now() - began
            async with store.read(town.portal_id) as tx:
                indexed = sum((await tx.index.totals()).values())
    finally:
        await store.close()
    refusals = portal.traffic.refusals
    return Read(
        seconds,
        portal.traffic.requests,
        refusals["QUERY_LIMIT_EXCEEDED"],
        refusals["OPERATION_TIME_LIMIT"],
        indexed,
    )


async def _tell_plan(town: Town, limits: SandboxLimits) -> None:
    """Let the app know the plan's request limit; the operating limit it has to learn or respect by itself."""

    def set_plan(bucket: Bucket) -> tuple[Bucket, float]:
        return replace(bucket, capacity=limits.bucket, rate_per_s=limits.drain_per_s), 0.0

    await town.runtime.store.limits_take(town.portal_id, set_plan)
