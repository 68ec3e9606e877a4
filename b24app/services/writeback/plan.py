"""Decides what a portal's fields have to be told: pure, from outcomes as they are and as they were published."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from b24app.bitrix24.calls import JSON
from b24app.dedupe.outcome import Outcome, Status
from b24app.dedupe.record import RecordRef
from b24app.services.outcomes.change import OutcomeChange
from b24app.services.writeback.result_fields import Spelling
from b24app.store.outcomes import StoredOutcome


@dataclass(frozen=True, slots=True)
class Publication:
    """What becomes of one record: what is kept, what is written into its fields, and whom to tell.

    ``write`` None: its fields say it already, or nobody writes them.
    """

    outcome: Outcome
    before: StoredOutcome | None
    kept: StoredOutcome
    write: Mapping[str, JSON] | None
    change: OutcomeChange | None


def plan_writeback(
    found: Mapping[RecordRef, Outcome],
    stored: Mapping[RecordRef, StoredOutcome],
    *,
    fresh: Collection[RecordRef],
    new: Collection[RecordRef],
    spelling: Spelling | None,
) -> list[Publication]:
    """Return what is new about these records, the oldest first; nothing for those who stay as they are.

    ``fresh`` changed a moment ago, ``new`` among them were made then. What was never published is told only of
    them and of those they match: a first indexing finds thousands of old duplicates, and is no news. It is left
    alone when there is nothing to say and it did not change: most records of a portal are unique.
    """
    publications = []
    told = {ref for one in fresh if one in found for ref in (one, *_named(found[one]))}
    for ref, outcome in sorted(found.items(), key=_by_age):
        before = stored.get(ref)
        if before is None and ref not in fresh and outcome.status in (Status.NONE, Status.NOT_CHECKED):
            continue
        publication = _publication(outcome, before, is_told=ref in told, is_new=ref in new, spelling=spelling)
        if publication.kept != before:
            publications.append(publication)
    return publications


def _named(outcome: Outcome) -> tuple[RecordRef, ...]:
    return (*(match.ref for match in outcome.matches), *outcome.partners)


def _by_age(item: tuple[RecordRef, Outcome]) -> tuple[float, RecordRef]:
    return item[1].created_at or 0.0, item[0]


def _publication(
    outcome: Outcome, before: StoredOutcome | None, *, is_told: bool, is_new: bool, spelling: Spelling | None
) -> Publication:
    values = spelling.values(outcome) if spelling else {}
    written_hash = spelling.hash(values, outcome.ref.type) if spelling and values else None
    has_changed = before is None or not before.says(outcome)
    version = (before.version if before else 0) + has_changed
    is_written = before is not None and before.written_hash == written_hash
    has_news = has_changed and outcome.status is not Status.NOT_CHECKED and (before is not None or is_told)
    return Publication(
        outcome=outcome,
        before=before,
        kept=StoredOutcome.of(outcome, version=version, written_hash=written_hash),
        write=values if values and not is_written else None,
        change=OutcomeChange(outcome.ref, before, outcome, version, is_new and before is None)
        if has_news
        else None,
    )


def changes_of(publications: Iterable[Publication], *, is_backlog: bool) -> list[OutcomeChange]:
    """Return what reactions are told, in the same order."""
    changes = (publication.change for publication in publications)
    return [replace(change, is_backlog=is_backlog) for change in changes if change is not None]
