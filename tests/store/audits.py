"""Audits as a run leaves them: valid by default, one difference per call."""

from collections.abc import Sequence
from dataclasses import replace

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.shared import Severity, SharedKind
from b24app.store.audit_values import (
    AuditGroup,
    AuditHub,
    AuditLink,
    AuditMember,
    AuditRun,
    AuditShared,
    NameGrade,
)
from b24app.store.audit_writer import MemberRow
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


def _row(member: AuditMember) -> MemberRow:
    ref = member.ref
    stage, created_at = int(member.stage), member.created_at
    return member.group_no, int(ref.type), ref.id, member.responsible_id, stage, created_at


async def a_stored_audit(tx: Transaction, groups: Sequence[AuditGroup] = (a_group(),)) -> AuditRun:
    """A run with groups, shared data and a hub."""
    run = await tx.audits.order(an_order(), NOON)
    members = [_row(member) for group in groups for member in members_of(group)]
    await tx.audits.add_groups(run.run_id, groups, members)
    await tx.audits.add_shared(run.run_id, [a_shared_value(groups[0].group_no)])
    await tx.audits.add_hubs(
        run.run_id, [AuditHub(0, KeyKind.PHONE, 51, 51, 0, 0, (RecordRef(RecordType.LEAD, 1),))]
    )
    return run
