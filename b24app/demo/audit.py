"""The demo's audit: ordered by the administrator as soon as the index is there, finished when somebody looks."""

import asyncio
from contextlib import suppress

from b24app.bitrix24.answers import Viewer
from b24app.bitrix24.throttle import Priority
from b24app.bootstrap import House
from b24app.sandbox.portal import SandboxPortal
from b24app.services.audit.run.acts import order_audit
from b24app.services.audit.run.orders import AuditScope, AuditTerms
from b24app.services.portal.context import open_portal

ADMIN = 1
NAME = "Весь портал"
AUDITED_WITHIN_S = 120.0
LOOK_EVERY_S = 0.2


async def audit_portal(house: House, portal: SandboxPortal) -> bool:
    """Audit the whole portal; False when it takes too long: it then goes on by itself."""
    async with house.runtime.store.begin_shared() as shared:
        known = await shared.portals.find(portal.member_id)
    if known is None:
        return False
    context = await open_portal(house.runtime, known.portal_id, Priority.PERSON)
    administrator = Viewer(ADMIN, is_admin=True)
    run = await order_audit(context, administrator, NAME, AuditScope(), AuditTerms())
    with suppress(TimeoutError):
        async with asyncio.timeout(AUDITED_WITHIN_S):
            while True:
                async with context.read() as tx:
                    state = await tx.audits.state(run.run_id)
                if state is not None and state.is_final:
                    return True
                await asyncio.sleep(LOOK_EVERY_S)
    return False
