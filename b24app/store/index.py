"""The index: which records a portal has and by which match keys they find each other.

Ids and keyed hashes only. Writing is in index_writer.py; matching is left to dedupe.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select

from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import Record, RecordRef, RecordType, Stage
from b24app.store import index_lookup, index_writer
from b24app.store.arrays import from_links, key_columns, ref_columns
from b24app.store.connections import driver_of
from b24app.store.index_batch import IndexedBatch, IndexedRecord
from b24app.store.index_columns import RecordColumns, read_keys, read_records
from b24app.store.scope import Scope
from b24app.store.tables import FORGOTTEN, RECORD, RECORD_KEY

_KINDS = {int(kind): kind for kind in KeyKind}
_TYPES = {int(type_): type_ for type_ in RecordType}
_STAGES = {int(stage): stage for stage in Stage}


@dataclass(frozen=True, slots=True)
class Holder:
    """A record that holds a key."""

    key: MatchKey
    ref: RecordRef
    responsible_id: int | None
    stage: Stage
    links: tuple[RecordRef, ...]
    created_at: float | None
    modified_at: float | None

    def outline(self) -> Record:
        """Return the record as far as the index knows it."""
        return Record(
            ref=self.ref, stage=self.stage, created_at=self.created_at, modified_at=self.modified_at
        )


class IndexRepository:
    """One portal's index."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def replace(self, records: Sequence[IndexedRecord]) -> list[RecordRef]:
        """Bring these records in, in place of what is known of them; return those that really changed.

        The one road in, for one record or 2,500. What was read earlier than what is stored, or than the
        record was forgotten, is ignored; an unchanged fingerprint only notes the reading.
        """
        return await self.replace_batch(IndexedBatch.of(records))

    async def replace_batch(self, batch: IndexedBatch) -> list[RecordRef]:
        """Do the same with columns."""
        return await index_writer.replace_batch(self._scope, batch)

    async def forget(self, refs: Iterable[RecordRef], at: float) -> list[RecordRef]:
        """Remove records deleted in the portal; return those that were known.

        A tombstone stays, so that a page read before ``at`` does not revive them. A record read after
        ``at`` is left alone.
        """
        return await index_writer.forget(self._scope, refs, at)

    async def purge_tombstones(self, before: float) -> None:
        """Remove tombstones older than ``before``: no page on its way is that old."""
        await self._scope.connection.execute(
            delete(FORGOTTEN).where(
                FORGOTTEN.c.portal_id == self._scope.portal_id, FORGOTTEN.c.forgotten_at < before
            )
        )

    async def get(self, ref: RecordRef) -> IndexedRecord | None:
        return (await self.get_many([ref])).get(ref)

    async def get_many(self, refs: Collection[RecordRef]) -> dict[RecordRef, IndexedRecord]:
        """Return the known ones of these."""
        found = map(_to_record, await self._rows(index_lookup.GET, **ref_columns(set(refs))))
        return {record.ref: record for record in found}

    async def holders(self, keys: Collection[MatchKey]) -> list[Holder]:
        """Return everyone who holds one of the keys, once per key, never cut, ordered by key and ref."""
        return [_to_holder(row) for row in await self._rows(index_lookup.HOLDERS, **key_columns(set(keys)))]

    async def counts(self, keys: Collection[MatchKey]) -> dict[MatchKey, int]:
        """Return how many records hold each key, 0 included."""
        rows = await self._rows(index_lookup.COUNTS, **key_columns(set(keys)))
        return {MatchKey(_KINDS[kind], value): holders for kind, value, holders in rows}

    async def totals(self) -> dict[RecordType, int]:
        """Return how many records of each type are known; types without any are left out."""
        query = (
            select(RECORD.c.type, func.count().label("records"))
            .where(RECORD.c.portal_id == self._scope.portal_id)
            .group_by(RECORD.c.type)
        )
        return {RecordType(row.type): row.records for row in await self._scope.connection.execute(query)}

    async def key_totals(self) -> dict[KeyKind, int]:
        """Return how many keys of each kind records hold; kinds without any are left out."""
        query = (
            select(RECORD_KEY.c.kind, func.count().label("held"))
            .where(RECORD_KEY.c.portal_id == self._scope.portal_id)
            .group_by(RECORD_KEY.c.kind)
        )
        return {KeyKind(row.kind): row.held for row in await self._scope.connection.execute(query)}

    async def record_columns(self) -> RecordColumns:
        """Return every record as columns."""
        return await read_records(self._scope)

    async def key_table(self) -> KeyTable:
        """Return who holds which keys, all of them, as columns."""
        return await read_keys(self._scope)

    async def hubs(self, limit: int) -> list[tuple[MatchKey, int]]:
        """Return the keys that more than ``limit`` records hold, and how many, most first."""
        holders = func.count().label("holders")
        query = (
            select(RECORD_KEY.c.kind, RECORD_KEY.c.hash, holders)
            .where(RECORD_KEY.c.portal_id == self._scope.portal_id)
            .group_by(RECORD_KEY.c.kind, RECORD_KEY.c.hash)
            .having(holders > limit)
            .order_by(holders.desc(), RECORD_KEY.c.kind, RECORD_KEY.c.hash)
        )
        return [
            (MatchKey(KeyKind(row.kind), row.hash), row.holders)
            for row in await self._scope.connection.execute(query)
        ]

    async def unseen_since(
        self, before: float, type_: RecordType, limit: int, *, after_id: int = 0
    ) -> list[RecordRef]:
        """Return records of the type last read before that time, by id: the portal may have deleted them."""
        query = (
            select(RECORD.c.id)
            .where(
                RECORD.c.portal_id == self._scope.portal_id,
                RECORD.c.type == int(type_),
                RECORD.c.read_at < before,
                RECORD.c.id > after_id,
            )
            .order_by(RECORD.c.id)
            .limit(limit)
        )
        return [RecordRef(type_, row.id) for row in await self._scope.connection.execute(query)]

    async def _rows(self, statement: str, **columns: list[int]) -> Sequence[Iterable[Any]]:
        found: list[Iterable[Any]] = await driver_of(self._scope.connection).fetch(
            statement, self._scope.portal_id, *columns.values()
        )
        return found


def _to_record(row: Iterable[Any]) -> IndexedRecord:
    """Return a row of ``index_lookup.GET``."""
    type_, number, kinds, hashes, fingerprint, responsible_id, stage, links, *moments = row
    created_at, modified_at, read_at = moments
    return IndexedRecord(
        ref=RecordRef(_TYPES[type_], number),
        keys=frozenset(
            MatchKey(_KINDS[kind], value) for kind, value in zip(kinds or (), hashes or (), strict=True)
        ),
        fingerprint=fingerprint,
        responsible_id=responsible_id,
        stage=_STAGES[stage],
        links=from_links(links),
        created_at=created_at,
        modified_at=modified_at,
        read_at=read_at,
    )


def _to_holder(row: Iterable[Any]) -> Holder:
    """Return a row of ``index_lookup.HOLDERS``; unpacked by position, for a hub has thousands."""
    kind, value, type_, number, responsible_id, stage, links, created_at, modified_at = row
    return Holder(
        MatchKey(_KINDS[kind], value),
        RecordRef(_TYPES[type_], number),
        responsible_id,
        _STAGES[stage],
        from_links(links) if links else (),
        created_at,
        modified_at,
    )
