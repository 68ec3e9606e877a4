"""What is true of a record now: who matches it, which match is best, and what contact data it shares.

The same decisions as the tab makes, for many records at once and in one fixed order, so that fields, robots,
triggers and the tab say the same thing. Everything is handed in; nothing is remembered between two calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import KeyKind, MatchKey, match_keys
from b24app.dedupe.match import Match, ReasonCode, compare, is_shown
from b24app.dedupe.record import Record, RecordRef, RecordType, Stage
from b24app.dedupe.rules import RuleSet, is_in_scope
from b24app.dedupe.shared import SharedData, SharedKind, classify_shared


class Status(StrEnum):
    """What a record's field says."""

    NOT_CHECKED = "not_checked"
    NONE = "none"
    DUPLICATE = "duplicate"
    SHARED = "shared"


class MatchKind(StrEnum):
    """What a match may be, for the order of the best one."""

    CONTACT_WITH_DEAL = "contact_with_deal"
    COMPANY_WITH_DEAL = "company_with_deal"
    COMPANY = "company"
    CONTACT = "contact"
    LEAD_IN_WORK = "lead_in_work"
    LEAD_CLOSED = "lead_closed"


@dataclass(frozen=True, slots=True)
class OutcomeMatch:
    """A record held to be the same customer. Times are Unix seconds."""

    ref: RecordRef
    grade: Grade
    codes: tuple[ReasonCode, ...]
    responsible_id: int | None
    stage: Stage
    created_at: float | None
    modified_at: float | None
    has_open_deal: bool = False

    @property
    def kind(self) -> MatchKind:
        """Return which place in the order of the best match it competes for."""
        if self.ref.type is RecordType.LEAD:
            return MatchKind.LEAD_CLOSED if self.stage.is_closed else MatchKind.LEAD_IN_WORK
        if self.ref.type is RecordType.CONTACT:
            return MatchKind.CONTACT_WITH_DEAL if self.has_open_deal else MatchKind.CONTACT
        return MatchKind.COMPANY_WITH_DEAL if self.has_open_deal else MatchKind.COMPANY


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is known of one record at one moment.

    ``matches`` is complete, best first; those that share hub values only are counted in ``far``. ``best`` is the
    first of them by the administrator's order of kinds, ``grade`` that of the surest one. ``shared`` and
    ``partners``: the other side of contact data that contacts and companies share, the record's own company
    included. ``group`` is the smallest record that matches lead to, the same for all of them; "" when the
    record is alone.
    """

    ref: RecordRef
    status: Status
    matches: tuple[OutcomeMatch, ...]
    far: int
    best: OutcomeMatch | None
    grade: Grade | None
    shared: SharedKind | None
    partners: tuple[RecordRef, ...]
    group: str
    checked_at: float
    created_at: float | None = None

    def count(self, record_type: RecordType | None = None) -> int:
        """Return how many matches there are, of one type or of all."""
        return sum(record_type in (None, match.ref.type) for match in self.matches)

    @property
    def earlier(self) -> tuple[OutcomeMatch, ...]:
        """The matches that were there before this record, best first: with any, this record is the repeat.

        Of two created in the same second the one with the smaller reference was first.
        """
        own = _age(self.created_at, self.ref)
        return tuple(match for match in self.matches if _age(match.created_at, match.ref) < own)


def _age(created_at: float | None, ref: RecordRef) -> tuple[float, RecordRef]:
    return created_at or 0.0, ref


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Records as they stand, and what has to be known to judge them.

    ``records`` hold everybody who shares a value that is no hub with a record asked about, contacts with all
    their companies. ``rejected`` are pairs that a person called different; ``far`` counts those who share hub
    values only.
    """

    records: Mapping[RecordRef, Record]
    rules: RuleSet
    portal_key: bytes = field(repr=False)
    now: float
    hubs: frozenset[MatchKey] = frozenset()
    rejected: Set[frozenset[RecordRef]] = frozenset()
    open_deals: Set[RecordRef] = frozenset()  # contacts and companies that have one
    best_order: Sequence[MatchKind] = tuple(MatchKind)
    far: Mapping[RecordRef, int] = field(default_factory=dict)


_SHARABLE = (KeyKind.PHONE, KeyKind.EMAIL)
_CLIENTS = (RecordType.CONTACT, RecordType.COMPANY)


def outcomes(given: Surroundings) -> dict[RecordRef, Outcome]:
    """Return the outcome of every record of the surroundings; the order they come in changes nothing."""
    keys = {
        ref: match_keys(record, given.rules, given.portal_key)
        for ref, record in sorted(given.records.items())
    }
    pairs = _matching_pairs(given, keys)
    shown = {pair: match for pair, match in pairs.items() if _is_duplicate(given, pair, match)}
    seen = _by_viewer(given, shown)
    near = _by_viewer(given, pairs)
    groups = _groups(seen)
    return {
        ref: _outcome(given, ref, seen.get(ref, {}), _shared(given, ref, near.get(ref, {}), keys), groups)
        for ref in keys
    }


def not_checked(refs: Iterable[RecordRef], *, now: float) -> dict[RecordRef, Outcome]:
    """Return what may be said while the index is incomplete: nothing."""
    return {
        ref: Outcome(
            ref,
            Status.NOT_CHECKED,
            matches=(),
            far=0,
            best=None,
            grade=None,
            shared=None,
            partners=(),
            group="",
            checked_at=now,
        )
        for ref in refs
    }


def _matching_pairs(
    given: Surroundings, keys: Mapping[RecordRef, frozenset[MatchKey]]
) -> dict[tuple[RecordRef, RecordRef], Match]:
    """Compare everybody who shares a value that is no hub, once a pair; the smaller record is first."""
    holders: defaultdict[MatchKey, list[RecordRef]] = defaultdict(list)
    for ref, own in keys.items():
        for key in own - given.hubs:
            holders[key].append(ref)
    proposed = {pair for held in holders.values() for pair in combinations(held, 2)}
    found = {}
    for a, b in sorted(proposed):
        if frozenset((a, b)) in given.rejected:
            continue
        match = compare(given.records[a], given.records[b], given.rules, given.portal_key, given.hubs)
        if match is not None:
            found[a, b] = match
    return found


def _is_duplicate(given: Surroundings, pair: tuple[RecordRef, RecordRef], match: Match) -> bool:
    """Tell whether a pair is sure enough, and no record with its own client or company."""
    a, b = (given.records[ref] for ref in pair)
    return is_shown(match, given.rules) and b.ref not in a.links and a.ref not in b.links


def _by_viewer(
    given: Surroundings, pairs: Mapping[tuple[RecordRef, RecordRef], Match]
) -> dict[RecordRef, dict[RecordRef, Match]]:
    """Return for each record whom it sees: a record beyond the rules sees others and is not seen."""
    in_scope = {
        ref for ref, record in given.records.items() if is_in_scope(record, given.rules, now=given.now)
    }
    seen: defaultdict[RecordRef, dict[RecordRef, Match]] = defaultdict(dict)
    for (a, b), match in pairs.items():
        for viewer, other in ((a, b), (b, a)):
            if other in in_scope:
                seen[viewer][other] = match
    return seen


def _groups(seen: Mapping[RecordRef, Iterable[RecordRef]]) -> dict[RecordRef, str]:
    """Name what hangs together by matches, seen from either side, after its smallest record."""
    neighbours: defaultdict[RecordRef, set[RecordRef]] = defaultdict(set)
    for viewer, others in seen.items():
        for other in others:
            neighbours[viewer].add(other)
            neighbours[other].add(viewer)
    names: dict[RecordRef, str] = {}
    for start in sorted(neighbours):
        for ref in _reached(start, neighbours) if start not in names else ():
            names[ref] = str(start)
    return names


def _reached(start: RecordRef, neighbours: Mapping[RecordRef, set[RecordRef]]) -> Iterator[RecordRef]:
    reached, waiting = {start}, [start]
    while waiting:
        ref = waiting.pop()
        yield ref
        new = neighbours[ref] - reached
        reached |= new
        waiting.extend(new)


def _shared(
    given: Surroundings,
    ref: RecordRef,
    near: Mapping[RecordRef, Match],
    keys: Mapping[RecordRef, frozenset[MatchKey]],
) -> list[SharedData]:
    """Return what contact data the record shares with the other type of client, worst first."""
    if ref.type not in _CLIENTS:
        return []
    members = sorted((ref, *near))
    found = []
    for key in sorted(keys[ref] - given.hubs):
        if key.kind in _SHARABLE:
            shared = classify_shared([given.records[one] for one in members if key in keys[one]])
            found += [shared] if shared is not None else []
    return sorted(found, key=lambda shared: (-shared.severity, shared.kind))


def _outcome(
    given: Surroundings,
    ref: RecordRef,
    seen: Mapping[RecordRef, Match],
    shared: Sequence[SharedData],
    groups: Mapping[RecordRef, str],
) -> Outcome:
    matches = [_outcome_match(given, other, match) for other, match in seen.items()]
    rank = {kind: place for place, kind in enumerate(given.best_order)}
    matches.sort(
        key=lambda match: (
            rank[match.kind], -match.grade, -seen[match.ref].score, *_age(match.created_at, match.ref)
        )
    )  # fmt: skip
    is_contact = ref.type is RecordType.CONTACT
    partners = {other for data in shared for other in (data.companies if is_contact else data.contacts)}
    return Outcome(
        ref=ref,
        status=_status({match.ref for match in matches}, partners),
        matches=tuple(matches),
        far=given.far.get(ref, 0),
        best=matches[0] if matches else None,
        grade=max((match.grade for match in matches), default=None),
        shared=shared[0].kind if shared else None,
        partners=tuple(sorted(partners)),
        group=groups.get(ref, ""),
        checked_at=given.now,
        created_at=given.records[ref].created_at,
    )


def _status(matches: Set[RecordRef], partners: Set[RecordRef]) -> Status:
    """A record that matches only those it shares contact data with is no duplicate: its data are shared."""
    if matches - partners:
        return Status.DUPLICATE
    return Status.SHARED if partners else Status.NONE


def _outcome_match(given: Surroundings, ref: RecordRef, match: Match) -> OutcomeMatch:
    record = given.records[ref]
    return OutcomeMatch(
        ref=ref,
        grade=match.grade,
        codes=tuple(dict.fromkeys(reason.code for reason in match.reasons)),
        responsible_id=record.responsible_id,
        stage=record.stage,
        created_at=record.created_at,
        modified_at=record.modified_at,
        has_open_deal=ref in given.open_deals,
    )
