"""What the tab in a record's card shows, ready made: values only, no HTML, no rows, no client.

``services.card.show`` builds it; ``templates/widget/card.html`` prints it. What a viewer may not know is not here.
"""

from dataclasses import dataclass
from enum import StrEnum

from b24app.dedupe.match import Grade, Reason
from b24app.dedupe.record import RecordRef, Stage, ValueKind
from b24app.dedupe.shared import Severity, SharedKind


class Verdict(StrEnum):
    """The first line of the tab. ``CLEAR`` is said only when coverage is complete."""

    CLEAR = "clear"
    FOUND = "found"
    ONLY_WEAK = "only_weak"  # matches through hubs, role addresses or unusable numbers alone
    HIDDEN = "hidden"  # there are matches, and the viewer may read none of them
    NO_VALUES = "no_values"  # the record carries no phone and no e-mail
    CHECKING = "checking"  # nothing found so far, and the index is not complete


@dataclass(frozen=True, slots=True)
class Coverage:
    """How fresh and how complete the answer is."""

    checked_at: float  # Unix seconds; the moment the portal was read
    complete: bool  # every record of the chosen types is in the index, and nothing waits
    indexed: int  # records in the index
    expected: int  # records the portal said it has when indexing began
    waiting: int  # changed records not yet worked off
    swept_at: float | None  # when lost events were last looked for


@dataclass(frozen=True, slots=True)
class Person:
    """A portal user, as the viewer may see them."""

    id: int
    name: str  # empty when the portal does not tell (dismissed, system user)


@dataclass(frozen=True, slots=True)
class CardValue:
    """One phone or e-mail of the open record, with its normalisation."""

    kind: ValueKind
    raw: str
    display: str
    extension: str | None
    is_role: bool
    is_hub: bool
    is_weak: bool  # too short or impossible: compared as typed only


@dataclass(frozen=True, slots=True)
class Row:
    """A record the viewer may read."""

    ref: RecordRef
    title: str
    path: str  # /crm/lead/details/12/, opened in the slider
    responsible: Person | None
    stage_name: str  # empty for contacts and companies
    stage: Stage
    created_at: float | None
    grade: Grade | None  # None for relatives
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One record type: the true total of what the viewer may read, and one page of rows."""

    type_word: str  # lead, contact, company
    total: int
    rows: tuple[Row, ...]
    page: int  # from 1
    pages: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """Matches the viewer may not read: that they exist, and, if the portal allows, who is responsible."""

    responsibles: tuple[Person, ...]  # empty when the portal reveals only existence


@dataclass(frozen=True, slots=True)
class SharedNote:
    """One value standing on a contact and a company, and what follows from that."""

    display: str
    kind: SharedKind
    severity: Severity
    same_responsible: bool
    contact: Row
    company: Row
    receiver: Row | None  # whose responsible gets the next call
    stored_in: tuple[Row, ...]  # where the call is kept
    should_receive: Row | None
    is_misrouted: bool  # another responsible should get it
    is_misfiled: bool  # it is not kept with the record that gets it


@dataclass(frozen=True, slots=True)
class Rejected:
    """A pair somebody called different, and that may be taken back."""

    row: Row
    author: Person
    reason_code: str
    at: float
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Card:
    """Everything the tab shows."""

    type_word: str  # lead, contact, company, deal
    record_id: int
    verdict: Verdict
    total: int  # matches the viewer may read, all types
    coverage: Coverage
    values: tuple[CardValue, ...]
    sections: tuple[Section, ...]
    hidden: Hidden | None
    relatives: tuple[Row, ...]
    shared: tuple[SharedNote, ...]
    rejected: tuple[Rejected, ...]
    page_token: str
    notices: tuple[str, ...] = ()  # codes of what could not be told: users_unreadable, deals_unreadable
