"""A verified event becomes a row in the inbox and one waiting drain; nothing else happens at the door."""

from b24app.bitrix24.incoming import PortalEvent
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.installation.install import uninstall_portal, update_portal
from b24app.services.portal.access import UPDATED, verify_event
from b24app.services.portal.context import Runtime
from b24app.store.portals import Portal, PortalStatus

UNINSTALLED = "ONAPPUNINSTALL"


async def accept_event(runtime: Runtime, event: PortalEvent) -> None:
    """Take in what a portal told us; raises UnknownPortal, ForgedCall."""
    portal = await verify_event(runtime, event)
    if event.name == UNINSTALLED:
        await uninstall_portal(runtime, portal, clean=event.is_clean)
    elif event.name == UPDATED:
        await update_portal(runtime, portal)
    elif portal.status is PortalStatus.ACTIVE:
        await _put_into_inbox(runtime, portal, event)


async def _put_into_inbox(runtime: Runtime, portal: Portal, event: PortalEvent) -> None:
    if event.record_type_word is None or event.record_id is None:
        return
    ref = RecordRef(RecordType[event.record_type_word.upper()], event.record_id)
    async with runtime.store.begin(portal.portal_id) as tx:
        await tx.inbox.put([ref], at=runtime.clock.now(), deleted=event.is_delete)
    await runtime.queue.ask("drain_inbox", portal.portal_id)
