"""What people decided: in force until it ends or is undone, the same from both sides."""

import pytest

from b24app.dedupe.record import RecordRef
from b24app.store.database import Store
from b24app.store.decisions import RejectReason
from b24app.store.portals import Portal
from tests.store.builders import NOON, a_contact, a_lead, a_portal


@pytest.fixture
async def portal(store: Store) -> Portal:
    return await a_portal(store)


async def reject(
    store: Store,
    portal: Portal,
    a: RecordRef,
    b: RecordRef,
    *,
    expires_at: float | None = None,
    at: float = NOON,
) -> None:
    async with store.begin(portal.portal_id) as tx:
        await tx.decisions.reject_pair(
            a,
            b,
            author_id=5,
            reason=RejectReason.DIFFERENT_PEOPLE,
            expires_at=expires_at,
            fingerprint_a=100 + a.id,
            fingerprint_b=100 + b.id,
            at=at,
        )


async def others(store: Store, portal: Portal, ref: RecordRef, at: float = NOON) -> list[RecordRef]:
    async with store.read(portal.portal_id) as tx:
        return [rejection.other(ref) for rejection in await tx.decisions.rejected_with(ref, at=at)]


async def test_a_rejected_pair_is_known_from_both_sides_with_its_fingerprints(store: Store, portal: Portal):
    await reject(store, portal, a_contact(2), a_lead(1))

    async with store.read(portal.portal_id) as tx:
        from_lead = await tx.decisions.rejected_with(a_lead(1), at=NOON)
        from_contact = await tx.decisions.rejected_with(a_contact(2), at=NOON)

    assert from_lead == from_contact
    assert (from_lead[0].a, from_lead[0].b) == (a_lead(1), a_contact(2))
    assert from_lead[0].fingerprint_of(a_lead(1)) == 101
    assert from_lead[0].fingerprint_of(a_contact(2)) == 102
    assert (from_lead[0].author_id, from_lead[0].reason) == (5, RejectReason.DIFFERENT_PEOPLE)


async def test_a_decision_ends_when_it_expires(store: Store, portal: Portal):
    await reject(store, portal, a_lead(1), a_lead(2), expires_at=NOON + 60)

    assert await others(store, portal, a_lead(1), at=NOON + 59) == [a_lead(2)]
    assert await others(store, portal, a_lead(1), at=NOON + 60) == []


async def test_an_undone_decision_is_listed_but_not_in_force(store: Store, portal: Portal):
    await reject(store, portal, a_lead(1), a_lead(2))

    async with store.begin(portal.portal_id) as tx:
        undone = await tx.decisions.undo(a_lead(2), a_lead(1), author_id=6, at=NOON + 5)
        again = await tx.decisions.undo(a_lead(2), a_lead(1), author_id=6, at=NOON + 6)
        listed = await tx.decisions.list(10)

    assert (undone, again) == (True, False)
    assert await others(store, portal, a_lead(1)) == []
    assert [(item.undone_by, item.undone_at) for item in listed] == [(6, NOON + 5)]


async def test_rejecting_again_puts_the_decision_back_in_force(store: Store, portal: Portal):
    await reject(store, portal, a_lead(1), a_lead(2))
    async with store.begin(portal.portal_id) as tx:
        await tx.decisions.undo(a_lead(1), a_lead(2), author_id=6, at=NOON + 5)

    await reject(store, portal, a_lead(1), a_lead(2), at=NOON + 9)

    assert await others(store, portal, a_lead(1)) == [a_lead(2)]


async def test_decisions_are_listed_newest_first_page_by_page(store: Store, portal: Portal):
    for number in (2, 3, 4):
        await reject(store, portal, a_lead(1), a_lead(number), at=NOON + number)

    async with store.read(portal.portal_id) as tx:
        first, second = await tx.decisions.list(2), await tx.decisions.list(2, 2)

    assert [item.b.id for item in first] == [4, 3]
    assert [item.b.id for item in second] == [2]


async def test_a_record_is_no_pair_with_itself(store: Store, portal: Portal):
    with pytest.raises(ValueError, match="two records"):
        await reject(store, portal, a_lead(1), a_lead(1))


async def test_two_portals_decisions_never_meet(store: Store, portal: Portal):
    other = await a_portal(store, "other")

    await reject(store, portal, a_lead(1), a_lead(2))

    assert await others(store, other, a_lead(1)) == []
