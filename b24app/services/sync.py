"""First indexing, nightly reconciliation and the sweep for lost events: all read by the same requests.

A checkpoint is stored with the rows it stands for, so a killed worker goes on where it was, and nothing counts twice.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from b24app.bitrix24.errors import PortalBusy
from b24app.bitrix24.throttle import Priority
from b24app.dedupe.record import RecordRef, RecordType
from b24app.logs import logger
from b24app.services.portal import PortalContext, Runtime, open_portal
from b24app.services.reading import (
    Chain,
    Rows,
    bounds_commands,
    plan_request,
    plan_spans,
    read_bounds,
    read_chain,
    request_commands,
)
from b24app.services.records import to_indexed, to_live_record
from b24app.services.refresh import refresh_records
from b24app.store.database import Transaction
from b24app.store.index_writer import IndexedRecord
from b24app.store.sync_state import Range, Run, SyncKind

LANES = 24  # requests under way at once: more than rate x batch time, which keeps both plans' limits busy
BURST_LANES = 48  # at the start, while the bucket is empty
SWEEP_OVERLAP_S = 180.0  # clocks differ, and a change may be stored a moment after its time stamp
UNSEEN_AT_ONCE = 2_000
NO_LAST_ID = 2**53  # above every id
TYPES = tuple(RecordType)

log = logger(__name__)


@dataclass(slots=True)
class _Reading:
    """The ranges of a run in this process, and which of them are being read right now."""

    run: Run | None  # None: a sweep, short enough to begin again
    ranges: dict[int, Range]
    density: Mapping[RecordType, float]
    extra_filter: Mapping[str, str] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def free(self) -> list[Range]:
        return [r for r in self.ranges.values() if not r.done and r.number not in self.taken]


async def index_portal(runtime: Runtime, portal_id: int) -> None:
    """Read the whole portal into the index, or go on with it. The next sweep covers what changed meanwhile.

    Does nothing once that is done: the minute's healing may ask for it again while it runs.
    """
    context = await open_portal(runtime, portal_id, Priority.BACKGROUND)
    if context.portal.indexed_at is not None:
        return
    run = await _run_to_end(context, SyncKind.FIRST)
    async with context.begin() as tx:
        await _note_sweep(tx, run.started_at)
        has_same_rules = (await tx.portal.get()).rules == context.portal.rules
        if has_same_rules:
            await tx.portal.mark_indexed(context.now())
    if not has_same_rules:  # changed while we read: what was read first has other keys
        await runtime.queue.ask("index_portal", portal_id)


async def reconcile_portal(runtime: Runtime, portal_id: int) -> None:
    """Read everything again and forget what the portal has no more: heals lost and missed events."""
    context = await open_portal(runtime, portal_id, Priority.BACKGROUND)
    if context.portal.indexed_at is None:
        return
    run = await _run_to_end(context, SyncKind.FULL)
    for kind in TYPES:
        while unseen := await _unseen(context, run, kind):
            await refresh_records(context, unseen)


async def _unseen(context: PortalContext, run: Run, kind: RecordType) -> list[RecordRef]:
    async with context.read() as tx:
        return await tx.index.unseen_since(run.started_at, kind, UNSEEN_AT_ONCE)


async def sweep_portal(runtime: Runtime, portal_id: int) -> None:
    """Read what changed since the last sweep: finds records whose event was lost. Usually one request."""
    context = await open_portal(runtime, portal_id, Priority.BACKGROUND)
    if context.portal.indexed_at is None:
        return
    async with context.read() as tx:
        swept = [await tx.sync.last_sweep_at(kind) for kind in TYPES]
    await _sweep_since(context, min(at or context.portal.indexed_at for at in swept))


async def _sweep_since(context: PortalContext, since: float) -> None:
    started_at = context.now()
    changed_since = datetime.fromtimestamp(since - SWEEP_OVERLAP_S, UTC).isoformat(timespec="seconds")
    endless = [Range(0, number, kind, 0, NO_LAST_ID, 0, False) for number, kind in enumerate(TYPES)]
    reading = _Reading(
        run=None,
        ranges={r.number: r for r in endless},
        density=dict.fromkeys(TYPES, 0.0),
        extra_filter={">=DATE_MODIFY": changed_since},
    )
    await _read_lane(context, reading)
    async with context.begin() as tx:
        await _note_sweep(tx, started_at)


async def _note_sweep(tx: Transaction, at: float) -> None:
    for kind in TYPES:
        await tx.sync.set_last_sweep_at(kind, at)


async def _run_to_end(context: PortalContext, kind: SyncKind) -> Run:
    """Begin a run or go on with the one that was interrupted, and read until all ranges are done."""
    try:
        run = await _current_or_new(context, kind)
        reading = await _load(context, run)
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(_read_lane(context, reading))
            for _ in range(BURST_LANES - LANES):
                lanes.create_task(_read_once(context, reading))
    except ExceptionGroup as group:
        raise _worst(group) from group
    async with context.begin() as tx:
        await tx.sync.finish(run, context.now())
    log.info("portal read", portal=context.portal.portal_id, kind=kind.value)
    return run


def _worst(group: ExceptionGroup[Exception]) -> Exception:
    """Return the failure that decides what happens next: anything rather than a busy portal."""
    failures = list(_leaves(group))
    return next((error for error in failures if not isinstance(error, PortalBusy)), failures[0])


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _current_or_new(context: PortalContext, kind: SyncKind) -> Run:
    async with context.read() as tx:
        run = await tx.sync.current(kind)
    if run is not None:
        return run
    started_at = context.now()
    bounds = read_bounds(await context.client.batch(bounds_commands(TYPES)), TYPES)
    expected = {record_type: found.total for record_type, found in bounds.items()}
    async with context.begin() as tx:
        return await tx.sync.start(kind, plan_spans(bounds), expected, started_at)


async def _load(context: PortalContext, run: Run) -> _Reading:
    async with context.read() as tx:
        ranges = await tx.sync.ranges(run)
    spans: Counter[RecordType] = Counter()
    for r in ranges:
        spans[r.type] += r.up_to_id - r.after_id + (r.read if r.done else 0)
    density = {kind: min(1.0, run.expected.get(kind, 0) / max(1, spans[kind])) for kind in TYPES}
    return _Reading(run, {r.number: r for r in ranges}, density)


async def _read_lane(context: PortalContext, reading: _Reading) -> None:
    """Send one request after another until nobody's range is free."""
    while await _read_once(context, reading):
        pass


async def _read_once(context: PortalContext, reading: _Reading) -> bool:
    """Send one request; False when nobody's range is free."""
    chains = plan_request(reading.free(), reading.density)
    if not chains:
        return False
    numbers = {chain.range.number for chain in chains}
    reading.taken |= numbers
    try:
        await _send(context, reading, chains)
    finally:
        reading.taken -= numbers
    return True


async def _send(context: PortalContext, reading: _Reading, chains: Sequence[Chain]) -> None:
    """Read one request's rows and store them together with the checkpoints they stand for."""
    read_at = context.now()
    batch = await context.client.batch(request_commands(chains, reading.extra_filter))
    outcomes = [read_chain(chain, batch) for chain in chains]
    records = await asyncio.to_thread(_translate, context, outcomes, read_at)
    async with context.begin() as tx:
        await tx.index.replace(records)
        for _, moved in outcomes:
            if reading.run is not None:
                await tx.sync.advance(
                    reading.run,
                    moved.number,
                    after_id=moved.after_id,
                    read=moved.read,
                    done=moved.done,
                    at=context.now(),
                )
    for _, moved in outcomes:
        reading.ranges[moved.number] = moved


def _translate(
    context: PortalContext, outcomes: Sequence[tuple[Rows, Range]], read_at: float
) -> list[IndexedRecord]:
    return [
        to_indexed(
            to_live_record(moved.type, row).record, context.rules, context.hashing_key, read_at=read_at
        )
        for rows, moved in outcomes
        for row in rows
    ]
