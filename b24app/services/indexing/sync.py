"""First indexing, nightly reconciliation and the sweep for lost events: all read by the same requests.

A checkpoint is stored with the rows it stands for, so a killed worker goes on where it was, and nothing counts twice.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from b24app.bitrix24.throttle import Priority
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.logs import logger
from b24app.services.indexing.lanes import Lanes, Outcome, Reading, density_of
from b24app.services.indexing.reading import bounds_commands, plan_spans, read_bounds
from b24app.services.indexing.record_columns import to_batch
from b24app.services.indexing.refresh import refresh_records
from b24app.services.portal.context import PortalContext, Runtime, open_portal
from b24app.services.publishing import ask_to_publish
from b24app.store.database import Transaction
from b24app.store.sync_state import Range, Run, SyncKind

SWEEP_OVERLAP_S = 180.0  # clocks differ, and a change may be stored a moment after its time stamp
UNSEEN_AT_ONCE = 2_000
NO_LAST_ID = 2**53  # above every id
TYPES = tuple(RecordType)

log = logger(__name__)


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
        rules = RuleSet.from_dict((await tx.portal.get()).rules)
        has_same_keys = rules.gives_same_keys_as(context.rules)
        if has_same_keys:
            await tx.portal.mark_indexed(context.now())
            await tx.pending.note_all(context.now(), hub_limit=rules.hub_limit)
    if not has_same_keys:  # changed while we read: what was read first has other keys
        await runtime.queue.ask("index_portal", portal_id)
    await ask_to_publish(runtime, portal_id)


async def reconcile_portal(runtime: Runtime, portal_id: int) -> None:
    """Read everything again and forget what the portal has no more: heals lost and missed events."""
    context = await open_portal(runtime, portal_id, Priority.BACKGROUND)
    if context.portal.indexed_at is None:
        return
    run = await _run_to_end(context, SyncKind.FULL)
    for kind in TYPES:
        after_id = 0  # every record once, even where this machine's clock is behind that of the run's first
        while unseen := await _unseen(context, run, kind, after_id):
            await refresh_records(context, unseen)
            after_id = unseen[-1].id
    async with context.begin() as tx:  # dates pass, deals open and close, decisions end: nobody tells us
        await tx.pending.note_all(context.now(), hub_limit=context.rules.hub_limit)
    await ask_to_publish(runtime, portal_id)


async def _unseen(context: PortalContext, run: Run, kind: RecordType, after_id: int) -> list[RecordRef]:
    async with context.read() as tx:
        return await tx.index.unseen_since(run.started_at, kind, UNSEEN_AT_ONCE, after_id=after_id)


async def sweep_portal(runtime: Runtime, portal_id: int) -> None:
    """Read what changed since the last sweep: finds records whose event was lost. Usually one request."""
    context = await open_portal(runtime, portal_id, Priority.BACKGROUND)
    if context.portal.indexed_at is None:
        return
    async with context.read() as tx:
        swept = [await tx.sync.last_sweep_at(kind) for kind in TYPES]
    await _sweep_since(context, min(at or context.portal.indexed_at for at in swept))
    await ask_to_publish(runtime, portal_id)


async def _sweep_since(context: PortalContext, since: float) -> None:
    started_at = context.now()
    changed_since = datetime.fromtimestamp(since - SWEEP_OVERLAP_S, UTC).isoformat(timespec="seconds")
    endless = [Range(0, number, kind, 0, NO_LAST_ID, 0, False) for number, kind in enumerate(TYPES)]
    reading = Reading(
        ranges={r.number: r for r in endless},
        density=dict.fromkeys(TYPES, 0.0),
        extra_filter={">=DATE_MODIFY": changed_since},
    )
    # A sweep keeps no checkpoints: it is short enough to begin again.
    await Lanes(context.client, reading, partial(_store, context, None), context.now).read_lane()
    async with context.begin() as tx:
        await _note_sweep(tx, started_at)


async def give_up_reading(runtime: Runtime, portal_id: int, reason: str) -> None:
    """Note that a pass can't be finished, or not even begun, so that the page says why; ``reason`` is a code."""
    now = runtime.clock.now()
    async with runtime.store.begin(portal_id) as tx:
        is_first = (await tx.portal.get()).indexed_at is None
        kind = SyncKind.FIRST if is_first else SyncKind.FULL
        run = await tx.sync.current(kind) or await tx.sync.start(kind, [], {}, now)
        await tx.sync.fail(run, reason, now)


async def _note_sweep(tx: Transaction, at: float) -> None:
    for kind in TYPES:
        await tx.sync.set_last_sweep_at(kind, at)


async def _run_to_end(context: PortalContext, kind: SyncKind) -> Run:
    """Begin a run or go on with the one that was interrupted, and read until all ranges are done."""
    run = await _current_or_new(context, kind)
    async with context.read() as tx:
        ranges = await tx.sync.ranges(run)
    reading = Reading({r.number: r for r in ranges}, density_of(ranges, run.expected))
    await Lanes(context.client, reading, partial(_store, context, run), context.now).read_all()
    async with context.begin() as tx:
        await tx.sync.finish(run, context.now())
    log.info("portal read", portal=context.portal.portal_id, kind=kind.value)
    return run


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


async def _store(
    context: PortalContext, run: Run | None, outcomes: Sequence[Outcome], read_at: float
) -> None:
    """Store one request's rows together with the checkpoints they stand for."""
    listed = [(moved.type, rows) for rows, moved in outcomes]
    batch = await asyncio.to_thread(to_batch, listed, context.rules, context.hashing_key, read_at=read_at)
    async with context.begin() as tx:
        await tx.index.replace_batch(batch)
        for _, moved in outcomes:
            if run is not None:
                await tx.sync.advance(
                    run,
                    moved.number,
                    after_id=moved.after_id,
                    read=moved.read,
                    done=moved.done,
                    at=context.now(),
                )
