"""Records and keys as the bytes of PostgreSQL's binary COPY format, made for all rows of one pattern at once.

A null column takes no bytes and an array as many as it holds, so rows that miss the same columns and have as many
links are equally wide (PostgreSQL documentation, COPY, "Binary Format"; arrays: ``array_send`` in its source).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import DTypeLike, NDArray

from b24app.dedupe.key_table import Ids
from b24app.store.index_batch import IndexedBatch

RECORD_COLUMNS = (
    "type",
    "id",
    "fingerprint",
    "stage",
    "read_at",
    "responsible_id",
    "created_at",
    "modified_at",
    "links",
)
KEY_COLUMNS = ("kind", "hash", "type", "id")

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
_END = b"\xff\xff"
_NULL_BYTES = -1
_BIGINT = 20  # its oid in pg_type
_NUMPY_TYPES = {
    "portal_id": ">i8",
    "type": ">i2",
    "id": ">i8",
    "fingerprint": ">i8",
    "stage": ">i2",
    "read_at": ">f8",
    "responsible_id": ">i8",
    "created_at": ">f8",
    "modified_at": ">f8",
    "kind": ">i2",
    "hash": ">i8",
}
_NULLABLE = ("responsible_id", "created_at", "modified_at")

_ELEMENT = np.dtype([("bytes", ">i4"), ("value", ">i8")])

_Field = tuple[str, DTypeLike, int]  # name, type, and what it holds until it is filled


def record_bytes(batch: IndexedBatch, **portal_id: int) -> bytearray:
    """Return the records as a stream for COPY, with ``portal_id`` first where the table has it."""
    columns: dict[str, NDArray[np.generic]] = {
        "type": batch.types,
        "id": batch.ids,
        "fingerprint": batch.fingerprints,
        "stage": batch.stages,
        "read_at": batch.read_at,
        "responsible_id": batch.responsibles,
        "created_at": batch.created_at,
        "modified_at": batch.modified_at,
    }
    first_links = np.cumsum(batch.link_counts) - batch.link_counts
    patterns = _patterns(batch)
    data = bytearray(_HEAD)
    for pattern in np.unique(patterns).tolist():
        chosen = np.flatnonzero(patterns == pattern)
        nulls = tuple(name for bit, name in enumerate(_NULLABLE) if pattern >> bit & 1)
        count = pattern >> len(_NULLABLE)
        empty = _empty_row((*portal_id, *RECORD_COLUMNS), nulls, count)
        rows = np.full(len(chosen), empty, empty.dtype)
        for name, value in portal_id.items():
            rows[name] = value
        for name, column in columns.items():
            if name not in nulls:
                rows[name] = column[chosen]
        if count:
            rows["links"] = _elements(batch.links[first_links[chosen][:, None] + np.arange(count)])
        data += rows.tobytes()
    return data + _END


def key_bytes(batch: IndexedBatch, **portal_id: int) -> bytearray:
    """Return the keys as a stream for COPY, in the same way."""
    empty = _empty_row((*portal_id, *KEY_COLUMNS))
    rows = np.full(len(batch.key_rows), empty, empty.dtype)
    for name, value in portal_id.items():
        rows[name] = value
    rows["kind"] = batch.key_kinds
    rows["hash"] = batch.key_hashes
    rows["type"] = batch.types[batch.key_rows]
    rows["id"] = batch.ids[batch.key_rows]
    return bytearray(_HEAD) + rows.tobytes() + _END


def _patterns(batch: IndexedBatch) -> NDArray[np.int64]:
    """Return a number for each row, the same for rows of the same width: a bit for each null, the links above."""
    patterns = batch.link_counts.astype(np.int64) << len(_NULLABLE)
    unknown = (batch.responsibles == 0, np.isnan(batch.created_at), np.isnan(batch.modified_at))
    for bit, is_null in enumerate(unknown):
        patterns |= is_null.astype(np.int64) << bit
    return patterns


@lru_cache(maxsize=256)
def _empty_row(
    columns: tuple[str, ...], nulls: tuple[str, ...] = (), link_count: int = 0
) -> NDArray[np.void]:
    """Return a row of these columns that has all its lengths, and no values yet."""
    fields: list[_Field] = [("columns", ">i2", len(columns))]
    for column in columns:
        fields += _links_fields(link_count) if column == "links" else _scalar_fields(column, column in nulls)
    row = np.zeros((), [(name, type_) for name, type_, _ in fields])
    for name, _, value in fields:
        row[name] = value
    return row


def _elements(values: Ids) -> NDArray[np.void]:
    """Return each number with its length before it."""
    elements = np.empty(values.shape, _ELEMENT)
    elements["bytes"] = values.itemsize
    elements["value"] = values
    return elements


def _scalar_fields(column: str, is_null: bool) -> list[_Field]:
    if is_null:
        return [(f"{column} bytes", ">i4", _NULL_BYTES)]
    type_ = np.dtype(_NUMPY_TYPES[column])
    return [(f"{column} bytes", ">i4", type_.itemsize), (column, type_, 0)]


def _links_fields(count: int) -> list[_Field]:
    """Return an array of bigint: its dimensions, one or none, then each element with its length."""
    array: list[_Field] = [
        ("dimensions", ">i4", min(count, 1)),
        ("has nulls", ">i4", 0),
        ("oid", ">i4", _BIGINT),
    ]
    if count:
        array += [("size", ">i4", count), ("lowest", ">i4", 1), ("links", (_ELEMENT, (count,)), 0)]
    width = sum(np.dtype(type_).itemsize for _, type_, _ in array)
    return [("links bytes", ">i4", width), *array]
