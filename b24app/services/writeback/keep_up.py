"""Keeps index and fields up with the portal: reads what it named, publishes what came of it, in turns.

One job does both, so that whatever comes while the portal's limit makes it wait is worked off with the next turn: a
busy portal costs three requests a turn, however many records changed.
"""

from b24app.services.indexing.refresh import drain_some
from b24app.services.portal.context import Runtime
from b24app.services.publishing import ask_to_publish
from b24app.services.writeback.publish import publish_some


async def keep_up(runtime: Runtime, portal_id: int) -> None:
    """Work off the inbox and what waits to be published, until both are empty."""
    is_busy = True
    while is_busy:
        has_drained = await drain_some(runtime, portal_id)
        has_published = await publish_some(runtime, portal_id, is_backlog=False)
        is_busy = has_drained or has_published
    await ask_to_publish(runtime, portal_id)  # a hub or a new field may have left a backlog
