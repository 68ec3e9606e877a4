"""Values on too many records, largest first, with some of their records as the viewer may read them."""

from typing import Final

from b24app.services.audit.pages.live_members import read_members
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.audit.pages.page_values import HubsPage, ShownHub
from b24app.services.audit.pages.show_groups import counts_of
from b24app.store.audit_values import AuditRun

PAGE: Final = 25
SAMPLE: Final = 5


async def show_hubs(desk: Desk, run: AuditRun, after: int) -> HubsPage:
    """Return the page of hubs behind this number."""
    async with desk.context.read() as tx:
        found = await tx.audits.hubs(run.run_id, after=after, limit=PAGE + 1)
    hubs = found[:PAGE]
    refs = [ref for hub in hubs for ref in hub.sample[:SAMPLE]]
    records = (await read_members(desk, refs, with_stages=False)).records
    shown = tuple(
        ShownHub(
            number=hub.hub_no,
            kind=hub.kind.name.lower(),
            size=hub.size,
            counts=counts_of(hub.leads, hub.contacts, hub.companies),
            sample=tuple((ref, records[ref].title) for ref in hub.sample[:SAMPLE] if ref in records),
        )
        for hub in hubs
    )
    return HubsPage(desk.head(run), shown, hubs[-1].hub_no if len(found) > PAGE else None)
