"""What an audit may be ordered with: whom it looks at, and on which terms it runs. Pure; refuses nonsense by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeVar

from b24app.dedupe.record import RecordType, Stage
from b24app.services.time_zones import DEFAULT_ZONE, is_zone, zone_of

ALL_TYPES = frozenset(RecordType)
STAGE_WORDS = {"in_work": Stage.IN_WORK, "won": Stage.WON, "lost": Stage.LOST}
BUDGET_PERCENTS = range(5, 101)
DEFAULT_BUDGET = 60  # percent of the portal's requests
HOURS = range(24)
MOST_CHOSEN = 500  # ids in one list
SOURCE_CODE_LIMIT = 50  # signs

T = TypeVar("T")


class OrderMistake(ValueError):
    """A field of the order can't be what it was said to be."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class AuditScope:
    """Whom an audit looks at; an empty set asks nothing. Contacts and companies have no stage and always pass it.

    ``departments`` stand for their employees and those of all departments below them. ``sources`` ask
    leads and contacts alone: companies have none. Dates are those of creation, Unix seconds.
    """

    types: frozenset[RecordType] = ALL_TYPES
    stages: frozenset[Stage] = frozenset()
    responsibles: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    sources: frozenset[str] = frozenset()
    created_from: float | None = None
    created_to: float | None = None

    def __post_init__(self) -> None:
        """Refuse a scope in which nothing can be."""
        if not self.types:
            raise OrderMistake("types")
        if None not in (dates := (self.created_from, self.created_to)) and dates[0] > dates[1]:  # type: ignore[operator]
            raise OrderMistake("created_to")

    def to_dict(self) -> dict[str, object]:
        """Return JSON values; equal scopes give equal ones, so that runs of one scope find each other."""
        words = {stage: word for word, stage in STAGE_WORDS.items()}
        return {
            "types": [each.word for each in sorted(self.types)],
            "stages": [words[stage] for stage in sorted(self.stages)],
            "responsibles": sorted(self.responsibles),
            "departments": sorted(self.departments),
            "sources": sorted(self.sources),
            "created_from": self.created_from,
            "created_to": self.created_to,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> "AuditScope":
        """Return the scope that JSON values describe; raises OrderMistake."""
        _refuse_unknown(cls, raw)
        return cls(
            types=frozenset(_all(raw, "types", RecordType.parse, [each.word for each in RecordType])),
            stages=frozenset(_all(raw, "stages", lambda word: STAGE_WORDS[str(word)])),
            responsibles=frozenset(_all(raw, "responsibles", _to_id)),
            departments=frozenset(_all(raw, "departments", _to_id)),
            sources=frozenset(_all(raw, "sources", _to_source)),
            created_from=_moment(raw, "created_from"),
            created_to=_moment(raw, "created_to"),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day in which an audit may ask the portal; it may reach over midnight. All day when equal."""

    from_hour: int
    to_hour: int
    zone: str = DEFAULT_ZONE

    def is_open(self, at: float) -> bool:
        hour = datetime.fromtimestamp(at, zone_of(self.zone)).hour
        if self.from_hour < self.to_hour:
            return self.from_hour <= hour < self.to_hour
        return self.from_hour == self.to_hour or hour >= self.from_hour or hour < self.to_hour


@dataclass(frozen=True, slots=True)
class AuditTerms:
    """How a run works: which share of the portal's requests it may use, when, and who is told at the end.

    ``incremental``: what did not change since the last run of the same scope and rules is not read again.
    """

    budget: int = DEFAULT_BUDGET
    window: Window | None = None
    incremental: bool = False
    told: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.budget not in BUDGET_PERCENTS:
            raise OrderMistake("budget")

    def to_dict(self) -> dict[str, object]:
        window = self.window
        hours = window and [window.from_hour, window.to_hour, window.zone]
        return {
            "budget": self.budget,
            "window": hours,
            "incremental": self.incremental,
            "told": list(self.told),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> "AuditTerms":
        """Return the terms that JSON values describe; raises OrderMistake."""
        _refuse_unknown(cls, raw)
        incremental = raw.get("incremental", False)
        if not isinstance(incremental, bool):
            raise OrderMistake("incremental")
        budget = raw.get("budget", DEFAULT_BUDGET)
        if not isinstance(budget, int):
            raise OrderMistake("budget")
        return cls(budget, _window(raw.get("window")), incremental, tuple(_all(raw, "told", _to_id)))


def _window(raw: object) -> Window | None:
    if raw is None:
        return None
    if not isinstance(raw, Sequence) or len(raw) != 3:
        raise OrderMistake("window")
    if not all(isinstance(hour, int) and hour in HOURS for hour in raw[:2]):
        raise OrderMistake("window")
    return Window(raw[0], raw[1], read_zone(raw[2], "window"))


def read_zone(raw: object, field: str) -> str:
    """Return a zone's name; 0 is UTC in what earlier versions kept. Raises OrderMistake."""
    if isinstance(raw, int) and raw == 0:
        return DEFAULT_ZONE
    if not isinstance(raw, str) or not is_zone(raw):
        raise OrderMistake(field)
    return raw


def _refuse_unknown(cls: type, raw: Mapping[str, object]) -> None:
    unknown = set(raw) - {field.name for field in fields(cls)}
    if unknown:
        raise OrderMistake(min(unknown))


def _all(
    raw: Mapping[str, object], field: str, to: Callable[[str], T], default: Sequence[object] = ()
) -> list[T]:
    values = raw.get(field, default)
    if not isinstance(values, list | tuple) or len(values) > MOST_CHOSEN:
        raise OrderMistake(field)
    try:
        return [to(value) for value in values]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise OrderMistake(field) from error


def _to_id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("not an id")
    return value


def _to_source(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= SOURCE_CODE_LIMIT or not value.isprintable():
        raise ValueError("not a source")
    return value


def _moment(raw: Mapping[str, object], field: str) -> float | None:
    value = raw.get(field)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise OrderMistake(field)
    return float(value)
