"""Files of an audit: ordered, kept sealed for a day, opened by whoever ordered them. Both acts are in the journal."""

from collections.abc import AsyncIterator
from typing import Final

from b24app.services.audit.pages.figures import records_in_groups
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.audit.pages.page_values import FilesPage, Head, ShownExport
from b24app.services.audit.sealed_file import new_key, open_pieces
from b24app.services.portal.access import PageToken, Refused, renew_page_token
from b24app.services.portal.context import Runtime
from b24app.store.audit_values import AuditRun
from b24app.store.exports import Export, ExportKind, ExportState

OPENED: Final = "audit.opened."
MEGABYTE: Final = 1e6
LEAST_SHOWN: Final = 0.1  # megabytes: a small file is not an empty one
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
        await tx.journal.note(desk.viewer.id, "audit.export", "", kind, at)
        return await tx.exports.begin(
            run.run_id,
            ExportKind(kind),
            new_key(),
            total=records_in_groups(run),
            by=desk.viewer.id,
            at=at,
            dies_at=at + LIFE_S,
        )


async def show_files(runtime: Runtime, token: PageToken, run_id: int) -> FilesPage:
    """Return the viewer's own files of a run, on the word of his page alone.

    Nothing in it is anybody's but his, and a file that is being written needs the portal's requests itself.
    """
    head = Head(renew_page_token(runtime, token), is_admin=False, may_all=True, run_id=run_id)
    return FilesPage(head, await own_exports(runtime, token, run_id))


async def own_exports(runtime: Runtime, token: PageToken, run_id: int) -> tuple[ShownExport, ...]:
    """Return what the page's holder ordered of this run and still lives, the latest first."""
    now = runtime.clock.now()
    async with runtime.store.read(token.portal_id) as tx:
        exports = await tx.exports.of_run(run_id, now)
    return tuple(
        ShownExport(
            number=export.export_id,
            kind=export.kind.value,
            state=state_of(export, now),
            done=export.done,
            total=export.total,
            megabytes=max(LEAST_SHOWN, round(export.size / MEGABYTE, 1)),
            created_at=export.created_at,
            dies_at=export.dies_at,
        )
        for export in exports
        if export.created_by == token.user_id
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
        await tx.journal.note(desk.viewer.id, f"{OPENED}file", "", export.kind.value, at)
    return export, open_pieces(export.key, _pieces(desk, export), export.pieces)


async def _pieces(desk: Desk, export: Export) -> AsyncIterator[bytes]:
    for number in range(export.pieces):
        async with desk.context.read() as tx:
            piece = await tx.exports.piece(export.export_id, number)
        if piece is None:
            return
        yield piece
