"""What the app's own page shows: state of the index, totals, settings, history."""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.card import Person


@dataclass(frozen=True, slots=True)
class IndexingProgress:
    """Where a pass over the portal stands."""

    kind: str  # first, full
    done: int
    total: int
    started_at: float
    finished_at: float | None
    eta_s: float | None  # None while it can't be told
    failure: str | None  # reason code, e.g. portal_busy, access_denied


@dataclass(frozen=True, slots=True)
class IndexNumbers:
    """The index in numbers, and the rules they were counted by."""

    records: Mapping[RecordType, int]
    keys: Mapping[KeyKind, int]
    hubs: int
    rules: RuleSet


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the journal of settings."""

    at: float
    user: Person
    what: str  # name of the setting: region, types, hub_limit, stop_list, …
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the app's page shows. ``rules`` and ``changes`` are for administrators only."""

    is_admin: bool
    state: str  # active, blocked
    blocked_reason: str | None
    progress: IndexingProgress | None
    records: dict[str, int]  # lead, contact, company → records in the index
    keys: dict[str, int]  # phone, email, weak_phone, email_alias → keys
    hubs: int  # values on more records than the limit
    waiting: int
    swept_at: float | None
    reconciled_at: float | None
    missing_scopes: tuple[str, ...]
    rules: RuleSet | None
    changes: tuple[Change, ...]
    page_token: str
    now: float
    saved: bool = False
    mistake: tuple[str, str] | None = None  # (field, reason code) when the form was refused
