"""The whole index of a portal as columns: a million records in seconds, without an object for each.

Rows come in PostgreSQL's binary COPY format. No column is null and all have a fixed width, so that a block of
rows is one array (PostgreSQL documentation, COPY, "Binary Format").
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.key_table import Bytes, Ids, KeyTable
from b24app.dedupe.record import RecordRef
from b24app.store.connections import driver_of
from b24app.store.scope import Scope

HEADER_BYTES = 19  # signature, flags, length of the extension
BLOCK_BYTES = 1 << 22

Moments = NDArray[np.float64]

_RECORDS = """
    SELECT type, id, coalesce(responsible_id, 0), stage, coalesce(created_at, 'NaN'), coalesce(modified_at, 'NaN')
    FROM record WHERE portal_id = $1 ORDER BY type, id
"""
_KEYS = "SELECT type, id, kind, hash FROM record_key WHERE portal_id = $1"
_RECORD_FIELDS = ("i2", "i8", "i8", "i2", "f8", "f8")
_KEY_FIELDS = ("i2", "i8", "i2", "i8")


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """Every record of a portal, ascending by type and id. ``responsibles`` 0: none; moments NaN: unknown."""

    types: Bytes
    ids: Ids
    responsibles: Ids
    stages: Bytes
    created_at: Moments
    modified_at: Moments

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def packed(self) -> Ids:
        """Return type and id as one ascending number."""
        return pack(self.types, self.ids)

    def only(self, is_meant: NDArray[np.bool_]) -> "RecordColumns":
        """Return a part of the records."""
        return RecordColumns(
            self.types[is_meant],
            self.ids[is_meant],
            self.responsibles[is_meant],
            self.stages[is_meant],
            self.created_at[is_meant],
            self.modified_at[is_meant],
        )


def pack(types: Bytes, ids: Ids) -> Ids:
    """Return type and id of each as one number, which sorts as records do."""
    packed: Ids = (types.astype(np.int64) << 56) | ids
    return packed


def pack_refs(refs: Sequence[RecordRef]) -> Ids:
    return np.array([(ref.type << 56) | ref.id for ref in refs], np.int64)


async def read_records(scope: Scope) -> RecordColumns:
    """Return all records."""
    types, ids, responsibles, stages, created_at, modified_at = await read_columns(
        scope, _RECORDS, _RECORD_FIELDS, scope.portal_id
    )
    return RecordColumns(
        types.astype(np.int8),
        ids.view(np.int64),
        responsibles.view(np.int64),
        stages.astype(np.int8),
        created_at.view(np.float64),
        modified_at.view(np.float64),
    )


async def read_keys(scope: Scope) -> KeyTable:
    """Return who holds which keys."""
    types, ids, kinds, hashes = await read_columns(scope, _KEYS, _KEY_FIELDS, scope.portal_id)
    return await asyncio.to_thread(
        KeyTable.from_columns,
        types.astype(np.int8),
        ids.view(np.int64),
        kinds.astype(np.int8),
        hashes.view(np.int64),
    )


async def read_columns(
    scope: Scope, query: str, fields: Sequence[str], *values: int
) -> list[NDArray[np.generic]]:
    """Return a query's columns; none of them may be null. ``fields`` are numpy's names of their types."""
    blocks = _Blocks(fields)
    await driver_of(scope.connection).copy_from_query(query, *values, output=blocks.take, format="binary")
    return blocks.columns()


class _Blocks:
    """Turns the stream into columns block by block, so that it is never in memory as a whole."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._row = np.dtype(
            [("fields", ">i2")]
            + [
                item
                for place, field in enumerate(fields)
                for item in ((f"l{place}", ">i4"), (f"c{place}", f">{field}"))
            ]
        )
        self._types = [np.dtype(field) for field in fields]
        self._waiting = bytearray()
        self._begun = False
        self._found: list[list[NDArray[np.generic]]] = [[] for _ in fields]

    async def take(self, data: bytes) -> None:
        self._waiting += data
        if not self._begun and len(self._waiting) >= HEADER_BYTES:
            del self._waiting[:HEADER_BYTES]
            self._begun = True
        if len(self._waiting) >= BLOCK_BYTES:
            self._convert()

    def columns(self) -> list[NDArray[np.generic]]:
        self._convert()
        return [
            np.concatenate(parts) if parts else np.empty(0, kind)
            for parts, kind in zip(self._found, self._types, strict=True)
        ]

    def _convert(self) -> None:
        count = len(self._waiting) // self._row.itemsize
        rows = np.frombuffer(bytes(self._waiting[: count * self._row.itemsize]), self._row)
        for place, kind in enumerate(self._types):
            self._found[place].append(rows[f"c{place}"].astype(kind))
        del self._waiting[: count * self._row.itemsize]
