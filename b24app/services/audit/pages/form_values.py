"""Forms of the audit's first page as they are typed and shown again, and what a trial of rules told."""

from dataclasses import dataclass

from b24app.dedupe.record import RecordRef


@dataclass(frozen=True, slots=True)
class ScopeForm:
    """Whom an audit looks at, and on which terms, as typed."""

    types: frozenset[str] = frozenset({"lead", "contact", "company"})
    stages: frozenset[str] = frozenset()
    responsibles: str = ""
    responsibles_query: str = ""  # who is looked for by name
    departments: str = ""
    sources: str = ""
    created_from: str = ""
    created_to: str = ""
    budget: str = "60"
    from_hour: str = ""
    to_hour: str = ""
    time_zone: str = ""  # in which hours and days are meant; "" until the browser says


@dataclass(frozen=True, slots=True)
class OrderForm:
    """A new run as typed."""

    name: str = ""
    scope: ScopeForm = ScopeForm()


@dataclass(frozen=True, slots=True)
class ScheduleForm:
    """The schedule as typed."""

    every: str = "never"
    weekday: int = 0
    monthday: str = "1"
    hour: str = "3"
    told: str = ""
    told_query: str = ""
    scope: ScopeForm = ScopeForm()


@dataclass(frozen=True, slots=True)
class HandForm:
    """To whom a group is handed, as typed; ``query``: who is looked for by name."""

    user: str = ""
    due: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class AccessForm:
    """Who may see audits, as typed."""

    people: str = ""
    departments: str = ""
    people_query: str = ""


@dataclass(frozen=True, slots=True)
class RulesForm:
    """Rules to be tried, as typed."""

    hub_limit: str
    look_back_days: str
    types: frozenset[str]
    include_closed: bool
    email_aliases: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What a change of the rules would do. Samples are groups: records and their titles as the viewer may read them.

    ``reason`` is the code of why nothing can be said, or "".
    """

    reason: str
    before: int
    after: int
    gained: int
    lost: int
    changed: int
    gained_samples: tuple[tuple[tuple[RecordRef, str], ...], ...]
    lost_samples: tuple[tuple[tuple[RecordRef, str], ...], ...]
