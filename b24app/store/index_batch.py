"""What one reading of the portal brings into the index: records as the index keeps them, as objects or as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from b24app.dedupe.key_table import Bytes, Hashes, Ids, Rows, begins_anew, pack
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.store.arrays import to_link
from b24app.store.index_columns import Moments

_TYPES = {int(type_): type_ for type_ in RecordType}


@dataclass(frozen=True, slots=True)
class IndexedRecord:
    """A record as the index keeps it; ``read_at`` is when the portal was asked, Unix seconds."""

    ref: RecordRef
    keys: frozenset[MatchKey]
    fingerprint: int
    responsible_id: int | None
    stage: Stage
    links: tuple[RecordRef, ...]
    created_at: float | None
    modified_at: float | None
    read_at: float


@dataclass(frozen=True, slots=True)
class IndexedBatch:
    """Many such records as columns, a row for each, in any order and with any key as often as it came.

    ``responsibles`` 0: none; ``created_at`` and ``modified_at`` NaN: unknown. ``links`` stand in the order of
    the rows, ``link_counts`` of them each, as numbers of ``arrays.to_link``. ``key_rows`` names the row of a key.
    """

    types: Bytes
    ids: Ids
    fingerprints: Hashes
    responsibles: Ids
    stages: Bytes
    created_at: Moments
    modified_at: Moments
    read_at: Moments
    link_counts: Rows
    links: Ids
    key_rows: Rows
    key_kinds: Bytes
    key_hashes: Hashes

    @classmethod
    def of(cls, records: Sequence[IndexedRecord]) -> "IndexedBatch":
        """Return records as columns."""
        keys = [(row, key.kind, key.hash) for row, record in enumerate(records) for key in record.keys]
        return cls(
            types=np.array([record.ref.type for record in records], np.int8),
            ids=np.array([record.ref.id for record in records], np.int64),
            fingerprints=np.array([record.fingerprint for record in records], np.int64),
            responsibles=np.array([record.responsible_id or 0 for record in records], np.int64),
            stages=np.array([record.stage for record in records], np.int8),
            created_at=np.array([record.created_at for record in records], np.float64),
            modified_at=np.array([record.modified_at for record in records], np.float64),
            read_at=np.array([record.read_at for record in records], np.float64),
            link_counts=np.array([len(record.links) for record in records], np.int32),
            links=np.array([to_link(link) for record in records for link in record.links], np.int64),
            key_rows=np.array([row for row, _, _ in keys], np.int32),
            key_kinds=np.array([kind for _, kind, _ in keys], np.int8),
            key_hashes=np.array([value for _, _, value in keys], np.int64),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def refs(self) -> list[RecordRef]:
        """Return the records' refs, row by row."""
        return list(map(RecordRef, map(_TYPES.__getitem__, self.types.tolist()), self.ids.tolist()))

    def ids_by_type(self) -> dict[int, list[int]]:
        """Return the ids of each type that is among them, in the order of the rows."""
        return {type_: self.ids[self.types == type_].tolist() for type_ in np.unique(self.types).tolist()}

    def settled(self) -> "IndexedBatch":
        """Return one row per record, the latest by ``read_at``, ascending by ref; each key once per record.

        Of two rows read at one moment the later in the batch counts.
        """
        packed = pack(self.types, self.ids)
        order = np.lexsort((self.read_at, packed))  # a stable sort
        is_last = np.ones(len(order), np.bool_)
        is_last[:-1] = np.diff(packed[order]) != 0
        return self._rows(order[is_last])._with_keys_once()

    def _rows(self, chosen: Ids) -> "IndexedBatch":
        """Return these rows, in this order."""
        place = np.full(len(self), -1, np.int32)
        place[chosen] = np.arange(len(chosen), dtype=np.int32)
        link_rows = place[np.repeat(np.arange(len(self)), self.link_counts)]
        link_order = np.argsort(link_rows, kind="stable")
        link_order = link_order[link_rows[link_order] >= 0]
        key_rows = place[self.key_rows]
        is_kept = key_rows >= 0
        return IndexedBatch(
            types=self.types[chosen],
            ids=self.ids[chosen],
            fingerprints=self.fingerprints[chosen],
            responsibles=self.responsibles[chosen],
            stages=self.stages[chosen],
            created_at=self.created_at[chosen],
            modified_at=self.modified_at[chosen],
            read_at=self.read_at[chosen],
            link_counts=self.link_counts[chosen],
            links=self.links[link_order],
            key_rows=key_rows[is_kept],
            key_kinds=self.key_kinds[is_kept],
            key_hashes=self.key_hashes[is_kept],
        )

    def _with_keys_once(self) -> "IndexedBatch":
        """Return the keys in the order of the index that finds records by them, none twice for a record."""
        order = np.lexsort((self.key_rows, self.key_hashes, self.key_kinds))
        rows, kinds, hashes = self.key_rows[order], self.key_kinds[order], self.key_hashes[order]
        is_new = begins_anew(rows, hashes, kinds)
        return replace(self, key_rows=rows[is_new], key_kinds=kinds[is_new], key_hashes=hashes[is_new])
