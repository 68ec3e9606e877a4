"""Filters: from the keys of a request to a question that a record answers with yes or no.

Prefixes and their meaning: documentation, crm.contact.list and crm.item.list.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from b24app.sandbox.fields import Kind
from b24app.sandbox.records import Record, Scalar, parse_time
from b24app.sandbox.wire import Json, as_int, as_list, as_text

Predicate: TypeAlias = Callable[[Record], bool]
Comparable: TypeAlias = "int | float | str | None"
_KEY = re.compile(r"^(!=%|!%=|=%|%=|!%|!@|>=|<=|!=|@|%|=|>|<|!)?(.+)$", re.DOTALL)
_SAME = {"": "=", "%=": "=%", "!%=": "!=%", "!": "!="}
HIGHEST_ID = 2**62


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a filter, taken apart: the prefix in its usual spelling, the name, the value."""

    operator: str
    name: str
    value: Json


def split_key(key: str, value: Json) -> Condition:
    found = _KEY.match(key)
    if found is None:
        return Condition("=", key, value)
    operator = found[1] or ""
    return Condition(_SAME.get(operator, operator), found[2], value)


def predicate(condition: Condition, kind: Kind, read: Callable[[Record], Scalar]) -> Predicate:
    """Return the question for one condition on a plain field."""
    operator, value = condition.operator, condition.value
    if operator.startswith("!"):
        positive = predicate(Condition(_POSITIVE[operator], condition.name, value), kind, read)
        return lambda record: not positive(record)
    listed = as_list(value)
    if operator == "@" or (listed is not None and operator == "="):
        wanted = {_comparable(one, kind) for one in (listed if listed is not None else [value])}
        return lambda record: any(_stored(one, kind) in wanted for one in _each(read(record)))
    if "%" in operator:
        pattern = _like(as_text(value), needs_marks=operator == "=%")
        return lambda record: any(pattern.search(as_text(one)) for one in _each(read(record)))
    operand = _comparable(value, kind)
    compare = _COMPARE[operator]
    return lambda record: any(compare(_stored(one, kind), operand) for one in _each(read(record)))


_POSITIVE = {"!@": "@", "!%": "%", "!=%": "=%", "!=": "="}


def _ordered(test: Callable[[int], bool]) -> Callable[[Comparable, Comparable], bool]:
    def compare(stored: Comparable, operand: Comparable) -> bool:
        if stored is None or operand is None:
            return False
        if isinstance(stored, str) or isinstance(operand, str):
            left, right = str(stored), str(operand)
            return test((left > right) - (left < right))
        return test((stored > operand) - (stored < operand))

    return compare


_COMPARE: dict[str, Callable[[Comparable, Comparable], bool]] = {
    "=": lambda stored, operand: stored == operand,
    ">": _ordered(lambda sign: sign > 0),
    ">=": _ordered(lambda sign: sign >= 0),
    "<": _ordered(lambda sign: sign < 0),
    "<=": _ordered(lambda sign: sign <= 0),
}


def _comparable(value: Json, kind: Kind) -> Comparable:
    """Cast what the caller sent; a blank number is 0, so ``>ID`` with a blank value begins again from the start."""
    if kind is Kind.NUMBER:
        return as_int(value)
    if kind in (Kind.TIME, Kind.DAY):
        return parse_time(value)
    if kind is Kind.MONEY:
        return _to_float(as_text(value))
    return as_text(value).casefold()


def _stored(value: Json, kind: Kind) -> Comparable:
    if kind is Kind.NUMBER:
        return as_int(value)
    if kind in (Kind.TIME, Kind.DAY, Kind.MONEY):
        return value if isinstance(value, float) else None
    return as_text(value).casefold()


def _each(value: Scalar) -> Sequence[Json]:
    """Return what a condition is asked of: each of several values, an empty field as a blank."""
    if isinstance(value, list):
        return value or [None]
    return [value]


def _to_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _like(text: str, *, needs_marks: bool) -> re.Pattern[str]:
    if not needs_marks:
        return re.compile(re.escape(text), re.IGNORECASE)
    body = ".*".join(re.escape(part) for part in text.split("%"))
    return re.compile(f"^{body}$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class IdBounds:
    """What the conditions on the id leave to look at."""

    lowest: int = 1
    highest: int = HIGHEST_ID
    listed: frozenset[int] | None = None

    def narrowed(self, condition: Condition) -> "IdBounds | None":
        """Return tighter bounds; None when this condition must be asked of each record."""
        number = as_int(condition.value)
        match condition.operator:
            case ">":
                return IdBounds(max(self.lowest, number + 1), self.highest, self.listed)
            case ">=":
                return IdBounds(max(self.lowest, number), self.highest, self.listed)
            case "<":
                return IdBounds(self.lowest, min(self.highest, number - 1), self.listed)
            case "<=":
                return IdBounds(self.lowest, min(self.highest, number), self.listed)
            case "=" | "@":
                return IdBounds(self.lowest, self.highest, self._both(_ids(condition.value)))
        return None

    def _both(self, ids: frozenset[int]) -> frozenset[int]:
        return ids if self.listed is None else ids & self.listed

    def of(self, ids: Sequence[int]) -> Sequence[int]:
        """Return the ids to look at, ascending; ``ids`` are those between the bounds."""
        if self.listed is None:
            return ids
        wanted = (one for one in self.listed if self.lowest <= one <= self.highest)
        return sorted(wanted)


def _ids(value: Json) -> frozenset[int]:
    listed = as_list(value)
    return frozenset(as_int(one) for one in (listed if listed is not None else [value]))
