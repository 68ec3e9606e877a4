"""An audit of a portal from its index: groups, members and grades by keys written, in a process of its own.

What names tell is read from the portal afterwards, at the portal's pace, and is not measured here.
"""

import asyncio
import gc
import json
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from time import perf_counter

import asyncpg
import numpy as np

from b24app.clock import SystemClock
from b24app.dedupe.key_table import KeyTable
from b24app.sandbox.limits import SandboxLimits
from b24app.services.audit.run.groups import group_and_store
from b24app.services.audit.run.orders import AuditScope, AuditTerms
from b24app.services.audit.run.steps import open_work
from b24app.store.address import libpq_dsn
from b24app.store.audit_values import PAIR_TYPES, GroupCursor, GroupFilter, GroupOrder
from b24app.store.audits import AuditOrder
from b24app.store.database import Store, Transaction
from bench.database import execute, kept_database
from bench.grouping import make_table
from bench.report import Figure
from bench.town import Town, bench_vault, build_portal, open_town

SIZE, QUICK_SIZE, GROWTH = 1_000_000, 20_000, 5
TIMES = 3  # the one in the middle counts: the first after a server's start also makes its log's files
TARGET_S, TARGET_MB, LINEAR_RATIO = 10.0, 600.0, 1.1
CHILD_TIMEOUT_S = 900
BLOCK = 200_000
SETTLING = (
    "VACUUM audit_group, audit_member",
    "CHECKPOINT",
)  # what filling and earlier runs left is not to be cleaned up while we measure
NOON, SPAN_S, RESPONSIBLES = 1_750_000_000.0, 3e7, 40
MB_IN_KB = 1024
PAGE = 50
FAR_BEHIND = {
    GroupOrder.NUMBER: GroupCursor(150_000, 150_000),
    GroupOrder.SIZE: GroupCursor(2, 20_000),
    GroupOrder.GRADE: GroupCursor(4, 20_000),
    GroupOrder.SEVERITY: GroupCursor(0, 20_000),
    GroupOrder.NEWEST: GroupCursor(20_000, 20_000),
}  # most groups are two records, and all of one grade: downwards, small numbers come last


def measure(*, quick: bool) -> Iterator[Figure]:
    """Audit a million records and five million; 20,000 and 100,000 when quick."""
    size = QUICK_SIZE if quick else SIZE
    small, large = _audit(size), _audit(GROWTH * size)
    name = f"audit of {size:,} records from the index"
    note = f"{small['groups']:,.0f} groups, {small['members']:,.0f} records in them"
    yield Figure(f"{name}, written", small["seconds"], "s", target=None if quick else TARGET_S,
                 is_ratio_target=False, note=note)  # fmt: skip
    yield Figure(
        f"{name}, peak of the process", small["peak_mb"], "MB", target=TARGET_MB, is_ratio_target=False
    )
    yield Figure(
        f"{name}, slowest page of groups", small["page_ms"], "ms", note="any order and filter, far behind"
    )
    yield Figure(
        f"audit of {GROWTH * size:,} records", large["seconds"], "s", GROWTH * small["seconds"],
        f"{GROWTH} × {size:,}", None if quick else LINEAR_RATIO, note=f"peak {large['peak_mb']:,.0f} MB",
    )  # fmt: skip


def _audit(size: int) -> dict[str, float]:
    with kept_database(f"audit-{size}") as (url, folder):
        asyncio.run(_fill(size, url, folder))
        command = [sys.executable, "-m", "bench.audit", url, str(folder)]
        runs: list[dict[str, float]] = []
        for _ in range(TIMES):
            asyncio.run(execute(url, *SETTLING))
            done = subprocess.run(command, check=True, capture_output=True, timeout=CHILD_TIMEOUT_S)
            runs.append(json.loads(done.stdout))
    return sorted(runs, key=itemgetter("seconds"))[TIMES // 2]


async def _fill(size: int, url: str, folder: Path) -> None:
    """Bring invented records into the index, unless an earlier run did."""
    async with _town(url, folder) as town:
        async with town.runtime.store.read(town.portal_id) as tx:
            if (await tx.portal.get()).indexed_at is not None:
                return
        connection = await asyncpg.connect(libpq_dsn(url))
        try:
            await _copy(connection, town.portal_id, make_table(size))
        finally:
            await connection.close()
        await execute(url, "VACUUM ANALYZE record, record_key")
        async with town.runtime.store.begin(town.portal_id) as tx:
            await tx.portal.mark_indexed(NOON)


async def _copy(connection: asyncpg.Connection, portal_id: int, table: KeyTable) -> None:
    chance = np.random.default_rng(3)
    for start in range(0, len(table.ids), BLOCK):
        part = slice(start, start + BLOCK)
        count = len(table.ids[part])
        moments = (NOON + chance.random(count) * SPAN_S).tolist()
        people = chance.integers(1, RESPONSIBLES, count).tolist()
        rows = zip(table.types[part].tolist(), table.ids[part].tolist(), people, moments, strict=True)
        await connection.copy_records_to_table(
            "record",
            columns=["portal_id", "type", "id", "fingerprint", "responsible_id", "stage", "links",
                     "created_at", "modified_at", "read_at"],
            records=[(portal_id, kind, one, one, who, 0, [], at, at, NOON) for kind, one, who, at in rows],
        )  # fmt: skip
    for start in range(0, len(table.hashes), BLOCK):
        part = slice(start, start + BLOCK)
        numbers = table.records[part]
        await connection.copy_records_to_table(
            "record_key",
            columns=["portal_id", "kind", "hash", "type", "id"],
            records=zip(
                [portal_id] * len(numbers),
                table.kinds[part].tolist(),
                table.hashes[part].tolist(),
                table.types[numbers].tolist(),
                table.ids[numbers].tolist(),
                strict=True,
            ),
        )


async def _run(url: str, folder: Path) -> dict[str, float]:
    """Audit once, in a process that has done nothing before, and take the results away again."""
    async with _town(url, folder) as town:
        runtime = town.runtime
        async with runtime.store.begin(town.portal_id) as tx:
            rules = (await tx.portal.get()).rules
            order = AuditOrder("", AuditScope().to_dict(), AuditTerms().to_dict(), rules, started_by=1)
            run = await tx.audits.order(order, runtime.clock.now())
            await tx.audits.begin(run, runtime.clock.now(), None)
        work = await open_work(runtime, town.portal_id, run)
        gc.collect()
        gc.freeze()  # as the app does when it has started
        began = perf_counter()
        await group_and_store(work)
        seconds = perf_counter() - began
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB_IN_KB
        async with runtime.store.begin(town.portal_id) as tx:
            totals = await tx.audits.totals(run.run_id)
            page_ms = await _slowest_page_ms(tx, run.run_id)
            await tx.audits.remove(run.run_id)
    return {
        "seconds": seconds,
        "page_ms": page_ms,
        "peak_mb": peak_mb,
        "groups": totals["groups"],
        "members": totals["records_in_groups"],
    }


async def _slowest_page_ms(tx: Transaction, run_id: int) -> float:
    """Return the slowest of all first and last pages, in every order, with and without filters."""
    wanted = (
        GroupFilter(),
        GroupFilter(responsible_id=1),
        GroupFilter(pair=PAIR_TYPES[0]),
        GroupFilter(least_size=9),
    )
    slowest = 0.0
    for order, behind in FAR_BEHIND.items():
        for cursor in (None, behind):
            for each in wanted:
                began = perf_counter()
                await tx.audits.find_groups(run_id, each, order, cursor, PAGE)
                slowest = max(slowest, perf_counter() - began)
    return slowest * 1000


@asynccontextmanager
async def _town(url: str, folder: Path) -> AsyncIterator[Town]:
    clock = SystemClock()
    store = await Store.open(url, bench_vault(folder), clock=clock)
    try:
        async with open_town(build_portal(clock, SandboxLimits.none()), store=store, folder=folder) as town:
            yield town
    finally:
        await store.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(sys.argv[1], Path(sys.argv[2])))))
