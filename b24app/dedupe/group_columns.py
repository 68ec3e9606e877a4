"""What `group.describe_group` tells of groups, of thousands at once: columns instead of objects.

A key's joints are a star around its first holder. Numbered from the strongest key's on, the joints of a group have
one minimum spanning tree, and it is the chain. A group with a person's decision, or with a weak value that may
hold it together, goes through `describe_group` itself. Held equal to it by tests.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from b24app.dedupe.bulk import ALONE, BulkGrouping, GroupKeys, Rejected, numbered_pairs
from b24app.dedupe.group import (
    JOINING,
    LARGE_GROUP,
    STRONGEST_FIRST,
    WEAK_KINDS,
    DuplicateGroup,
    apart_of,
    describe_group,
)
from b24app.dedupe.key_table import Bytes, Flags, Ids, KeyTable, Rows, places_within
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef

_STRENGTH = np.zeros(max(KeyKind) + 1, np.int8)
_STRENGTH[list(STRONGEST_FIRST)] = range(len(STRONGEST_FIRST))


@dataclass(frozen=True, slots=True)
class Links:
    """Joints of chains, chain by chain: groups' labels, records' numbers, and the key by its place in its group."""

    labels: Rows
    here: Rows
    there: Rows
    kinds: Bytes
    key_nos: Rows

    def only(self, chosen: Flags | Ids) -> Links:
        """Return a part of the links, or all in another order."""
        return Links(
            self.labels[chosen],
            self.here[chosen],
            self.there[chosen],
            self.kinds[chosen],
            self.key_nos[chosen],
        )


@dataclass(frozen=True, slots=True)
class GroupColumns:
    """Groups from label ``first`` on: their members' numbers, the kinds of their keys, their chains.

    Members, kinds and links stand group by group: as many as ``sizes`` tells, as ``key_counts``, and one less than
    ``sizes``.
    """

    first: int
    sizes: Ids
    members: Rows
    key_counts: Ids
    kinds: Bytes
    links: Links
    is_weakly_held: Flags


class GroupDescriber:
    """Describes the groups of a table, any stretch of them."""

    def __init__(
        self,
        table: KeyTable,
        bulk: BulkGrouping,
        *,
        rejected: Rejected = (),
        joining: Set[KeyKind] = JOINING,
    ) -> None:
        self._table = table
        self._keys = GroupKeys.of(table, bulk)
        self._members, self._starts = bulk.members()
        self._place_of = np.zeros(len(table.ids), np.int32)  # of a record among the members
        self._place_of[self._members] = np.arange(len(self._members), dtype=np.int32)
        self._apart, self._joining = apart_of(rejected), joining
        labels = [(bulk.labels[a], bulk.labels[b]) for a, b in numbered_pairs(table, rejected)]
        self._decided = np.array([a for a, b in labels if a == b != ALONE], np.int32)

    def describe(self, start: int, stop: int) -> GroupColumns:
        """Return the groups from one label to before another."""
        keys = self._strongest_first(*self._keys.stretch(start, stop))
        labels = self._keys.labels[keys]
        key_counts = np.bincount(labels - start, minlength=stop - start)
        described = GroupColumns(
            first=start,
            sizes=np.diff(self._starts[start : stop + 1]),
            members=self._members[self._starts[start] : self._starts[stop]],
            key_counts=key_counts,
            kinds=self._table.kinds[self._keys.firsts[keys]],
            links=self._chains(keys, places_within(key_counts), start, stop),
            is_weakly_held=np.zeros(stop - start, np.bool_),
        )
        return self._with_unusual(described)

    def _strongest_first(self, start: int, stop: int) -> Ids:
        """Return places of keys, group by group as `describe_group` sorts them."""
        keys = self._keys
        starts, firsts = keys.starts[start:stop], keys.firsts[start:stop]
        counts = keys.ends[start:stop] - starts
        columns = (
            keys.labels[start:stop],
            _STRENGTH[self._table.kinds[firsts]],
            -counts,
            keys.holders[starts],
            keys.holders[starts + 1],
        )
        order = np.lexsort((self._table.hashes[firsts], *reversed(columns)))
        is_tied = np.zeros(len(order) + 1, np.bool_)  # with the one before, as far as two holders tell
        is_tied[1:-1] = np.logical_and.reduce([column[order][1:] == column[order][:-1] for column in columns])
        is_tied[1:-1] &= counts[order][1:] > 2
        order += start
        edges = np.flatnonzero(is_tied[1:] != is_tied[:-1])
        for begin, end in edges.reshape(-1, 2).tolist():
            order[begin : end + 1] = sorted(order[begin : end + 1].tolist(), key=self._holders_and_hash)
        return order

    def _holders_and_hash(self, place: int) -> tuple[list[int], int]:
        keys = self._keys
        holders = keys.holders[keys.starts[place] : keys.ends[place]]
        return holders.tolist(), self._table.hashes.item(keys.firsts[place])

    def _chains(self, places: Ids, key_nos: Ids, start: int, stop: int) -> Links:
        """Return the chains of groups whose keys these are, the strongest first."""
        kinds = self._table.kinds[self._keys.firsts[places]]
        joins = np.isin(kinds, list(self._joining))
        places, key_nos, kinds = places[joins], key_nos[joins], kinds[joins]
        starts = self._keys.starts[places]
        others = self._keys.ends[places] - starts - 1
        key_of = np.repeat(np.arange(len(places)), others)
        here = self._keys.holders[starts[key_of]]
        there = self._keys.holders[starts[key_of] + 1 + places_within(others)]
        offset, end = self._starts[start], self._starts[stop]
        chosen = _spanning_forest(
            self._place_of[here] - offset, self._place_of[there] - offset, int(end - offset)
        )
        key_of = key_of[chosen]
        labels = self._keys.labels[places[key_of]]
        return Links(labels, here[chosen], there[chosen], kinds[key_of], key_nos[key_of].astype(np.int32))

    def _with_unusual(self, described: GroupColumns) -> GroupColumns:
        """Take from `describe_group` what a decision or a weak value makes different."""
        links, first = described.links, described.first
        has_weak = np.zeros(len(described.sizes), np.bool_)
        has_weak[links.labels[np.isin(links.kinds, list(WEAK_KINDS))] - first] = True
        is_unusual = has_weak & (described.sizes >= LARGE_GROUP)
        decided = self._decided - first
        is_unusual[decided[(decided >= 0) & (decided < len(is_unusual))]] = True
        unusual = np.flatnonzero(is_unusual)
        if not len(unusual):
            return described
        is_weakly_held = described.is_weakly_held.copy()
        found = [links.only(~is_unusual[links.labels - first])]
        for label in (unusual + first).tolist():
            group = self._describe_one(label)
            is_weakly_held[label - first] = bool(group.weak_bridges)
            found.append(self._links_of(label, group))
        joined = _joined(found)
        order = np.argsort(joined.labels, kind="stable")
        return replace(described, links=joined.only(order), is_weakly_held=is_weakly_held)

    def _describe_one(self, label: int) -> DuplicateGroup:
        places = range(*self._keys.stretch(label, label + 1))
        keys = [self._keys.key(self._table, place) for place in places]
        return describe_group(keys, self._apart, self._joining)

    def _links_of(self, label: int, group: DuplicateGroup) -> Links:
        members = self._members[self._starts[label] : self._starts[label + 1]].tolist()
        number_of: dict[RecordRef, int] = dict(zip(group.records, members, strict=True))
        key_no_of = {held.key: place for place, held in enumerate(group.keys)}
        return Links(
            np.full(len(group.chain), label, np.int32),
            np.array([number_of[link.a] for link in group.chain], np.int32),
            np.array([number_of[link.b] for link in group.chain], np.int32),
            np.array([link.key.kind for link in group.chain], np.int8),
            np.array([key_no_of[link.key] for link in group.chain], np.int32),
        )


def _spanning_forest(here: Rows, there: Rows, count: int) -> Ids:
    """Return which of the joints between so many nodes a forest takes that tries them one after the other."""
    pairs = here.astype(np.int64) * count + there
    chosen = np.sort(np.unique(pairs, return_index=True)[1])  # of joints between the same two, the first
    turns = np.arange(1, len(chosen) + 1, dtype=np.float64)
    graph = coo_array((turns, (here[chosen], there[chosen])), shape=(count, count)).tocsr()
    taken: NDArray[np.float64] = minimum_spanning_tree(graph).data
    found: Ids = chosen[np.sort(taken).astype(np.int64) - 1]
    return found


def _joined(parts: list[Links]) -> Links:
    return Links(
        np.concatenate([each.labels for each in parts]),
        np.concatenate([each.here for each in parts]),
        np.concatenate([each.there for each in parts]),
        np.concatenate([each.kinds for each in parts]),
        np.concatenate([each.key_nos for each in parts]),
    )
