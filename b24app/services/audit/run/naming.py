"""What the names of a group's records say, and who gets the next call: from records read live. Pure.

Along the surest chain of shared values: alike names (82 of 100 and more) are the same person or company,
likely. Clearly different ones (below 60) are two customers with one value; or, by phone alone and with the older
records untouched since half a year before the younger came, a number that was passed on. Else: unknown.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from b24app.dedupe.group import DuplicateGroup, KeyHolders
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.names import DIFFERENT_BELOW, SAME_FROM, NameEffect, effect_of, name_similarity
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.dedupe.routing import Holder, Routing, next_call
from b24app.dedupe.rules import DAY_S, RuleSet
from b24app.dedupe.shared import SharedData, SharedKind, classify_shared
from b24app.services.audit.grading import CALLED_BY, VALUE_KINDS, grade_group
from b24app.store.audit_values import AuditGroup, AuditShared, NameGrade
from b24app.store.audit_writer import Graded
from b24app.store.index_batch import IndexedRecord

PASSED_ON_S = 182 * DAY_S
NO_NAMES = (DIFFERENT_BELOW + SAME_FROM) // 2  # a pair that can't be compared neither joins nor parts
_GRADES = {
    NameEffect.SAME: NameGrade.SAME,
    NameEffect.DIFFERENT: NameGrade.DIFFERENT,
    NameEffect.UNKNOWN: NameGrade.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A group as it is known with its records read."""

    graded: Graded
    shared: tuple[AuditShared, ...]


def shared_keys(
    members: Iterable[RecordRef], known: Mapping[RecordRef, IndexedRecord], hubs: frozenset[MatchKey]
) -> tuple[KeyHolders, ...]:
    """Return the keys, hubs left out, that two or more of a group's members hold."""
    holders: defaultdict[MatchKey, list[RecordRef]] = defaultdict(list)
    for ref in sorted(members):
        for key in known[ref].keys if ref in known else ():
            holders[key].append(ref)
    found = (KeyHolders(key, tuple(refs)) for key, refs in holders.items() if len(refs) > 1)
    return tuple(sorted((each for each in found if each.key not in hubs), key=_key_order))


def judge_group(
    group: AuditGroup,
    keys: Sequence[KeyHolders],
    records: Mapping[RecordRef, Record],
    deals: Mapping[RecordRef, float],
    rules: RuleSet,
    hashing_key: bytes,
) -> Judged:
    """Grade a group by its live records; those that are gone count no more."""
    here = [KeyHolders(key.key, left) for key in keys if len(left := _of(key.records, records)) > 1]
    members = tuple(sorted({ref for key in here for ref in key.records}))
    described = DuplicateGroup(members, tuple(here), (), (), ())
    found = grade_group(described, records, rules, hashing_key)
    strong = [key for key in here if key.key.kind in CALLED_BY]
    score = _name_score(here, records)
    shared = tuple(_shared(group.group_no, strong, records, deals))
    worst = max(shared, key=lambda value: value.severity, default=None)
    graded = Graded(
        group_no=group.group_no,
        grade=found.grade if found.keys else group.grade,
        name_grade=_name_grade(score, here, records),
        name_score=score,
        shared_kind=worst.shared_kind if worst else None,
        severity=worst.severity if worst else None,
    )
    return Judged(graded, shared)


def _of(refs: Iterable[RecordRef], records: Mapping[RecordRef, Record]) -> tuple[RecordRef, ...]:
    return tuple(ref for ref in refs if ref in records)


def _key_order(holders: KeyHolders) -> tuple[KeyKind, tuple[RecordRef, ...], int]:
    return holders.key.kind, holders.records, holders.key.hash


def _name_score(keys: Iterable[KeyHolders], records: Mapping[RecordRef, Record]) -> int | None:
    """Return the least likeness of the surest chain of shared values; None when no two can be compared."""
    pairs = {pair for key in keys for pair in combinations(key.records, 2)}
    known = {(a, b): name_similarity(records[a], records[b]) for a, b in sorted(pairs)}
    if all(score is None for score in known.values()):
        return None
    links = [(NO_NAMES if score is None else score, a, b) for (a, b), score in known.items()]
    parts: dict[RecordRef, RecordRef] = {}
    least = 100
    for score, a, b in sorted(links, key=lambda link: -link[0]):
        root_a, root_b = _root(parts, a), _root(parts, b)
        if root_a != root_b:
            parts[root_a] = root_b
            least = score
    return least


def _name_grade(
    score: int | None, keys: Sequence[KeyHolders], records: Mapping[RecordRef, Record]
) -> NameGrade:
    grade = _GRADES[effect_of(score)]
    if grade is NameGrade.DIFFERENT and all(key.key.kind is KeyKind.PHONE for key in keys):
        members = sorted({ref for key in keys for ref in key.records})
        if _was_passed_on([records[ref] for ref in members]):
            return NameGrade.PASSED_ON
    return grade


def _was_passed_on(members: Sequence[Record]) -> bool:
    """Tell whether there are two sets of names, and nobody touched the older for half a year before the younger."""
    if any(record.created_at is None for record in members):
        return False
    ordered = sorted(members, key=lambda record: (record.created_at or 0.0, record.ref))
    for place in range(1, len(ordered)):
        older, younger = ordered[:place], ordered[place:]
        if _is_apart(older, younger) and _last_touch(older) + PASSED_ON_S <= (younger[0].created_at or 0.0):
            return True
    return False


def _is_apart(older: Sequence[Record], younger: Sequence[Record]) -> bool:
    scores = [name_similarity(a, b) for a in older for b in younger]
    return all(score is not None and score < DIFFERENT_BELOW for score in scores)


def _last_touch(records: Iterable[Record]) -> float:
    return max(max(record.created_at or 0.0, record.modified_at or 0.0) for record in records)


def _shared(
    group_no: int,
    keys: Sequence[KeyHolders],
    records: Mapping[RecordRef, Record],
    deals: Mapping[RecordRef, float],
) -> Iterator[AuditShared]:
    number = 0
    for key in keys:
        holders = [records[ref] for ref in key.records]
        data = classify_shared(holders)
        if data is not None:
            routing = _routing(key.key.kind, holders, deals)
            yield _to_shared(group_no, number, key.key.kind, data, routing)
            number += 1


def _routing(kind: KeyKind, holders: Iterable[Record], deals: Mapping[RecordRef, float]) -> Routing | None:
    if kind is not KeyKind.PHONE:
        return None
    return next_call([Holder(record, deals.get(record.ref)) for record in holders])


def _to_shared(
    group_no: int, number: int, kind: KeyKind, data: SharedData, routing: Routing | None
) -> AuditShared:
    return AuditShared(
        group_no=group_no,
        shared_no=number,
        value_kind=VALUE_KINDS[kind].value,
        shared_kind=data.kind,
        severity=data.severity,
        is_same_responsible=data.same_responsible,
        contacts=data.contacts,
        companies=data.companies,
        receiver=routing.receiver if routing else None,
        should_receive=routing.should_receive if routing else None,
        is_misrouted=routing is not None and routing.differs,
        advice=advise(data, routing),
    )


ADVICE = ("nothing", "one_responsible", "link_contact", "settle_owner", "merge_first", "give_to_seller")


def advise(data: SharedData, routing: Routing | None) -> str:
    """Return the code of what to change, the most urgent first; one of ADVICE."""
    if data.kind is SharedKind.SEVERAL:
        return "merge_first"
    if data.kind is SharedKind.FOREIGN_COMPANY:
        return "link_contact" if data.same_responsible else "settle_owner"
    if routing is not None and routing.differs:
        return "give_to_seller"
    return "nothing" if data.same_responsible else "one_responsible"


def sharers(keys: Iterable[KeyHolders]) -> tuple[set[RecordRef], set[RecordRef]]:
    """Return the contacts and the companies that stand together on a phone or an e-mail."""
    contacts: set[RecordRef] = set()
    companies: set[RecordRef] = set()
    for key in keys:
        if key.key.kind in CALLED_BY:
            of_contacts = {ref for ref in key.records if ref.type is RecordType.CONTACT}
            of_companies = {ref for ref in key.records if ref.type is RecordType.COMPANY}
            if of_contacts and of_companies:
                contacts |= of_contacts
                companies |= of_companies
    return contacts, companies


def _root(above: dict[RecordRef, RecordRef], ref: RecordRef) -> RecordRef:
    while (higher := above.get(ref, ref)) != ref:
        above[ref] = ref = above.get(higher, higher)
    return ref
