"""Keys of millions of records as columns, and which of their rows share a key.

Owns the way between columns and the words of `record` and `keys`. What is grouped with what is the business
of `bulk`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.group import KeyHolders
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType

Bytes: TypeAlias = NDArray[np.int8]
Rows: TypeAlias = NDArray[np.int32]  # positions: of records or of rows of a table
Ids: TypeAlias = NDArray[np.int64]
Hashes: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

KeyBlock: TypeAlias = tuple[Bytes, Ids, Bytes, Hashes]
"""Some keys of records: types, ids, kinds and hashes."""

Number = TypeVar("Number", bound=np.generic)

_NOBODY = -1  # before every record
_ID_BITS = 56  # of a packed record; the type stands above
_TYPES: dict[int, RecordType] = {each.value: each for each in RecordType}
_KINDS: dict[int, KeyKind] = {each.value: each for each in KeyKind}


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Who holds which keys, by columns.

    `types` and `ids` name each record that holds a key, ascending; a record's number is its position there.
    `records`, `kinds` and `hashes` have a row for each key of each record, ascending by record, none twice. A
    hash tells keys apart by itself, because the kind is part of what is hashed.
    """

    types: Bytes
    ids: Ids
    records: Rows
    kinds: Bytes
    hashes: Hashes

    @classmethod
    def of(cls, keys_of: Mapping[RecordRef, Collection[MatchKey]]) -> KeyTable:
        """Return the table of what `group.group_records` takes."""
        rows = [(ref.type, ref.id, key.kind, key.hash) for ref, keys in keys_of.items() for key in set(keys)]
        columns = np.array(rows, np.int64).reshape(len(rows), 4).T
        return cls.from_columns(
            columns[0].astype(np.int8), columns[1], columns[2].astype(np.int8), columns[3].copy()
        )

    @classmethod
    def from_columns(cls, types: Bytes, ids: Ids, kinds: Bytes, hashes: Hashes) -> KeyTable:
        """Return the table of rows as the index holds them, one per key; fastest if ascending by record."""
        return cls.from_blocks([(types, ids, kinds, hashes)])

    @classmethod
    def from_blocks(cls, blocks: Sequence[KeyBlock]) -> KeyTable:
        """Return the table of such rows that came some at a time, without putting all of them together first."""
        last, count = _NOBODY, 0
        types, ids, records = [], [], []
        for of_types, of_ids, _, _ in blocks:
            refs = pack(of_types, of_ids)
            if np.any(refs[:1] < last) or np.any(refs[1:] < refs[:-1]):
                return cls.from_blocks([_sorted_block(blocks)])
            is_first = begins_anew(refs)
            is_first[:1] = refs[:1] != last
            types.append(of_types[is_first])
            ids.append(of_ids[is_first])
            records.append(np.cumsum(is_first, dtype=np.int32) + np.int32(count - 1))
            count += len(ids[-1])
            last = refs[-1] if len(refs) else last
        return cls(
            _joined(types, np.int8),
            _joined(ids, np.int64),
            _joined(records, np.int32),
            _joined([kinds for _, _, kinds, _ in blocks], np.int8),
            _joined([hashes for _, _, _, hashes in blocks], np.int64),
        )

    def ref(self, number: int) -> RecordRef:
        """Return the record of a number."""
        return RecordRef(_TYPES[self.types.item(number)], self.ids.item(number))

    def key(self, row: int) -> MatchKey:
        """Return the key of a row."""
        return MatchKey(_KINDS[self.kinds.item(row)], self.hashes.item(row))

    def numbers(self, refs: Iterable[RecordRef]) -> dict[RecordRef, int]:
        """Return the numbers of those records that the table has."""
        wanted = list(refs)
        packed, sought = pack(self.types, self.ids), pack_refs(wanted)
        places = np.searchsorted(packed, sought)
        return {
            ref: place
            for ref, place, value in zip(wanted, places.tolist(), sought.tolist(), strict=True)
            if place < len(packed) and packed[place] == value
        }


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows of a table that share a key: each of `rows` has the key of the row beside it in `firsts`.

    A key's own first row is not among `rows`.
    """

    rows: Rows
    firsts: Rows

    @classmethod
    def joined(cls, found: Sequence[Holding]) -> Holding:
        """Return the rows of several, at least one."""
        return cls(
            np.concatenate([each.rows for each in found]), np.concatenate([each.firsts for each in found])
        )

    def only(self, is_meant: Flags) -> Holding:
        """Return a part of the rows."""
        return Holding(self.rows[is_meant], self.firsts[is_meant])

    def with_firsts(self) -> Holding:
        """Return every holder's row, the firsts too, ascending; in time linear in the table."""
        end = max(self.rows.max(initial=-1), self.firsts.max(initial=-1)) + 1
        after_first = np.zeros(end, np.int32)  # who shares nothing stays 0
        after_first[self.rows] = after_first[self.firsts] = self.firsts + np.int32(1)
        rows = np.flatnonzero(after_first).astype(np.int32)
        return Holding(rows, after_first[rows] - np.int32(1))

    def holders(self, table: KeyTable) -> Iterator[KeyHolders]:
        """Yield each key with its holders, sorted."""
        held = self.with_firsts()
        numbers_of: defaultdict[int, list[int]] = defaultdict(list)
        for number, first in zip(table.records[held.rows].tolist(), held.firsts.tolist(), strict=True):
            numbers_of[first].append(number)
        for first, numbers in numbers_of.items():
            yield KeyHolders(table.key(first), tuple(table.ref(number) for number in sorted(numbers)))


def _joined(parts: list[NDArray[Number]], kind: type[Number]) -> NDArray[Number]:
    """Return one column; a single part is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, kind), *parts])


def pack(types: Bytes, ids: Ids) -> Ids:
    """Return type and id of each as one number, which sorts as records do."""
    packed: Ids = (types.astype(np.int64) << _ID_BITS) | ids
    return packed


def pack_refs(refs: Sequence[RecordRef]) -> Ids:
    return pack(np.array([ref.type for ref in refs], np.int8), np.array([ref.id for ref in refs], np.int64))


def unpack(packed: int) -> RecordRef:
    """Return the record that such a number means."""
    return RecordRef(_TYPES[packed >> _ID_BITS], packed & (1 << _ID_BITS) - 1)


def _sorted_block(blocks: Sequence[KeyBlock]) -> KeyBlock:
    """Return all rows, ascending by record."""
    types, ids, kinds, hashes = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.argsort(pack(types, ids), kind="stable")
    return types[order], ids[order], kinds[order], hashes[order]


def begins_anew(*columns: NDArray[np.generic]) -> Flags:
    """Tell which rows differ from the row before them; the first one does."""
    is_new = np.ones(len(columns[0]), np.bool_)
    is_new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return is_new


def places_within(counts: NDArray[np.integer]) -> Ids:
    """Return 0, 1, 2 … for each of several rows with so many items, one row after the other."""
    ends = np.cumsum(counts, dtype=np.int64)
    places: Ids = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    return places
