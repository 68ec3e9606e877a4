"""Files of an audit: ordered, kept sealed for a day, opened by whoever ordered them. Both acts are in the journal."""

from collections.abc import AsyncIterator
from typing import Final

from b24app.services.access import Refused
from b24app.services.audit.open_desk import Desk
from b24app.services.audit.run_figures import records_in_groups
from b24app.services.audit.sealed_file import new_key, open_pieces
from b24app.store.audit_values import AuditRun
from b24app.store.exports import Export, ExportKind, ExportState

LIFE_S: Final = 86_400.0
SILENT_S: Final = 120.0  # without progress: the process that wrote it is gone
RUNNING_AT_ONCE: Final = 2  # files of one audit being written


async def order_export(desk: Desk, run: AuditRun, kind: str) -> Export:
    """Note a file to be written; raises Refused for an unknown kind, or when enough are being written."""
    if kind not in set(ExportKind):
        raise Refused("malformed", 400)
    at = desk.context.now()
    async with desk.context.begin() as tx:
        known = await tx.exports.of_run(run.run_id, at)
        if sum(state_of(export, at) == ExportState.RUNNING.value for export in known) >= RUNNING_AT_ONCE:
            raise Refused("export_running", 409)
        await tx.journal.note(desk.viewer.id, "audit_export", None, f"{run.name} ({kind})", at)
        return await tx.exports.begin(
            run.run_id,
            ExportKind(kind),
            new_key(),
            total=records_in_groups(run),
            by=desk.viewer.id,
            at=at,
            dies_at=at + LIFE_S,
        )


def state_of(export: Export, at: float) -> str:
    """Return the file's state; one that says nothing any more was broken off with its process."""
    if export.state is ExportState.RUNNING and at - export.updated_at > SILENT_S:
        return ExportState.BROKEN.value
    return export.state.value


async def open_export(desk: Desk, export_id: int) -> tuple[Export, AsyncIterator[bytes]]:
    """Return a file that is ready, for whoever ordered it; raises Refused when it died, or is another's."""
    at = desk.context.now()
    async with desk.context.begin() as tx:
        export = await tx.exports.get(export_id)
        if export is None or export.dies_at <= at or export.state is not ExportState.READY:
            raise Refused("export_gone", 404)
        if export.created_by != desk.viewer.id:
            raise Refused("not_auditor", 403)
        await tx.journal.note(desk.viewer.id, "audit_download", None, export.kind.value, at)
    return export, open_pieces(export.key, _pieces(desk, export), export.pieces)


async def _pieces(desk: Desk, export: Export) -> AsyncIterator[bytes]:
    for number in range(export.pieces):
        async with desk.context.read() as tx:
            piece = await tx.exports.piece(export.export_id, number)
        if piece is None:
            return
        yield piece
