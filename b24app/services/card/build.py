"""From what the index proposed and the portal showed to the ``Card``: every decision of the tab, and no I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from b24app.dedupe.keys import KeyedValue, KeyKind, keyed_values
from b24app.dedupe.match import Grade, Match, compare, is_shown
from b24app.dedupe.record import Multifield, Record, RecordRef, RecordType
from b24app.dedupe.rules import Reveal, RuleSet
from b24app.services.card.candidates import Candidate, Candidates
from b24app.services.card.far import far_rows, far_total, page_count, page_window
from b24app.services.card.reading import FarPage, LiveView
from b24app.services.card.shared_notes import plan_shared_notes
from b24app.services.card.shown import (
    Card,
    CardValue,
    Coverage,
    Hidden,
    Person,
    Rejected,
    Row,
    Section,
    SharedNote,
    Verdict,
)
from b24app.services.indexing.records import LiveRecord
from b24app.services.links import card_path


@dataclass(frozen=True)
class CardParts:
    """Everything a card is made of, and what follows from it first: who really matches."""

    subjects: tuple[RecordRef, ...]
    found: Candidates
    coverage: Coverage
    view: LiveView
    pages: Sequence[FarPage]
    wanted_pages: Mapping[str, int]
    rules: RuleSet
    hashing_key: bytes

    @cached_property
    def opened(self) -> tuple[Record, ...]:
        """The open records, with all their links."""
        return tuple(self.record(ref) for ref in self.subjects if ref in self.view.records)

    @cached_property
    def matches(self) -> dict[RecordRef, Match]:
        """Near records that match live, best first: the hash only proposed them."""
        found = {
            candidate.ref: match
            for candidate in self.found.near
            if candidate.ref in self.view.records and (match := self._best_match(candidate.ref))
        }
        return dict(sorted(found.items(), key=lambda item: (-item[1].grade, -item[1].score, item[0])))

    @cached_property
    def duplicates(self) -> dict[RecordRef, Match]:
        """Matches that are sure enough for the rules and no relatives."""
        return {
            ref: match
            for ref, match in self.matches.items()
            if is_shown(match, self.rules) and not self.is_relative(ref)
        }

    @cached_property
    def near_counts(self) -> dict[RecordType, int]:
        """How many of them each type has."""
        return {kind: sum(ref.type is kind for ref in self.duplicates) for kind in RecordType}

    def record(self, ref: RecordRef) -> Record:
        """Return a record as read live; a contact with all its companies, where they were asked for."""
        record = self.view.records[ref].record
        companies = self.view.companies.get(ref)
        return replace(record, links=companies) if companies else record

    def is_relative(self, ref: RecordRef) -> bool:
        """Tell whether the record belongs to an open one by itself: its own company, its own client."""
        links = self.record(ref).links if ref in self.view.records else ()
        return self._is_linked(ref, links)

    def would_be_duplicate(self, unread: Candidate) -> bool:
        """Tell whether a record nobody may read here would be shown, judged by what it shares and by its links."""
        shared = (value for value in self.values() if value.key in unread.keys)
        values = tuple(Multifield(value.kind, value.normalised) for value in shared)
        outline = Record(ref=unread.ref, multifields=values)
        matches = (
            compare(opened, outline, self.rules, self.hashing_key, self.found.hubs) for opened in self.opened
        )
        is_sure = any(match is not None and is_shown(match, self.rules) for match in matches)
        return is_sure and not self._is_linked(unread.ref, unread.links)

    def _is_linked(self, ref: RecordRef, links: Iterable[RecordRef]) -> bool:
        return any(ref in opened.links or opened.ref in links for opened in self.opened)

    def _best_match(self, ref: RecordRef) -> Match | None:
        matches = (
            compare(opened, self.record(ref), self.rules, self.hashing_key, self.found.hubs)
            for opened in self.opened
        )
        return max(filter(None, matches), key=lambda match: (match.grade, match.score), default=None)

    def values(self) -> list[KeyedValue]:
        """Return every value of the open records that gave a key."""
        return [
            value for record in self.opened for value in keyed_values(record, self.rules, self.hashing_key)
        ]


def build_card(parts: CardParts) -> Card:
    """Decide what this viewer is shown; what he may not read is not in the result in any form."""
    rows = _Rows(parts)
    sections = tuple(_section(parts, rows, kind) for kind in RecordType)
    hidden = _hidden(parts, rows)
    total = sum(section.total for section in sections)
    typed = [value for value in parts.values() if value.key.kind is not KeyKind.EMAIL_ALIAS]
    values = tuple(dict.fromkeys(_card_value(parts, value) for value in typed))
    return Card(
        type_word="",
        record_id=0,
        verdict=_verdict(parts, values=values, total=total, hidden=hidden),
        total=total,
        coverage=parts.coverage,
        values=values,
        sections=tuple(section for section in sections if section.total),
        hidden=hidden,
        relatives=tuple(rows.relative(ref) for ref in parts.matches if parts.is_relative(ref)),
        shared=_shared(parts, rows),
        rejected=tuple(_rejected(parts, rows)),
        page_token="",
        notices=tuple(dict.fromkeys(parts.view.notices)),
    )


class _Rows:
    """Makes rows of records, with the names this viewer's portal told."""

    def __init__(self, parts: CardParts) -> None:
        self._parts = parts

    def person(self, user_id: int) -> Person:
        return Person(user_id, self._parts.view.users.get(user_id, ""))

    def match(self, ref: RecordRef) -> Row:
        return self._row(self._parts.view.records[ref], self._parts.matches[ref])

    def relative(self, ref: RecordRef) -> Row:
        return self._row(self._parts.view.records[ref], None)

    def far(self, live: LiveRecord) -> Row | None:
        """Return the row of a hub's record, or None when live it shares nothing any more."""
        parts = self._parts
        for opened in parts.opened:
            match = compare(opened, live.record, parts.rules, parts.hashing_key, parts.found.hubs)
            if match is not None:
                return self._row(live, match)
        return None

    def _row(self, live: LiveRecord, match: Match | None) -> Row:
        record = live.record
        stages = self._parts.view.stages or {}
        return Row(
            ref=record.ref,
            title=live.title,
            path=card_path(record.ref),
            responsible=None if record.responsible_id is None else self.person(record.responsible_id),
            stage_name=stages.get(live.stage_id, ""),
            stage=record.stage,
            created_at=record.created_at,
            grade=match.grade if match else None,
            reasons=match.reasons if match else (),
        )


def _section(parts: CardParts, rows: _Rows, kind: RecordType) -> Section:
    near = [ref for ref in parts.duplicates if ref.type is kind]
    total = len(near) + far_total(parts.view, parts.pages, kind)
    wanted = parts.wanted_pages.get(kind.word, 1)
    window = page_window(wanted, total)
    shown = [rows.match(near[place]) for place in window if place < len(near)]
    places = [place - len(near) for place in window if place >= len(near)]
    far = (rows.far(live) for live in far_rows(parts.view, parts.pages, kind, places))
    pages = page_count(total)
    return Section(kind.word, total, (*shown, *filter(None, far)), min(wanted, pages), pages)


def _hidden(parts: CardParts, rows: _Rows) -> Hidden | None:
    """Return what the rules reveal of near records the viewer may not read.

    An administrator reads everything: what he does not see is gone, and not hidden.
    """
    unread = [c for c in parts.found.near if c.ref not in parts.view.records and parts.would_be_duplicate(c)]
    if not unread or parts.rules.reveal is Reveal.NOTHING or parts.view.viewer.is_admin:
        return None
    if parts.rules.reveal is Reveal.EXISTS:
        return Hidden(())
    responsibles = sorted({c.responsible_id for c in unread if c.responsible_id is not None})
    return Hidden(tuple(rows.person(user_id) for user_id in responsibles))


def _verdict(parts: CardParts, *, values: Sequence[CardValue], total: int, hidden: Hidden | None) -> Verdict:
    if total:
        is_sure = any(match.grade > Grade.WEAK for match in parts.duplicates.values())
        return Verdict.FOUND if is_sure else Verdict.ONLY_WEAK
    if hidden is not None:
        return Verdict.HIDDEN
    if not values:
        return Verdict.NO_VALUES
    return Verdict.CLEAR if parts.coverage.complete else Verdict.CHECKING


def _card_value(parts: CardParts, value: KeyedValue) -> CardValue:
    return CardValue(
        kind=value.kind,
        raw=value.raw,
        display=value.display,
        extension=value.extension,
        is_role=value.is_role,
        is_hub=value.key in parts.found.hubs,
        is_weak=value.key.kind is KeyKind.WEAK_PHONE or not value.is_valid,
    )


def _shared(parts: CardParts, rows: _Rows) -> tuple[SharedNote, ...]:
    records = {record.ref: record for record in parts.opened}
    records |= {ref: parts.record(ref) for ref in parts.matches}
    shown = {ref: rows.relative(ref) for ref in records}
    values = {
        value.key: value.display
        for value in parts.values()
        if value.key.kind in (KeyKind.PHONE, KeyKind.EMAIL)
    }
    held = {ref: _keys(parts, record) for ref, record in records.items()}
    notes: Iterable[SharedNote | None] = (
        plan_shared_notes(
            display, [records[ref] for ref in records if key in held[ref]], parts.view.deals, shown
        )
        for key, display in values.items()
        if key not in parts.found.hubs
    )
    return tuple(sorted(filter(None, notes), key=lambda note: -note.severity))


def _keys(parts: CardParts, record: Record) -> frozenset[object]:
    return frozenset(value.key for value in keyed_values(record, parts.rules, parts.hashing_key))


def _rejected(parts: CardParts, rows: _Rows) -> Iterable[Rejected]:
    for ref, rejection in parts.found.rejected.items():
        if ref in parts.view.records:
            yield Rejected(
                row=rows.relative(ref),
                author=rows.person(rejection.author_id),
                reason_code=rejection.reason.value,
                at=rejection.rejected_at,
                expires_at=rejection.expires_at,
            )
