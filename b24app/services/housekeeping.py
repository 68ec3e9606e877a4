"""What the clock asks for: which portals need work, and what may be thrown away."""

from b24app.logs import logger
from b24app.services.enquiries.reaction import NEW_LEAD_S
from b24app.services.phone_fixes import UNDO_LIFE_S
from b24app.services.portal.context import Runtime, UnknownPortal
from b24app.store.sync_state import SyncKind, SyncState
from b24app.store.vault import SealBroken

log = logger(__name__)

FAILED_PAUSE_S = 3_600.0  # before a portal that refused to be read is asked again
EFFECT_LIFE_S = 180 * 86_400.0  # what was done, unless an enquiry names it
DELIVERY_LIFE_S = 7 * 86_400.0  # of webhooks: for whoever asks why nothing came
ROBOT_CALL_LIFE_S = 7 * 86_400.0  # for whoever asks what a robot answered
TOMBSTONE_LIFE_S = 2 * 86_400.0  # no page on its way is that old


async def portals_to_drain(runtime: Runtime) -> list[int]:
    """Return active portals with something in the inbox: a crash may have come between row and task."""
    async with runtime.store.begin_shared() as shared:
        return await shared.waiting_portals()


async def portals_to_act(runtime: Runtime) -> list[int]:
    """Return active portals with something to do in them: a crash may have come between plan and task."""
    async with runtime.store.begin_shared() as shared:
        return await shared.portals_to_act()


async def portals_to_answer(runtime: Runtime) -> list[int]:
    """Return active portals with a robot that waits: a crash may have come between call and task."""
    async with runtime.store.begin_shared() as shared:
        return await shared.called_portals()


async def portals_to_publish(runtime: Runtime) -> list[tuple[int, bool]]:
    """Return active portals where outcomes wait, and whether a backlog is all that does."""
    async with runtime.store.begin_shared() as shared:
        return await shared.unpublished_portals()


async def portals_to_index(runtime: Runtime) -> list[int]:
    """Return active portals whose first indexing is not complete, and did not fail just now."""
    unread = [portal_id for portal_id, indexed in await _active(runtime) if not indexed]
    return [portal_id for portal_id in unread if not await _has_just_failed(runtime, portal_id)]


async def _has_just_failed(runtime: Runtime, portal_id: int) -> bool:
    async with runtime.store.read(portal_id) as tx:
        run = await tx.sync.latest(SyncKind.FIRST)
    if run is None or run.state is not SyncState.FAILED:
        return False
    return runtime.clock.now() - run.updated_at < FAILED_PAUSE_S


async def portals_to_sweep(runtime: Runtime) -> list[int]:
    """Return active portals whose index is complete."""
    return [portal_id for portal_id, indexed in await _active(runtime) if indexed]


async def _active(runtime: Runtime) -> list[tuple[int, bool]]:
    async with runtime.store.begin_shared() as shared:
        return [(portal.portal_id, portal.indexed_at is not None) for portal in await shared.portals.active()]


async def purge(runtime: Runtime) -> None:
    """Remove what no longer matters, and move secrets to the current key after a change of it.

    Of every portal: a blocked or uninstalled one comes back with its own hashing key, rules and journal.
    """
    now = runtime.clock.now()
    async with runtime.store.begin_shared() as shared:
        kept = await shared.portals.all_ids()
    for portal_id in kept:
        try:
            async with runtime.store.begin(portal_id) as tx:
                await tx.index.purge_tombstones(now - TOMBSTONE_LIFE_S)
                await tx.page_tokens.purge(now)
                await tx.webhooks.purge(now - DELIVERY_LIFE_S)
                await tx.exports.purge(now)
                await tx.effects.purge(now - EFFECT_LIFE_S)
                await tx.enquiries.purge(now - NEW_LEAD_S)
                await tx.robot_calls.purge(now - ROBOT_CALL_LIFE_S)
                await tx.phone_fixes.purge(now - UNDO_LIFE_S)
                await tx.reseal()
        except UnknownPortal:
            continue  # uninstalled a moment ago
        except SealBroken:
            log.error("a portal's secrets can't be opened: its secret key is missing", portal=portal_id)
