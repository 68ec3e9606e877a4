"""First half of a run: the index as columns, its groups, stored some thousand at a time.

A run that was broken off makes the same groups again, which takes seconds, and goes on storing behind the last
one kept; if the index has changed meanwhile, it begins anew.
"""

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial

import numpy as np

from b24app.dedupe.record import RecordRef
from b24app.services.audit.run.describing import Describer
from b24app.services.audit.run.grouping import Findings, find_groups, scope_mask
from b24app.services.audit.run.live import WITH_SOURCE, read_employees, read_ids_of_sources
from b24app.services.audit.run.steps import Pace, Work
from b24app.services.card.decisions import keys_fingerprint
from b24app.store.audit_columns import AuditRows
from b24app.store.audit_values import AuditRun, AuditStage, Progress
from b24app.store.database import Transaction

CLOCKS_S = 180.0  # clocks differ, and a change may be stored a moment after its time stamp
DIGEST, STORED, COUNTS = "digest", "stored", "counts"  # in the checkpoint
NUMBERED = b"by last touch"  # a run that another version began to store begins anew


async def group_and_store(work: Work) -> None:
    """Find the groups and store them with their members and the hubs. Raises RunStopped."""
    findings = await _find(work)
    digest = await asyncio.to_thread(_digest, findings)
    skip = int(str(work.checkpoint.get(STORED, 0))) if work.checkpoint.get(DIGEST) == digest else 0
    if not skip:
        await _begin_anew(work, findings, digest)
    describer = await asyncio.to_thread(Describer, findings)
    await _store_all(work, findings, digest, partial(_rows, work, describer), skip)
    await _go_on_to_names(work, findings)


async def _store_all(
    work: Work, findings: Findings, digest: str, make: Callable[[int], AuditRows], done: int
) -> None:
    """Store the groups behind those that are; while some are being written, the next ones are made."""
    count, pace = findings.bulk.group_count, Pace(work.context.now)
    pace.mark(done)
    following = asyncio.create_task(asyncio.to_thread(make, done)) if done < count else None
    while following is not None:
        rows = await following
        done = min(done + work.steps.groups_stored, count)
        following = asyncio.create_task(asyncio.to_thread(make, done)) if done < count else None
        try:
            await work.keep(
                partial(_store, rows),
                stage=AuditStage.STORING,
                progress=_progress(findings, done, pace.mark(done)),
                checkpoint={DIGEST: digest, STORED: done},
            )
        finally:
            if following is not None:
                await asyncio.wait([following])


def _rows(work: Work, describer: Describer, start: int) -> AuditRows:
    chunk = describer.describe(start, work.steps.groups_stored)
    return AuditRows.of(work.context.portal.portal_id, work.run.run_id, chunk.groups, chunk.members)


async def _find(work: Work) -> Findings:
    context, client = work.context, work.context.client
    departments = work.scope.departments
    employees = await read_employees(client, departments) if departments else frozenset()
    by_source = await _read_sources(work)
    async with context.read() as tx:
        records = await tx.index.record_columns()
        table = await tx.index.key_table()
        rejected = await find_rejected(tx, context.now())
    in_scope = scope_mask(records, work.scope, work.rules, employees, context.now())
    for kind, ids in by_source.items():
        in_scope &= (records.types != kind) | np.isin(records.ids, list(ids))
    return await asyncio.to_thread(find_groups, records, table, work.rules, in_scope, rejected)


async def _read_sources(work: Work) -> dict[int, frozenset[int]]:
    """Return the ids that the sources in scope let in, by type: the index does not know sources."""
    if not work.scope.sources:
        return {}
    client = work.context.client
    return {
        int(kind): await read_ids_of_sources(client, kind, work.scope.sources)
        for kind in WITH_SOURCE
        if kind in work.scope.types
    }


async def find_rejected(tx: Transaction, now: float) -> list[frozenset[RecordRef]]:
    """Return the pairs that a person called different and whose phones and e-mails are still the same."""
    decided = await tx.decisions.in_force(at=now)
    known = await tx.index.get_many({ref for each in decided for ref in (each.a, each.b)})
    prints = {ref: keys_fingerprint(record.keys) for ref, record in known.items()}
    return [
        frozenset((each.a, each.b))
        for each in decided
        if all(prints.get(ref) == each.fingerprint_of(ref) for ref in (each.a, each.b))
    ]


async def _begin_anew(work: Work, findings: Findings, digest: str) -> None:
    async def clear(tx: Transaction) -> None:
        await tx.audits.forget_results(work.run.run_id)
        await tx.audits.add_hubs(work.run.run_id, findings.hubs)

    await work.keep(
        clear,
        stage=AuditStage.STORING,
        progress=_progress(findings, 0, 0.0),
        checkpoint={DIGEST: digest, STORED: 0},
    )


async def _store(rows: AuditRows, tx: Transaction) -> None:
    await tx.audits.add_rows(rows)


async def _go_on_to_names(work: Work, findings: Findings) -> None:
    """Take over what the run before has read, if that is wanted, and say how much is left to read."""
    counts = {"records": findings.record_count, "by_pair": findings.by_pair()}
    run_id = work.run.run_id

    async def prepare(tx: Transaction) -> None:
        await tx.audits.refresh_statistics()
        previous = await _comparable(work, tx)
        if previous is not None:
            since = (previous.started_at or 0.0) - CLOCKS_S
            await tx.audits.carry_over(run_id, previous.run_id, since)

    await work.keep(
        prepare,
        stage=AuditStage.NAMING,
        progress=_progress(findings, 0, 0.0),
        checkpoint={COUNTS: counts},
    )


async def _comparable(work: Work, tx: Transaction) -> AuditRun | None:
    """Return the last run whose readings may be taken over: same scope, same rules; None when not wanted."""
    run = await tx.audits.get(work.run.run_id)
    if run is None or run.previous_run_id is None or not work.terms.incremental:
        return None
    previous = await tx.audits.get(run.previous_run_id)
    return previous if previous is not None and previous.rules == run.rules else None


def _progress(findings: Findings, done: int, speed: float) -> Progress:
    groups = findings.bulk.group_count
    return Progress(rows=findings.record_count, groups=groups, done=done, total=groups, speed=speed)


def _digest(findings: Findings) -> str:
    """Return what changes when any record, key or group does, or the order they are numbered in."""
    digest = hashlib.blake2b(NUMBERED, digest_size=16)
    for column in (findings.records.packed, findings.records.responsibles, findings.records.created_at,
                   findings.records.modified_at, findings.table.hashes, findings.bulk.labels):  # fmt: skip
        digest.update(np.ascontiguousarray(column).data)
    return digest.hexdigest()
