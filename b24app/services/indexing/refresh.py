"""Bringing chosen records up to date: read them now, store what is there, forget what is gone."""

from collections.abc import Iterable, Sequence

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import BATCH_LIMIT
from b24app.bitrix24.errors import AccessDenied
from b24app.bitrix24.listing import ListedRow, listed_rows
from b24app.bitrix24.throttle import Priority
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.indexing.reading import record_pages
from b24app.services.indexing.record_columns import to_batch
from b24app.services.portal.context import PortalContext, Runtime, open_portal
from b24app.store.inbox import Waiting

COMMANDS_BESIDES = 4  # three types may each leave a page half full; one command asks who we are
REFS_AT_ONCE = (BATCH_LIMIT - COMMANDS_BESIDES) * methods.PAGE_SIZE


class LostRights(AccessDenied):
    """The installer is no administrator any more: what he does not see may exist all the same."""

    says = "the installer's rights no longer cover the whole portal"


async def drain_some(runtime: Runtime, portal_id: int) -> bool:
    """Work off what the portal named, as many records as one request reads; tells whether there were any."""
    context = await open_portal(runtime, portal_id, Priority.EVENT)
    async with context.read() as tx:
        waiting = await tx.inbox.take(REFS_AT_ONCE)
    if waiting:
        await refresh_records(context, [named.ref for named in waiting], waiting)
    return bool(waiting)


async def refresh_records(
    context: PortalContext, refs: Sequence[RecordRef], waiting: Sequence[Waiting] = ()
) -> list[RecordRef]:
    """Read these records and store them; returns those that really changed.

    A record the portal does not list is gone, provided that the token still sees everything: otherwise
    LostRights, and nothing is forgotten. ``waiting`` leaves the inbox when all of it is stored: broken off
    before that, it is read again.
    """
    changed: list[RecordRef] = []
    for start in range(0, len(refs), REFS_AT_ONCE):
        changed += await _refresh(context, refs[start : start + REFS_AT_ONCE])
    if waiting:
        async with context.begin() as tx:
            await tx.inbox.done(list(waiting))
    return changed


async def _refresh(context: PortalContext, refs: Sequence[RecordRef]) -> list[RecordRef]:
    read_at = context.now()
    listed = await _read(context, refs)
    batch = to_batch(listed, context.rules, context.hashing_key, read_at=read_at)
    found = set(batch.refs())
    async with context.begin() as tx:
        changed = await tx.index.replace_batch(batch)
        gone = await tx.index.forget([ref for ref in refs if ref not in found], read_at)
        if context.portal.indexed_at is None:  # their fields have to say that nobody has checked them yet
            await tx.pending.note(changed + gone, context.now())
    return changed + gone


async def _read(
    context: PortalContext, refs: Iterable[RecordRef]
) -> list[tuple[RecordType, list[ListedRow]]]:
    """Ask for all of them in one batch, and for proof that the token sees everything."""
    pages = record_pages(refs)
    batch = await context.client.batch(
        {"me": methods.profile(), **{key: page.command for key, page in pages.items()}}
    )
    if not answers.viewer(batch.get("me")).is_admin:
        raise LostRights(method="profile")
    return [(page.type, listed_rows(batch.get(key))) for key, page in pages.items()]
