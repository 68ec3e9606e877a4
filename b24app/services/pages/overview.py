"""What the app's own page shows: state of the index, totals, settings, history."""

import hashlib
import json
from dataclasses import dataclass

from b24app.dedupe.rules import RuleSet
from b24app.services.card.shown import Person
from b24app.services.mistake import Mistake


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
class ShownRules:
    """The settings form as it is filled in: the portal's rules, or what was typed and refused."""

    region: str
    types: tuple[str, ...]  # words
    email_aliases: bool
    hub_limit: str
    least_grade: str
    stop_list: str  # one entry a line
    reveal: str
    look_back_days: str
    include_closed: bool
    version: str = ""  # of the rules that were shown: nobody overwrites what he has not seen

    @classmethod
    def of(cls, rules: RuleSet) -> "ShownRules":
        """Return the form for valid rules."""
        return cls(
            region=rules.region,
            types=tuple(record_type.word for record_type in sorted(rules.types)),
            email_aliases=rules.email_aliases,
            hub_limit=str(rules.hub_limit),
            least_grade=rules.least_grade.word,
            stop_list="\n".join(rules.stop_list),
            reveal=rules.reveal.value,
            look_back_days=str(rules.look_back_days),
            include_closed=rules.include_closed,
            version=version_of(rules),
        )


def version_of(rules: RuleSet) -> str:
    """Return what tells these rules from others."""
    return hashlib.sha256(json.dumps(rules.to_dict(), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the journal of settings."""

    at: float
    user: Person
    what: str  # name of the setting: region, types, hub_limit, stop_list, …
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of the app. ``state``: works, off, or waits to be registered; ``since`` only where it is known."""

    part: str
    state: str
    reason: str | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class ShownParts:
    """All parts, and how many fields that somebody had deleted were made again."""

    rows: tuple[ShownPart, ...]
    restored: int = 0

    @property
    def off(self) -> int:
        """Return how many parts do not work."""
        return sum(row.state == "off" for row in self.rows)


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
    rules: ShownRules | None
    changes: tuple[Change, ...]
    page_token: str
    now: float
    saved: bool = False
    mistake: Mistake | None = None
    parts: ShownParts | None = None
