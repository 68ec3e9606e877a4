"""Records of one CRM type in memory, sorted by id; a bulk load may make them only when somebody looks.

A record holds plain fields as Python values and its multifields apart. Rendering and filtering are others'
work.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple, TypeAlias, overload

from b24app.sandbox.fields import Kind, RecordSpec, kind_of
from b24app.sandbox.wire import Json, as_int, as_text

Scalar: TypeAlias = "bool | int | float | str | list[Json] | None"
PORTAL_ZONE = timezone(timedelta(hours=3))


class ContactValue(NamedTuple):
    """One phone, e-mail or address of a record."""

    id: int
    value: str
    value_type: str


@dataclass(slots=True)
class Record:
    """One lead, contact, company or deal."""

    id: int
    fields: dict[str, Scalar]
    values: dict[str, tuple[ContactValue, ...]] = field(default_factory=dict)


class IdView(Sequence[int]):
    """A stretch of a sorted list, looked at in place; valid until the list changes."""

    def __init__(self, ids: list[int], begin: int, end: int) -> None:
        self._ids = ids
        self._places = range(begin, max(begin, end))

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> list[int]: ...
    def __getitem__(self, at: int | slice) -> int | list[int]:
        if isinstance(at, slice):
            return [self._ids[place] for place in self._places[at]]
        return self._ids[self._places[at]]


class RecordTable:
    """All records of one type."""

    def __init__(self, spec: RecordSpec) -> None:
        self.spec = spec
        self._rows: dict[int, Record] = {}
        self._ids: list[int] = []
        self._make: Callable[[int], Record] | None = None
        self.last_id = 0

    def put(self, record: Record) -> None:
        """Add a record, or replace the one with that id."""
        self._rows[record.id] = record
        if record.id > self.last_id:
            self._ids.append(record.id)
            self.last_id = record.id
        elif not self.has(record.id):
            self._ids.insert(bisect_left(self._ids, record.id), record.id)

    def load_lazily(self, ids: Sequence[int], make: Callable[[int], Record]) -> None:
        """Hold these ascending ids of an empty table; ``make`` builds a record each time it is looked at."""
        if self._ids:
            raise ValueError("only an empty table can be loaded lazily")
        self._ids = list(ids)
        self._make = make
        self.last_id = self._ids[-1] if self._ids else 0

    def has(self, record_id: int) -> bool:
        at = bisect_left(self._ids, record_id)
        return at < len(self._ids) and self._ids[at] == record_id

    def get(self, record_id: int) -> Record | None:
        found = self._rows.get(record_id)
        if found is None and self._make is not None and self.has(record_id):
            return self._make(record_id)
        return found

    def remove(self, record_id: int) -> Record | None:
        """Take the record out; its id is never given again."""
        found = self.get(record_id)
        if found is not None:
            self._rows.pop(record_id, None)
            del self._ids[bisect_left(self._ids, record_id)]
        return found

    def ids_between(self, lowest: int, highest: int) -> "IdView":
        """Return the ids within both bounds, ascending, without copying them."""
        return IdView(self._ids, bisect_left(self._ids, lowest), bisect_right(self._ids, highest))

    def __iter__(self) -> Iterator[Record]:
        for record_id in tuple(self._ids):
            record = self.get(record_id)
            if record is not None:
                yield record

    def __len__(self) -> int:
        return len(self._ids)


def to_stored(name: str, value: Json) -> Scalar:
    """Return a plain field as it is stored: numbers as numbers, times as Unix seconds, the rest as text."""
    kind = kind_of(name)
    if kind is Kind.NUMBER:
        return as_int(value) or None
    if kind in (Kind.TIME, Kind.DAY):
        return parse_time(value)
    if kind is Kind.MONEY:
        return to_float(value)
    return None if value is None else as_text(value)


def to_float(value: Json) -> float:
    """Read a number; what is none counts as 0."""
    try:
        return float(as_text(value) or 0)
    except ValueError:
        return 0.0


def parse_time(value: Json) -> float | None:
    """Read ISO 8601, without a zone in the portal's own; None when unreadable."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(as_text(value).strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=PORTAL_ZONE)
    return moment.timestamp()


def print_time(seconds: float) -> str:
    """Write a moment as the portal does, to the second, with its own offset."""
    return datetime.fromtimestamp(int(seconds), UTC).astimezone(PORTAL_ZONE).isoformat()
