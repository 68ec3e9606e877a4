"""Finds the groups of `group` among millions of records: the same rules over columns instead of objects.

Keys alone are most of the keys, and sorting is what grouping costs. So nothing is sorted: rows with equal
hashes find each other in a table of slots, written and read as whole columns (`_equal_in_part`). Only what shares a
key is looked at again. Held equal to `group` by tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from itertools import combinations_with_replacement, groupby
from typing import TypeAlias

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from b24app.dedupe.group import (
    JOINING,
    DuplicateGroup,
    Grouping,
    KeyHolders,
    apart_of,
    describe_group,
    joined_parts,
    sorted_hubs,
)
from b24app.dedupe.key_table import Flags, Hashes, Holding, Ids, KeyTable, Rows, begins_anew
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef, RecordType

Rejected: TypeAlias = Collection[frozenset[RecordRef]]

ALONE = -1
LEAST_SLOT_BITS = 8  # a handful of rows should not need many rounds
PART_BITS = 19  # rows of a part: 4 MB of hashes, 2 MB of slots
MOST_PART_BITS = 8  # the number of a part is one byte, which numpy sorts without comparing
BLOCK = 1 << 18  # rows split at a time
_SPREAD = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: its product's upper bits depend on all bits


@dataclass(frozen=True, slots=True)
class BulkGrouping:
    """The groups of a table.

    `labels` has the group of each record, numbered from 0, or ALONE; `group_table` numbers groups by their smallest
    record. `shared` are the keys on two or more records, of all kinds, without `hubs`.
    """

    labels: Rows
    group_count: int
    shared: Holding
    hubs: Holding

    def members(self) -> tuple[Rows, Ids]:
        """Return the grouped records' numbers, group by group, and where each group starts; then the end."""
        grouped = np.flatnonzero(self.labels != ALONE)
        of_group = self.labels[grouped]
        sizes = np.bincount(of_group, minlength=self.group_count)
        starts = np.append(0, np.cumsum(sizes))
        by_group = np.sort(of_group.astype(np.int64) << 32 | grouped)
        return by_group.astype(np.int32), starts  # the lower half is the record


def group_table(
    table: KeyTable,
    *,
    hub_limit: int,
    rejected: Rejected = (),
    joining: Set[KeyKind] = JOINING,
) -> BulkGrouping:
    """Return the groups that `group.group_records` would make of the same keys."""
    found = _equal_rows(table.hashes)
    is_hub = _is_on_more_than(hub_limit, found)
    shared, hubs = found.only(~is_hub), found.only(is_hub)
    joins = shared.only(np.isin(table.kinds[shared.firsts], list(joining)))
    here, there = _joints(table, joins, rejected)
    labels, group_count = _label(len(table.ids), here, there)
    return BulkGrouping(labels, group_count, shared, hubs)


def _equal_rows(hashes: Hashes) -> Holding:
    """Return which rows have equal hashes, in time linear in the rows."""
    found = [Holding(np.empty(0, np.int32), np.empty(0, np.int32))]
    for rows in _parts(hashes):
        met = _equal_in_part(hashes[rows])
        found.append(Holding(rows[met.rows], rows[met.firsts]))
    return Holding.joined(found)


def _parts(hashes: Hashes) -> Iterator[Rows]:
    """Split rows by the upper bits of their hashes into parts that the processor's cache can hold."""
    bits = min(MOST_PART_BITS, max(0, (len(hashes) - 1).bit_length() - PART_BITS))
    if not bits:
        yield np.arange(len(hashes), dtype=np.int32)
        return
    parts: list[list[Rows]] = [[] for _ in range(1 << bits)]
    for start in range(0, len(hashes), BLOCK):
        numbers = (hashes[start : start + BLOCK].view(np.uint64) >> np.uint64(64 - bits)).astype(np.uint8)
        order = (np.argsort(numbers, kind="stable") + start).astype(np.int32)
        ends = np.cumsum(np.bincount(numbers, minlength=len(parts)))
        for part, rows in zip(parts, np.split(order, ends[:-1]), strict=True):
            part.append(rows)
    for part in parts:
        yield np.concatenate(part)


def _equal_in_part(hashes: Hashes) -> Holding:
    """Return which rows of a part have equal hashes.

    All rows write themselves into the slot of their hash; one stays in each slot. Who finds a row with his hash
    there has found his key's first row; who finds another one tries again among fewer, in other slots.
    """
    spread = _SPREAD
    rows, waiting = np.arange(len(hashes), dtype=np.int32), hashes.view(np.uint64)
    found = [Holding(rows[:0], rows[:0])]
    while len(rows):
        bits = max(LEAST_SLOT_BITS, (len(rows) - 1).bit_length())
        slots = ((waiting * np.uint64(spread)) >> np.uint64(64 - bits)).view(np.int64)
        positions = np.arange(len(rows), dtype=np.int32)
        keeper_of = np.empty(1 << bits, np.int32)
        keeper_of[slots] = positions
        kept = keeper_of[slots]
        others = np.flatnonzero(kept != positions)
        is_equal = waiting[kept[others]] == waiting[others]
        met = others[is_equal]
        found.append(Holding(rows[met], rows[kept[met]]))
        others = others[~is_equal]
        rows, waiting = rows[others], waiting[others]
        spread = spread * _SPREAD % 2**64
    return Holding.joined(found)


def _is_on_more_than(limit: int, found: Holding) -> Flags:
    """Tell of each row whether more records than the limit hold its key.

    Counted roughly at first, in no more slots than rows: a slot below the limit has no such key.
    """
    slots = found.firsts & np.int32((1 << len(found.firsts).bit_length()) - 1)
    crowded = np.flatnonzero(np.bincount(slots, minlength=1)[slots] >= limit)
    _, key_of, counts = np.unique(found.firsts[crowded], return_inverse=True, return_counts=True)
    is_above = np.zeros(len(slots), np.bool_)
    is_above[crowded] = counts[key_of] >= limit  # the key's first row is one more
    return is_above


def _label(record_count: int, here: Rows, there: Rows) -> tuple[Rows, int]:
    """Return the group of each record that the joints make, by the smallest record, and how many groups."""
    is_joined = np.zeros(record_count, np.bool_)
    is_joined[here] = is_joined[there] = True
    joined = np.flatnonzero(is_joined)
    number_of = np.empty(record_count, np.int32)
    number_of[joined] = np.arange(len(joined), dtype=np.int32)
    size = (len(joined), len(joined))
    graph = coo_array((np.ones(len(here), np.int8), (number_of[here], number_of[there])), shape=size).tocsr()
    count, found = connected_components(graph, directed=False)
    labels = np.full(record_count, ALONE, np.int32)
    labels[joined] = found  # scipy counts components by their first node, here the smallest record
    return labels, int(count)


def _joints(table: KeyTable, joins: Holding, rejected: Rejected) -> tuple[Rows, Rows]:
    """Return pairs of record numbers that are joined: each holder with the first, save rejected pairs."""
    apart = numbered_pairs(table, rejected)
    contested = _contested_keys(table, joins, apart)
    is_contested = np.isin(joins.firsts, contested)
    plain = joins.only(~is_contested)
    here, there = table.records[plain.rows], table.records[plain.firsts]
    if not contested:
        return here, there
    refs = apart_of(rejected)
    held = joins.only(is_contested).holders(table)
    pairs = [pair for holders in held for part in joined_parts(holders.records, refs) for pair in part]
    numbers = table.numbers({ref for pair in pairs for ref in pair})
    more = np.array([[numbers[a], numbers[b]] for a, b in pairs], np.int32).reshape(len(pairs), 2)
    return np.concatenate([here, more[:, 0]]), np.concatenate([there, more[:, 1]])


def numbered_pairs(table: KeyTable, rejected: Rejected) -> list[tuple[int, int]]:
    """Return those rejected pairs of which the table has both, as records' numbers."""
    numbers = table.numbers({ref for pair in rejected for ref in pair}) if rejected else {}
    return [(numbers[a], numbers[b]) for a, b in map(tuple, rejected) if a in numbers and b in numbers]


def _contested_keys(table: KeyTable, joins: Holding, apart: list[tuple[int, int]]) -> list[int]:
    """Return the first rows of the keys that both of a rejected pair hold."""
    if not apart:
        return []
    held = joins.with_firsts()
    records = table.records[held.rows]
    is_meant = np.isin(records, [number for pair in apart for number in pair])
    keys_of: defaultdict[int, set[int]] = defaultdict(set)
    for record, first in zip(records[is_meant].tolist(), held.firsts[is_meant].tolist(), strict=True):
        keys_of[record].add(first)
    return sorted({first for a, b in apart for first in keys_of[a] & keys_of[b]})


@dataclass(frozen=True, slots=True)
class GroupKeys:
    """The keys that two or more of a group hold, group by group.

    Key ``k`` is of group ``labels[k]`` and has its hash in row ``firsts[k]`` of the table; who holds it within
    the group are ``holders[starts[k]:ends[k]]``, records' numbers, ascending.
    """

    labels: Rows
    firsts: Rows
    starts: Rows
    ends: Rows
    holders: Rows

    @classmethod
    def of(cls, table: KeyTable, bulk: BulkGrouping) -> GroupKeys:
        held = bulk.shared.with_firsts()
        held = held.only(bulk.labels[table.records[held.rows]] != ALONE)
        numbers = table.records[held.rows]
        labels = bulk.labels[numbers]
        keys = labels.astype(np.int64) << 32 | held.firsts
        order = np.argsort(keys, kind="stable")  # numbers ascend with rows
        labels, firsts, numbers = labels[order], held.firsts[order], numbers[order]
        starts = np.flatnonzero(begins_anew(labels, firsts)).astype(np.int32)
        ends = np.append(starts[1:], np.int32(len(order)))
        is_shared = ends - starts > 1
        starts, ends = starts[is_shared], ends[is_shared]
        return cls(labels[starts], firsts[starts], starts, ends, numbers)

    def stretch(self, start: int, stop: int) -> tuple[int, int]:
        """Return where the keys begin and end of groups from one label to before another."""
        begin, end = np.searchsorted(self.labels, np.array([start, stop], np.int32)).tolist()
        return begin, end

    def key(self, table: KeyTable, place: int) -> KeyHolders:
        """Return a key with its holders within the group."""
        numbers = self.holders[self.starts[place] : self.ends[place]].tolist()
        return KeyHolders(table.key(self.firsts.item(place)), tuple(map(table.ref, numbers)))


def describe_groups(
    table: KeyTable, bulk: BulkGrouping, *, rejected: Rejected = (), joining: Set[KeyKind] = JOINING
) -> Iterator[DuplicateGroup]:
    """Yield every group with its keys and its chain, by its smallest record; one at a time, to stay small."""
    apart, keys = apart_of(rejected), GroupKeys.of(table, bulk)
    for _, places in groupby(range(len(keys.labels)), key=keys.labels.tolist().__getitem__):
        yield describe_group([keys.key(table, place) for place in places], apart, joining)


def grouping_of(
    table: KeyTable, bulk: BulkGrouping, *, rejected: Rejected = (), joining: Set[KeyKind] = JOINING
) -> Grouping:
    """Return what `group.group_records` would return."""
    groups = tuple(describe_groups(table, bulk, rejected=rejected, joining=joining))
    return Grouping(groups, sorted_hubs(bulk.hubs.holders(table)))


def pair_table_of(
    table: KeyTable, bulk: BulkGrouping, *, rejected: Rejected = ()
) -> dict[tuple[RecordType, RecordType], int]:
    """Return what `group.pair_table` would count, without making the groups."""
    grouped = bulk.labels != ALONE
    labels = bulk.labels[grouped]
    sizes = {
        each: np.bincount(labels[table.types[grouped] == each], minlength=bulk.group_count)
        for each in sorted(RecordType)
    }
    counts = {
        (a, b): int(np.sum(sizes[a] * (sizes[a] - 1) // 2 if a is b else sizes[a] * sizes[b]))
        for a, b in combinations_with_replacement(sizes, 2)
    }
    for a, b in numbered_pairs(table, rejected):
        if bulk.labels[a] == bulk.labels[b] != ALONE:
            counts[table.ref(min(a, b)).type, table.ref(max(a, b)).type] -= 1
    return counts
