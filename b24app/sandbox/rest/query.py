"""Running a list: which records, in what order, which page. Both families of methods use it.

50 rows a page; the page is the integer part of start/50; ``start`` -1 counts nothing and gives the first 50.
With order by ID and bounds on ID only as many records are looked at as the page needs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from b24app.sandbox.fields import Kind
from b24app.sandbox.records import Record, RecordTable, Scalar
from b24app.sandbox.rest.conditions import IdBounds, Predicate

PAGE = 50


@dataclass(frozen=True, slots=True)
class Sorting:
    """One column of an order."""

    name: str
    kind: Kind
    read: Callable[[Record], Scalar]
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """Everything a list asks for. ``owners`` are the responsibles whose records may be read, None for all."""

    bounds: IdBounds
    predicates: tuple[Predicate, ...]
    owners: frozenset[int] | None
    order: tuple[Sorting, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Page:
    """What a list found; ``total`` is None when nothing was counted."""

    records: list[Record]
    total: int | None
    next: int | None


def run(table: RecordTable, query: Query) -> Page:
    """Find one page."""
    ids = query.bounds.of(table.ids_between(query.bounds.lowest, query.bounds.highest))
    if query.start < 0:
        return Page(list(islice(_ordered(table, ids, query), PAGE)), None, None)
    first = query.start // PAGE * PAGE
    if _is_plain(query) and query.bounds.listed is None:
        order = reversed(ids) if _is_descending(query) else iter(ids)
        found = [record for one in islice(order, first, first + PAGE) if (record := table.get(one))]
        total = len(ids)
    else:
        everything = list(_ordered(table, ids, query))
        found, total = everything[first : first + PAGE], len(everything)
    return Page(found, total, first + PAGE if total > first + PAGE else None)


def _is_plain(query: Query) -> bool:
    return not query.predicates and query.owners is None and _by_id(query)


def _by_id(query: Query) -> bool:
    return not query.order or query.order[0].name == "ID"


def _is_descending(query: Query) -> bool:
    return bool(query.order) and query.order[0].descending


def _ordered(table: RecordTable, ids: Sequence[int], query: Query) -> Iterator[Record]:
    if _by_id(query):
        order = reversed(ids) if _is_descending(query) else iter(ids)
        return (record for one in order if (record := table.get(one)) and _fits(record, query))
    found = [record for one in ids if (record := table.get(one)) and _fits(record, query)]
    for column in reversed(query.order):
        found.sort(key=lambda record: _sort_key(column, record), reverse=column.descending)
    return iter(found)


def _fits(record: Record, query: Query) -> bool:
    if query.owners is not None and record.fields.get("ASSIGNED_BY_ID") not in query.owners:
        return False
    return all(predicate(record) for predicate in query.predicates)


def _sort_key(column: Sorting, record: Record) -> tuple[bool, float, str]:
    value = column.read(record)
    if value is None:
        return (False, 0.0, "")
    if isinstance(value, bool | int | float):
        return (True, float(value), "")
    return (True, 0.0, str(value).casefold())
