"""When a new lead counts as a client who writes again, and what is done then: what it may be, and its JSON round trip.

As with `RuleSet`: rules that exist are valid, whichever way they were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar, cast

from b24app.dedupe.record import RecordType, Stage
from b24app.dedupe.rules import JSON, MistakeCode, RuleMistake

LOOK_BACK_DAYS = range(3_651)  # 0: no limit
TASK_DAYS = range(366)
LONGEST_STAGE = 50  # characters of a stage's id

Word = TypeVar("Word", bound=StrEnum)


class By(StrEnum):
    """What the new lead has in common with the earlier record; one is enough."""

    PHONE = "phone"
    EMAIL = "email"


class Original(StrEnum):
    """Which earlier records count: leads by what became of them, contacts, companies."""

    IN_WORK = "in_work"
    WON = "won"
    LOST = "lost"
    CONTACT = "contact"
    COMPANY = "company"

    @classmethod
    def of(cls, record_type: RecordType, stage: Stage) -> Original:
        """Return which of them a record is; a lead whose stage nobody knows is in work."""
        if record_type is RecordType.CONTACT:
            return cls.CONTACT
        if record_type is RecordType.COMPANY:
            return cls.COMPANY
        return {Stage.WON: cls.WON, Stage.LOST: cls.LOST}.get(stage, cls.IN_WORK)


@dataclass(frozen=True, slots=True)
class EnquiryRules:
    """How one portal treats repeat enquiries. `look_back_days` 0 means no limit; `move_to` is a lead stage's id."""

    is_on: bool = False
    by: frozenset[By] = frozenset(By)
    look_back_days: int = 365
    originals: frozenset[Original] = frozenset(Original)
    comment: bool = True
    task: bool = True
    task_days: int = 1
    count: bool = True
    move: bool = False
    move_to: str = ""
    link: bool = True
    assign: bool = False

    def __post_init__(self) -> None:
        """Refuse what no portal can mean; RuleMistake names the field."""
        for name in ("by", "originals"):
            if not getattr(self, name):
                raise RuleMistake(name, MistakeCode.EMPTY)
        if self.look_back_days not in LOOK_BACK_DAYS:
            raise RuleMistake("look_back_days", MistakeCode.OUT_OF_RANGE)
        if self.task_days not in TASK_DAYS:
            raise RuleMistake("task_days", MistakeCode.OUT_OF_RANGE)
        if self.move and not self.move_to:
            raise RuleMistake("move_to", MistakeCode.EMPTY)
        if len(self.move_to) > LONGEST_STAGE:
            raise RuleMistake("move_to", MistakeCode.UNKNOWN_CHOICE)

    def to_dict(self) -> dict[str, JSON]:
        """Return the rules as JSON values; `from_dict` gives the same rules back."""
        return {
            field.name: sorted(value) if isinstance(value, frozenset) else value
            for field in fields(self)
            for value in [getattr(self, field.name)]
        }

    @classmethod
    def from_dict(cls, raw: object) -> EnquiryRules:
        """Return the rules a JSON object describes; a missing field has its default.

        Raises RuleMistake, which names the field: unknown fields, wrong types and impossible values are
        mistakes.
        """
        if not isinstance(raw, Mapping):
            raise RuleMistake("", MistakeCode.NOT_AN_OBJECT)
        given = {str(name): value for name, value in cast("Mapping[object, object]", raw).items()}
        defaults = {field.name: field.default for field in fields(cls)}
        for name, value in given.items():
            if name not in defaults:
                raise RuleMistake(name, MistakeCode.UNKNOWN_FIELD)
            wanted = list if isinstance(defaults[name], frozenset) else type(defaults[name])
            if type(value) is not wanted:
                raise RuleMistake(name, MistakeCode.WRONG_TYPE)
        if "by" in given:
            given["by"] = _words(By, "by", given["by"])
        if "originals" in given:
            given["originals"] = _words(Original, "originals", given["originals"])
        return cls(**given)  # type: ignore[arg-type]  # every type was checked above


def _words(words: type[Word], field: str, listed: object) -> frozenset[Word]:
    found: list[Word] = []
    for position, entry in enumerate(cast("list[object]", listed)):
        try:
            found.append(words(str(entry)))
        except ValueError as error:
            raise RuleMistake(field, MistakeCode.UNKNOWN_CHOICE, position) from error
    return frozenset(found)
