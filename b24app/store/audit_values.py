"""What an audit keeps, as values: the run, its groups with members and chain, shared values, hubs.

Ids and codes only; what a record is called is read live, with the rights of the person who looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.shared import Severity, SharedKind

PAIR_TYPES = (
    (RecordType.LEAD, RecordType.LEAD),
    (RecordType.LEAD, RecordType.CONTACT),
    (RecordType.LEAD, RecordType.COMPANY),
    (RecordType.CONTACT, RecordType.CONTACT),
    (RecordType.CONTACT, RecordType.COMPANY),
    (RecordType.COMPANY, RecordType.COMPANY),
)  # the place of a pair is its bit in ``audit_group.pairs``
SHARED_KINDS = (None, *SharedKind)  # the place is the number in the tables


class AuditState(StrEnum):
    """What becomes of a run. Queued and running ones are worked on; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (AuditState.DONE, AuditState.CANCELLED, AuditState.FAILED)


class AuditStage(StrEnum):
    """What a run is doing; progress counts anew in each."""

    GROUPING = "grouping"
    STORING = "storing"
    NAMING = "naming"
    SUMMING = "summing"
    DONE = "done"


class NameGrade(IntEnum):
    """What the names say about a group that shares a phone or an e-mail."""

    NOT_READ = -1
    UNKNOWN = 0  # nothing to compare, or neither the same nor clearly different
    SAME = 1  # the same person or company, likely
    DIFFERENT = 2  # the same value, different people
    PASSED_ON = 3  # a number that another person has now

    @property
    def word(self) -> str:
        return self.name.lower()


class Change(IntEnum):
    """A group beside the last run of the same scope."""

    NOT_COMPARED = 0
    NEW = 1
    GROWN = 2
    SAME = 3
    SHRUNK = 4
    REOPENED = 5  # was solved in an earlier run

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: ``rows`` records and ``groups`` found so far, ``done`` of ``total`` at ``speed`` a second."""

    rows: int = 0
    groups: int = 0
    done: int = 0
    total: int = 0
    speed: float = 0.0

    @property
    def left_s(self) -> float | None:
        """Return the seconds this stage will still take; None as long as nothing was measured."""
        return (self.total - self.done) / self.speed if self.speed > 0 else None


@dataclass(frozen=True, slots=True)
class AuditRun:
    """One audit. ``scope`` and ``terms`` (budget, window, who is told) are read by services; times Unix seconds."""

    run_id: int
    name: str = field(repr=False)
    state: AuditState
    stage: AuditStage
    scope: Mapping[str, object]
    terms: Mapping[str, object]
    rules: Mapping[str, object] = field(repr=False)
    progress: Progress
    started_by: int | None  # None: the schedule
    created_at: float
    started_at: float | None
    updated_at: float
    finished_at: float | None
    numbers: Mapping[str, object]
    checkpoint: Mapping[str, object]
    previous_run_id: int | None
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class AuditLink:
    """One joint of a group's chain: "a~b phone"; ``key_no`` tells values of one group apart."""

    a: RecordRef
    b: RecordRef
    kind: KeyKind
    key_no: int


@dataclass(frozen=True, slots=True)
class AuditGroup:
    """One duplicate group; ``code`` is its smallest member, "company:55". ``change`` is against the run before.

    ``is_solved`` is told by the run after this one: the group fell apart.
    """

    group_no: int
    code: str
    size: int
    leads: int
    contacts: int
    companies: int
    grade: Grade
    name_grade: NameGrade
    name_score: int | None
    kinds: frozenset[KeyKind]
    pairs: frozenset[tuple[RecordType, RecordType]]
    shared_kind: SharedKind | None
    severity: Severity | None
    is_weakly_held: bool
    responsibles: tuple[int, ...]
    newest_at: float
    chain: tuple[AuditLink, ...]
    change: Change = Change.NOT_COMPARED
    is_solved: bool = False
    handed_to: int | None = None
    due_at: float | None = None


@dataclass(frozen=True, slots=True)
class AuditMember:
    """A record of a group. ``source`` is the portal's own code (SOURCE_ID), None where it has none."""

    group_no: int
    ref: RecordRef
    responsible_id: int | None
    stage: Stage
    created_at: float | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class AuditShared:
    """A phone or e-mail on contacts and companies at once.

    ``receiver`` gets the next call, ``should_receive`` ought to (None: nobody, or an e-mail); ``advice`` is the
    code of what to change.
    """

    group_no: int
    shared_no: int
    value_kind: str
    shared_kind: SharedKind
    severity: Severity
    is_same_responsible: bool
    contacts: tuple[RecordRef, ...]
    companies: tuple[RecordRef, ...]
    receiver: RecordRef | None
    should_receive: RecordRef | None
    is_misrouted: bool
    advice: str


@dataclass(frozen=True, slots=True)
class AuditHub:
    """A value on more records than the rules allow, largest first; it joins nobody."""

    hub_no: int
    kind: KeyKind
    size: int
    leads: int
    contacts: int
    companies: int
    sample: tuple[RecordRef, ...]


class GroupOrder(StrEnum):
    """How a list of groups is sorted: by number upwards, by all others downwards.

    Groups are numbered by the last touch of any of their records, so that the newest have the largest numbers.
    """

    NUMBER = "number"
    SIZE = "size"
    GRADE = "grade"
    SEVERITY = "severity"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class GroupCursor:
    """Where a page ended: the sorted value and the number of its last group."""

    value: float
    group_no: int


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Which groups are wanted; None does not ask. ``concerns``: he is responsible for a record, or is to settle it."""

    least_size: int | None = None
    grade: Grade | None = None
    name_grade: NameGrade | None = None
    shared_kind: SharedKind | None = None
    severity: Severity | None = None
    responsible_id: int | None = None
    pair: tuple[RecordType, RecordType] | None = None
    change: Change | None = None
    is_solved: bool | None = None
    concerns: int | None = None
