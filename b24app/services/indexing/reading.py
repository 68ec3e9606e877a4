"""Reading many records by id: which pages go into one request, and what their answers mean. Pure.

A request is a batch of at most 50 pages of 50 rows. A range of ids is read by a chain of pages: each page begins
behind the last id of the one before (``$result[p0][49][ID]``), up to the end of the range. A page shorter than 50
is the end of its range; what a chain holds behind it is thrown away, because a portal answers an unresolved
``$result`` from the beginning again. The server works for such a page all the same, so no more are asked than needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, pairwise
from math import ceil, sqrt

from b24app.bitrix24 import methods
from b24app.bitrix24.calls import BATCH_LIMIT, BatchAnswer, Command
from b24app.bitrix24.errors import MethodTimeSpent
from b24app.bitrix24.listing import ListedRow, listed_rows
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.indexing.record_columns import row_ids
from b24app.services.indexing.records import SELECTED
from b24app.store.sync_state import Range, Span

PAGE_ROWS = methods.PAGE_SIZE
REQUEST_ROWS = BATCH_LIMIT * PAGE_ROWS
RANGE_REQUESTS = 8  # of the longest range; a killed worker loses the request under way, not the range
RANGES_AHEAD = 12  # a range is at most this part of what is left, so that all end at about the same time
SPREAD = 2.0  # standard deviations kept free, so that a range seldom needs a request more; measured best
SPARE_PAGES = 2  # in a chain whose length is not certain
LAST_ROW = PAGE_ROWS - 1

Rows = list[ListedRow]


@dataclass(frozen=True, slots=True)
class Bounds:
    """First and last id of one type, and how many records the portal says there are."""

    first_id: int
    last_id: int
    total: int


@dataclass(frozen=True, slots=True)
class RecordPage:
    """At most fifty records of one type, named by id, and the command that lists them."""

    type: RecordType
    command: Command


def record_pages(
    refs: Iterable[RecordRef], also: Mapping[RecordType, Sequence[str]] | None = None
) -> dict[str, RecordPage]:
    """Return the pages that list these records, by a key such as ``lead0``; ``also`` selects further fields."""
    ids: dict[RecordType, list[int]] = {}
    for ref in sorted(set(refs)):
        ids.setdefault(ref.type, []).append(ref.id)
    return {
        f"{kind.word}{start}": RecordPage(
            kind,
            methods.list_records(
                kind.word,
                select=(*SELECTED[kind], *(also or {}).get(kind, ())),
                filter_by={"@ID": numbers[start : start + PAGE_ROWS]},
                order={"ID": "ASC"},
            ),
        )
        for kind, numbers in ids.items()
        for start in range(0, len(numbers), PAGE_ROWS)
    }


def bounds_commands(types: Iterable[RecordType]) -> dict[str, Command]:
    """Ask for the bounds of every type, in one batch."""
    commands = {}
    for kind in types:
        commands[f"{kind.word}_first"] = methods.list_records(
            kind.word, select=["ID"], order={"ID": "ASC"}, start=0
        )
        commands[f"{kind.word}_last"] = methods.list_records(kind.word, select=["ID"], order={"ID": "DESC"})
    return commands


def read_bounds(batch: BatchAnswer, types: Iterable[RecordType]) -> dict[RecordType, Bounds]:
    """Return the bounds of the types that have records."""
    found = {}
    for kind in types:
        first = batch.get(f"{kind.word}_first")
        ids = row_ids(listed_rows(first)).tolist()
        last = row_ids(listed_rows(batch.get(f"{kind.word}_last"))).tolist()
        if ids and last:
            found[kind] = Bounds(ids[0], last[0], first.total or len(ids))
    return found


def plan_spans(bounds: Mapping[RecordType, Bounds]) -> list[Span]:
    """Cut every type into spans of whole requests, long ones first and single ones last, types taking turns.

    Turns, because each list method has a running time budget of its own.
    """
    by_type = [list(_cut(kind, found)) for kind, found in bounds.items()]
    longest = max((len(spans) for spans in by_type), default=0)
    return [spans[turn] for turn in range(longest) for spans in by_type if turn < len(spans)]


def _cut(kind: RecordType, bounds: Bounds) -> Iterable[Span]:
    ids = bounds.last_id - bounds.first_id + 1
    density = min(1.0, max(1, bounds.total) / ids)
    edges = [bounds.first_id - 1]
    while edges[-1] < bounds.last_id:
        rows_left = (bounds.last_id - edges[-1]) * density
        requests = int(rows_left / REQUEST_ROWS / RANGES_AHEAD)
        rows = REQUEST_ROWS * max(1, min(RANGE_REQUESTS, requests))
        safe_rows = rows - SPREAD * sqrt(rows * (1.0 - density))
        edges.append(min(bounds.last_id, edges[-1] + int(safe_rows / density)))
    return [Span(kind, low, high) for low, high in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class Chain:
    """A range's share of one request."""

    range: Range
    pages: int

    def key(self, page: int) -> str:
        return f"r{self.range.number}p{page}"


def plan_request(free: Sequence[Range], density: Mapping[RecordType, float]) -> list[Chain]:
    """Share the 50 pages of a request among ranges nobody reads yet; empty when there is none.

    ``density`` is records per id of a type, 0 when unknown. The longest rest goes first; others follow where
    they fit whole, so that short rests are collected in one request.
    """
    wanted = [Chain(candidate, _pages_wanted(candidate, density)) for candidate in free]
    chains: list[Chain] = []
    left = BATCH_LIMIT
    for chain in sorted(wanted, key=lambda chain: -chain.pages):
        if chain.pages <= left:
            chains.append(chain)
            left -= chain.pages
    return chains


def _pages_wanted(unread: Range, density: Mapping[RecordType, float]) -> int:
    """Return the pages a range's rest should need; where nothing is known, as many as it had so far."""
    share = density.get(unread.type, 0.0)
    rows = (unread.up_to_id - unread.after_id) * share if share else float(unread.read)
    spare = 0 if share >= 1.0 else SPARE_PAGES
    return min(BATCH_LIMIT, max(1, ceil(rows / PAGE_ROWS) + spare))


def request_commands(chains: Iterable[Chain], extra_filter: Mapping[str, str]) -> dict[str, Command]:
    """Return the batch for these chains; ``extra_filter`` narrows every page (a sweep's date)."""
    commands = {}
    for chain in chains:
        for page in range(chain.pages):
            after = f"$result[{chain.key(page - 1)}][{LAST_ROW}][ID]" if page else chain.range.after_id
            commands[chain.key(page)] = methods.list_records(
                chain.range.type.word,
                select=SELECTED[chain.range.type],
                filter_by={">ID": after, "<=ID": chain.range.up_to_id, **extra_filter},
                order={"ID": "ASC"},
            )
    return commands


def read_chain(chain: Chain, batch: BatchAnswer) -> tuple[Rows, Range]:
    """Return the chain's good rows and the range as it stands after them.

    A page refused for its running time ends the reading here, not the range. Other refusals are raised.
    """
    rows: Rows = []
    after_id, done = chain.range.after_id, False
    for page in range(chain.pages):
        key = chain.key(page)
        if isinstance(batch.errors.get(key), MethodTimeSpent):
            break
        page_rows = listed_rows(batch.get(key))
        ids = row_ids(page_rows).tolist()
        fresh = [after_id < number <= chain.range.up_to_id for number in ids]
        rows.extend(compress(page_rows, fresh))
        after_id = max(compress(ids, fresh), default=after_id)
        if sum(fresh) < PAGE_ROWS or after_id >= chain.range.up_to_id:
            done = True
            break
    return rows, replace(chain.range, after_id=after_id, read=chain.range.read + len(rows), done=done)
