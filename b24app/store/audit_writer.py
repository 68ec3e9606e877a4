"""Writing what an audit found: COPY for what is new, one statement over arrays for what became known later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, text

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordRef
from b24app.dedupe.shared import Severity, SharedKind
from b24app.store.arrays import to_link, to_links
from b24app.store.audit_columns import GROUP_COLUMNS, MEMBER_COLUMNS, AuditRows
from b24app.store.audit_groups import AuditGroupRepository
from b24app.store.audit_values import SHARED_KINDS, AuditHub, AuditShared, Change, NameGrade
from b24app.store.connections import driver_of
from b24app.store.scope import AnyRow
from b24app.store.tables_audit import AUDIT_GROUP, AUDIT_HUB, AUDIT_MEMBER, AUDIT_SHARED

_GRADE = text("""
    UPDATE audit_group AS g SET grade = n.grade, name_grade = n.name_grade, name_score = nullif(n.score, -1),
        shared_kind = n.shared_kind, severity = n.severity
    FROM unnest(CAST(:numbers AS bigint[]), CAST(:grades AS smallint[]), CAST(:name_grades AS smallint[]),
                CAST(:scores AS smallint[]), CAST(:shared_kinds AS smallint[]), CAST(:severities AS smallint[]))
        AS n(group_no, grade, name_grade, score, shared_kind, severity)
    WHERE g.portal_id = :portal_id AND g.run_id = :run_id AND g.group_no = n.group_no
""")
_DESCRIBE = text("""
    UPDATE audit_member AS m SET source = nullif(n.source, '')
    FROM unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[]), CAST(:numbers AS bigint[]),
                CAST(:sources AS text[])) AS n(type, id, group_no, source)
    WHERE m.portal_id = :portal_id AND m.run_id = :run_id AND m.group_no = n.group_no
        AND m.type = n.type AND m.id = n.id
""")
_CHANGE = text("""
    UPDATE audit_group AS g SET change = n.change
    FROM unnest(CAST(:numbers AS bigint[]), CAST(:changes AS smallint[])) AS n(group_no, change)
    WHERE g.portal_id = :portal_id AND g.run_id = :run_id AND g.group_no = n.group_no
""")
_SOLVE = text("""
    UPDATE audit_group SET is_solved = group_no = ANY(CAST(:numbers AS bigint[]))
    WHERE portal_id = :portal_id AND run_id = :run_id
        AND is_solved IS DISTINCT FROM (group_no = ANY(CAST(:numbers AS bigint[])))
""")
_ANALYZE = text("ANALYZE (SKIP_LOCKED) audit_group (portal_id, run_id)")  # never waits for a vacuum
_HAND_ON = text("""
    UPDATE audit_group AS g SET handed_to = p.handed_to, due_at = p.due_at FROM audit_group AS p
    WHERE g.portal_id = :portal_id AND g.run_id = :run_id AND p.portal_id = :portal_id
        AND p.run_id = :previous AND p.handed_to IS NOT NULL AND g.code = p.code
""")


@dataclass(frozen=True, slots=True)
class Graded:
    """What a group is known to be once its records were read; ``name_score`` 0-100."""

    group_no: int
    grade: Grade
    name_grade: NameGrade
    name_score: int | None
    shared_kind: SharedKind | None
    severity: Severity | None


class AuditWriter(AuditGroupRepository):
    """Everything that a run writes."""

    async def add_rows(self, rows: AuditRows) -> None:
        """Store new groups with their members; what is known of a member's source is stored later."""
        if rows.portal_id != self._scope.portal_id:
            raise ValueError("rows of another portal")
        driver = driver_of(self._scope.connection)
        for table, columns, data in (
            (AUDIT_GROUP.name, GROUP_COLUMNS, rows.groups),
            (AUDIT_MEMBER.name, MEMBER_COLUMNS, rows.members),
        ):
            await driver.copy_to_table(table, columns=columns, source=data, format="binary")

    async def refresh_statistics(self) -> None:
        """Let the database know how large the new run is: it takes it for a handful, and sorts all for one page."""
        await self._scope.connection.execute(_ANALYZE)

    async def add_shared(self, run_id: int, shared: Iterable[AuditShared]) -> None:
        """Store shared contact data."""
        own = (self._scope.portal_id, run_id)
        await self._copy(
            AUDIT_SHARED.name, _SHARED_COLUMNS, ((*own, *_shared_row(value)) for value in shared)
        )

    async def add_hubs(self, run_id: int, hubs: Iterable[AuditHub]) -> None:
        """Store hubs."""
        own = (self._scope.portal_id, run_id)
        rows = (
            (
                *own,
                hub.hub_no,
                int(hub.kind),
                hub.size,
                hub.leads,
                hub.contacts,
                hub.companies,
                to_links(hub.sample),
            )
            for hub in hubs
        )
        await self._copy(AUDIT_HUB.name, _HUB_COLUMNS, rows)

    async def grade_groups(self, run_id: int, graded: Sequence[Graded]) -> None:
        """Note what reading the members has told."""
        await self._execute(
            _GRADE,
            run_id=run_id,
            numbers=[each.group_no for each in graded],
            grades=[int(each.grade) for each in graded],
            name_grades=[int(each.name_grade) for each in graded],
            scores=[-1 if each.name_score is None else each.name_score for each in graded],
            shared_kinds=[SHARED_KINDS.index(each.shared_kind) for each in graded],
            severities=[int(each.severity or 0) for each in graded],
        )

    async def describe_members(self, run_id: int, sources: Mapping[tuple[int, RecordRef], str]) -> None:
        """Note the source of members, by group number and record."""
        await self._execute(
            _DESCRIBE,
            run_id=run_id,
            numbers=[number for number, _ in sources],
            types=[int(ref.type) for _, ref in sources],
            ids=[ref.id for _, ref in sources],
            sources=list(sources.values()),
        )

    async def note_changes(
        self, run_id: int, changes: Mapping[int, Change], *, previous: int, solved: Sequence[int]
    ) -> None:
        """Note what changed since the previous run, which of its groups are solved, and who has which in hand."""
        await self._execute(
            _CHANGE,
            run_id=run_id,
            numbers=list(changes),
            changes=[int(change) for change in changes.values()],
        )
        await self._execute(_SOLVE, run_id=previous, numbers=list(solved))
        await self._execute(_HAND_ON, run_id=run_id, previous=previous)

    async def _execute(self, statement: TextClause, **parameters: object) -> None:
        await self._scope.connection.execute(statement, {"portal_id": self._scope.portal_id, **parameters})

    async def _rows(self, statement: TextClause, **parameters: object) -> Sequence[AnyRow]:
        found = await self._scope.connection.execute(
            statement, {"portal_id": self._scope.portal_id, **parameters}
        )
        return found.all()

    async def _copy(self, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
        driver = driver_of(self._scope.connection)
        await driver.copy_records_to_table(table, columns=list(columns), records=rows)


_SHARED_COLUMNS = tuple(column.name for column in AUDIT_SHARED.columns)
_HUB_COLUMNS = tuple(column.name for column in AUDIT_HUB.columns)


def _shared_row(value: AuditShared) -> tuple[object, ...]:
    receiver, should = (to_link(ref) if ref else None for ref in (value.receiver, value.should_receive))
    return (
        value.group_no,
        value.shared_no,
        value.value_kind,
        SHARED_KINDS.index(value.shared_kind),
        int(value.severity),
        value.is_same_responsible,
        to_links(value.contacts),
        to_links(value.companies),
        receiver,
        should,
        value.is_misrouted,
        value.advice,
    )
