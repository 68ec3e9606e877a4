"""The whole index of a portal as columns: a million records in seconds, without an object for each.

Rows come in PostgreSQL's binary COPY format. No column is null and all have a fixed width, so that a block of
rows is one array (PostgreSQL documentation, COPY, "Binary Format").
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.key_table import Bytes, Flags, Ids, KeyTable, Rows, pack
from b24app.store.connections import driver_of
from b24app.store.scope import Scope

HEADER_BYTES = 19  # signature, flags, length of the extension
BLOCK_BYTES = 1 << 20

Moments = NDArray[np.float64]

_RECORDS = """
    SELECT type, id, coalesce(responsible_id, 0), stage, coalesce(created_at, 'NaN'), coalesce(modified_at, 'NaN')
    FROM record WHERE portal_id = $1 ORDER BY type, id
"""
_KEYS = "SELECT type, id, kind, hash FROM record_key WHERE portal_id = $1"

Field = tuple[str, str]
SMALLINT: Field = ("i2", "i1")  # types, kinds, stages: none is larger than 127
INTEGER: Field = ("i4", "i8")
BIGINT: Field = ("i8", "i8")
DOUBLE: Field = ("f8", "f8")
"""A column's type on its way and in memory, as numpy names them."""

_RECORD_FIELDS = (SMALLINT, BIGINT, BIGINT, SMALLINT, DOUBLE, DOUBLE)
_KEY_FIELDS = (SMALLINT, BIGINT, SMALLINT, BIGINT)


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

    def only(self, chosen: Flags | Rows) -> "RecordColumns":
        """Return a part of the records, or some by their places."""
        return RecordColumns(
            self.types[chosen],
            self.ids[chosen],
            self.responsibles[chosen],
            self.stages[chosen],
            self.created_at[chosen],
            self.modified_at[chosen],
        )


async def read_records(scope: Scope) -> RecordColumns:
    """Return all records."""
    return RecordColumns(*await read_columns(scope, _RECORDS, _RECORD_FIELDS, scope.portal_id))


async def read_keys(scope: Scope) -> KeyTable:
    """Return who holds which keys."""
    blocks = await _read_blocks(scope, _KEYS, _KEY_FIELDS, scope.portal_id)
    return await asyncio.to_thread(KeyTable.from_blocks, blocks)


async def read_columns(scope: Scope, query: str, fields: Sequence[Field], *values: int) -> list[Any]:
    """Return a query's columns; none of them may be null."""
    blocks = await _read_blocks(scope, query, fields, *values)
    columns = [list(column) for column in zip(*blocks, strict=True)]
    del blocks
    return [_joined(column) for column in columns]


def _joined(parts: list[NDArray[np.generic]]) -> NDArray[np.generic]:
    """Return a column, and empty the list: what is joined need not be there twice."""
    column: NDArray[np.generic] = np.concatenate(parts)
    parts.clear()
    return column


async def _read_blocks(scope: Scope, query: str, fields: Sequence[Field], *values: int) -> list[Any]:
    """Return a query's columns, a tuple of them for each block of rows, at least one."""
    blocks = _Blocks(fields)
    await driver_of(scope.connection).copy_from_query(query, *values, output=blocks.take, format="binary")
    return blocks.end()


class _Blocks:
    """Turns the stream into columns block by block, so that it is never in memory as a whole."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._row = np.dtype(
            [("fields", ">i2")]
            + [
                item
                for place, (sent, _) in enumerate(fields)
                for item in ((f"l{place}", ">i4"), (f"c{place}", f">{sent}"))
            ]
        )
        self._kept = [np.dtype(kept) for _, kept in fields]
        self._waiting = bytearray()
        self._begun = False
        self._found: list[tuple[NDArray[np.generic], ...]] = []

    async def take(self, data: bytes) -> None:
        self._waiting += data
        if not self._begun and len(self._waiting) >= HEADER_BYTES:
            del self._waiting[:HEADER_BYTES]
            self._begun = True
        if len(self._waiting) >= BLOCK_BYTES:
            self._convert()

    def end(self) -> list[tuple[NDArray[np.generic], ...]]:
        self._convert()
        return self._found

    def _convert(self) -> None:
        count = len(self._waiting) // self._row.itemsize
        rows = np.frombuffer(bytes(self._waiting[: count * self._row.itemsize]), self._row)
        self._found.append(tuple(rows[f"c{place}"].astype(kept) for place, kept in enumerate(self._kept)))
        del self._waiting[: count * self._row.itemsize]
