"""What was published and what waits: noted with the change itself, kept until looked at, each portal's own."""

from dataclasses import replace

import pytest

from b24app.dedupe.record import RecordRef
from b24app.store.database import Store
from b24app.store.portals import Portal
from tests.conftest import StillClock
from tests.store.builders import (
    NOON,
    a_company,
    a_contact,
    a_lead,
    a_phone,
    a_portal,
    a_record,
    an_outcome,
)

HUB_LIMIT = 3


@pytest.fixture
async def acme(store: Store) -> Portal:
    portal = await a_portal(store, "acme")
    async with store.begin(portal.portal_id) as tx:
        await tx.portal.mark_indexed(NOON)
    return portal


async def waiting(store: Store, portal: Portal) -> dict[RecordRef, bool]:
    """Return who waits as fresh, and whether as new."""
    async with store.read(portal.portal_id) as tx:
        return {pending.ref: pending.is_new for pending in await tx.pending.take(100, is_backlog=False)}


async def test_every_change_of_the_index_is_noted_with_it(store: Store, acme: Portal):
    async with store.begin(acme.portal_id) as tx:
        await tx.index.replace([a_record(a_lead(1), a_phone(1)), a_record(a_lead(2), a_phone(1))])
    before = await waiting(store, acme)
    async with store.begin(acme.portal_id) as tx:
        await tx.pending.done(await tx.pending.take(10, is_backlog=False))
        await tx.index.replace(
            [a_record(a_lead(1), a_phone(1), read_at=NOON + 1)]
        )  # as our own change comes back
        await tx.index.forget([a_lead(2)], NOON + 2)

    assert set(before) == {a_lead(1), a_lead(2)}
    assert set(await waiting(store, acme)) == {a_lead(2)}


async def test_only_a_record_made_a_short_while_ago_is_new(store: Store, acme: Portal, clock: StillClock):
    old = replace(a_record(a_lead(1), a_phone(1)), created_at=clock.now() - 3 * 86_400)
    made_now = replace(a_record(a_lead(2), a_phone(1)), created_at=clock.now() - 5)
    async with store.begin(acme.portal_id) as tx:
        await tx.index.replace([old, made_now])

    assert await waiting(store, acme) == {a_lead(1): False, a_lead(2): True}


async def test_the_first_indexing_notes_nobody_until_its_end(store: Store):
    portal = await a_portal(store, "fresh")
    shared, hub = a_phone(1), a_phone(2)
    pairs = [a_record(a_lead(1), shared), a_record(a_contact(1), shared), a_record(a_lead(9), a_phone(9))]
    crowd = [a_record(a_company(number), hub) for number in range(1, HUB_LIMIT + 2)]
    async with store.begin(portal.portal_id) as tx:
        await tx.index.replace([*pairs, *crowd])
        before = await tx.pending.count_waiting()
        await tx.outcomes.put([an_outcome(a_lead(9))], NOON)
        await tx.pending.note_all(NOON, hub_limit=HUB_LIMIT)
        backlog = await tx.pending.take(100, is_backlog=True)

    assert before == 0
    assert [pending.ref for pending in backlog] == [a_lead(1), a_lead(9), a_contact(1)]


async def test_a_record_noted_again_while_it_was_looked_at_goes_on_waiting(store: Store, acme: Portal):
    async with store.begin(acme.portal_id) as tx:
        await tx.pending.note([a_lead(1), a_lead(2)], NOON, is_backlog=True)
        taken = await tx.pending.take(10, is_backlog=True)
        await tx.pending.note([a_lead(2)], NOON + 1)
        await tx.pending.done(taken)

    assert set(await waiting(store, acme)) == {a_lead(2)}, "and what happens now goes before a backlog"


async def test_an_outcome_comes_back_as_it_was_put(store: Store, acme: Portal):
    stored = [an_outcome(a_lead(1), a_contact(2), a_lead(3), written_hash=-5), an_outcome(a_company(4))]
    async with store.begin(acme.portal_id) as tx:
        await tx.outcomes.put([an_outcome(a_lead(1), version=7)], NOON)
        await tx.outcomes.put(stored, NOON)
        found = await tx.outcomes.get_many([a_lead(1), a_company(4), a_lead(99)])
        await tx.outcomes.forget([a_lead(1)])
        left = await tx.outcomes.get_many([a_lead(1), a_company(4)])

    assert found == {one.ref: one for one in stored}
    assert set(left) == {a_company(4)}


async def test_old_neighbours_are_those_named_and_those_of_the_group(store: Store, acme: Portal):
    async with store.begin(acme.portal_id) as tx:
        await tx.outcomes.put(
            [
                an_outcome(a_lead(1), a_lead(2), group="lead:1"),
                an_outcome(a_lead(5), a_lead(2), group="lead:1"),
                an_outcome(a_contact(7), partners=(a_company(8),)),
                an_outcome(a_lead(6), a_lead(9), group="lead:6"),
            ],
            NOON,
        )
        found = await tx.outcomes.neighbours([a_lead(1), a_contact(7)])
        naming = await tx.outcomes.naming_each_other(
            [a_lead(1), a_lead(2), a_lead(6), a_contact(7), a_company(8)]
        )

    assert found == {a_lead(1), a_lead(2), a_lead(5), a_company(8)}
    assert naming == {a_lead(1), a_contact(7)}


async def test_each_portal_waits_for_itself(store: Store, acme: Portal):
    other = await a_portal(store, "other")
    async with store.begin(other.portal_id) as tx:
        await tx.pending.note([a_lead(1)], NOON, is_backlog=True)
        await tx.outcomes.put([an_outcome(a_lead(1), a_lead(2))], NOON)
    async with store.begin(acme.portal_id) as tx:
        await tx.pending.note([a_lead(3)], NOON)
        seen = await tx.outcomes.get_many([a_lead(1)]), await tx.outcomes.neighbours([a_lead(1)])
    async with store.begin_shared() as shared:
        portals = await shared.unpublished_portals()

    assert seen == ({}, set())
    assert portals == [(acme.portal_id, False), (other.portal_id, True)]
