"""The text of our note in a card's timeline: counts and links, nothing personal."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.links import numbered_link
from b24app.services.notices.options import Happening
from b24app.store.outcomes import StoredOutcome
from b24app.texts import plain_translator

LINKS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class NoteWriter:
    """Writes notes of one portal. ``wanted``: what its administrator wants noted."""

    language: str
    origin: str
    wanted: frozenset[Happening]

    def write(self, outcome: StoredOutcome, *, is_repeat: bool, was_noted: bool) -> str:
        """Return the note of a card; empty when there is nothing to say, or nothing any more."""
        t = plain_translator(self.language)
        lines = list(self._lines(outcome, is_repeat=is_repeat))
        if not lines and was_noted and Happening.DUPLICATE_GONE in self.wanted:
            lines.append(t("notes.gone"))
        return "\n".join(lines)

    def _lines(self, outcome: StoredOutcome, *, is_repeat: bool) -> Iterator[str]:
        t = plain_translator(self.language)
        duplicates = [ref for ref in outcome.matches if ref not in outcome.partners]
        if duplicates and Happening.DUPLICATE_FOUND in self.wanted:
            yield t("notes.found", records=", ".join(self._counted(duplicates)))
            if outcome.grade is not None:
                yield t("notes.grade", grade=t(f"grade.{outcome.grade.word}"))
            yield self._links(duplicates)
        if outcome.partners and Happening.SHARED_FOUND in self.wanted:
            yield t("notes.shared")
            yield self._links(outcome.partners)
        if is_repeat and Happening.REPEAT in self.wanted:
            yield t("notes.repeat")

    def _links(self, refs: Sequence[RecordRef]) -> str:
        t = plain_translator(self.language)
        shown = ", ".join(numbered_link(t, self.origin, ref) for ref in refs[:LINKS_SHOWN])
        hidden = len(refs) - LINKS_SHOWN
        return shown if hidden <= 0 else " ".join((shown, t("notes.more", count=hidden)))

    def _counted(self, refs: Collection[RecordRef]) -> Iterator[str]:
        t = plain_translator(self.language)
        counts = Counter(ref.type for ref in refs)
        for record_type in RecordType:
            if counts[record_type]:
                yield t(f"count.{record_type.word}", count=counts[record_type])
