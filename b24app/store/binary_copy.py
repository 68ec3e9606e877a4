"""Columns as the bytes of PostgreSQL's binary COPY format: rows of any width, a whole column written at once.

A row is the number of its cells, then each cell: its length in bytes, -1 for null, and its value (PostgreSQL
documentation, COPY, "Binary Format"; arrays: ``array_send`` in its source).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.key_table import Flags, Ids, places_within

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
END = b"\xff\xff"
_COUNT, _LENGTH = np.dtype(">i2"), np.dtype(">i4")
_NULL = -1
_BIGINT = 20  # its oid in pg_type
_ARRAY = np.dtype([("bytes", _LENGTH), ("dimensions", ">i4"), ("has_nulls", ">i4"), ("oid", ">i4")])
_DIMENSION = np.dtype([("size", ">i4"), ("lowest", ">i4")])
_ELEMENT = np.dtype([("bytes", _LENGTH), ("value", ">i8")])

Target: TypeAlias = NDArray[np.uint8]


class Column(Protocol):
    """One column of all rows."""

    def __len__(self) -> int: ...

    def widths(self) -> Ids:
        """Return how many bytes each cell takes, with its length."""
        ...

    def write(self, target: Target, starts: Ids) -> None:
        """Write each cell where it starts."""
        ...


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of one type as numpy names it: "i2", "i4", "i8", "f8", and "b1" for boolean."""

    values: NDArray[np.generic]
    kind: str
    is_null: Flags | None = None

    def __len__(self) -> int:
        return len(self.values)

    def widths(self) -> Ids:
        full = self._cell.itemsize
        if self.is_null is None:
            return np.full(len(self), full, np.int64)
        return np.where(self.is_null, _LENGTH.itemsize, full)

    def write(self, target: Target, starts: Ids) -> None:
        values = self.values
        if self.is_null is not None:
            _put(target, starts[self.is_null], np.full(np.count_nonzero(self.is_null), _NULL, _LENGTH))
            values, starts = values[~self.is_null], starts[~self.is_null]
        cells = np.empty(len(values), self._cell)
        cells["bytes"] = self._cell["value"].itemsize
        cells["value"] = values
        _put(target, starts, cells)

    @property
    def _cell(self) -> np.dtype[np.void]:
        return np.dtype([("bytes", _LENGTH), ("value", f">{self.kind}")])


def same_in_all(count: int, **values: int) -> dict[str, Column]:
    """Return columns that say one number in every row."""
    return {name: Numbers(np.full(count, value, np.int64), "i8") for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Nulls:
    """A column without any value."""

    count: int

    def __len__(self) -> int:
        return self.count

    def widths(self) -> Ids:
        return np.full(self.count, _LENGTH.itemsize, np.int64)

    def write(self, target: Target, starts: Ids) -> None:
        _put(target, starts, np.full(self.count, _NULL, _LENGTH))


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts, none of them null."""

    values: Sequence[str]

    def __len__(self) -> int:
        return len(self.values)

    def widths(self) -> Ids:
        return self._lengths() + _LENGTH.itemsize

    def write(self, target: Target, starts: Ids) -> None:
        lengths = self._lengths()
        _put(target, starts, lengths.astype(_LENGTH))
        letters = np.frombuffer("".join(self.values).encode(), np.uint8)
        target[np.repeat(starts + _LENGTH.itemsize, lengths) + places_within(lengths)] = letters

    def _lengths(self) -> Ids:
        return np.fromiter((len(value.encode()) for value in self.values), np.int64, len(self.values))


@dataclass(frozen=True, slots=True)
class BigintArrays:
    """Arrays of bigint, none of them null: as many of ``values``, one after the other, as ``counts`` says."""

    counts: NDArray[np.integer]
    values: Ids

    def __len__(self) -> int:
        return len(self.counts)

    def widths(self) -> Ids:
        filled = _DIMENSION.itemsize + self.counts.astype(np.int64) * _ELEMENT.itemsize
        return _ARRAY.itemsize + np.where(self.counts > 0, filled, 0)

    def write(self, target: Target, starts: Ids) -> None:
        heads = np.zeros(len(self), _ARRAY)
        heads["bytes"] = self.widths() - _LENGTH.itemsize
        heads["dimensions"] = self.counts > 0
        heads["oid"] = _BIGINT
        _put(target, starts, heads)
        is_filled = self.counts > 0
        counts, starts = self.counts[is_filled], starts[is_filled] + _ARRAY.itemsize
        sizes = np.ones(len(counts), _DIMENSION)
        sizes["size"] = counts
        _put(target, starts, sizes)
        elements = np.empty(len(self.values), _ELEMENT)
        elements["bytes"] = self.values.itemsize
        elements["value"] = self.values
        places = places_within(counts) * _ELEMENT.itemsize
        _put(target, np.repeat(starts + _DIMENSION.itemsize, counts) + places, elements)


def encode_rows(columns: Sequence[Column]) -> bytearray:
    """Return the rows that the columns make, as a whole stream for COPY; asyncpg takes ``bytes`` for a path."""
    widths = [column.widths() for column in columns]
    ends = np.cumsum(sum(widths, start=np.full(len(columns[0]), _COUNT.itemsize, np.int64))) + len(HEADER)
    target = np.empty((ends[-1] if len(ends) else len(HEADER)) + len(END), np.uint8)
    starts = np.concatenate([[len(HEADER)], ends[:-1]]) if len(ends) else ends
    target[: len(HEADER)] = np.frombuffer(HEADER, np.uint8)
    target[-len(END) :] = np.frombuffer(END, np.uint8)
    _put(target, starts, np.full(len(starts), len(columns), _COUNT))
    starts = starts + _COUNT.itemsize
    for column, width in zip(columns, widths, strict=True):
        column.write(target, starts)
        starts = starts + width
    return bytearray(target.data)


def _put(target: Target, starts: Ids, cells: NDArray[np.generic]) -> None:
    """Write cells of one width wherever they start: each place of the target is looked at as if one began there."""
    width = cells.dtype.itemsize
    if len(starts):
        places = np.ndarray(len(target) - width + 1, f"V{width}", target, strides=(1,))
        places[starts] = cells.view(f"V{width}")
