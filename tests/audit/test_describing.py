"""What is stored of groups is what their plain description and the index say of them."""

from collections import Counter
from collections.abc import Iterator, Mapping

from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.group import DuplicateGroup
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.run.describing import Describer
from b24app.services.audit.run.grouping import GRADE_BY_KEY
from b24app.store.audit_columns import AuditMemberColumns
from b24app.store.audit_values import PAIR_TYPES, AuditGroup, AuditLink, NameGrade
from tests.audit.findings import Known, findings_of, plain_groups, portals, rejections
from tests.store.audits import groups_of


@given(portals, rejections, st.integers(1, 4))
def test_rows_of_groups_say_what_plain_descriptions_and_the_index_say(
    portal: Mapping[RecordRef, tuple[frozenset[MatchKey], tuple[int, float, float]]],
    rejected: frozenset[frozenset[RecordRef]],
    at_once: int,
) -> None:
    known = {ref: facts for ref, (_, facts) in sorted(portal.items())}
    findings = findings_of(
        {ref: held for ref, (held, _) in portal.items()}, known, rejected, RuleSet(hub_limit=9)
    )
    describer = Describer(findings)

    chunks = [describer.describe(start, at_once) for start in range(0, findings.bulk.group_count, at_once)]

    plain = sorted(plain_groups(findings), key=lambda group: _newest_at(group, known))
    assert [group for chunk in chunks for group in groups_of(chunk.groups)] == [
        _plain_row(number, group, known) for number, group in enumerate(plain)
    ]
    stored = [row for chunk in chunks for row in _member_rows(chunk.members)]
    assert stored == [
        (number, ref, known[ref][0], repr(known[ref][1]))
        for number, group in enumerate(plain)
        for ref in group.records
    ]


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
