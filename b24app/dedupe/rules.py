"""A portal's matching rules: what they may be, and their JSON round trip.

A `RuleSet` that exists is valid: every way of making one goes through the same checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeAlias, cast

import phonenumbers

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import Record, RecordType
from b24app.dedupe.stoplist import is_stop_entry

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

ALL_TYPES = frozenset(RecordType)
HUB_LIMITS = range(2, 100_001)
LOOK_BACK_DAYS = range(36_501)
STOP_LIST_LIMIT = 1_000  # entries; a page of settings, not a data base
DAY_S = 86_400.0


class Reveal(StrEnum):
    """What a viewer learns of matches he may not read."""

    NOTHING = "nothing"
    EXISTS = "exists"
    RESPONSIBLE = "responsible"


class MistakeCode(StrEnum):
    """Why a field of the rules was refused; a template has the sentence."""

    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_CHOICE = "unknown_choice"
    UNKNOWN_REGION = "unknown_region"
    EMPTY = "empty"
    OUT_OF_RANGE = "out_of_range"
    TOO_MANY = "too_many"
    NOT_A_STOP_ENTRY = "not_a_stop_entry"


class RuleMistake(ValueError):
    """A field of the rules can't be what it was said to be.

    `position` is the index of the entry within a list field, so that a page can point at it; the entry
    itself is personal data and is in no message.
    """

    def __init__(self, field: str, code: MistakeCode, position: int | None = None) -> None:
        place = field if position is None else f"{field}[{position}]"
        super().__init__(f"{place}: {code}")
        self.field = field
        self.code = code
        self.position = position


@dataclass(frozen=True, slots=True)
class RuleSet:
    """How one portal wants records to be matched.

    `region` is the ISO country whose habits decide how a number without country code is read. `hub_limit`:
    a value on more records than this is a switchboard. `look_back_days` 0 means no limit. `include_closed`:
    do converted and junk leads count?
    """

    region: str = "RU"
    types: frozenset[RecordType] = ALL_TYPES
    email_aliases: bool = True
    hub_limit: int = 50
    least_grade: Grade = Grade.WEAK
    stop_list: tuple[str, ...] = ()
    reveal: Reveal = Reveal.RESPONSIBLE
    look_back_days: int = 0
    include_closed: bool = True

    def __post_init__(self) -> None:
        """Refuse what no portal can mean; RuleMistake names the field."""
        if self.region not in phonenumbers.SUPPORTED_REGIONS:
            raise RuleMistake("region", MistakeCode.UNKNOWN_REGION)
        if not self.types:
            raise RuleMistake("types", MistakeCode.EMPTY)
        if self.hub_limit not in HUB_LIMITS:
            raise RuleMistake("hub_limit", MistakeCode.OUT_OF_RANGE)
        if self.look_back_days not in LOOK_BACK_DAYS:
            raise RuleMistake("look_back_days", MistakeCode.OUT_OF_RANGE)
        if len(self.stop_list) > STOP_LIST_LIMIT:
            raise RuleMistake("stop_list", MistakeCode.TOO_MANY)
        for position, entry in enumerate(self.stop_list):
            if not is_stop_entry(entry, self.region):
                raise RuleMistake("stop_list", MistakeCode.NOT_A_STOP_ENTRY, position)

    def gives_same_keys_as(self, other: RuleSet) -> bool:
        """Tell whether every record has the same match keys under both; other rules are applied to what is found."""
        return (self.region, self.email_aliases, self.stop_list) == (
            other.region,
            other.email_aliases,
            other.stop_list,
        )

    def to_dict(self) -> dict[str, JSON]:
        """Return the rules as JSON values; `from_dict` gives the same rules back."""
        return {
            "region": self.region,
            "types": [record_type.word for record_type in sorted(self.types)],
            "email_aliases": self.email_aliases,
            "hub_limit": self.hub_limit,
            "least_grade": self.least_grade.word,
            "stop_list": list(self.stop_list),
            "reveal": self.reveal.value,
            "look_back_days": self.look_back_days,
            "include_closed": self.include_closed,
        }

    @classmethod
    def from_dict(cls, raw: object) -> RuleSet:
        """Return the rules a JSON object describes; a missing field has its default.

        Raises RuleMistake, which names the field: unknown fields, wrong types and impossible values are
        mistakes.
        """
        if not isinstance(raw, Mapping):
            raise RuleMistake("", MistakeCode.NOT_AN_OBJECT)
        known = {field.name for field in fields(cls)}
        for name in raw:
            if name not in known:
                raise RuleMistake(str(name), MistakeCode.UNKNOWN_FIELD)
        given = _Given(cast("Mapping[str, object]", raw))
        default = cls()
        return cls(
            region=given.text("region", default.region),
            types=frozenset(given.types("types", default.types)),
            email_aliases=given.flag("email_aliases", default.email_aliases),
            hub_limit=given.number("hub_limit", default.hub_limit),
            least_grade=given.grade("least_grade", default.least_grade),
            stop_list=tuple(given.texts("stop_list", default.stop_list)),
            reveal=given.reveal("reveal", default.reveal),
            look_back_days=given.number("look_back_days", default.look_back_days),
            include_closed=given.flag("include_closed", default.include_closed),
        )


def is_in_scope(record: Record, rules: RuleSet, *, now: float) -> bool:
    """Tell whether the rules let a record be shown as a match at all: its type, its age, open or closed.

    Age counts from the last change, or from the creation when no change is known; a record without dates is
    never too old.
    """
    if record.ref.type not in rules.types:
        return False
    if record.stage.is_closed and not rules.include_closed:
        return False
    touched_at = record.created_at if record.modified_at is None else record.modified_at
    if not rules.look_back_days or touched_at is None:
        return True
    return now - touched_at <= rules.look_back_days * DAY_S


class _Given:
    """The fields somebody sent, read by type."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        self._raw = raw

    def text(self, field: str, default: str) -> str:
        value = self._raw.get(field, default)
        if not isinstance(value, str):
            raise RuleMistake(field, MistakeCode.WRONG_TYPE)
        return value

    def texts(self, field: str, default: tuple[str, ...]) -> list[str]:
        value = self._raw.get(field, default)
        if not isinstance(value, list | tuple):
            raise RuleMistake(field, MistakeCode.WRONG_TYPE)
        for position, entry in enumerate(value):
            if not isinstance(entry, str):
                raise RuleMistake(field, MistakeCode.WRONG_TYPE, position)
        return list(value)

    def flag(self, field: str, default: bool) -> bool:
        value = self._raw.get(field, default)
        if not isinstance(value, bool):
            raise RuleMistake(field, MistakeCode.WRONG_TYPE)
        return value

    def number(self, field: str, default: int) -> int:
        value = self._raw.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RuleMistake(field, MistakeCode.WRONG_TYPE)
        return value

    def grade(self, field: str, default: Grade) -> Grade:
        word = self.text(field, default.word)
        try:
            return Grade.parse(word)
        except ValueError as error:
            raise RuleMistake(field, MistakeCode.UNKNOWN_CHOICE) from error

    def reveal(self, field: str, default: Reveal) -> Reveal:
        word = self.text(field, default.value)
        try:
            return Reveal(word)
        except ValueError as error:
            raise RuleMistake(field, MistakeCode.UNKNOWN_CHOICE) from error

    def types(self, field: str, default: frozenset[RecordType]) -> list[RecordType]:
        words = self.texts(field, tuple(record_type.word for record_type in default))
        found: list[RecordType] = []
        for position, word in enumerate(words):
            try:
                found.append(RecordType.parse(word))
            except ValueError as error:
                raise RuleMistake(field, MistakeCode.UNKNOWN_CHOICE, position) from error
        return found
