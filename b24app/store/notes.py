"""Our notes in records' timelines: which comment of which card is ours."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from b24app.dedupe.record import RecordRef, RecordType
from b24app.store import tables_note
from b24app.store.scope import Scope

NOTE = SQLModel.metadata.tables[tables_note.TimelineNoteRow.__tablename__]


@dataclass(frozen=True, slots=True)
class KnownNote:
    """What is known of a card's note. ``comment_id`` None: there is none, or none was written yet."""

    comment_id: int | None = None
    is_repeat: bool = False


class NoteRepository:
    """One portal's notes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def get_many(self, refs: Collection[RecordRef]) -> dict[RecordRef, KnownNote]:
        """Return what is known of these cards' notes; cards that never had one are missing."""
        rows = await self._scope.connection.execute(select(NOTE).where(self._is_among(refs)))
        return {
            RecordRef(RecordType(row.type), row.id): KnownNote(row.comment_id, row.is_repeat) for row in rows
        }

    async def put(self, ref: RecordRef, note: KnownNote) -> None:
        """Keep this in place of what was known."""
        row = {"comment_id": note.comment_id, "is_repeat": note.is_repeat}
        own = {"portal_id": self._scope.portal_id, "type": int(ref.type), "id": ref.id}
        await self._scope.connection.execute(
            insert(NOTE)
            .values({**own, **row})
            .on_conflict_do_update(index_elements=["portal_id", "type", "id"], set_=row)
        )

    async def forget(self, ref: RecordRef) -> None:
        await self._scope.connection.execute(delete(NOTE).where(self._is_among([ref])))

    def _is_among(self, refs: Collection[RecordRef]) -> ColumnElement[bool]:
        named = [(int(ref.type), ref.id) for ref in refs]
        return and_(NOTE.c.portal_id == self._scope.portal_id, tuple_(NOTE.c.type, NOTE.c.id).in_(named))
