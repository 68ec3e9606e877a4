"""Builds duplicate groups out of match keys, over all types at once, with the chain that holds each group.

Two records are joined by a key of a joining kind that both hold, unless the key is a hub or a person called
the two different. A group is whatever hangs together by such joints. This is the plain form: it says what is
right. `bulk` finds the same groups among millions of records.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb
from typing import TypeAlias

from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType

STRONGEST_FIRST = (KeyKind.PHONE, KeyKind.EMAIL, KeyKind.EMAIL_ALIAS, KeyKind.WEAK_PHONE)
JOINING = frozenset(
    {KeyKind.PHONE, KeyKind.EMAIL, KeyKind.EMAIL_ALIAS}
)  # a local number is evidence, no joint
WEAK_KINDS = frozenset({KeyKind.EMAIL_ALIAS, KeyKind.WEAK_PHONE})
LARGE_GROUP = 5  # records; from here on a weak value that holds the group together is worth a warning

Pair: TypeAlias = tuple[RecordRef, RecordRef]  # the smaller record first
Apart: TypeAlias = Mapping[RecordRef, Set[RecordRef]]  # with whom a person said a record is not one customer
_Node: TypeAlias = RecordRef | int  # a record, or the number of a key's part
_STRENGTH = {kind: rank for rank, kind in enumerate(STRONGEST_FIRST)}


@dataclass(frozen=True, slots=True)
class KeyHolders:
    """A key and who holds it; at least two records, sorted."""

    key: MatchKey
    records: tuple[RecordRef, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One joint of a chain: "A~B phone"."""

    a: RecordRef
    b: RecordRef
    key: MatchKey


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Records held to be one customer, sorted, and why.

    `keys` are all that two or more of the records hold, non-joining ones too. `chain` is a spanning tree of
    the strongest keys: one link less than records. `weak_bridges` are its links by a weak value without
    which a large group would fall apart. `contested` are pairs a person called different that others join.
    """

    records: tuple[RecordRef, ...]
    keys: tuple[KeyHolders, ...]
    chain: tuple[Link, ...]
    weak_bridges: tuple[Link, ...]
    contested: tuple[Pair, ...]

    @property
    def number(self) -> str:
        """Return the group's name, which stays while its smallest record does: "lead:12"."""
        return str(self.records[0])


@dataclass(frozen=True, slots=True)
class Grouping:
    """All groups, by their smallest record, and the hubs, most holders first; a hub joins nobody."""

    groups: tuple[DuplicateGroup, ...]
    hubs: tuple[KeyHolders, ...]


def group_records(
    keys_of: Mapping[RecordRef, Collection[MatchKey]],
    *,
    hub_limit: int,
    rejected: Collection[frozenset[RecordRef]] = (),
    joining: Set[KeyKind] = JOINING,
) -> Grouping:
    """Return the duplicate groups of records, the same for every order of the input.

    A key held by more than `hub_limit` of the records is a hub. A rejected pair is no joint; it may still
    end up in one group through others, and is then among the group's `contested`.
    """
    apart = apart_of(rejected)
    held = _held_keys(keys_of)
    shared = [holders for holders in held if len(holders.records) <= hub_limit]
    hubs = [holders for holders in held if len(holders.records) > hub_limit]
    forest = _Forest()
    for holders in shared:
        if holders.key.kind in joining:
            for part in joined_parts(holders.records, apart):
                for pair in part:
                    forest.join(*pair)
    groups = [describe_group(keys, apart, joining) for keys in _by_group(shared, forest)]
    return Grouping(tuple(sorted(groups, key=lambda group: group.records[0])), sorted_hubs(hubs))


def describe_group(
    keys: Iterable[KeyHolders], apart: Apart, joining: Set[KeyKind] = JOINING
) -> DuplicateGroup:
    """Return the group that its shared keys make, each with its holders within the group, hubs left out."""
    ordered = tuple(sorted(keys, key=_strongest_first))
    (strongest, *others) = ordered
    is_small = not others and len(strongest.records) < LARGE_GROUP
    if is_small and strongest.key.kind in joining and not apart:
        return _held_by_one(strongest)
    records = tuple(sorted({ref for holders in ordered for ref in holders.records}))
    parts = [
        (holders.key, part)
        for holders in ordered
        if holders.key.kind in joining
        for part in joined_parts(holders.records, apart)
    ]
    forest = _Forest()
    chain = tuple(Link(a, b, key) for key, part in parts for a, b in part if forest.join(a, b))
    members = frozenset(records)
    contested = sorted((a, b) for a in apart.keys() & members for b in apart[a] & members if a < b)
    return DuplicateGroup(records, ordered, chain, _weak_bridges(records, parts, chain), tuple(contested))


def _held_by_one(holders: KeyHolders) -> DuplicateGroup:
    """Return a small group that one key makes, as most are: a star around its smallest record."""
    first, *others = holders.records
    chain = tuple([Link(first, other, holders.key) for other in others])
    return DuplicateGroup(holders.records, (holders,), chain, (), ())


def apart_of(rejected: Iterable[frozenset[RecordRef]]) -> Apart:
    """Return for every rejected record those it must not be joined with."""
    apart: defaultdict[RecordRef, set[RecordRef]] = defaultdict(set)
    for a, b in rejected:
        apart[a].add(b)
        apart[b].add(a)
    return apart


def joined_parts(holders: Sequence[RecordRef], apart: Apart) -> Iterator[list[Pair]]:
    """Split the sorted holders of a key into parts that rejected pairs leave connected; a tree of pairs each.

    Without rejected pairs it is one part, a star around the smallest record. Takes steps in proportion to
    the holders and the rejected pairs, not to all pairs. Records left alone are no part.
    """
    if not apart:
        yield [(holders[0], other) for other in holders[1:]]
        return
    waiting = list(holders)
    while waiting:
        reached, waiting = [waiting[0]], waiting[1:]
        tree: list[Pair] = []
        for ref in reached:
            enemies = apart.get(ref, frozenset())
            friends = [other for other in waiting if other not in enemies]
            waiting = [other for other in waiting if other in enemies]
            reached.extend(friends)
            tree.extend((ref, friend) if ref < friend else (friend, ref) for friend in friends)
            if not waiting:
                break
        if tree:
            yield tree


def pair_table(groups: Iterable[DuplicateGroup]) -> dict[tuple[RecordType, RecordType], int]:
    """Count the pairs within groups by their two types, the smaller first; all six are there, 0 included.

    A pair counts whether joined directly or through others; contested pairs do not. Reckoned from the sizes,
    so a group of 10,000 costs no more than its members.
    """
    table = dict.fromkeys(combinations_with_replacement(sorted(RecordType), 2), 0)
    for group in groups:
        sizes = Counter(ref.type for ref in group.records)
        contested = Counter((a.type, b.type) for a, b in group.contested)
        for a, b in table:
            pairs = comb(sizes[a], 2) if a is b else sizes[a] * sizes[b]
            table[a, b] += pairs - contested[a, b]
    return table


def sorted_hubs(hubs: Iterable[KeyHolders]) -> tuple[KeyHolders, ...]:
    """Return hubs with most holders first."""
    return tuple(sorted(hubs, key=lambda holders: (-len(holders.records), holders.key)))


def _held_keys(keys_of: Mapping[RecordRef, Collection[MatchKey]]) -> list[KeyHolders]:
    """Return the keys that two or more records hold."""
    holders: defaultdict[MatchKey, list[RecordRef]] = defaultdict(list)
    for ref, keys in keys_of.items():
        for key in set(keys):
            holders[key].append(ref)
    return [KeyHolders(key, tuple(sorted(refs))) for key, refs in holders.items() if len(refs) > 1]


def _by_group(shared: Iterable[KeyHolders], forest: _Forest) -> list[list[KeyHolders]]:
    """Return each group's shared keys; a key that joins not all of its holders may belong to several."""
    keys_by_root: defaultdict[RecordRef, list[KeyHolders]] = defaultdict(list)
    for holders in shared:
        refs_by_root: defaultdict[RecordRef, list[RecordRef]] = defaultdict(list)
        for ref in holders.records:
            refs_by_root[forest.root(ref)].append(ref)
        for root, refs in refs_by_root.items():
            if len(refs) > 1:
                keys_by_root[root].append(KeyHolders(holders.key, tuple(refs)))
    return list(keys_by_root.values())


def _strongest_first(holders: KeyHolders) -> tuple[int, int, tuple[RecordRef, ...], int]:
    return _STRENGTH[holders.key.kind], -len(holders.records), holders.records, holders.key.hash


def _weak_bridges(
    records: Sequence[RecordRef], parts: Sequence[tuple[MatchKey, list[Pair]]], chain: Iterable[Link]
) -> tuple[Link, ...]:
    """Return the chain's links by weak values whose loss would split the group; none for a small group."""
    if len(records) < LARGE_GROUP or not any(link.key.kind in WEAK_KINDS for link in chain):
        return ()
    neighbours: defaultdict[_Node, list[_Node]] = defaultdict(list)
    for number, (_, part) in enumerate(parts):
        for ref in {ref for pair in part for ref in pair}:
            neighbours[ref].append(number)
            neighbours[number].append(ref)
    cuts = _cut_nodes(neighbours, records[0])
    held_by = {(pair, key): number for number, (key, part) in enumerate(parts) for pair in part}
    return tuple(
        link for link in chain if link.key.kind in WEAK_KINDS and held_by[(link.a, link.b), link.key] in cuts
    )


def _cut_nodes(neighbours: Mapping[_Node, Sequence[_Node]], start: RecordRef) -> set[_Node]:
    """Return the nodes whose loss splits a connected graph (Hopcroft and Tarjan 1973; `start` may be wrong)."""
    order: dict[_Node, int] = {start: 0}
    low = dict(order)
    cuts: set[_Node] = set()
    path: list[tuple[_Node, Iterator[_Node]]] = [(start, iter(neighbours[start]))]
    while path:
        node, rest = path[-1]
        following = next(rest, None)
        if following is None:
            path.pop()
            if path:
                above = path[-1][0]
                low[above] = min(low[above], low[node])
                if low[node] >= order[above]:
                    cuts.add(above)
        elif following in order:
            low[node] = min(low[node], order[following])
        else:
            order[following] = low[following] = len(order)
            path.append((following, iter(neighbours[following])))
    return cuts


class _Forest:
    """Which records hang together: a disjoint-set forest with path halving."""

    def __init__(self) -> None:
        self._above: dict[RecordRef, RecordRef] = {}

    def root(self, ref: RecordRef) -> RecordRef:
        """Return the record that stands for all that hang together with this one."""
        above = self._above
        while (higher := above.get(ref, ref)) != ref:
            above[ref] = ref = above.get(higher, higher)
        return ref

    def join(self, a: RecordRef, b: RecordRef) -> bool:
        """Join two records; False when they hung together before."""
        root_a, root_b = sorted((self.root(a), self.root(b)))
        self._above[root_b] = root_a
        return root_a != root_b
