"""An audit's figures, counted by the database out of what was stored, and the way from one run to the next."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, text

from b24app.dedupe.key_table import Ids, pack
from b24app.store.audit_writer import AuditWriter
from b24app.store.index_columns import BIGINT, INTEGER, SMALLINT, read_columns

_MEMBERS = "SELECT group_no, type, id FROM audit_member WHERE portal_id = $1 AND run_id = $2"
_MEMBER_FIELDS = (BIGINT, SMALLINT, BIGINT)
MOST_NAMED = 500  # people, sources or months in the figures; who has most comes first

_TOTALS = text("""
    SELECT count(*), coalesce(sum(size), 0), count(*) FILTER (WHERE is_weakly_held), coalesce(max(size), 0)
    FROM audit_group WHERE portal_id = :portal_id AND run_id = :run_id
""")
_BY_GROUP = """
    SELECT {column}, count(*) FROM audit_group WHERE portal_id = :portal_id AND run_id = :run_id
    GROUP BY {column} ORDER BY {column}
"""
_SHARED = text("""
    SELECT shared_kind, severity, count(*), count(*) FILTER (WHERE is_misrouted)
    FROM audit_shared WHERE portal_id = :portal_id AND run_id = :run_id
    GROUP BY shared_kind, severity ORDER BY shared_kind, severity
""")
_HUBS = text("SELECT count(*) FROM audit_hub WHERE portal_id = :portal_id AND run_id = :run_id")
_BY_RESPONSIBLE = text("""
    SELECT coalesce(responsible_id, 0), count(DISTINCT group_no), count(*)
    FROM audit_member WHERE portal_id = :portal_id AND run_id = :run_id
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :most
""")
# A duplicate is made by whoever came later: all members of a group but its first.
_LATER = """
    SELECT {column} AS word, count(*) FROM (
        SELECT source, created_at, row_number() OVER (
            PARTITION BY group_no ORDER BY created_at NULLS FIRST, type, id
        ) AS place
        FROM audit_member WHERE portal_id = :portal_id AND run_id = :run_id
    ) AS ordered
    WHERE place > 1 AND {column} IS NOT NULL GROUP BY 1 ORDER BY {order} LIMIT :most
"""
_MONTH = "to_char(to_timestamp(created_at) AT TIME ZONE 'UTC', 'YYYY-MM')"
_BY_SOURCE = text(_LATER.format(column="source", order="2 DESC, 1"))
_BY_MONTH = text(_LATER.format(column=_MONTH, order="1 DESC"))

_CARRY_OVER = text("""
    UPDATE audit_group AS g SET grade = p.grade, name_grade = p.name_grade, name_score = p.name_score
    FROM audit_group AS p
    WHERE g.portal_id = :portal_id AND g.run_id = :run_id AND p.portal_id = :portal_id
        AND p.run_id = :previous AND g.code = p.code AND g.chain = p.chain AND g.kinds = p.kinds
        AND g.newest_at < :unchanged_since AND p.name_grade >= 0 AND (g.contacts = 0 OR g.companies = 0)
""")
_CARRY_SOURCES = text("""
    UPDATE audit_member AS m SET source = o.source
    FROM audit_member AS o
    WHERE m.portal_id = :portal_id AND m.run_id = :run_id AND o.portal_id = :portal_id
        AND o.run_id = :previous AND m.type = o.type AND m.id = o.id AND o.source IS NOT NULL
        AND EXISTS (
            SELECT FROM audit_group AS g WHERE g.portal_id = :portal_id AND g.run_id = :run_id
                AND g.group_no = m.group_no AND g.name_grade >= 0
        )
""")
_UNREAD = """
    SELECT group_no, size, contacts, companies FROM audit_group
    WHERE portal_id = $1 AND run_id = $2 AND name_grade < 0 ORDER BY group_no
"""
_UNREAD_FIELDS = (BIGINT, INTEGER, INTEGER, INTEGER)
_REOPEN = text("""
    UPDATE audit_group SET change = :reopened
    WHERE portal_id = :portal_id AND run_id = :run_id AND change = :new AND code IN (
        SELECT code FROM audit_group WHERE portal_id = :portal_id AND is_solved AND run_id IN :earlier
    )
""").bindparams(bindparam("earlier", expanding=True))


@dataclass(frozen=True, slots=True)
class MemberColumns:
    """Who is in which group of a run. ``packed`` is type and id as one number."""

    group_nos: Ids
    packed: Ids


@dataclass(frozen=True, slots=True)
class UnreadColumns:
    """Groups that were not read yet: their records, and how many of those are contacts and companies."""

    group_nos: Ids
    sizes: Ids
    contacts: Ids
    companies: Ids


class AuditSums(AuditWriter):
    """Everything that is reckoned over a whole run."""

    async def totals(self, run_id: int) -> dict[str, int]:
        """Return groups, records in them, weakly held groups and the largest one's size."""
        row = (await self._rows(_TOTALS, run_id=run_id))[0]
        return dict(
            zip(("groups", "records_in_groups", "weakly_held", "largest"), map(int, row), strict=True)
        )

    async def groups_by(self, run_id: int, column: str) -> dict[int, int]:
        """Count groups by ``grade``, ``name_grade`` or ``change``."""
        if column not in ("grade", "name_grade", "change"):
            raise ValueError("not a column to count by")
        rows = await self._rows(text(_BY_GROUP.format(column=column)), run_id=run_id)
        return {int(value): int(count) for value, count in rows}

    async def shared_counts(self, run_id: int) -> list[tuple[int, int, int, int]]:
        """Return shared kind, severity, how many values, and how many whose next call goes astray."""
        rows = await self._rows(_SHARED, run_id=run_id)
        return [(int(kind), int(severity), int(count), int(astray)) for kind, severity, count, astray in rows]

    async def hub_count(self, run_id: int) -> int:
        return int((await self._rows(_HUBS, run_id=run_id))[0][0])

    async def by_responsible(self, run_id: int) -> dict[int, tuple[int, int]]:
        """Return groups and records in groups of each responsible, most groups first; 0 stands for nobody."""
        rows = await self._rows(_BY_RESPONSIBLE, run_id=run_id, most=MOST_NAMED)
        return {int(user): (int(groups), int(records)) for user, groups, records in rows}

    async def later_by_source(self, run_id: int) -> dict[str, int]:
        """Count the duplicates, that is all but the first of each group, by their source, most first."""
        rows = await self._rows(_BY_SOURCE, run_id=run_id, most=MOST_NAMED)
        return {str(source): int(count) for source, count in rows}

    async def later_by_month(self, run_id: int) -> dict[str, int]:
        """Count the same by the month of their creation, ``2026-03``, the last month first."""
        rows = await self._rows(_BY_MONTH, run_id=run_id, most=MOST_NAMED)
        return {str(month): int(count) for month, count in rows}

    async def member_columns(self, run_id: int) -> MemberColumns:
        """Return all members of a run as columns."""
        group_nos, types, ids = await read_columns(
            self._scope, _MEMBERS, _MEMBER_FIELDS, self._scope.portal_id, run_id
        )
        return MemberColumns(group_nos, pack(types, ids))

    async def carry_over(self, run_id: int, previous: int, unchanged_since: float) -> None:
        """Take over what reading told the run before, of groups held by the same chain and untouched since.

        Contacts with companies are left out: a link or a deal may have changed without them.
        """
        await self._execute(_CARRY_OVER, run_id=run_id, previous=previous, unchanged_since=unchanged_since)
        await self._execute(_CARRY_SOURCES, run_id=run_id, previous=previous)

    async def unread(self, run_id: int) -> UnreadColumns:
        """Return the groups that were not read from the portal yet, by number."""
        portal_id = self._scope.portal_id
        return UnreadColumns(*await read_columns(self._scope, _UNREAD, _UNREAD_FIELDS, portal_id, run_id))

    async def reopen(self, run_id: int, earlier: Collection[int], *, new: int, reopened: int) -> None:
        """Mark new groups that one of the earlier runs has as solved."""
        if earlier:
            await self._execute(_REOPEN, run_id=run_id, earlier=list(earlier), new=new, reopened=reopened)
