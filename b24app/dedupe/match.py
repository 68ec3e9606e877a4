"""Grades a pair of records that share a key, and says why.

Only a shared phone or e-mail makes a match. What was shared sets the row, the names the column:

| what is shared                                    | names same | unknown  | clearly different |
|---------------------------------------------------|------------|----------|-------------------|
| phone or e-mail                                   | EXACT      | EXACT    | LIKELY            |
| phone with two different extensions               | LIKELY     | POSSIBLE | WEAK              |
| e-mail alias; the same invalid e-mail             | LIKELY     | POSSIBLE | POSSIBLE          |
| role address (info@); local or impossible number  | POSSIBLE   | WEAK     | WEAK              |
| hub value: on more records than the rules allow   | WEAK       | WEAK     | WEAK              |

The best reason sets the grade. The score ranks matches within a grade: more reasons and more alike names
come first. No text is made here; a reason carries what a sentence needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from b24app.dedupe.grade import Grade as Grade
from b24app.dedupe.keys import KeyedValue, KeyKind, MatchKey, keyed_values
from b24app.dedupe.names import NameEffect, effect_of, name_similarity
from b24app.dedupe.native import would_bitrix_find
from b24app.dedupe.record import Record
from b24app.dedupe.rules import RuleSet


class ReasonCode(StrEnum):
    """What two records share."""

    SAME_PHONE = "same_phone"
    SAME_EMAIL = "same_email"
    SAME_ALIAS = "same_alias"
    SAME_WEAK_PHONE = "same_weak_phone"


@dataclass(frozen=True, slots=True)
class Reason:
    """One shared value, and how each side spells it.

    `display` is the normalised value for reading. `extension_a` and `extension_b` were left out of the
    comparison. `native`: Bitrix24 itself holds the two spellings for one. `grade` is what this reason alone
    would give.
    """

    code: ReasonCode
    key: MatchKey
    display: str
    raw_a: str
    raw_b: str
    extension_a: str | None
    extension_b: str | None
    native: bool
    is_role: bool
    is_hub: bool
    is_valid: bool
    grade: Grade

    @property
    def has_two_extensions(self) -> bool:
        """Tell whether the two are different extensions of one switchboard."""
        return _differ(self.extension_a, self.extension_b)


@dataclass(frozen=True, slots=True)
class Match:
    """Two records that share a value: how sure, and why; reasons best first."""

    grade: Grade
    score: int
    reasons: tuple[Reason, ...]
    name_similarity: int | None
    name_effect: NameEffect

    @property
    def native(self) -> bool:
        """Tell whether Bitrix24 itself would have found this pair."""
        return any(reason.native for reason in self.reasons)


class _Sharing(StrEnum):
    """The rows of the table above."""

    EXACT = "exact"
    TWO_EXTENSIONS = "two_extensions"
    ALIAS = "alias"
    WEAK = "weak"
    HUB = "hub"


_GRADES = {
    _Sharing.EXACT: (Grade.EXACT, Grade.EXACT, Grade.LIKELY),
    _Sharing.TWO_EXTENSIONS: (Grade.LIKELY, Grade.POSSIBLE, Grade.WEAK),
    _Sharing.ALIAS: (Grade.LIKELY, Grade.POSSIBLE, Grade.POSSIBLE),
    _Sharing.WEAK: (Grade.POSSIBLE, Grade.WEAK, Grade.WEAK),
    _Sharing.HUB: (Grade.WEAK, Grade.WEAK, Grade.WEAK),
}
_COLUMNS = {NameEffect.SAME: 0, NameEffect.UNKNOWN: 1, NameEffect.DIFFERENT: 2}
_CODES = {
    KeyKind.PHONE: ReasonCode.SAME_PHONE,
    KeyKind.EMAIL: ReasonCode.SAME_EMAIL,
    KeyKind.EMAIL_ALIAS: ReasonCode.SAME_ALIAS,
    KeyKind.WEAK_PHONE: ReasonCode.SAME_WEAK_PHONE,
}
_SCORE_FROM = {Grade.WEAK: 10, Grade.POSSIBLE: 40, Grade.LIKELY: 65, Grade.EXACT: 85}
_SCORE_WIDTH = 15
_POINTS_PER_REASON = 4
_MOST_REASON_POINTS = 8
_NAME_POINTS = 7


def compare(
    a: Record,
    b: Record,
    rules: RuleSet,
    portal_key: bytes,
    hubs: frozenset[MatchKey] = frozenset(),
) -> Match | None:
    """Return how sure it is that two records are one customer, or None when they share no key.

    `hubs` are the keys carried by more records than `rules.hub_limit`. A record is no match of itself.
    Grades below `rules.least_grade` are returned too: see `is_shown`.
    """
    if a.ref == b.ref:
        return None
    values_a, values_b = keyed_values(a, rules, portal_key), keyed_values(b, rules, portal_key)
    shared = {value.key for value in values_a} & {value.key for value in values_b}
    if not shared:
        return None
    similarity = name_similarity(a, b)
    effect = effect_of(similarity)
    found = [
        _reason(_of_key(values_a, key), _of_key(values_b, key), effect, is_hub=key in hubs)
        for key in sorted(shared)
    ]
    reasons = sorted(_without_implied_aliases(found), key=lambda reason: (-reason.grade, reason.key))
    grade = reasons[0].grade
    return Match(grade, _score(grade, len(reasons), similarity), tuple(reasons), similarity, effect)


def grade_by_value(value: KeyedValue, *, is_hub: bool) -> Grade:
    """Return what sharing this value says when nothing else is known: neither names nor the other spelling.

    Whoever has the number may have it with any extension, so one that was typed is taken to differ.
    """
    other = replace(value, extension="")
    sharing = _Sharing.HUB if is_hub else _sharing(value, other)
    return _GRADES[sharing][_COLUMNS[NameEffect.UNKNOWN]]


def is_shown(match: Match, rules: RuleSet) -> bool:
    """Tell whether a match is sure enough for the rules."""
    return match.grade >= rules.least_grade


def _of_key(values: Iterable[KeyedValue], key: MatchKey) -> list[KeyedValue]:
    return [value for value in values if value.key == key]


def _reason(of_a: list[KeyedValue], of_b: list[KeyedValue], effect: NameEffect, *, is_hub: bool) -> Reason:
    """Return the reason of one key; of several spellings the pair that speaks most for a match."""
    one, other = min(
        ((one, other) for one in of_a for other in of_b),
        key=lambda pair: (_differ(pair[0].extension, pair[1].extension), not _is_native(*pair)),
    )
    sharing = _Sharing.HUB if is_hub else _sharing(one, other)
    return Reason(
        code=_CODES[one.key.kind],
        key=one.key,
        display=one.display,
        raw_a=one.raw,
        raw_b=other.raw,
        extension_a=one.extension,
        extension_b=other.extension,
        native=_is_native(one, other),
        is_role=one.is_role or other.is_role,
        is_hub=is_hub,
        is_valid=one.is_valid,
        grade=_GRADES[sharing][_COLUMNS[effect]],
    )


def _sharing(one: KeyedValue, other: KeyedValue) -> _Sharing:
    if one.is_role or other.is_role or one.key.kind is KeyKind.WEAK_PHONE:
        return _Sharing.WEAK
    if one.key.kind is KeyKind.EMAIL_ALIAS or not one.is_valid:
        return _Sharing.ALIAS
    return _Sharing.TWO_EXTENSIONS if _differ(one.extension, other.extension) else _Sharing.EXACT


def _is_native(one: KeyedValue, other: KeyedValue) -> bool:
    return would_bitrix_find(one.raw, other.raw, one.kind)


def _differ(extension_a: str | None, extension_b: str | None) -> bool:
    return extension_a is not None and extension_b is not None and extension_a != extension_b


def _without_implied_aliases(reasons: list[Reason]) -> list[Reason]:
    """Drop an alias whose two addresses are equal anyway: it says nothing new."""
    by_address = {(reason.raw_a, reason.raw_b) for reason in reasons if reason.code is ReasonCode.SAME_EMAIL}
    return [
        reason
        for reason in reasons
        if reason.code is not ReasonCode.SAME_ALIAS or (reason.raw_a, reason.raw_b) not in by_address
    ]


def _score(grade: Grade, reason_count: int, similarity: int | None) -> int:
    """Return 0-100; a better grade always scores higher than a lesser one."""
    for_reasons = min(_MOST_REASON_POINTS, _POINTS_PER_REASON * (reason_count - 1))
    for_names = _NAME_POINTS * (50 if similarity is None else similarity) // 100
    return _SCORE_FROM[grade] + min(_SCORE_WIDTH, for_reasons + for_names)
