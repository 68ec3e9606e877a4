"""What is stored of groups is what their plain description and the index say of them."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.group import DuplicateGroup
from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.describing import Describer
from b24app.services.audit.grouping import GRADE_BY_KEY, Findings, find_groups
from b24app.store.audit_columns import AuditMemberColumns
from b24app.store.audit_values import PAIR_TYPES, AuditGroup, AuditLink, NameGrade
from b24app.store.index_columns import RecordColumns
from tests.store.audits import groups_of

KeysOf = Mapping[RecordRef, Collection[MatchKey]]
Known = Mapping[RecordRef, tuple[int, float, float]]  # responsible, creation, change

refs = st.builds(RecordRef, st.sampled_from(RecordType), st.sampled_from([1, 2, 30, 2**40]))
keys = st.builds(
    lambda kind, step: MatchKey(kind, 8 * step + kind),  # a hash tells the kind
    st.sampled_from(KeyKind),
    st.integers(0, 2),
)
moments = st.sampled_from([np.nan, 0.0, 5.5, 1.7e9])
known_facts = st.tuples(st.sampled_from([0, 1, 2, 2**40]), moments, moments)
portals = st.dictionaries(refs, st.tuples(st.frozensets(keys, max_size=4), known_facts), max_size=12)
rejections = st.frozensets(st.frozensets(refs, min_size=2, max_size=2), max_size=3)


@given(portals, rejections, st.integers(1, 4))
def test_rows_of_groups_say_what_plain_descriptions_and_the_index_say(
    portal: Mapping[RecordRef, tuple[frozenset[MatchKey], tuple[int, float, float]]],
    rejected: frozenset[frozenset[RecordRef]],
    at_once: int,
) -> None:
    known = {ref: facts for ref, (_, facts) in sorted(portal.items())}
    findings = _find({ref: held for ref, (held, _) in portal.items()}, known, rejected)
    describer = Describer(findings)

    chunks = [describer.describe(start, at_once) for start in range(0, findings.bulk.group_count, at_once)]

    plain = sorted(findings.groups(), key=lambda group: _newest_at(group, known))
    assert [group for chunk in chunks for group in groups_of(chunk.groups)] == [
        _plain_row(number, group, known) for number, group in enumerate(plain)
    ]
    stored = [row for chunk in chunks for row in _member_rows(chunk.members)]
    assert stored == [
        (number, ref, known[ref][0], repr(known[ref][1]))
        for number, group in enumerate(plain)
        for ref in group.records
    ]


def _find(keys_of: KeysOf, known: Known, rejected: frozenset[frozenset[RecordRef]]) -> Findings:
    facts = np.array(list(known.values()), np.float64).reshape(len(known), 3)
    records = RecordColumns(
        types=np.array([ref.type for ref in known], np.int8),
        ids=np.array([ref.id for ref in known], np.int64),
        responsibles=facts[:, 0].astype(np.int64),
        stages=np.zeros(len(known), np.int8),
        created_at=facts[:, 1],
        modified_at=facts[:, 2],
    )
    everybody = np.ones(len(records), np.bool_)
    return find_groups(records, KeyTable.of(keys_of), RuleSet(hub_limit=9), everybody, rejected)


def _plain_row(number: int, group: DuplicateGroup, known: Known) -> AuditGroup:
    sizes = Counter(ref.type for ref in group.records)
    key_numbers = {held.key: place for place, held in enumerate(group.keys)}
    return AuditGroup(
        group_no=number,
        code=group.number,
        size=len(group.records),
        leads=sizes[RecordType.LEAD],
        contacts=sizes[RecordType.CONTACT],
        companies=sizes[RecordType.COMPANY],
        grade=min(GRADE_BY_KEY[link.key.kind] for link in group.chain),
        name_grade=NameGrade.NOT_READ,
        name_score=None,
        kinds=frozenset(held.key.kind for held in group.keys),
        pairs=frozenset((a, b) for a, b in PAIR_TYPES if (sizes[a] > 1 if a is b else sizes[a] and sizes[b])),
        shared_kind=None,
        severity=None,
        is_weakly_held=bool(group.weak_bridges),
        responsibles=tuple(sorted({known[ref][0] for ref in group.records} - {0})),
        newest_at=_newest_at(group, known),
        chain=tuple(AuditLink(link.a, link.b, link.key.kind, key_numbers[link.key]) for link in group.chain),
    )


def _newest_at(group: DuplicateGroup, known: Known) -> float:
    moments = [moment for ref in group.records for moment in known[ref][1:]]
    return max((moment for moment in moments if moment == moment), default=0.0)


def _member_rows(members: AuditMemberColumns) -> Iterator[tuple[int, RecordRef, int, str]]:
    columns = (members.group_nos, members.types, members.ids, members.responsibles, members.created_at)
    for number, kind, one, responsible, created_at in zip(*(each.tolist() for each in columns), strict=True):
        yield number, RecordRef(RecordType(kind), one), responsible, repr(created_at)  # NaN equals nothing
