"""What an audit found, page by page: a page costs the same wherever it is, for it begins behind the last one."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, any_, func, literal, or_, select, tuple_, update

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.shared import Severity
from b24app.store.arrays import from_links
from b24app.store.audit_values import (
    PAIR_TYPES,
    SHARED_KINDS,
    AuditGroup,
    AuditHub,
    AuditLink,
    AuditMember,
    AuditShared,
    Change,
    GroupCursor,
    GroupFilter,
    GroupOrder,
    NameGrade,
)
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables_audit import AUDIT_GROUP, AUDIT_HUB, AUDIT_MEMBER, AUDIT_SHARED

LINK_NUMBERS = 4  # of a link in ``chain``: two records, the key's kind, its number


class AuditGroupRepository:
    """Groups, members, shared values and hubs of one portal's runs."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def find_groups(
        self,
        run_id: int,
        wanted: GroupFilter,
        order: GroupOrder,
        after: GroupCursor | None,
        limit: int,
    ) -> list[AuditGroup]:
        """Return the groups that follow the cursor in this order."""
        query = select(AUDIT_GROUP).where(self._of(run_id), *_conditions(wanted)).limit(limit)
        number = AUDIT_GROUP.c.group_no
        if order is GroupOrder.NUMBER:
            query = query.order_by(number)
            if after is not None:
                query = query.where(number > after.group_no)
        elif order is GroupOrder.NEWEST:
            query = query.order_by(number.desc())
            if after is not None:
                query = query.where(number < after.group_no)
        else:
            column = AUDIT_GROUP.c[order.value]
            query = query.order_by(column.desc(), number.desc())
            if after is not None:
                query = query.where(tuple_(column, number) < tuple_(after.value, after.group_no))
        return [to_group(row) for row in await self._scope.connection.execute(query)]

    async def count_groups(self, run_id: int, wanted: GroupFilter) -> int:
        query = select(func.count()).select_from(AUDIT_GROUP).where(self._of(run_id), *_conditions(wanted))
        return int((await self._scope.connection.execute(query)).scalar_one())

    async def group(self, run_id: int, group_no: int) -> AuditGroup | None:
        query = select(AUDIT_GROUP).where(self._of(run_id), AUDIT_GROUP.c.group_no == group_no)
        row = (await self._scope.connection.execute(query)).first()
        return None if row is None else to_group(row)

    async def members(self, run_id: int, group_nos: Collection[int]) -> list[AuditMember]:
        """Return the records of these groups, group by group, by type and id."""
        query = (
            select(AUDIT_MEMBER)
            .where(
                AUDIT_MEMBER.c.portal_id == self._scope.portal_id,
                AUDIT_MEMBER.c.run_id == run_id,
                AUDIT_MEMBER.c.group_no.in_(group_nos),
            )
            .order_by(AUDIT_MEMBER.c.group_no, AUDIT_MEMBER.c.type, AUDIT_MEMBER.c.id)
        )
        return [_to_member(row) for row in await self._scope.connection.execute(query)]

    async def shared(
        self, run_id: int, *, after: tuple[int, int] = (-1, -1), limit: int = 1_000
    ) -> list[AuditShared]:
        """Return shared values behind this pair of group and shared number, in that order."""
        query = (
            select(AUDIT_SHARED)
            .where(
                AUDIT_SHARED.c.portal_id == self._scope.portal_id,
                AUDIT_SHARED.c.run_id == run_id,
                tuple_(AUDIT_SHARED.c.group_no, AUDIT_SHARED.c.shared_no) > tuple_(*after),
            )
            .order_by(AUDIT_SHARED.c.group_no, AUDIT_SHARED.c.shared_no)
            .limit(limit)
        )
        return [_to_shared(row) for row in await self._scope.connection.execute(query)]

    async def shared_of(self, run_id: int, group_no: int) -> list[AuditShared]:
        """Return one group's shared values."""
        query = (
            select(AUDIT_SHARED)
            .where(
                AUDIT_SHARED.c.portal_id == self._scope.portal_id,
                AUDIT_SHARED.c.run_id == run_id,
                AUDIT_SHARED.c.group_no == group_no,
            )
            .order_by(AUDIT_SHARED.c.shared_no)
        )
        return [_to_shared(row) for row in await self._scope.connection.execute(query)]

    async def hubs(self, run_id: int, *, after: int = -1, limit: int = 1_000) -> list[AuditHub]:
        """Return values on too many records, largest first."""
        query = (
            select(AUDIT_HUB)
            .where(
                AUDIT_HUB.c.portal_id == self._scope.portal_id,
                AUDIT_HUB.c.run_id == run_id,
                AUDIT_HUB.c.hub_no > after,
            )
            .order_by(AUDIT_HUB.c.hub_no)
            .limit(limit)
        )
        return [_to_hub(row) for row in await self._scope.connection.execute(query)]

    async def hand_over(self, run_id: int, group_no: int, to: int | None, due_at: float | None) -> None:
        """Note who is to settle a group, and until when; None takes it back."""
        await self._scope.connection.execute(
            update(AUDIT_GROUP)
            .where(self._of(run_id), AUDIT_GROUP.c.group_no == group_no)
            .values(handed_to=to, due_at=due_at)
        )

    def _of(self, run_id: int) -> ColumnElement[bool]:
        return (AUDIT_GROUP.c.portal_id == self._scope.portal_id) & (AUDIT_GROUP.c.run_id == run_id)


def cursor_of(group: AuditGroup, order: GroupOrder) -> GroupCursor:
    """Return where a page ends that this group closes."""
    value = {
        GroupOrder.NUMBER: group.group_no,
        GroupOrder.SIZE: group.size,
        GroupOrder.GRADE: int(group.grade),
        GroupOrder.SEVERITY: int(group.severity or 0),
        GroupOrder.NEWEST: group.group_no,
    }[order]
    return GroupCursor(value, group.group_no)


def _conditions(wanted: GroupFilter) -> list[ColumnElement[bool]]:
    columns = AUDIT_GROUP.c
    equal = {
        "grade": wanted.grade,
        "name_grade": wanted.name_grade,
        "severity": wanted.severity,
        "change": wanted.change,
        "is_solved": wanted.is_solved,
        "shared_kind": None if wanted.shared_kind is None else SHARED_KINDS.index(wanted.shared_kind),
    }
    found: list[ColumnElement[bool]] = [
        columns[name] == value for name, value in equal.items() if value is not None
    ]
    if wanted.least_size is not None:
        found.append(columns.size >= wanted.least_size)
    if wanted.responsible_id is not None:
        found.append(literal(wanted.responsible_id) == any_(columns.responsibles))
    if wanted.concerns is not None:
        is_responsible = literal(wanted.concerns) == any_(columns.responsibles)
        found.append(or_(is_responsible, columns.handed_to == wanted.concerns))
    if wanted.pair is not None:
        found.append(columns.pairs.op("&")(1 << PAIR_TYPES.index(wanted.pair)) > 0)
    return found


def to_group(row: AnyRow) -> AuditGroup:
    return AuditGroup(
        group_no=row.group_no,
        code=row.code,
        size=row.size,
        leads=row.leads,
        contacts=row.contacts,
        companies=row.companies,
        grade=Grade(row.grade),
        name_grade=NameGrade(row.name_grade),
        name_score=row.name_score,
        kinds=frozenset(kind for kind in KeyKind if row.kinds >> kind & 1),
        pairs=frozenset(pair for place, pair in enumerate(PAIR_TYPES) if row.pairs >> place & 1),
        shared_kind=SHARED_KINDS[row.shared_kind],
        severity=Severity(row.severity) if row.severity else None,
        is_weakly_held=row.is_weakly_held,
        responsibles=tuple(row.responsibles),
        newest_at=row.newest_at,
        chain=tuple(_links(row.chain)),
        change=Change(row.change),
        is_solved=row.is_solved,
        handed_to=row.handed_to,
        due_at=row.due_at,
    )


def _links(numbers: Sequence[int]) -> list[AuditLink]:
    links = []
    for start in range(0, len(numbers), LINK_NUMBERS):
        a, b, kind, key_no = numbers[start : start + LINK_NUMBERS]
        ends = from_links([a, b])
        links.append(AuditLink(ends[0], ends[1], KeyKind(kind), key_no))
    return links


def _to_member(row: AnyRow) -> AuditMember:
    return AuditMember(
        group_no=row.group_no,
        ref=RecordRef(RecordType(row.type), row.id),
        responsible_id=row.responsible_id,
        stage=Stage(row.stage),
        created_at=row.created_at,
        source=row.source,
    )


def _to_shared(row: AnyRow) -> AuditShared:
    kind = SHARED_KINDS[row.shared_kind]
    if kind is None:
        raise ValueError("a shared value without its kind")
    return AuditShared(
        group_no=row.group_no,
        shared_no=row.shared_no,
        value_kind=row.value_kind,
        shared_kind=kind,
        severity=Severity(row.severity),
        is_same_responsible=row.is_same_responsible,
        contacts=from_links(row.contacts),
        companies=from_links(row.companies),
        receiver=_ref(row.receiver),
        should_receive=_ref(row.should_receive),
        is_misrouted=row.is_misrouted,
        advice=row.advice,
    )


def _to_hub(row: AnyRow) -> AuditHub:
    return AuditHub(
        hub_no=row.hub_no,
        kind=KeyKind(row.kind),
        size=row.size,
        leads=row.leads,
        contacts=row.contacts,
        companies=row.companies,
        sample=from_links(row.sample),
    )


def _ref(packed: int | None) -> RecordRef | None:
    return None if packed is None else from_links([packed])[0]
