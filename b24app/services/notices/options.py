"""What an administrator wants to hear of, by which means; and what has happened when an outcome changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from b24app.dedupe.outcome import Outcome, Status
from b24app.dedupe.record import RecordType
from b24app.services.outcomes.change import OutcomeChange
from b24app.store.database import Transaction
from b24app.store.outcomes import StoredOutcome

OPTION = "notices"


class Happening(StrEnum):
    """What may have happened; the first three are also the codes of our triggers."""

    DUPLICATE_FOUND = "duplicate_found"
    DUPLICATE_GONE = "duplicate_gone"
    SHARED_FOUND = "shared_found"
    REPEAT = "repeat"


TRIGGERS = frozenset(Happening) - {Happening.REPEAT}


class NoticesMistake(ValueError):
    """A field of the options can't be what it was said to be; ``field`` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: not one of the choices")
        self.field = field


@dataclass(frozen=True, slots=True)
class NoticeOptions:
    """What is told by which means. A trigger that stands on no stage does nothing, so triggers are on."""

    note: frozenset[Happening] = frozenset()
    notify: frozenset[Happening] = frozenset()
    trigger: frozenset[Happening] = TRIGGERS

    def __post_init__(self) -> None:
        """Refuse a trigger that is not registered."""
        if not self.trigger <= TRIGGERS:
            raise NoticesMistake("trigger")

    def to_dict(self) -> dict[str, object]:
        """Return the options as JSON values; ``from_dict`` gives the same back."""
        return {each.name: sorted(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> "NoticeOptions":
        """Return the options a JSON object describes, missing ones by default; raises NoticesMistake."""
        default = cls().to_dict()
        if unknown := sorted(raw.keys() - default.keys()):
            raise NoticesMistake(unknown[0])
        return cls(**{name: _happenings(name, value) for name, value in {**default, **raw}.items()})


def _happenings(name: str, value: object) -> frozenset[Happening]:
    if not isinstance(value, list):
        raise NoticesMistake(name)
    try:
        return frozenset(Happening(each) for each in value)
    except ValueError as error:
        raise NoticesMistake(name) from error


async def read_notice_options(tx: Transaction) -> NoticeOptions:
    """Return what the portal's administrator set, or the defaults."""
    return NoticeOptions.from_dict(await tx.options.get(OPTION) or {})


def is_news(change: OutcomeChange) -> bool:
    """Tell whether the change says something new of the record, and not only that it was looked at.

    What was never published, or could not be judged while the index was incomplete, is compared with nothing.
    """
    if change.after.status is Status.NOT_CHECKED:
        return False
    if change.before is None:
        return change.is_new
    return change.before.status is not Status.NOT_CHECKED


def happenings(change: OutcomeChange) -> frozenset[Happening]:
    """Return what happened to the record; nothing when the change is no news, or nothing but our looking again."""
    if change.is_backlog or not is_news(change):
        return frozenset()
    return frozenset(_happened(change.before, change.after, is_new=change.is_new))


def _happened(before: StoredOutcome | None, after: Outcome, *, is_new: bool) -> Iterator[Happening]:
    # As the status has it: those with whom contact data are shared are no duplicates.
    had = set(before.matches) - set(before.partners) if before else set()
    has = {match.ref for match in after.matches} - set(after.partners)
    if has - had:
        yield Happening.DUPLICATE_FOUND
    if had and not has:
        yield Happening.DUPLICATE_GONE
    if set(after.partners) - set(before.partners if before else ()):
        yield Happening.SHARED_FOUND
    if is_new and after.ref.type is RecordType.LEAD and after.earlier:
        yield Happening.REPEAT
