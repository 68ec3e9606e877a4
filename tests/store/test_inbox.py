"""The inbox: one row per record, nothing lost that came while it was worked off."""

import pytest

from b24app.store.database import Store
from b24app.store.portals import Portal, PortalStatus
from tests.store.builders import NOON, a_contact, a_lead, a_portal


@pytest.fixture
async def portal(store: Store) -> Portal:
    return await a_portal(store)


async def test_a_thousand_changes_of_one_record_are_one_row(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        for moment in range(1000):
            await tx.inbox.put([a_lead(1)], NOON + moment)

    async with store.read(portal.portal_id) as tx:
        waiting = await tx.inbox.take(10)
        assert [(item.ref, item.received_at) for item in waiting] == [(a_lead(1), NOON)]
        assert await tx.inbox.count() == 1


async def test_the_longest_waiting_come_first_and_stay_until_done(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.inbox.put([a_lead(9)], NOON + 1)
        await tx.inbox.put([a_contact(3), a_lead(4), a_lead(4)], NOON)
        await tx.inbox.put([a_contact(3)], NOON + 2)

    async with store.read(portal.portal_id) as tx:
        assert {item.ref for item in await tx.inbox.take(2)} == {a_lead(4), a_contact(3)}
        assert len(await tx.inbox.take(10)) == 3
        assert await tx.inbox.oldest() == NOON


async def test_what_changed_while_it_was_worked_off_stays(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.inbox.put([a_lead(1), a_lead(2)], NOON)
        taken = await tx.inbox.take(10)
        await tx.inbox.put([a_lead(2)], NOON + 1)

        await tx.inbox.done(taken)

        assert [item.ref for item in await tx.inbox.take(10)] == [a_lead(2)]


async def test_a_slow_worker_does_not_remove_what_came_after_a_quick_one(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.inbox.put([a_lead(1)], NOON)
        taken_by_both = await tx.inbox.take(10)
        await tx.inbox.done(taken_by_both)
        await tx.inbox.put([a_lead(1)], NOON + 1)

        await tx.inbox.done(taken_by_both)

        assert await tx.inbox.count() == 1


async def test_the_last_event_says_whether_the_record_was_deleted(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.inbox.put([a_lead(1), a_lead(2)], NOON)
        await tx.inbox.put([a_lead(1)], NOON + 1, deleted=True)

        hints = {item.ref: item.deleted for item in await tx.inbox.take(10)}

    assert hints == {a_lead(1): True, a_lead(2): False}


async def test_an_empty_inbox_has_nothing_and_takes_nothing(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.inbox.put([], NOON)
        await tx.inbox.done([])

        assert (await tx.inbox.take(10), await tx.inbox.count(), await tx.inbox.oldest()) == ([], 0, None)


async def test_only_active_portals_with_something_waiting_are_named(store: Store, portal: Portal):
    blocked, idle = await a_portal(store, "blocked"), await a_portal(store, "idle")
    for waiting in (portal, blocked):
        async with store.begin(waiting.portal_id) as tx:
            await tx.inbox.put([a_lead(1)], NOON)
    async with store.begin(blocked.portal_id) as tx:
        await tx.portal.set_status(PortalStatus.BLOCKED, "tokens_rejected")

    async with store.begin_shared() as shared:
        named = await shared.waiting_portals()

    assert named == [portal.portal_id]
    assert idle.portal_id not in named


async def test_two_portals_inboxes_never_meet(store: Store, portal: Portal):
    other = await a_portal(store, "other")
    async with store.begin(portal.portal_id) as tx:
        await tx.inbox.put([a_lead(1)], NOON)
        taken = await tx.inbox.take(10)

    async with store.begin(other.portal_id) as tx:
        await tx.inbox.done(taken)
        assert await tx.inbox.take(10) == []

    async with store.read(portal.portal_id) as tx:
        assert await tx.inbox.count() == 1
