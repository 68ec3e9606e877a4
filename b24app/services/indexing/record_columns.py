"""Rows of lists → what the index keeps, thousands at once and as columns: no object for each record. No I/O.

The words are those of `records`, whose reading of single rows says what each field means.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from b24app.bitrix24.answers import to_id
from b24app.bitrix24.errors import UnexpectedAnswer
from b24app.bitrix24.listing import ListedRow, ListedValue
from b24app.dedupe.key_columns import ValueKeys, keys_of_values
from b24app.dedupe.key_table import Bytes, Hashes, Ids, Rows
from b24app.dedupe.keys import fingerprints
from b24app.dedupe.record import RecordType, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.services.indexing.records import to_stage, to_timestamp
from b24app.store.arrays import link_column
from b24app.store.index_batch import IndexedBatch
from b24app.store.index_columns import Moments

_USUAL = "1970-01-01T00:00:00+00:00"
_LENGTH, _LOCAL = len(_USUAL), len("1970-01-01T00:00:00")
_DIGITS = [place for place, sign in enumerate(_USUAL) if sign.isdigit()]
_MARKS = [place for place, sign in enumerate(_USUAL) if sign in "-T:"]
_SIGN = _USUAL.index("+")
_USUAL_MARKS = np.frombuffer(_USUAL.encode(), np.uint8)[_MARKS]
_ZERO = np.uint8(ord("0"))
_Whole = TypeVar("_Whole", np.int8, np.int64)
_KEY = np.dtype([("kind", "i1"), ("hash", ">i8")])

_PERSON = ("name", "second_name", "last_name")
_LINKS_AND_OWNER = ("assigned_by_id", "company_id", "contact_id")
_MATCHED: dict[RecordType, Callable[[ListedRow], tuple[object, ...]]] = {
    RecordType.LEAD: attrgetter("id", *_PERSON, "company_title", "status_semantic_id", *_LINKS_AND_OWNER),
    RecordType.CONTACT: attrgetter("id", *_PERSON, *_LINKS_AND_OWNER),
    RecordType.COMPANY: attrgetter("id", "title", "assigned_by_id"),
}
"""Everything matching reads of a row, besides phones and e-mails."""


def to_batch(
    listed: Iterable[tuple[RecordType, Sequence[ListedRow]]],
    rules: RuleSet,
    portal_key: bytes,
    *,
    read_at: float,
) -> IndexedBatch:
    """Reduce rows to what may stay at rest: keyed hashes, ids and dates. Raises UnexpectedAnswer."""
    pages = list(listed)
    rows = [row for _, of_type in pages for row in of_type]
    sizes = [len(of_type) for _, of_type in pages]
    types = np.repeat(np.array([kind for kind, _ in pages], np.int8), sizes)
    keys = keys_of_rows(rows, rules, portal_key)
    links = _links(types, rows)
    return IndexedBatch(
        types=types,
        ids=row_ids(rows),
        fingerprints=_fingerprints(pages, keys, portal_key),
        responsibles=_numbers([row.assigned_by_id for row in rows]),
        stages=_translated([row.status_semantic_id for row in rows], to_stage, np.int8),
        created_at=to_moments([row.date_create for row in rows]),
        modified_at=to_moments([row.date_modify for row in rows]),
        read_at=np.full(len(rows), read_at),
        link_counts=(links != 0).sum(axis=1, dtype=np.int32),
        links=links[links != 0],
        key_rows=keys.values,
        key_kinds=keys.kinds,
        key_hashes=keys.hashes,
    )


def row_ids(rows: Sequence[ListedRow]) -> Ids:
    """Return the rows' ids; UnexpectedAnswer when one of them has none."""
    try:
        given: Any = [row.id for row in rows]
        ids = np.fromiter(map(int, given), np.int64, len(given))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnexpectedAnswer from error
    if ids.min(initial=1) <= 0:
        raise UnexpectedAnswer
    return ids


def keys_of_rows(rows: Sequence[ListedRow], rules: RuleSet, portal_key: bytes) -> ValueKeys:
    """Return the keys of all phones and e-mails, sorted by row, none twice for a row; ``values`` are the rows."""
    parts = []
    for kind in ValueKind:
        owners, raws = _values([row.phone if kind is ValueKind.PHONE else row.email for row in rows])
        found = keys_of_values(kind, raws, rules, portal_key)
        parts.append(ValueKeys(owners[found.values], found.kinds, found.hashes))
    return ValueKeys.joined(parts).once()


def _values(multifields: Sequence[tuple[ListedValue, ...] | None]) -> tuple[Rows, list[str]]:
    """Return the values of a multifield, and the row of each; what is no text is an empty one."""
    filled = [multifield or () for multifield in multifields]
    values: list[Any] = [each.value for each in chain.from_iterable(filled)]
    if not set(map(type, values)) <= {str}:
        values = [value if type(value) is str else "" for value in values]
    counts = np.fromiter(map(len, filled), np.int32, len(filled))
    return np.repeat(np.arange(len(filled), dtype=np.int32), counts), values


def _fingerprints(
    pages: Iterable[tuple[RecordType, Sequence[ListedRow]]], keys: ValueKeys, portal_key: bytes
) -> Hashes:
    """Return a hash of everything matching reads of each row; ``keys`` are sorted by row."""
    matched = [orjson.dumps(read) for kind, rows in pages for read in map(_MATCHED[kind], rows)]
    packed = np.empty(len(keys.values), _KEY)
    packed["kind"], packed["hash"] = keys.kinds, keys.hashes
    held = packed.tobytes()
    ends = (np.cumsum(np.bincount(keys.values, minlength=len(matched))) * _KEY.itemsize).tolist()
    starts = [0, *ends][: len(matched)]
    texts = [text + held[start:end] for text, start, end in zip(matched, starts, ends, strict=True)]
    return fingerprints(texts, portal_key)


def _links(types: Bytes, rows: Sequence[ListedRow]) -> Ids:
    """Return the company and the contact each row is linked to, as numbers; 0: none."""
    has_links = types != RecordType.COMPANY
    columns = [
        (RecordType.COMPANY, _numbers([row.company_id for row in rows])),
        (RecordType.CONTACT, _numbers([row.contact_id for row in rows])),
    ]
    linked = [
        np.where(has_links & (ids != 0), link_column(np.full(len(ids), kind, np.int64), ids), 0)
        for kind, ids in columns
    ]
    return np.stack(linked, axis=1)


def _numbers(values: Sequence[object]) -> Ids:
    return _translated(values, lambda value: to_id(value) or 0, np.int64)


class _Known(dict[object, int]):
    """What each value means, asked once: of some thousand rows most say the same."""

    def __init__(self, translate: Callable[[Any], int]) -> None:
        super().__init__()
        self._translate = translate

    def __missing__(self, value: object) -> int:
        found = self[value] = self._translate(value)
        return found


def _translated(
    values: Sequence[object], translate: Callable[[Any], int], dtype: type[_Whole]
) -> NDArray[_Whole]:
    try:
        return np.fromiter(map(_Known(translate).__getitem__, values), dtype, len(values))
    except TypeError:  # a list or a map in place of a value
        return np.array([translate(value) for value in values], dtype)


def to_moments(values: Sequence[object]) -> Moments:
    """Return Unix seconds of ISO dates with offset, NaN for an empty or unreadable one: many ``to_timestamp``."""
    texts = [value if type(value) is str and len(value) == _LENGTH else _USUAL for value in values]
    signs = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8).reshape(len(texts), _LENGTH)
    digits = signs[:, _DIGITS] - _ZERO
    is_usual = (digits <= 9).all(axis=1) & (signs[:, _MARKS] == _USUAL_MARKS).all(axis=1)
    is_usual &= np.array([text is value for text, value in zip(texts, values, strict=True)], np.bool_)
    is_usual &= np.isin(signs[:, _SIGN], (ord("+"), ord("-")))
    moments = np.full(len(texts), np.nan)
    try:
        moments[is_usual] = _seconds(signs[is_usual], digits[is_usual])
    except ValueError:  # the thirtieth of February
        is_usual[:] = False
    for place in np.flatnonzero(~is_usual).tolist():
        moment = to_timestamp(values[place])
        moments[place] = np.nan if moment is None else moment
    return moments


def _seconds(signs: NDArray[np.uint8], digits: NDArray[np.uint8]) -> Moments:
    """Return the seconds of dates in the usual form; ValueError when one is no date."""
    local = np.ascontiguousarray(signs[:, :_LOCAL]).view(f"S{_LOCAL}")[:, 0].astype("datetime64[s]")
    hours, minutes = (digits[:, [-4, -2]] * np.int64(10) + digits[:, [-3, -1]]).T
    if np.any(hours >= 24) or np.any(minutes >= 60):
        raise ValueError("no offset")
    east = np.where(signs[:, _SIGN] == ord("+"), 1, -1)
    seconds: Moments = (local.astype(np.int64) - east * (hours * 3600 + minutes * 60)).astype(np.float64)
    return seconds
