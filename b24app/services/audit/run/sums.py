"""The end of a run: compared with the one before, counted, told to whom it was promised; old results go."""

import asyncio
from collections.abc import Mapping

from b24app.dedupe.grade import Grade
from b24app.dedupe.shared import Severity
from b24app.services.audit.run.compare_runs import Comparison, compare_runs
from b24app.services.audit.run.groups import COUNTS
from b24app.services.audit.run.notices import plan_notices
from b24app.services.audit.run.numbers import AuditNumbers
from b24app.services.audit.run.steps import Work
from b24app.store.audit_values import SHARED_KINDS, AuditStage, AuditState, Change, NameGrade
from b24app.store.database import Transaction

KEPT_RESULTS = 6  # runs of a portal whose groups are kept; figures stay


async def sum_up(work: Work) -> None:
    """Finish the run in one transaction. Raises RunStopped."""
    comparison = await _compare(work)
    run_id, now = work.run.run_id, work.context.now()
    async with work.context.begin() as tx:
        await work.prove_running(tx)
        await _note_changes(work, tx, comparison)
        numbers = await count(tx, run_id, work.checkpoint.get(COUNTS), comparison)
        await tx.audits.save_numbers(run_id, numbers.to_dict(), now)
        await tx.audits.advance(run_id, AuditStage.DONE, work.progress, {}, now)
        await tx.audits.set_state(run_id, AuditState.DONE, now)
        await plan_notices(tx, work.run, work.terms)
        await _retire_old(tx, now)
    if work.terms.told:
        await work.context.runtime.queue.ask("carry_out_effects", work.context.portal.portal_id)


async def _compare(work: Work) -> Comparison | None:
    async with work.context.read() as tx:
        run = await tx.audits.get(work.run.run_id)
        if run is None or run.previous_run_id is None:
            return None
        before = await tx.audits.member_columns(run.previous_run_id)
        after = await tx.audits.member_columns(run.run_id)
    return await asyncio.to_thread(compare_runs, before, after)


async def _note_changes(work: Work, tx: Transaction, comparison: Comparison | None) -> None:
    run = await tx.audits.get(work.run.run_id)
    if comparison is None or run is None or run.previous_run_id is None:
        return
    earlier = [each.run_id for each in await tx.audits.of_scope(run.scope)]
    await tx.audits.note_changes(
        run.run_id, comparison.changes, previous=run.previous_run_id, solved=comparison.solved
    )
    await tx.audits.reopen(run.run_id, earlier, new=Change.NEW, reopened=Change.REOPENED)


async def count(tx: Transaction, run_id: int, counts: object, comparison: Comparison | None) -> AuditNumbers:
    """Return a stored run's figures; ``counts`` are those only grouping could make."""
    known = counts if isinstance(counts, Mapping) else {}
    records, totals = int(known.get("records", 0)), await tx.audits.totals(run_id)
    shared = await tx.audits.shared_counts(run_id)
    return AuditNumbers(
        records=records,
        **totals,
        duplicate_rate=totals["records_in_groups"] / records if records else 0.0,
        hubs=await tx.audits.hub_count(run_id),
        shared_values=sum(values for _, _, values, _ in shared),
        misrouted=sum(astray for _, _, _, astray in shared),
        solved=len(comparison.solved) if comparison else 0,
        by_pair=known.get("by_pair", {}),
        by_grade={Grade(key).word: n for key, n in (await tx.audits.groups_by(run_id, "grade")).items()},
        by_name_grade={
            NameGrade(key).word: n for key, n in (await tx.audits.groups_by(run_id, "name_grade")).items()
        },
        by_change={Change(key).word: n for key, n in (await tx.audits.groups_by(run_id, "change")).items()},
        shared={
            f"{SHARED_KINDS[kind]}:{Severity(severity).word}": values for kind, severity, values, _ in shared
        },
        responsibles={
            str(user): list(found) for user, found in (await tx.audits.by_responsible(run_id)).items()
        },
        sources=await tx.audits.later_by_source(run_id),
        months=await tx.audits.later_by_month(run_id),
    )


async def _retire_old(tx: Transaction, now: float) -> None:
    done = [run for run in await tx.audits.latest(KEPT_RESULTS * 10) if run.state is AuditState.DONE]
    for run in done[KEPT_RESULTS:]:
        if run.checkpoint.get("forgotten") is None:
            await tx.audits.retire(run.run_id, now)
