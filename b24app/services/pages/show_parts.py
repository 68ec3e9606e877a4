"""What works in a portal, part by part, and what to do about what does not: for the app's page."""

from b24app.services.installation.memory import Memory
from b24app.services.pages.overview import ShownPart, ShownParts
from b24app.services.portal.context import PortalContext
from b24app.services.portal.parts import Part, parts_off
from b24app.store.database import Transaction

SCOPES = {
    Part.ROBOTS: "bizproc",
    Part.ACTIVITIES: "bizproc",
    Part.TASKS: "task",
    Part.NOTIFICATIONS: "im",
    Part.SEARCH: "placement",
}
"""Without its scope a part is off, whether it was tried or not. Others need ``crm``, as the whole app does."""

REGISTERED = frozenset({Part.FIELDS, Part.ROBOTS, Part.ACTIVITIES, Part.TRIGGERS})
SCOPE_MISSING = "scope_missing"


async def read_parts(context: PortalContext, tx: Transaction) -> ShownParts:
    """Return the state of every part as it was noted last; asks the portal nothing."""
    noted = await parts_off(tx)
    is_registered = context.portal.manifest_version == context.runtime.manifest.version
    rows = []
    for part in Part:
        why, scope = noted.get(part), SCOPES.get(part)
        if why is not None:
            rows.append(ShownPart(part.value, "off", why.reason, why.at))
        elif scope is not None and scope not in context.portal.scopes:
            rows.append(ShownPart(part.value, "off", SCOPE_MISSING))
        else:
            waits = part in REGISTERED and not is_registered
            rows.append(ShownPart(part.value, "waits" if waits else "works"))
    return ShownParts(tuple(rows), len((await Memory.load(tx)).restored))
