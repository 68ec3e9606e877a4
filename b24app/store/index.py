"""The index: which records a portal has and by which match keys they find each other.

Ids and keyed hashes only. Writing is in index_writer.py; matching is left to dedupe.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, delete, func, select, text

from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import Record, RecordRef, RecordType, Stage
from b24app.store import index_writer
from b24app.store.arrays import from_links, key_columns, ref_columns
from b24app.store.index_batch import IndexedBatch, IndexedRecord
from b24app.store.index_columns import RecordColumns, read_keys, read_records
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import FORGOTTEN, RECORD, RECORD_KEY

_KEYS = "unnest(CAST(:kinds AS smallint[]), CAST(:hashes AS bigint[])) AS wanted(kind, hash)"
_REFS = "unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[])) AS wanted(type, id)"

_GET = text(f"""
    SELECT r.*, k.kinds, k.hashes
    FROM {_REFS}
    JOIN record AS r ON r.portal_id = :portal_id AND r.type = wanted.type AND r.id = wanted.id
    CROSS JOIN LATERAL (
        SELECT array_agg(kind) AS kinds, array_agg(hash) AS hashes
        FROM record_key WHERE portal_id = :portal_id AND type = wanted.type AND id = wanted.id
    ) AS k
""")  # noqa: S608 - constants only
_HOLDERS = text(f"""
    SELECT k.kind, k.hash, r.type, r.id, r.responsible_id, r.stage, r.links, r.created_at, r.modified_at
    FROM {_KEYS}
    JOIN record_key AS k ON k.portal_id = :portal_id AND k.kind = wanted.kind AND k.hash = wanted.hash
    JOIN record AS r ON r.portal_id = :portal_id AND r.type = k.type AND r.id = k.id
    ORDER BY k.kind, k.hash, r.type, r.id
""")  # noqa: S608
_COUNTS = text(f"""
    SELECT wanted.kind, wanted.hash, held.holders
    FROM {_KEYS}
    CROSS JOIN LATERAL (
        SELECT count(*) AS holders FROM record_key AS k
        WHERE k.portal_id = :portal_id AND k.kind = wanted.kind AND k.hash = wanted.hash
    ) AS held
""")  # noqa: S608

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
        found = map(_to_record, await self._rows(_GET, **ref_columns(set(refs))))
        return {record.ref: record for record in found}

    async def holders(self, keys: Collection[MatchKey]) -> list[Holder]:
        """Return everyone who holds one of the keys, once per key, never cut, ordered by key and ref."""
        return [_to_holder(row) for row in await self._rows(_HOLDERS, **key_columns(set(keys)))]

    async def counts(self, keys: Collection[MatchKey]) -> dict[MatchKey, int]:
        """Return how many records hold each key, 0 included."""
        rows = await self._rows(_COUNTS, **key_columns(set(keys)))
        return {MatchKey(KeyKind(row.kind), row.hash): row.holders for row in rows}

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

    async def _rows(self, statement: TextClause, **columns: list[int]) -> Sequence[AnyRow]:
        found = await self._scope.connection.execute(
            statement, {"portal_id": self._scope.portal_id, **columns}
        )
        return found.all()


def _to_record(row: AnyRow) -> IndexedRecord:
    return IndexedRecord(
        ref=RecordRef(RecordType(row.type), row.id),
        keys=frozenset(
            MatchKey(KeyKind(kind), value)
            for kind, value in zip(row.kinds or (), row.hashes or (), strict=True)
        ),
        fingerprint=row.fingerprint,
        responsible_id=row.responsible_id,
        stage=Stage(row.stage),
        links=from_links(row.links),
        created_at=row.created_at,
        modified_at=row.modified_at,
        read_at=row.read_at,
    )


def _to_holder(row: AnyRow) -> Holder:
    """Return a row of ``_HOLDERS``; unpacked by position, for a hub has thousands."""
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
