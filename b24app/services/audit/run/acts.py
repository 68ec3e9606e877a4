"""What people do with audits: order, pause, go on, cancel, hand a group over. Everything is in the journal."""

from b24app.bitrix24.answers import Viewer
from b24app.services.audit.run.access import may_audit
from b24app.services.audit.run.hand_notice import plan_hand_notice
from b24app.services.audit.run.orders import AuditScope, AuditTerms
from b24app.services.portal.access import Refused
from b24app.services.portal.context import PortalContext
from b24app.store.audit_values import AuditRun, AuditState
from b24app.store.audits import AuditOrder

TASK = "run_audit"
NAME_LIMIT = 100  # signs
MOST_UNFINISHED = 5  # runs of a portal that wait or are paused
_FROM = {
    AuditState.PAUSED: (AuditState.QUEUED, AuditState.RUNNING),
    AuditState.QUEUED: (AuditState.PAUSED,),
    AuditState.CANCELLED: (AuditState.QUEUED, AuditState.RUNNING, AuditState.PAUSED),
}


async def order_audit(
    context: PortalContext, viewer: Viewer, name: str, scope: AuditScope, terms: AuditTerms
) -> AuditRun:
    """Queue an audit by the portal's present rules. Raises Refused: not allowed, or too many waiting."""
    await _prove(context, viewer)
    at = context.now()
    order = AuditOrder(
        name=name.strip()[:NAME_LIMIT],
        scope=scope.to_dict(),
        terms=terms.to_dict(),
        rules=context.rules.to_dict(),
        started_by=viewer.id,
    )
    async with context.begin() as tx:
        if len(await tx.audits.unfinished()) >= MOST_UNFINISHED:
            raise Refused("audits_waiting", 409)
        run = await tx.audits.order(order, at)
        what = {"run": run.run_id, "scope": scope.to_dict(), "terms": terms.to_dict()}
        await tx.journal.note(viewer.id, "audit.order", {}, what, at)
    await context.runtime.queue.ask(TASK, context.portal.portal_id)
    return run


async def pause_audit(context: PortalContext, viewer: Viewer, run_id: int) -> None:
    """Let a run stop where it is; it keeps what it has."""
    await _turn(context, viewer, run_id, AuditState.PAUSED)


async def resume_audit(context: PortalContext, viewer: Viewer, run_id: int) -> None:
    """Let a paused run go on."""
    await _turn(context, viewer, run_id, AuditState.QUEUED)
    await context.runtime.queue.ask(TASK, context.portal.portal_id)


async def cancel_audit(context: PortalContext, viewer: Viewer, run_id: int) -> None:
    """End a run for good and remove what it found so far."""
    await _turn(context, viewer, run_id, AuditState.CANCELLED)


async def hand_over(
    context: PortalContext, viewer: Viewer, run_id: int, group_no: int, to: int | None, due_at: float | None
) -> None:
    """Note who is to settle a group, and until when; None takes it back. Who is named is notified."""
    await _prove(context, viewer)
    at = context.now()
    async with context.begin() as tx:
        group = await tx.audits.group(run_id, group_no)
        if group is None:
            raise Refused("page_outdated", 409)
        await tx.audits.hand_over(run_id, group_no, to, due_at)
        if to is not None and to != viewer.id:
            await plan_hand_notice(tx, run_id, group_no, to, at)
        before = {"to": group.handed_to, "due_at": group.due_at}
        after = {"run": run_id, "group": group.code, "to": to, "due_at": due_at}
        await tx.journal.note(viewer.id, "audit.hand_over", before, after, at)
    await context.runtime.queue.ask("carry_out_effects", context.portal.portal_id)


async def note_opened(context: PortalContext, viewer: Viewer, run_id: int, what: str) -> None:
    """Put an opening or an export in the journal; ``what``: ``report``, ``group``, ``xlsx`` …"""
    async with context.begin() as tx:
        await tx.journal.note(viewer.id, f"audit.opened.{what}", {}, {"run": run_id}, context.now())


async def _turn(context: PortalContext, viewer: Viewer, run_id: int, state: AuditState) -> None:
    await _prove(context, viewer)
    at = context.now()
    async with context.begin() as tx:
        before = await tx.audits.state(run_id)
        if before not in _FROM[state]:
            raise Refused("page_outdated", 409)
        await tx.audits.set_state(run_id, state, at)
        if state is AuditState.CANCELLED:
            await tx.audits.forget_results(run_id)
        await tx.journal.note(viewer.id, f"audit.{state.value}", {"state": before.value}, {"run": run_id}, at)


async def _prove(context: PortalContext, viewer: Viewer) -> None:
    if not await may_audit(context, viewer):
        raise Refused("not_auditor", 403)
