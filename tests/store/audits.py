"""Audits as a run leaves them: valid by default, one difference per call."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.shared import Severity, SharedKind
from b24app.store.arrays import from_links, to_link
from b24app.store.audit_columns import AuditGroupColumns, AuditMemberColumns, AuditRows
from b24app.store.audit_values import (
    PAIR_TYPES,
    AuditGroup,
    AuditHub,
    AuditLink,
    AuditMember,
    AuditRun,
    AuditShared,
    NameGrade,
)
from b24app.store.audit_writer import Graded
from b24app.store.audits import AuditOrder
from b24app.store.database import Transaction
from tests.store.builders import NOON, a_company, a_contact

WHOLE_PORTAL: dict[str, object] = {"types": ["lead", "contact", "company"]}


def an_order(name: str = "Весь портал", **changes: object) -> AuditOrder:
    """An order of an audit of everything."""
    order = AuditOrder(name=name, scope=WHOLE_PORTAL, terms={"budget": 60}, rules={}, started_by=1)
    return replace(order, **changes)


def a_group(group_no: int = 0, **changes: object) -> AuditGroup:
    """A contact and a company with one phone."""
    a, b = a_contact(group_no + 1), a_company(group_no + 1)
    group = AuditGroup(
        group_no=group_no,
        code=str(a),
        size=2,
        leads=0,
        contacts=1,
        companies=1,
        grade=Grade.EXACT,
        name_grade=NameGrade.UNKNOWN,
        name_score=None,
        kinds=frozenset({KeyKind.PHONE}),
        pairs=frozenset({(RecordType.CONTACT, RecordType.COMPANY)}),
        shared_kind=None,
        severity=None,
        is_weakly_held=False,
        responsibles=(1, 2),
        newest_at=NOON + group_no,
        chain=(AuditLink(a, b, KeyKind.PHONE, 0),),
    )
    return replace(group, **changes)


def members_of(group: AuditGroup) -> list[AuditMember]:
    """The two records of ``a_group``."""
    refs: Sequence[RecordRef] = (group.chain[0].a, group.chain[0].b)
    return [
        AuditMember(group.group_no, ref, responsible, Stage.NONE, NOON)
        for ref, responsible in zip(refs, (1, 2), strict=True)
    ]


def a_shared_value(group_no: int = 0) -> AuditShared:
    """A phone of a contact and a company that is not his."""
    a, b = a_contact(group_no + 1), a_company(group_no + 1)
    return AuditShared(
        group_no=group_no,
        shared_no=0,
        value_kind="phone",
        shared_kind=SharedKind.FOREIGN_COMPANY,
        severity=Severity.ALARM,
        is_same_responsible=False,
        contacts=(a,),
        companies=(b,),
        receiver=a,
        should_receive=b,
        is_misrouted=True,
        advice="link",
    )


def group_columns(groups: Sequence[AuditGroup]) -> AuditGroupColumns:
    """Groups as columns, but for what only reading their records tells."""
    chains = [chain_numbers(group) for group in groups]
    return AuditGroupColumns(
        group_nos=np.array([group.group_no for group in groups], np.int64),
        codes=tuple(group.code for group in groups),
        sizes=np.array([group.size for group in groups], np.int64),
        leads=np.array([group.leads for group in groups], np.int32),
        contacts=np.array([group.contacts for group in groups], np.int32),
        companies=np.array([group.companies for group in groups], np.int32),
        grades=np.array([group.grade for group in groups], np.int8),
        kinds=np.array([sum(1 << kind for kind in group.kinds) for group in groups], np.int8),
        pairs=np.array(
            [sum(1 << PAIR_TYPES.index(pair) for pair in group.pairs) for group in groups], np.int8
        ),
        is_weakly_held=np.array([group.is_weakly_held for group in groups], np.bool_),
        responsible_counts=np.array([len(group.responsibles) for group in groups], np.int64),
        responsibles=np.array([one for group in groups for one in group.responsibles], np.int64),
        newest_at=np.array([group.newest_at for group in groups], np.float64),
        chain_counts=np.array([len(chain) for chain in chains], np.int64),
        chains=np.array([number for chain in chains for number in chain], np.int64),
    )


def groups_of(columns: AuditGroupColumns) -> list[AuditGroup]:
    """The groups as they will be read again."""
    responsibles, chains = (
        np.split(values, np.cumsum(counts)[:-1])
        for counts, values in (
            (columns.responsible_counts, columns.responsibles),
            (columns.chain_counts, columns.chains),
        )
    )
    return [
        AuditGroup(
            group_no=columns.group_nos.item(place),
            code=code,
            size=columns.sizes.item(place),
            leads=columns.leads.item(place),
            contacts=columns.contacts.item(place),
            companies=columns.companies.item(place),
            grade=Grade(columns.grades.item(place)),
            name_grade=NameGrade.NOT_READ,
            name_score=None,
            kinds=frozenset(kind for kind in KeyKind if columns.kinds.item(place) >> kind & 1),
            pairs=frozenset(
                pair for bit, pair in enumerate(PAIR_TYPES) if columns.pairs.item(place) >> bit & 1
            ),
            shared_kind=None,
            severity=None,
            is_weakly_held=columns.is_weakly_held.item(place),
            responsibles=tuple(responsibles[place].tolist()),
            newest_at=columns.newest_at.item(place),
            chain=tuple(to_chain(chains[place].tolist())),
        )
        for place, code in enumerate(columns.codes)
    ]


def to_chain(numbers: Sequence[int]) -> Iterator[AuditLink]:
    for start in range(0, len(numbers), 4):
        a, b, kind, key_no = numbers[start : start + 4]
        yield AuditLink(*from_links([a, b]), KeyKind(kind), key_no)


def chain_numbers(group: AuditGroup) -> list[int]:
    """A chain as the table keeps it: four numbers a link."""
    links = [(to_link(link.a), to_link(link.b), int(link.kind), link.key_no) for link in group.chain]
    return [number for link in links for number in link]


def member_columns(members: Sequence[AuditMember]) -> AuditMemberColumns:
    return AuditMemberColumns(
        group_nos=np.array([member.group_no for member in members], np.int64),
        types=np.array([member.ref.type for member in members], np.int8),
        ids=np.array([member.ref.id for member in members], np.int64),
        responsibles=np.array([member.responsible_id or 0 for member in members], np.int64),
        stages=np.array([member.stage for member in members], np.int8),
        created_at=np.array([member.created_at for member in members], np.float64),
    )


async def a_stored_audit(tx: Transaction, groups: Sequence[AuditGroup] = (a_group(),)) -> AuditRun:
    """A run with groups, shared data and a hub."""
    run = await tx.audits.order(an_order(), NOON)
    members = [member for group in groups for member in members_of(group)]
    columns = group_columns(groups), member_columns(members)
    await tx.audits.add_rows(AuditRows.of(tx.portal_id, run.run_id, *columns))
    await tx.audits.grade_groups(run.run_id, [_graded(group) for group in groups])
    for group in groups:
        if group.handed_to is not None:
            await tx.audits.hand_over(run.run_id, group.group_no, group.handed_to, group.due_at)
    await tx.audits.add_shared(run.run_id, [a_shared_value(groups[0].group_no)])
    await tx.audits.add_hubs(
        run.run_id, [AuditHub(0, KeyKind.PHONE, 51, 51, 0, 0, (RecordRef(RecordType.LEAD, 1),))]
    )
    return run


def _graded(group: AuditGroup) -> Graded:
    return Graded(
        group.group_no, group.grade, group.name_grade, group.name_score, group.shared_kind, group.severity
    )
