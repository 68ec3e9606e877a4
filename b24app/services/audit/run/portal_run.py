"""The task ``run_audit``: works off a portal's queued audits, one after the other, each from where it was left.

Grouping and storing take everything from the index; naming reads the members of groups from the portal; summing
counts. Never writes to the CRM.
"""

from b24app.bitrix24.errors import PortalBusy
from b24app.logs import logger
from b24app.services.audit.run.groups import group_and_store
from b24app.services.audit.run.names import read_names
from b24app.services.audit.run.orders import AuditTerms
from b24app.services.audit.run.steps import RunStopped, Work, open_work
from b24app.services.audit.run.sums import sum_up
from b24app.services.portal.context import Runtime
from b24app.store.audit_values import AuditRun, AuditStage, AuditState
from b24app.store.database import Transaction

log = logger(__name__)

OUTSIDE_WINDOW, INDEX_INCOMPLETE, RULES_CHANGED = "outside_window", "index_incomplete", "rules_changed"


async def run_audit(runtime: Runtime, portal_id: int) -> None:
    """Work off the portal's queue of audits; one that has to wait says why. Raises PortalBusy."""
    while (run := await _next_run(runtime, portal_id)) is not None:
        try:
            await work_off(await open_work(runtime, portal_id, run))
        except RunStopped:
            log.info("audit stopped by a person", run=run.run_id)
        except PortalBusy:
            if await is_audit_due(runtime, portal_id):
                raise
            return


async def is_audit_due(runtime: Runtime, portal_id: int) -> bool:
    """Tell whether a run may be worked on now, by its window and the index."""
    return await _next_run(runtime, portal_id) is not None


async def give_up_audit(runtime: Runtime, portal_id: int, reason: str) -> None:
    """Note that the run under way can't be finished, and remove its half; ``reason`` is a code a page explains."""
    async with runtime.store.begin(portal_id) as tx:
        for run in await tx.audits.unfinished():
            if run.state is AuditState.RUNNING:
                await _fail(tx, run.run_id, reason, runtime.clock.now())


async def _fail(tx: Transaction, run_id: int, reason: str, at: float) -> None:
    await tx.audits.forget_results(run_id)
    await tx.audits.set_state(run_id, AuditState.FAILED, at, reason_code=reason)


async def _next_run(runtime: Runtime, portal_id: int) -> AuditRun | None:
    """Return the first run that may be worked on now; note on those before it why they wait."""
    now = runtime.clock.now()
    async with runtime.store.read(portal_id) as tx:
        is_indexed = (await tx.portal.get()).indexed_at is not None
        waiting = [run for run in await tx.audits.unfinished() if run.state is not AuditState.PAUSED]
    for run in waiting:
        window = AuditTerms.from_dict(run.terms).window
        is_open = window is None or window.is_open(now)
        if is_indexed and is_open:
            return run
        reason = OUTSIDE_WINDOW if is_indexed else INDEX_INCOMPLETE
        if run.reason_code != reason:
            await _let_wait(runtime, portal_id, run, reason)
    return None


async def _let_wait(runtime: Runtime, portal_id: int, run: AuditRun, reason: str) -> None:
    async with runtime.store.begin(portal_id) as tx:
        if await tx.audits.state(run.run_id) is run.state:
            await tx.audits.set_state(run.run_id, AuditState.QUEUED, runtime.clock.now(), reason_code=reason)


async def work_off(work: Work) -> None:
    """Bring a run from where it is to its end. Raises RunStopped, PortalBusy and what the portal refuses."""
    if not work.rules.gives_same_keys_as(work.context.rules):
        async with work.context.begin() as tx:
            await _fail(tx, work.run.run_id, RULES_CHANGED, work.context.now())
        return
    await _begin(work)
    if work.stage in (AuditStage.GROUPING, AuditStage.STORING):
        await group_and_store(work)
    if work.stage is AuditStage.NAMING:
        await read_names(work)
    await sum_up(work)
    log.info("audit done", run=work.run.run_id, groups=work.progress.groups)


async def _begin(work: Work) -> None:
    async with work.context.begin() as tx:
        if await tx.audits.state(work.run.run_id) not in (AuditState.QUEUED, AuditState.RUNNING):
            raise RunStopped
        previous = await tx.audits.last_done(work.run.scope)
        await tx.audits.begin(work.run, work.context.now(), previous.run_id if previous else None)
