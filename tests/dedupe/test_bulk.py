"""Groups out of columns are the groups of `group`, at any size."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.bulk import ALONE, BulkGrouping, group_table, grouping_of, pair_table_of
from b24app.dedupe.group import JOINING, group_records, pair_table
from b24app.dedupe.key_table import KeyBlock, KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from tests.dedupe.builders import COMPANY, CONTACT, LEAD
from tests.dedupe.seeded import RULES, seeded_keys

HUB_LIMIT = 4
KeysOf = Mapping[RecordRef, Collection[MatchKey]]
Rejected = Collection[frozenset[RecordRef]]

records = st.builds(RecordRef, st.sampled_from(RecordType), st.integers(1, 6))
keys = st.builds(
    lambda kind, base, step: MatchKey(kind, base + 4 * step + kind),  # a hash tells the kind
    st.sampled_from(KeyKind),
    st.sampled_from([-(2**63), -(2**32), 0, 2**62]),
    st.integers(0, 3),
)
portals = st.dictionaries(records, st.frozensets(keys, max_size=4), max_size=18)
rejections = st.frozensets(st.frozensets(records, min_size=2, max_size=2), max_size=12)
joining_kinds = st.sampled_from([JOINING, frozenset({KeyKind.PHONE}), frozenset(KeyKind)])


@given(portals, rejections, joining_kinds)
def test_columns_give_the_groups_hubs_and_table_of_the_plain_form(
    keys_of: KeysOf, rejected: Rejected, joining: frozenset[KeyKind]
) -> None:
    table = KeyTable.of(keys_of)

    bulk = group_table(table, hub_limit=HUB_LIMIT, rejected=rejected, joining=joining)

    plain = group_records(keys_of, hub_limit=HUB_LIMIT, rejected=rejected, joining=joining)
    assert grouping_of(table, bulk, rejected=rejected, joining=joining) == plain
    assert pair_table_of(table, bulk, rejected=rejected) == pair_table(plain.groups)
    assert members(table, bulk) == [group.records for group in plain.groups]


@given(portals, st.integers(1, 9), st.booleans())
def test_rows_that_come_in_blocks_make_the_same_table(
    keys_of: KeysOf, at_once: int, is_ordered: bool
) -> None:
    rows = [(ref.type, ref.id, key.kind, key.hash) for ref, held in keys_of.items() for key in held]
    rows.sort(key=lambda row: row[:2], reverse=not is_ordered)
    blocks = [columns_of(rows[start : start + at_once]) for start in range(0, len(rows), at_once)]

    table = KeyTable.from_blocks([columns_of([]), *blocks])

    assert [(table.ref(table.records[row]), table.key(row)) for row in range(len(table.hashes))] == [
        (RecordRef(RecordType(row[0]), row[1]), MatchKey(KeyKind(row[2]), row[3]))
        for row in sorted(rows, key=lambda row: row[:2])
    ]
    assert [table.ref(number) for number in range(len(table.ids))] == sorted(
        ref for ref, held in keys_of.items() if held
    )


def columns_of(rows: list[tuple[int, int, int, int]]) -> KeyBlock:
    types, ids, kinds, hashes = np.array(rows, np.int64).reshape(len(rows), 4).T
    return types.astype(np.int8), ids, kinds.astype(np.int8), hashes


def members(table: KeyTable, bulk: BulkGrouping) -> list[tuple[RecordRef, ...]]:
    numbers, starts = bulk.members()
    return [tuple(table.ref(number) for number in numbers[start:end]) for start, end in pairwise(starts)]


def test_twenty_thousand_seeded_records_are_grouped_alike_in_both_forms() -> None:
    keys_of = seeded_keys(20_000, seed=11)
    plain = group_records(keys_of, hub_limit=RULES.hub_limit)
    rejected = [frozenset((group.records[0], group.records[-1])) for group in plain.groups[::7]]
    table = KeyTable.of(keys_of)

    bulk = group_table(table, hub_limit=RULES.hub_limit, rejected=rejected)

    assert len(rejected) > 100
    assert grouping_of(table, bulk, rejected=rejected) == group_records(
        keys_of, hub_limit=RULES.hub_limit, rejected=rejected
    )


@given(portals, st.randoms(use_true_random=False))
def test_rows_in_any_order_make_the_same_table_of_records(keys_of: KeysOf, chance: Random) -> None:
    items = list(keys_of.items())
    chance.shuffle(items)

    shuffled, ordered = KeyTable.of(dict(items)), KeyTable.of(dict(sorted(keys_of.items())))

    def held(table: KeyTable) -> list[tuple[RecordRef, MatchKey]]:
        return sorted((table.ref(number), table.key(row)) for row, number in enumerate(table.records))

    assert held(shuffled) == held(ordered) == sorted((ref, key) for ref, of in keys_of.items() for key in of)
    assert list(zip(shuffled.types, shuffled.ids, strict=True)) == sorted(
        (ref.type, ref.id) for ref, of in keys_of.items() if of
    )


def test_labels_count_groups_by_their_smallest_record() -> None:
    one, two, three = (MatchKey(KeyKind.PHONE, number) for number in (1, 2, 3))
    table = KeyTable.of(
        {
            RecordRef(LEAD, 1): [one],
            RecordRef(LEAD, 2): [two],
            RecordRef(LEAD, 3): [three],
            RecordRef(CONTACT, 1): [two],
            RecordRef(COMPANY, 1): [one],
        }
    )

    bulk = group_table(table, hub_limit=50)

    assert bulk.labels.tolist() == [0, 1, ALONE, 1, 0]
    assert bulk.group_count == 2


def test_an_empty_portal_has_no_groups() -> None:
    table = KeyTable.of({})

    bulk = group_table(table, hub_limit=50, rejected=[frozenset((RecordRef(LEAD, 1), RecordRef(LEAD, 2)))])

    assert bulk.group_count == 0
    assert grouping_of(table, bulk) == group_records({}, hub_limit=50)


@pytest.mark.parametrize("shift", [0, 40, 58])
def test_hashes_alike_in_most_of_their_bits_are_still_told_apart(shift: int) -> None:
    count = 32
    hashes = np.tile(np.arange(count, dtype=np.int64) << shift, 2)
    ids = np.arange(2 * count, dtype=np.int64)
    of_type, of_kind = np.full(2 * count, LEAD, np.int8), np.full(2 * count, KeyKind.PHONE, np.int8)

    bulk = group_table(KeyTable.from_columns(of_type, ids, of_kind, hashes), hub_limit=50)

    assert bulk.labels.tolist() == [*range(count), *range(count)]


def test_groups_planted_among_nearly_a_million_records_are_found_whole() -> None:
    sizes = np.random.default_rng(5).integers(1, 6, 300_000)
    person = np.repeat(np.arange(len(sizes)), sizes)
    hashes = np.random.default_rng(6).integers(-(2**63), 2**63 - 1, len(sizes))[person]
    ids = np.random.default_rng(7).permutation(len(person)).astype(np.int64)
    of_type, of_kind = np.full(len(person), LEAD, np.int8), np.full(len(person), KeyKind.EMAIL, np.int8)
    table = KeyTable.from_columns(of_type, ids, of_kind, hashes)

    bulk = group_table(table, hub_limit=50)

    person_of = np.empty(len(person), np.int64)
    person_of[ids] = person
    planted = np.where(sizes[person_of] > 1, person_of, ALONE)
    assert bulk.group_count == np.count_nonzero(sizes > 1)
    assert len(np.unique(np.stack([bulk.labels, planted]), axis=1).T) == bulk.group_count + 1
