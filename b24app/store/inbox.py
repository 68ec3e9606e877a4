"""What changed in a portal and was not worked off: one row per record, however often it changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.dedupe.record import RecordRef, RecordType
from b24app.store.arrays import ref_columns
from b24app.store.portals import ALL_PORTALS, PortalStatus
from b24app.store.scope import Scope
from b24app.store.tables import INBOX, PORTAL

_PUT = text("""
    INSERT INTO inbox (portal_id, type, id, sequence, received_at, deleted)
    SELECT :portal_id, named.type, named.id, nextval('inbox_sequence'), :at, :deleted
    FROM unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[])) AS named(type, id)
    ON CONFLICT (portal_id, type, id) DO UPDATE SET sequence = excluded.sequence, deleted = excluded.deleted
""")
_DONE = text("""
    DELETE FROM inbox
    USING unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[]), CAST(:sequences AS bigint[]))
        AS worked_off(type, id, sequence)
    WHERE inbox.portal_id = :portal_id AND inbox.type = worked_off.type AND inbox.id = worked_off.id
        AND inbox.sequence = worked_off.sequence
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record to look at. ``sequence`` changes each time the portal names the record again."""

    ref: RecordRef
    sequence: int
    received_at: float  # when it was first named since it was last worked off
    deleted: bool  # what the last event said; a hint, the portal decides


class InboxRepository:
    """One portal's inbox."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = INBOX.c.portal_id == scope.portal_id

    async def put(self, refs: Iterable[RecordRef], at: float, *, deleted: bool = False) -> None:
        """Note that these records changed; one already waiting keeps its place and gets a new sequence."""
        await self._scope.connection.execute(
            _PUT,
            {
                "portal_id": self._scope.portal_id,
                "at": at,
                "deleted": deleted,
                **ref_columns(sorted(set(refs))),
            },
        )

    async def take(self, limit: int) -> list[Waiting]:
        """Return the longest waiting records; they stay until ``done``."""
        query = select(INBOX).where(self._own).order_by(INBOX.c.received_at, INBOX.c.sequence).limit(limit)
        return [
            Waiting(RecordRef(RecordType(row.type), row.id), row.sequence, row.received_at, row.deleted)
            for row in await self._scope.connection.execute(query)
        ]

    async def done(self, worked_off: Sequence[Waiting]) -> None:
        """Remove these, except records that the portal named again meanwhile."""
        await self._scope.connection.execute(
            _DONE,
            {
                "portal_id": self._scope.portal_id,
                "sequences": [waiting.sequence for waiting in worked_off],
                **ref_columns([waiting.ref for waiting in worked_off]),
            },
        )

    async def count(self) -> int:
        found = await self._scope.connection.execute(select(func.count()).select_from(INBOX).where(self._own))
        return int(found.scalar_one())

    async def oldest(self) -> float | None:
        """Return since when the longest waiting record waits; None when the inbox is empty."""
        found = await self._scope.connection.execute(select(func.min(INBOX.c.received_at)).where(self._own))
        oldest: float | None = found.scalar_one()
        return oldest


async def find_waiting_portals(connection: AsyncConnection) -> list[int]:
    """Return the active portals whose inbox is not empty."""
    waiting = select(INBOX.c.portal_id).where(INBOX.c.portal_id == PORTAL.c.portal_id).exists()
    query = (
        select(PORTAL.c.portal_id)
        .prefix_with(ALL_PORTALS)
        .where(PORTAL.c.status == PortalStatus.ACTIVE.value, waiting)
        .order_by(PORTAL.c.portal_id)
    )
    return [row.portal_id for row in await connection.execute(query)]
