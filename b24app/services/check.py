"""Is there somebody with these phones and e-mails already? Answered from the index alone: ids, no names, no values.

The portal is not asked, so names are unknown: grades are those of the value alone. A pair that a person called
different is a matter of two records, and is not looked at here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Literal

from b24app.dedupe.keys import KeyedValue, KeyKind, MatchKey, keyed_values
from b24app.dedupe.match import Grade, grade_by_value
from b24app.dedupe.record import Multifield, Record, RecordRef, RecordType, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.services.card.candidates import Candidate, Candidates, candidates_among
from b24app.services.portal.context import Runtime
from b24app.store.index import Holder
from b24app.store.portals import PortalStatus

MAX_MATCHES = 10_000  # in one answer; `total` counts all

TypeWord = Literal["lead", "contact", "company"]
GradeWord = Literal["weak", "possible", "likely", "exact"]
ReasonKind = Literal["phone", "email", "email_alias", "weak_phone"]

_REASON_KINDS: dict[KeyKind, ReasonKind] = {
    KeyKind.PHONE: "phone",
    KeyKind.EMAIL: "email",
    KeyKind.EMAIL_ALIAS: "email_alias",
    KeyKind.WEAK_PHONE: "weak_phone",
}
_GRADE_WORDS: dict[Grade, GradeWord] = {
    Grade.WEAK: "weak",
    Grade.POSSIBLE: "possible",
    Grade.LIKELY: "likely",
    Grade.EXACT: "exact",
}
_NOBODY = RecordRef(RecordType.LEAD, 0)  # the record that is not made yet


class PortalClosed(Exception):
    """The portal is blocked or has uninstalled the app: its index is not kept up to date."""


class CheckVerdict(StrEnum):
    """The answer in one word. ``none`` is said of a complete index only; ``unknown`` means: ask again later."""

    DUPLICATE = "duplicate"
    POSSIBLE = "possible"
    WEAK = "weak"
    NONE = "none"
    UNKNOWN = "unknown"


_VERDICTS = {
    Grade.EXACT: CheckVerdict.DUPLICATE,
    Grade.LIKELY: CheckVerdict.DUPLICATE,
    Grade.POSSIBLE: CheckVerdict.POSSIBLE,
    Grade.WEAK: CheckVerdict.WEAK,
}


@dataclass(frozen=True, slots=True)
class CheckQuestion:
    """What an outside program wants to know. ``types`` None: all that the portal searches."""

    phones: tuple[str, ...] = field(default=(), repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    types: frozenset[TypeWord] | None = None
    exclude: str | None = None  # "lead:12": the record the values were taken from


@dataclass(frozen=True, slots=True, order=True)
class ValueRef:
    """One of the values asked for: its list and its place there, from 0."""

    kind: Literal["phone", "email"]
    value_index: int


@dataclass(frozen=True, slots=True, order=True)
class CheckReason:
    """By which value a record was found. ``weak_phone`` is a place in ``phones``, ``email_alias`` in ``emails``."""

    kind: ReasonKind
    value_index: int


@dataclass(frozen=True, slots=True)
class CheckMatch:
    """A record with one of the values."""

    type: TypeWord
    id: int
    grade: GradeWord
    reasons: tuple[CheckReason, ...]


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """Who has the values already; best matches first.

    ``index_as_of``: every change before it is in the index; null while the first indexing runs. ``types`` were
    searched. ``hubs`` are values on more records than the portal allows; ``not_compared`` are no phones or e-mails,
    or are on the stop list.
    """

    verdict: CheckVerdict
    grade: GradeWord | None
    complete: bool
    checked_at: datetime
    index_as_of: datetime | None
    types: tuple[TypeWord, ...]
    matches: tuple[CheckMatch, ...]
    total: int
    truncated: bool
    hubs: tuple[ValueRef, ...]
    not_compared: tuple[ValueRef, ...]


@dataclass(frozen=True, slots=True)
class AskedValue:
    """One reading of one value asked for."""

    ref: ValueRef
    keyed: KeyedValue

    @property
    def reason(self) -> CheckReason:
        return CheckReason(_REASON_KINDS[self.keyed.key.kind], self.ref.value_index)


@dataclass(frozen=True, slots=True)
class Asked:
    """The values asked for, by the keys to look up, and those that give none."""

    by_key: Mapping[MatchKey, Sequence[AskedValue]]
    not_compared: tuple[ValueRef, ...]


@dataclass(frozen=True, slots=True)
class _Knowledge:
    """What the index said at one moment: who holds the keys asked for, and how complete that is."""

    rules: RuleSet
    holders: Mapping[MatchKey, Sequence[Holder]]
    is_complete: bool
    as_of: datetime | None
    now: float


async def check(
    runtime: Runtime, portal_id: int, questions: Sequence[CheckQuestion]
) -> tuple[CheckAnswer, ...]:
    """Answer all the questions out of one reading of the portal's index; raises PortalClosed, UnknownPortal."""
    now = runtime.clock.now()
    async with runtime.store.read(portal_id) as tx:
        portal = await tx.portal.get()
        if portal.status is not PortalStatus.ACTIVE:
            raise PortalClosed
        rules, hashing_key = RuleSet.from_dict(portal.rules), await tx.portal.hashing_key()
        asked = [read_values(question, rules, hashing_key) for question in questions]
        holders = await tx.index.holders({key for each in asked for key in each.by_key})
        is_indexed = portal.indexed_at is not None
        is_complete = is_indexed and await tx.inbox.count() == 0
        swept_at = await tx.sync.all_swept_at()
    by_key = {key: list(held) for key, held in groupby(holders, key=attrgetter("key"))}
    as_of = _moment(swept_at) if is_indexed and swept_at is not None else None
    known = _Knowledge(rules, by_key, is_complete, as_of, now)
    return tuple(_answer(question, each, known) for question, each in zip(questions, asked, strict=True))


def _answer(question: CheckQuestion, asked: Asked, known: _Knowledge) -> CheckAnswer:
    searched = _searched(known.rules, question)
    found = _found(asked, known, searched)
    matches = judge(asked, found, known.rules, exclude=question.exclude)
    best = Grade.parse(matches[0].grade) if matches else None
    can_deny = known.is_complete and bool(asked.by_key) and bool(searched)
    return CheckAnswer(
        verdict=_verdict(best, can_deny=can_deny),
        grade=_GRADE_WORDS[best] if best else None,
        complete=known.is_complete,
        checked_at=_moment(known.now),
        index_as_of=known.as_of,
        types=tuple(record_type.word for record_type in sorted(searched)),
        matches=matches[:MAX_MATCHES],
        total=len(matches),
        truncated=len(matches) > MAX_MATCHES,
        hubs=tuple(sorted({value.ref for key in found.hubs for value in asked.by_key[key]})),
        not_compared=asked.not_compared,
    )


def read_values(question: CheckQuestion, rules: RuleSet, hashing_key: bytes) -> Asked:
    """Return the keys of the values, each with where it comes from."""
    by_key: defaultdict[MatchKey, list[AskedValue]] = defaultdict(list)
    not_compared = []
    for ref, multifield in _multifields(question):
        readings = keyed_values(Record(_NOBODY, (multifield,)), rules, hashing_key)
        if not readings:
            not_compared.append(ref)
        for keyed in readings:
            by_key[keyed.key].append(AskedValue(ref, keyed))
    return Asked(dict(by_key), tuple(not_compared))


def judge(
    asked: Asked, found: Candidates, rules: RuleSet, *, exclude: str | None = None
) -> tuple[CheckMatch, ...]:
    """Return the records that are sure enough for the rules, surest first."""
    judged = [
        _judge_one(candidate, asked, found.hubs)
        for candidate in (*found.near, *found.far)
        if str(candidate.ref) != exclude
    ]
    judged = [(grade, match) for grade, match in judged if grade >= rules.least_grade]
    judged.sort(key=lambda pair: -pair[0])
    return tuple(match for _, match in judged)


def _judge_one(candidate: Candidate, asked: Asked, hubs: frozenset[MatchKey]) -> tuple[Grade, CheckMatch]:
    shared = _without_implied_aliases([value for key in candidate.keys for value in asked.by_key[key]])
    grade = max(grade_by_value(value.keyed, is_hub=value.keyed.key in hubs) for value in shared)
    reasons = tuple(sorted({value.reason for value in shared}))
    return grade, CheckMatch(candidate.ref.type.word, candidate.ref.id, _GRADE_WORDS[grade], reasons)


def _without_implied_aliases(values: Sequence[AskedValue]) -> list[AskedValue]:
    """Drop the mailbox of an address that is shared itself: it says nothing new."""
    addresses = {value.ref for value in values if value.keyed.key.kind is KeyKind.EMAIL}
    return [
        value
        for value in values
        if value.keyed.key.kind is not KeyKind.EMAIL_ALIAS or value.ref not in addresses
    ]


def _multifields(question: CheckQuestion) -> Iterable[tuple[ValueRef, Multifield]]:
    for place, phone in enumerate(question.phones):
        yield ValueRef("phone", place), Multifield(ValueKind.PHONE, phone)
    for place, email in enumerate(question.emails):
        yield ValueRef("email", place), Multifield(ValueKind.EMAIL, email)


def _searched(rules: RuleSet, question: CheckQuestion) -> frozenset[RecordType]:
    if question.types is None:
        return rules.types
    return rules.types & {RecordType.parse(word) for word in question.types}


def _found(asked: Asked, known: _Knowledge, searched: frozenset[RecordType]) -> Candidates:
    if not searched:
        return Candidates((), (), {}, frozenset())
    holders = [holder for key in asked.by_key for holder in known.holders.get(key, ())]
    return candidates_among(holders, replace(known.rules, types=searched), now=known.now)


def _verdict(best: Grade | None, *, can_deny: bool) -> CheckVerdict:
    if best is not None:
        return _VERDICTS[best]
    return CheckVerdict.NONE if can_deny else CheckVerdict.UNKNOWN


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, tz=UTC)
