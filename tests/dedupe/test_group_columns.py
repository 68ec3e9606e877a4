"""Groups described as columns are what `describe_group` says of each."""

from collections.abc import Collection, Mapping

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from b24app.dedupe.bulk import describe_groups, group_table
from b24app.dedupe.group import JOINING, DuplicateGroup
from b24app.dedupe.group_columns import GroupColumns, GroupDescriber
from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from tests.dedupe.builders import CONTACT, LEAD
from tests.dedupe.seeded import RULES, seeded_keys

KeysOf = Mapping[RecordRef, Collection[MatchKey]]
Told = tuple[tuple[RecordRef, ...], list[KeyKind], list[tuple[RecordRef, RecordRef, KeyKind, int]], bool]

records = st.builds(RecordRef, st.sampled_from(RecordType), st.integers(1, 5))
keys = st.builds(
    lambda kind, base, step: MatchKey(kind, base + 4 * step + kind),  # a hash tells the kind
    st.sampled_from(KeyKind),
    st.sampled_from([-(2**63), 0]),
    st.integers(0, 2),
)
portals = st.dictionaries(records, st.frozensets(keys, max_size=5), max_size=15)
rejections = st.frozensets(st.frozensets(records, min_size=2, max_size=2), max_size=4)
joining_kinds = st.sampled_from([JOINING, frozenset({KeyKind.PHONE}), frozenset(KeyKind)])

PHONES = [MatchKey(KeyKind.PHONE, number) for number in range(5)]
ALIAS = MatchKey(KeyKind.EMAIL_ALIAS, -1)
TIED = {
    RecordRef(LEAD, 1): frozenset(PHONES),
    RecordRef(LEAD, 2): frozenset(PHONES),
    RecordRef(LEAD, 3): frozenset(PHONES[2:4]),
    RecordRef(LEAD, 4): frozenset({PHONES[0], PHONES[4]}),
    RecordRef(LEAD, 5): frozenset({PHONES[1]}),
}  # five phones on three records each, the first two always the same
BRIDGE = {RecordRef(LEAD, number): frozenset({PHONES[0]}) for number in range(1, 4)} | {
    RecordRef(LEAD, 4): frozenset({PHONES[0], ALIAS}),
    RecordRef(CONTACT, 5): frozenset({ALIAS}),
}


@given(portals, rejections, joining_kinds, st.integers(1, 5))
@example(TIED, frozenset(), JOINING, 9)
@example(BRIDGE, frozenset(), JOINING, 9)
@example(BRIDGE, frozenset({frozenset({RecordRef(LEAD, 1), RecordRef(LEAD, 4)})}), JOINING, 9)
def test_any_stretch_of_columns_says_what_the_plain_form_says(
    keys_of: KeysOf, rejected: Collection[frozenset[RecordRef]], joining: frozenset[KeyKind], at_once: int
) -> None:
    table = KeyTable.of(keys_of)
    bulk = group_table(table, hub_limit=8, rejected=rejected, joining=joining)
    describer = GroupDescriber(table, bulk, rejected=rejected, joining=joining)

    told = [
        group
        for start in range(0, bulk.group_count, at_once)
        for group in read(table, describer.describe(start, min(start + at_once, bulk.group_count)))
    ]

    plain = describe_groups(table, bulk, rejected=rejected, joining=joining)
    assert told == [told_by(group) for group in plain]


def test_a_whole_portal_of_columns_says_what_the_plain_form_says() -> None:
    keys_of = seeded_keys(8_000, seed=12)
    table = KeyTable.of(keys_of)
    bulk = group_table(table, hub_limit=RULES.hub_limit)
    plain = list(describe_groups(table, bulk))
    rejected = [frozenset((group.records[0], group.records[-1])) for group in plain[::9]]
    bulk = group_table(table, hub_limit=RULES.hub_limit, rejected=rejected)

    described = GroupDescriber(table, bulk, rejected=rejected).describe(0, bulk.group_count)

    assert read(table, described) == [
        told_by(group) for group in describe_groups(table, bulk, rejected=rejected)
    ]
    assert any(group.contested for group in describe_groups(table, bulk, rejected=rejected))


def told_by(group: DuplicateGroup) -> Told:
    """What columns say too."""
    number_of = {held.key: number for number, held in enumerate(group.keys)}
    chain = [(link.a, link.b, link.key.kind, number_of[link.key]) for link in group.chain]
    return group.records, [held.key.kind for held in group.keys], chain, bool(group.weak_bridges)


def read(table: KeyTable, described: GroupColumns) -> list[Told]:
    links = described.links
    members, kinds = (
        np.split(column, np.cumsum(counts)[:-1])
        for column, counts in ((described.members, described.sizes), (described.kinds, described.key_counts))
    )
    told: list[Told] = []
    for place, is_weakly_held in enumerate(described.is_weakly_held.tolist()):
        own = links.only(links.labels == described.first + place)
        chain = [
            (table.ref(a), table.ref(b), KeyKind(kind), number)
            for a, b, kind, number in zip(
                *(column.tolist() for column in (own.here, own.there, own.kinds, own.key_nos)), strict=True
            )
        ]
        refs = tuple(table.ref(number) for number in members[place].tolist())
        told.append((refs, [KeyKind(kind) for kind in kinds[place].tolist()], chain, is_weakly_held))
    return told
