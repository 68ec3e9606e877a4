"""Charts as values: how long a bar is, where a point of a line stands. Drawn by ``templates/charts.html``. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from b24app.dedupe.record import RecordType

FULL: Final = 100.0  # lengths and places are parts of a hundred
WARMTHS: Final = 5  # shades of a heat table besides "nothing"
LINE_WIDTH: Final = 600.0
LINE_HEIGHT: Final = 120.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart. ``length`` is of the longest one, ``share`` of all, both in hundredths."""

    label: str
    count: int
    length: float
    share: float


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a stacked bar, from ``start`` on."""

    code: str
    count: int
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class StackedBar:
    """One row of a stacked chart; the longest one has a length of a hundred."""

    label: str
    count: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Pairs of two types. ``warmth`` is 0 for none, else 1 to 5."""

    row: str
    column: str
    count: int
    warmth: int


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a line, in the drawing's own units; the top is 0."""

    at: float
    count: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line over time. ``path`` and ``area`` are drawn; ``top`` is the value at the upper edge."""

    points: tuple[Point, ...]
    path: str
    area: str
    top: int


def bars(counts: Iterable[tuple[str, int]], limit: int) -> tuple[Bar, ...]:
    """Return the largest ones first, at most ``limit``; those with nothing are left out."""
    ordered = sorted(((label, count) for label, count in counts if count), key=lambda row: (-row[1], row[0]))
    return _measured(ordered)[:limit]


def bars_in_order(counts: Iterable[tuple[str, int]]) -> tuple[Bar, ...]:
    """Return a bar for each, as they stand: months, sizes."""
    return _measured(list(counts))


def _measured(rows: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    longest = max((count for _, count in rows), default=0)
    total = sum(count for _, count in rows)
    return tuple(Bar(label, count, _part(count, longest), _part(count, total)) for label, count in rows)


def stacked(rows: Sequence[tuple[str, Mapping[str, int]]], codes: Sequence[str]) -> tuple[StackedBar, ...]:
    """Return a bar for each row, its parts in the order of ``codes``."""
    longest = max((sum(counts.values()) for _, counts in rows), default=0)
    return tuple(_stack(label, counts, codes, longest) for label, counts in rows)


def _stack(label: str, counts: Mapping[str, int], codes: Sequence[str], longest: int) -> StackedBar:
    parts, start = [], 0.0
    for code in codes:
        length = _part(counts.get(code, 0), longest)
        parts.append(Part(code, counts.get(code, 0), round(start, 2), length))
        start += length
    return StackedBar(label, sum(counts.values()), tuple(parts))


def heat(by_pair: Mapping[tuple[RecordType, RecordType], int]) -> tuple[tuple[HeatCell, ...], ...]:
    """Return the 3 x 3 table of type pairs, both halves alike."""
    hottest = max(by_pair.values(), default=0)
    return tuple(
        tuple(_heat_cell(row, column, by_pair, hottest) for column in RecordType) for row in RecordType
    )


def _heat_cell(
    row: RecordType, column: RecordType, by_pair: Mapping[tuple[RecordType, RecordType], int], hottest: int
) -> HeatCell:
    first, second = sorted((row, column))
    count = by_pair.get((first, second), 0)
    warmth = max(1, round(count / hottest * WARMTHS)) if count else 0
    return HeatCell(row.word, column.word, count, warmth)


def line(series: Sequence[tuple[float, int]]) -> Line | None:
    """Return a line through (moment, value), one step each; None when there are not two of them."""
    if len(series) < 2:
        return None
    top = max(count for _, count in series) or 1
    step = LINE_WIDTH / (len(series) - 1)
    points = tuple(
        Point(at, count, round(number * step, 1), round(LINE_HEIGHT * (1 - count / top), 1))
        for number, (at, count) in enumerate(series)
    )
    path = "M" + "L".join(f"{point.x:g} {point.y:g}" for point in points)
    return Line(points, path, f"{path}L{LINE_WIDTH:g} {LINE_HEIGHT:g}L0 {LINE_HEIGHT:g}Z", top)


def _part(count: int, whole: int) -> float:
    return round(count * FULL / whole, 2) if whole else 0.0
