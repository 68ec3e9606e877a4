"""The index: one road in, late pages lose, the deleted stay deleted, everyone who holds a key is found."""

from dataclasses import replace

import pytest

from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordType, Stage
from b24app.store.database import Store
from b24app.store.index import Holder, IndexedRecord
from b24app.store.index_batch import IndexedBatch
from b24app.store.portals import Portal
from tests.store.builders import NOON, a_company, a_contact, a_lead, a_phone, a_portal, a_record, an_email


@pytest.fixture
async def portal(store: Store) -> Portal:
    return await a_portal(store)


async def put(store: Store, portal: Portal, *records: IndexedRecord) -> list[str]:
    async with store.begin(portal.portal_id) as tx:
        return [str(ref) for ref in await tx.index.replace(records)]


async def find(store: Store, portal: Portal, *keys: object) -> list[str]:
    async with store.read(portal.portal_id) as tx:
        return [str(holder.ref) for holder in await tx.index.holders(keys)]


async def test_a_record_comes_back_as_it_was_put(store: Store, portal: Portal):
    record = a_record(
        a_contact(5),
        a_phone(-(2**63)),
        an_email(2**63 - 1),
        fingerprint=-(2**63),
        responsible_id=None,
        stage=Stage.LOST,
        links=(a_company(9), a_company(3)),
    )

    changed = await put(store, portal, record)

    async with store.read(portal.portal_id) as tx:
        assert changed == ["contact:5"]
        assert await tx.index.get(a_contact(5)) == record
        assert await tx.index.get(a_lead(5)) is None
        assert await tx.index.get_many([a_contact(5), a_lead(5)]) == {a_contact(5): record}


async def test_a_record_without_keys_is_known_and_found_by_nobody(store: Store, portal: Portal):
    await put(store, portal, a_record(a_lead(1)))

    async with store.read(portal.portal_id) as tx:
        known = await tx.index.get(a_lead(1))
        assert known is not None
        assert known.keys == frozenset()
        assert await tx.index.key_totals() == {}


async def test_an_unchanged_record_only_notes_the_reading(store: Store, portal: Portal):
    await put(store, portal, a_record(a_lead(1), a_phone(1)), a_record(a_lead(2), a_phone(2)))

    changed = await put(
        store,
        portal,
        a_record(a_lead(1), a_phone(1), read_at=NOON + 5),
        a_record(a_lead(2), a_phone(3), fingerprint=2, read_at=NOON + 5),
    )

    async with store.read(portal.portal_id) as tx:
        assert changed == ["lead:2"]
        assert await tx.index.unseen_since(NOON + 5, RecordType.LEAD, 10) == []


async def test_changed_keys_replace_the_old_ones(store: Store, portal: Portal):
    await put(store, portal, a_record(a_lead(1), a_phone(1), a_phone(2)))

    await put(store, portal, a_record(a_lead(1), a_phone(2), a_phone(3), fingerprint=2, read_at=NOON + 1))

    assert await find(store, portal, a_phone(1)) == []
    assert await find(store, portal, a_phone(2)) == ["lead:1"]
    assert await find(store, portal, a_phone(3)) == ["lead:1"]


async def test_a_late_page_does_not_overwrite_a_newer_event(store: Store, portal: Portal):
    await put(store, portal, a_record(a_lead(1), a_phone(2), fingerprint=2, read_at=NOON + 10))

    changed = await put(store, portal, a_record(a_lead(1), a_phone(1), fingerprint=1, read_at=NOON))

    assert changed == []
    assert await find(store, portal, a_phone(1), a_phone(2)) == ["lead:1"]
    assert await find(store, portal, a_phone(1)) == []


async def test_of_one_record_twice_in_a_page_the_later_reading_counts(store: Store, portal: Portal):
    changed = await put(
        store,
        portal,
        a_record(a_lead(1), a_phone(2), fingerprint=2, read_at=NOON + 1),
        a_record(a_lead(1), a_phone(1), fingerprint=1, read_at=NOON),
    )

    assert changed == ["lead:1"]
    assert await find(store, portal, a_phone(2)) == ["lead:1"]
    assert await find(store, portal, a_phone(1)) == []


async def test_a_forgotten_record_is_gone_and_a_late_page_does_not_revive_it(store: Store, portal: Portal):
    await put(store, portal, a_record(a_lead(1), a_phone(1)), a_record(a_lead(2), a_phone(1)))

    async with store.begin(portal.portal_id) as tx:
        forgotten = await tx.index.forget([a_lead(1), a_lead(99)], NOON + 10)
    late = await put(store, portal, a_record(a_lead(1), a_phone(1), read_at=NOON + 9))
    late_stranger = await put(store, portal, a_record(a_lead(99), a_phone(1), read_at=NOON + 9))

    assert [str(ref) for ref in forgotten] == ["lead:1"]
    assert (late, late_stranger) == ([], [])
    assert await find(store, portal, a_phone(1)) == ["lead:2"]


async def test_a_record_read_after_it_was_forgotten_is_back_for_good(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.index.forget([a_lead(1)], NOON)

    back = await put(store, portal, a_record(a_lead(1), a_phone(1), read_at=NOON + 1))
    again = await put(store, portal, a_record(a_lead(1), a_phone(2), fingerprint=2, read_at=NOON + 1))

    assert (back, again) == (["lead:1"], ["lead:1"])
    assert await find(store, portal, a_phone(2)) == ["lead:1"]


async def test_a_late_deletion_leaves_a_record_read_later_alone(store: Store, portal: Portal):
    await put(store, portal, a_record(a_lead(1), a_phone(1), read_at=NOON + 10))

    async with store.begin(portal.portal_id) as tx:
        forgotten = await tx.index.forget([a_lead(1)], NOON)
    changed = await put(store, portal, a_record(a_lead(1), a_phone(2), fingerprint=2, read_at=NOON + 11))

    assert forgotten == []
    assert changed == ["lead:1"]


async def test_a_purged_tombstone_no_longer_holds_a_record_back(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.index.forget([a_lead(1), a_lead(2)], NOON)
        await tx.index.forget([a_lead(2)], NOON + 100)
        await tx.index.purge_tombstones(NOON + 50)

    changed = await put(
        store, portal, a_record(a_lead(1), read_at=NOON - 1), a_record(a_lead(2), read_at=NOON - 1)
    )

    assert changed == ["lead:1"]


async def test_two_replacements_in_one_transaction_do_not_mix(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        first = await tx.index.replace([a_record(a_lead(1), a_phone(1))])
        second = await tx.index.replace([a_record(a_lead(2), a_phone(2))])
        nothing = await tx.index.replace([])

    assert (first, second, nothing) == ([a_lead(1)], [a_lead(2)], [])


async def test_holders_tell_what_the_card_needs(store: Store, portal: Portal):
    record = a_record(a_contact(5), a_phone(1), stage=Stage.NONE, links=(a_company(9),))
    await put(store, portal, record)

    async with store.read(portal.portal_id) as tx:
        holders = await tx.index.holders([a_phone(1), a_phone(1), an_email(1)])

    assert holders == [
        Holder(
            a_phone(1), a_contact(5), 7, Stage.NONE, (a_company(9),), record.created_at, record.modified_at
        )
    ]


@pytest.mark.parametrize("size", [1, 19, 20, 21, 500, 5000])
async def test_a_value_on_many_records_is_counted_and_listed_whole(store: Store, portal: Portal, size: int):
    await put(store, portal, *(a_record(a_lead(number), a_phone(1)) for number in range(1, size + 1)))

    async with store.read(portal.portal_id) as tx:
        holders = await tx.index.holders([a_phone(1)])
        counts = await tx.index.counts([a_phone(1), a_phone(2)])

    assert [holder.ref.id for holder in holders] == list(range(1, size + 1))
    assert counts == {a_phone(1): size, a_phone(2): 0}


async def test_totals_and_hubs_are_counted(store: Store, portal: Portal):
    await put(
        store,
        portal,
        a_record(a_lead(1), a_phone(1), an_email(1)),
        a_record(a_lead(2), a_phone(1)),
        a_record(a_contact(1), a_phone(1), an_email(1)),
    )

    async with store.read(portal.portal_id) as tx:
        assert await tx.index.totals() == {RecordType.LEAD: 2, RecordType.CONTACT: 1}
        assert await tx.index.key_totals() == {KeyKind.PHONE: 3, KeyKind.EMAIL: 2}
        assert await tx.index.hubs(1) == [(a_phone(1), 3), (an_email(1), 2)]
        assert await tx.index.hubs(2) == [(a_phone(1), 3)]


async def test_records_not_read_for_long_are_named_in_order(store: Store, portal: Portal):
    await put(
        store,
        portal,
        *(a_record(a_lead(number)) for number in (3, 1, 2)),
        a_record(a_lead(4), read_at=NOON + 10),
        a_record(a_contact(1)),
    )

    async with store.read(portal.portal_id) as tx:
        unseen = await tx.index.unseen_since(NOON + 1, RecordType.LEAD, 2)
        further = await tx.index.unseen_since(NOON + 1, RecordType.LEAD, 2, after_id=1)

    assert unseen == [a_lead(1), a_lead(2)]
    assert further[0] == a_lead(2)


async def test_two_portals_with_the_same_ids_never_meet(store: Store):
    first, second = await a_portal(store, "first"), await a_portal(store, "second")
    await put(store, first, a_record(a_lead(1), a_phone(1), responsible_id=10))
    await put(store, second, a_record(a_lead(1), a_phone(1), responsible_id=20))

    async with store.begin(first.portal_id) as tx:
        await tx.index.forget([a_lead(1)], NOON + 10)

    async with store.read(second.portal_id) as tx:
        holders = await tx.index.holders([a_phone(1)])
        assert [holder.responsible_id for holder in holders] == [20]
        assert await tx.index.totals() == {RecordType.LEAD: 1}
    async with store.read(first.portal_id) as tx:
        assert await tx.index.totals() == {}


async def test_columns_come_back_as_the_records_they_stand_for(store: Store, portal: Portal):
    usual = a_record(a_lead(3), a_phone(1), an_email(1))
    kinds = [
        usual,
        replace(usual, ref=a_lead(2), responsible_id=None, links=(a_company(9), a_contact(3))),
        replace(usual, ref=a_contact(1), created_at=None, links=(a_company(9),)),
        replace(usual, ref=a_company(1), modified_at=None, keys=frozenset()),
        replace(usual, ref=a_lead(1), responsible_id=None, created_at=None, modified_at=None),
    ]

    async with store.begin(portal.portal_id) as tx:
        changed = await tx.index.replace_batch(IndexedBatch.of(kinds))

    async with store.read(portal.portal_id) as tx:
        known = await tx.index.get_many(changed)
    assert changed == [a_lead(1), a_lead(2), a_lead(3), a_contact(1), a_company(1)]
    assert known == {record.ref: record for record in kinds}


async def test_a_full_request_of_the_first_indexing_spares_what_came_meanwhile(store: Store, portal: Portal):
    changed_meanwhile = a_record(a_lead(7), a_phone(7), fingerprint=2, read_at=NOON + 10)
    await put(store, portal, changed_meanwhile)
    async with store.begin(portal.portal_id) as tx:
        await tx.index.forget([a_contact(5)], NOON + 10)
    page = [a_record(ref(number), a_phone(1)) for ref in (a_lead, a_contact) for number in range(1, 201)]

    changed = await put(store, portal, *page)

    async with store.read(portal.portal_id) as tx:
        assert await tx.index.get(a_lead(7)) == changed_meanwhile
        assert await tx.index.get(a_contact(5)) is None
    assert len(changed) == len(page) - 2


async def test_one_portal_s_records_and_keys_are_unknown_to_another(store: Store, portal: Portal):
    other = await a_portal(store, "other")
    await put(store, portal, a_record(a_lead(1), a_phone(1)), a_record(a_lead(2), a_phone(1)))
    await put(store, other, a_record(a_lead(1), a_phone(2)))

    async with store.read(other.portal_id) as tx:
        known = await tx.index.get_many([a_lead(1), a_lead(2)])
        holders = await tx.index.holders([a_phone(1), a_phone(2)])
        counts = await tx.index.counts([a_phone(1), a_phone(2)])

    assert known == {a_lead(1): a_record(a_lead(1), a_phone(2))}
    assert [(holder.ref, holder.key) for holder in holders] == [(a_lead(1), a_phone(2))]
    assert counts == {a_phone(1): 0, a_phone(2): 1}
