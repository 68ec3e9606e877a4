"""Every change of a setting and every important act: who, when, what, from what to what.

Values are sealed: a stop list is phones and e-mails.
"""

from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, true

from b24app.store.scope import Scope
from b24app.store.tables import JOURNAL

_OLD = "journal.old"
_NEW = "journal.new"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One act. ``user_id`` None: the app itself. ``old`` and ``new`` are JSON values."""

    at: float
    user_id: int | None
    what: str
    old: object = field(repr=False)
    new: object = field(repr=False)


class JournalRepository:
    """One portal's journal."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def note(self, user_id: int | None, what: str, old: object, new: object, at: float) -> None:
        """Add an entry; ``what`` is a code such as ``rules.region``."""
        await self._scope.connection.execute(
            insert(JOURNAL).values(
                portal_id=self._scope.portal_id,
                at=at,
                user_id=user_id,
                what=what,
                old_sealed=self._scope.seal_json(_OLD, old),
                new_sealed=self._scope.seal_json(_NEW, new),
            )
        )

    async def recent(self, limit: int, *, leave_out: str | None = None) -> list[JournalEntry]:
        """Return the newest entries, newest first, but those whose code begins with ``leave_out``."""
        query = (
            select(JOURNAL)
            .where(JOURNAL.c.portal_id == self._scope.portal_id)
            .where(true() if leave_out is None else ~JOURNAL.c.what.startswith(leave_out, autoescape=True))
            .order_by(JOURNAL.c.entry_id.desc())
            .limit(limit)
        )
        return [
            JournalEntry(
                at=row.at,
                user_id=row.user_id,
                what=row.what,
                old=self._scope.open_json(_OLD, row.old_sealed),
                new=self._scope.open_json(_NEW, row.new_sealed),
            )
            for row in await self._scope.connection.execute(query)
        ]

    async def purge(self, before: float) -> None:
        """Remove the entries older than ``before``."""
        await self._scope.connection.execute(
            delete(JOURNAL).where(JOURNAL.c.portal_id == self._scope.portal_id, JOURNAL.c.at < before)
        )
