"""What the clock asks for: which portals need work, and what may be thrown away."""

from contextlib import suppress

from b24app.services.portal import Runtime, UnknownPortal

TOMBSTONE_LIFE_S = 2 * 86_400.0  # no page on its way is that old


async def portals_to_drain(runtime: Runtime) -> list[int]:
    """Return active portals with something in the inbox: a crash may have come between row and task."""
    async with runtime.store.begin_shared() as shared:
        return await shared.waiting_portals()


async def portals_to_index(runtime: Runtime) -> list[int]:
    """Return active portals whose first indexing is not complete."""
    return [portal_id for portal_id, indexed in await _active(runtime) if not indexed]


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
        with suppress(UnknownPortal):  # uninstalled a moment ago
            async with runtime.store.begin(portal_id) as tx:
                await tx.index.purge_tombstones(now - TOMBSTONE_LIFE_S)
                await tx.page_tokens.purge(now)
                await tx.reseal()
