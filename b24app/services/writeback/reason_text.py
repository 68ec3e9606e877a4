"""Why a record counts as a duplicate, in one sentence without personal data: for a field, a note, a message."""

from collections import Counter
from collections.abc import Iterator

from b24app.dedupe.match import ReasonCode
from b24app.dedupe.outcome import Outcome
from b24app.dedupe.record import RecordType
from b24app.texts import plain_translator


def reason_text(outcome: Outcome, language: str) -> str:
    """Return "Телефон совпадает: 2 лида, 1 компания"; an empty text when there is nothing to say."""
    t = plain_translator(language)
    parts = [
        t(f"why.{code.value}", records=", ".join(_counted(counts, language)))
        for code in ReasonCode
        if (counts := Counter(match.ref.type for match in outcome.matches if code in match.codes))
    ]
    if outcome.shared is not None:
        parts.append(t(f"why_shared.{outcome.shared.value}"))
    return "; ".join(parts)


def _counted(counts: Counter[RecordType], language: str) -> Iterator[str]:
    t = plain_translator(language)
    for record_type in RecordType:
        if counts[record_type]:
            yield t(f"count.{record_type.word}", count=counts[record_type])
