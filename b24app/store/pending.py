"""Which records wait for a new look at their outcome: from the transaction that changed what it is made of.

The index writer notes every change itself, so that no road into the index can forget it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from b24app.dedupe.record import RecordRef, RecordType
from b24app.store import tables_outcome
from b24app.store.arrays import ref_columns
from b24app.store.portals import ALL_PORTALS, PortalStatus
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import PORTAL

NEW_FOR_S = 86_400.0  # a record first seen later than this after it was made is no new enquiry

PENDING = SQLModel.metadata.tables[tables_outcome.PendingOutcomeRow.__tablename__]

_NOTE = text("""
    INSERT INTO pending_outcome (portal_id, type, id, sequence, noted_at, is_new, is_backlog)
    SELECT :portal_id, named.type, named.id, nextval('pending_sequence'), :at, false, :is_backlog
    FROM unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[])) AS named(type, id)
    ON CONFLICT (portal_id, type, id) DO UPDATE SET
        sequence = excluded.sequence,
        is_backlog = pending_outcome.is_backlog AND excluded.is_backlog
""")
_NOTE_ALL = text("""
    INSERT INTO pending_outcome (portal_id, type, id, sequence, noted_at, is_new, is_backlog)
    SELECT :portal_id, found.type, found.id, nextval('pending_sequence'), :at, false, true
    FROM (
        SELECT k.type, k.id
        FROM (
            SELECT kind, hash FROM record_key WHERE portal_id = :portal_id
            GROUP BY kind, hash HAVING count(*) BETWEEN 2 AND :hub_limit
        ) AS shared
        JOIN record_key AS k ON k.portal_id = :portal_id AND k.kind = shared.kind AND k.hash = shared.hash
        UNION
        SELECT type, id FROM outcome WHERE portal_id = :portal_id
    ) AS found
    ORDER BY found.type, found.id
    ON CONFLICT (portal_id, type, id) DO UPDATE SET sequence = excluded.sequence
""")
_DONE = text("""
    DELETE FROM pending_outcome AS p
    USING unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[]), CAST(:sequences AS bigint[]))
        AS looked_at(type, id, sequence)
    WHERE p.portal_id = :portal_id AND p.type = looked_at.type AND p.id = looked_at.id
        AND p.sequence = looked_at.sequence
""")
_NOTE_STAGED = text("""
    INSERT INTO pending_outcome (portal_id, type, id, sequence, noted_at, is_new, is_backlog)
    SELECT :portal_id, s.type, s.id, nextval('pending_sequence'), :at,
        coalesce(s.created_at > :new_since, false) AND NOT EXISTS (
            SELECT FROM record AS r WHERE r.portal_id = :portal_id AND r.type = s.type AND r.id = s.id
        ),
        false
    FROM staged_record AS s
    WHERE EXISTS (SELECT FROM portal WHERE portal_id = :portal_id AND indexed_at IS NOT NULL)
    ORDER BY s.created_at, s.type, s.id
    ON CONFLICT (portal_id, type, id) DO UPDATE SET
        sequence = excluded.sequence,
        is_new = pending_outcome.is_new OR excluded.is_new,
        is_backlog = false
""")
_NOTE_REMOVED = text("""
    INSERT INTO pending_outcome (portal_id, type, id, sequence, noted_at, is_new, is_backlog)
    SELECT :portal_id, named.type, named.id, nextval('pending_sequence'), :at, false, false
    FROM unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[])) AS named(type, id)
    WHERE EXISTS (SELECT FROM portal WHERE portal_id = :portal_id AND indexed_at IS NOT NULL)
    ON CONFLICT (portal_id, type, id) DO UPDATE SET sequence = excluded.sequence, is_backlog = false
""")


@dataclass(frozen=True, slots=True)
class Pending:
    """A record to look at again. ``sequence`` changes each time it is noted; ``is_new``: just made in the portal.

    ``is_backlog``: not because it changed itself.
    """

    ref: RecordRef
    sequence: int
    noted_at: float
    is_new: bool
    is_backlog: bool


class PendingRepository:
    """One portal's records that wait."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._waiting = PENDING.c.portal_id == scope.portal_id

    async def note(self, refs: Iterable[RecordRef], at: float, *, is_backlog: bool = False) -> None:
        """Note that these have to be looked at again; a backlog waits behind what happens now."""
        named = sorted(set(refs))
        if named:
            await self._scope.connection.execute(
                _NOTE,
                {
                    "portal_id": self._scope.portal_id,
                    "at": at,
                    "is_backlog": is_backlog,
                    **ref_columns(named),
                },
            )

    async def note_all(self, at: float, *, hub_limit: int) -> None:
        """Note, as a backlog, whoever shares a value that is no hub, and whoever was ever published."""
        given = {"portal_id": self._scope.portal_id, "at": at, "hub_limit": hub_limit}
        await self._scope.connection.execute(_NOTE_ALL, given)

    async def take(self, limit: int, *, is_backlog: bool) -> list[Pending]:
        """Return the longest waiting ones of one sort; they stay until ``done``."""
        query = (
            select(PENDING)
            .where(self._waiting, PENDING.c.is_backlog.is_(is_backlog))
            .order_by(PENDING.c.sequence)
            .limit(limit)
        )
        return [_to_pending(row) for row in await self._scope.connection.execute(query)]

    async def waiting_among(self, refs: Collection[RecordRef]) -> list[Pending]:
        """Return those of the records that wait, whichever sort."""
        query = select(PENDING).where(
            self._waiting, tuple_(PENDING.c.type, PENDING.c.id).in_([(int(ref.type), ref.id) for ref in refs])
        )
        return [_to_pending(row) for row in await self._scope.connection.execute(query)]

    async def done(self, looked_at: Sequence[Pending]) -> None:
        """Remove these, except records that were noted again meanwhile."""
        await self._scope.connection.execute(
            _DONE,
            {
                "portal_id": self._scope.portal_id,
                "sequences": [pending.sequence for pending in looked_at],
                **ref_columns([pending.ref for pending in looked_at]),
            },
        )

    async def count_waiting(self) -> int:
        found = await self._scope.connection.execute(
            select(func.count()).select_from(PENDING).where(self._waiting)
        )
        return int(found.scalar_one())


async def note_staged(scope: Scope) -> None:
    """Note the records that the index writer has staged and is about to put, because they really changed.

    Nothing is noted before the first indexing is complete: at its end everybody who shares a value is.
    """
    now = scope.clock.now()
    given = {"portal_id": scope.portal_id, "at": now, "new_since": now - NEW_FOR_S}
    await scope.connection.execute(_NOTE_STAGED, given)


async def note_removed(scope: Scope, refs: Collection[RecordRef]) -> None:
    """Note records that left the index: those who matched them have to hear of it."""
    given = {"portal_id": scope.portal_id, "at": scope.clock.now(), **ref_columns(sorted(refs))}
    await scope.connection.execute(_NOTE_REMOVED, given)


async def find_unpublished_portals(connection: AsyncConnection) -> list[tuple[int, bool]]:
    """Return the active portals where records wait, and whether a backlog is all that does."""
    query = (
        select(PENDING.c.portal_id, func.bool_and(PENDING.c.is_backlog).label("only_backlog"))
        .prefix_with(ALL_PORTALS)
        .join(PORTAL, PORTAL.c.portal_id == PENDING.c.portal_id)
        .where(PORTAL.c.status == PortalStatus.ACTIVE.value)
        .group_by(PENDING.c.portal_id)
        .order_by(PENDING.c.portal_id)
    )
    return [(row.portal_id, row.only_backlog) for row in await connection.execute(query)]


def _to_pending(row: AnyRow) -> Pending:
    return Pending(
        RecordRef(RecordType(row.type), row.id), row.sequence, row.noted_at, row.is_new, row.is_backlog
    )
