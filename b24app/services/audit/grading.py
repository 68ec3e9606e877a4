"""How sure a duplicate group is: as sure as the weakest link of the surest chain that holds it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from b24app.dedupe.grade import Grade
from b24app.dedupe.group import DuplicateGroup
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.match import Reason, compare
from b24app.dedupe.record import Record, RecordRef, ValueKind
from b24app.dedupe.rules import RuleSet

CALLED_BY = frozenset(
    {KeyKind.PHONE, KeyKind.EMAIL}
)  # an alias or a local number is never what a portal looks up
VALUE_KINDS = {
    KeyKind.PHONE: ValueKind.PHONE,
    KeyKind.WEAK_PHONE: ValueKind.PHONE,
    KeyKind.EMAIL: ValueKind.EMAIL,
    KeyKind.EMAIL_ALIAS: ValueKind.EMAIL,
}


@dataclass(frozen=True, slots=True)
class GradedKey:
    """A value that members share, and the best grade that it alone gives any two of them.

    ``display`` is the value for reading.
    """

    key: MatchKey
    grade: Grade
    records: tuple[RecordRef, ...]
    display: str


@dataclass(frozen=True, slots=True)
class GradedGroup:
    """A group with its grade, and its values in the group's own order."""

    grade: Grade
    keys: tuple[GradedKey, ...]


def grade_group(
    group: DuplicateGroup, records: Mapping[RecordRef, Record], rules: RuleSet, hashing_key: bytes
) -> GradedGroup:
    """Compare all members who share a value, names and all."""
    reasons: defaultdict[MatchKey, list[Reason]] = defaultdict(list)
    holders: defaultdict[MatchKey, set[RecordRef]] = defaultdict(set)
    links: list[tuple[Grade, RecordRef, RecordRef]] = []
    inner = {shared.key for shared in group.keys}
    pairs = {pair for shared in group.keys for pair in combinations(shared.records, 2)}
    for a, b in sorted(pairs):
        match = compare(records[a], records[b], rules, hashing_key)
        counted = [reason for reason in match.reasons if reason.key in inner] if match else []
        for reason in counted:
            reasons[reason.key].append(reason)
            holders[reason.key].update((a, b))
        if counted:
            links.append((max(reason.grade for reason in counted), a, b))
    keys = tuple(
        GradedKey(
            key=shared.key,
            grade=max(reason.grade for reason in reasons[shared.key]),
            records=tuple(sorted(holders[shared.key])),
            display=reasons[shared.key][0].display,
        )
        for shared in group.keys
        if shared.key in reasons
    )
    return GradedGroup(_weakest_needed(links), keys)


def _weakest_needed(links: Iterable[tuple[Grade, RecordRef, RecordRef]]) -> Grade:
    """Return the least grade of a maximum spanning tree (Kruskal 1956)."""
    above: dict[RecordRef, RecordRef] = {}
    needed = Grade.EXACT
    for grade, a, b in sorted(links, key=lambda link: -link[0]):
        root_a, root_b = _root(above, a), _root(above, b)
        if root_a != root_b:
            above[root_a] = root_b
            needed = grade
    return needed


def _root(above: dict[RecordRef, RecordRef], ref: RecordRef) -> RecordRef:
    while (higher := above.get(ref, ref)) != ref:
        above[ref] = ref = above.get(higher, higher)
    return ref
