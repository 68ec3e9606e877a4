"""Groups are what brute force over all pairs finds, and the order of the input does not matter."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array

from b24app.dedupe.group import JOINING, WEAK_KINDS, DuplicateGroup, Grouping, group_records, pair_table
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from tests.dedupe.seeded import RULES, seeded_keys

HUB_LIMIT = 4
KeysOf = Mapping[RecordRef, Collection[MatchKey]]
Pairs = set[frozenset[RecordRef]]

records = st.builds(RecordRef, st.sampled_from(RecordType), st.integers(1, 6))
keys = st.builds(MatchKey, st.sampled_from(KeyKind), st.integers(0, 7))
portals = st.dictionaries(records, st.frozensets(keys, max_size=4), max_size=18)
rejections = st.frozensets(st.frozensets(records, min_size=2, max_size=2), max_size=12)


def brute_force(keys_of: KeysOf, rejected: Collection[frozenset[RecordRef]], hub_limit: int) -> Pairs:
    """Return the pairs joined directly: every two records looked at."""
    counts = Counter(key for held in keys_of.values() for key in held)
    return {
        frozenset((a, b))
        for a, b in combinations(keys_of, 2)
        if frozenset((a, b)) not in rejected
        and any(key in keys_of[b] and key.kind in JOINING and counts[key] <= hub_limit for key in keys_of[a])
    }


def connected(pairs: Iterable[frozenset[RecordRef]]) -> set[frozenset[RecordRef]]:
    """Return what hangs together, by walking from record to record."""
    neighbours: defaultdict[RecordRef, set[RecordRef]] = defaultdict(set)
    for a, b in pairs:
        neighbours[a].add(b)
        neighbours[b].add(a)
    found = set()
    while neighbours:
        reached, waiting = set(), [next(iter(neighbours))]
        while waiting:
            ref = waiting.pop()
            reached.add(ref)
            waiting.extend(neighbours.pop(ref, set()) - reached)
        found.add(frozenset(reached))
    return found


def memberships(grouping: Grouping) -> set[frozenset[RecordRef]]:
    return {frozenset(group.records) for group in grouping.groups}


@given(portals, rejections)
def test_groups_are_what_brute_force_finds(
    keys_of: KeysOf, rejected: frozenset[frozenset[RecordRef]]
) -> None:
    grouping = group_records(keys_of, hub_limit=HUB_LIMIT, rejected=rejected)

    assert memberships(grouping) == connected(brute_force(keys_of, rejected, HUB_LIMIT))


@given(portals, rejections, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    keys_of: KeysOf, rejected: frozenset[frozenset[RecordRef]], chance: Random
) -> None:
    items, pairs = [(ref, list(held)) for ref, held in keys_of.items()], list(rejected)
    chance.shuffle(items)
    chance.shuffle(pairs)
    for _, held in items:
        chance.shuffle(held)

    shuffled = group_records(dict(items), hub_limit=HUB_LIMIT, rejected=pairs)

    assert shuffled == group_records(keys_of, hub_limit=HUB_LIMIT, rejected=rejected)


@given(portals, rejections)
def test_a_chain_holds_its_group_by_true_links_as_strong_as_can_be(
    keys_of: KeysOf, rejected: frozenset[frozenset[RecordRef]]
) -> None:
    for group in group_records(keys_of, hub_limit=HUB_LIMIT, rejected=rejected).groups:
        assert connected(frozenset((link.a, link.b)) for link in group.chain) == {frozenset(group.records)}
        assert len(group.chain) == len(group.records) - 1
        for link in group.chain:
            assert link.key in keys_of[link.a]
            assert link.key in keys_of[link.b]
            assert frozenset((link.a, link.b)) not in rejected
        assert sum(link.key.kind in WEAK_KINDS for link in group.chain) == least_weak_links(group, rejected)


def least_weak_links(group: DuplicateGroup, rejected: Collection[frozenset[RecordRef]]) -> int:
    """Return how many weak links the group can't do without: one less than its strongly held parts."""
    strong = [holders for holders in group.keys if holders.key.kind not in WEAK_KINDS]
    pairs = {frozenset(pair) for holders in strong for pair in combinations(holders.records, 2)}
    parts = connected(pairs - set(rejected))
    return len(parts) + len(group.records) - sum(map(len, parts)) - 1


@given(st.dictionaries(records, st.frozensets(keys, min_size=1, max_size=3), min_size=5, max_size=18))
def test_a_weak_bridge_is_a_value_without_which_the_group_falls_apart(keys_of: KeysOf) -> None:
    for group in group_records(keys_of, hub_limit=18).groups:
        used = {link.key for link in group.chain if link.key.kind in WEAK_KINDS}
        named = {link.key for link in group.weak_bridges}
        for key in used:
            without = {ref: set(keys_of[ref]) - {key} for ref in group.records}
            splits = memberships(group_records(without, hub_limit=18)) != {frozenset(group.records)}
            assert (key in named) == (splits and len(group.records) >= 5)


@given(portals, rejections)
def test_the_table_of_types_counts_every_pair_that_is_not_contested(
    keys_of: KeysOf, rejected: frozenset[frozenset[RecordRef]]
) -> None:
    groups = group_records(keys_of, hub_limit=HUB_LIMIT, rejected=rejected).groups

    pairs = [
        pair for group in groups for pair in combinations(group.records, 2) if frozenset(pair) not in rejected
    ]
    assert +Counter(pair_table(groups)) == Counter((a.type, b.type) for a, b in pairs)


def test_twenty_thousand_seeded_records_give_the_groups_of_brute_force() -> None:
    keys_of = seeded_keys(20_000, seed=7)
    direct = all_pairs_compared(keys_of, RULES.hub_limit)
    rejected = Random(7).sample(sorted(direct, key=sorted), len(direct) // 10)

    grouping = group_records(keys_of, hub_limit=RULES.hub_limit, rejected=rejected)

    assert len(keys_of) >= 20_000
    assert len(grouping.groups) > 1_000
    assert grouping.hubs
    assert memberships(grouping) == connected(direct - set(rejected))


def all_pairs_compared(keys_of: KeysOf, hub_limit: int) -> Pairs:
    """Return `brute_force` for many records: a matrix product counts the shared keys of each of all pairs."""
    counts = Counter(key for held in keys_of.values() for key in held)
    meant = [key for key, count in counts.items() if key.kind in JOINING and count <= hub_limit]
    columns = {key: column for column, key in enumerate(meant)}
    refs = list(keys_of)
    cells = [(row, columns[key]) for row, ref in enumerate(refs) for key in keys_of[ref] if key in columns]
    rows, held = zip(*cells, strict=True)
    holds = csr_array(([1] * len(cells), (rows, held)), shape=(len(refs), len(meant)))
    shared = coo_array(holds @ holds.T)
    return {frozenset((refs[a], refs[b])) for a, b in zip(shared.row, shared.col, strict=True) if a < b}
