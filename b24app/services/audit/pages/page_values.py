"""What the pages of the audit print: values alone, decided elsewhere. Times are Unix seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from b24app.dedupe.record import RecordRef
from b24app.services.audit.pages.charts import Bar, HeatCell, Line, StackedBar
from b24app.services.audit.pages.compare_members import Sides
from b24app.services.audit.pages.form_values import AccessForm, OrderForm, RulesForm, ScheduleForm, Trial
from b24app.services.audit.pages.picker_values import Picker, Pickers
from b24app.services.card.shown import Person

Heat: TypeAlias = tuple[tuple[HeatCell, ...], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What every page of the section knows: who looks, and at which run."""

    page_token: str
    is_admin: bool
    may_all: bool  # of all groups; others see those with records they are responsible for
    run_id: int | None = None
    run_name: str = ""
    finished_at: float | None = None
    origin: str = ""  # of the portal, for links


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A row of a list of groups; codes are words that the page spells."""

    number: int
    title: str  # of its first record that the viewer may read; "" when there is none
    first: RecordRef | None
    size: int
    counts: tuple[tuple[str, int], ...]
    grade: str
    names: str
    kinds: tuple[str, ...]
    severity: str
    is_weak: bool
    change: str
    is_solved: bool
    responsibles: tuple[Person, ...]
    more_responsibles: int
    newest_at: float | None
    handed_to: Person | None
    due_at: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Filters and order as chosen; "" is any."""

    order: str = "size"
    grade: str = ""
    names: str = ""
    severity: str = ""
    pair: str = ""
    change: str = ""
    least_size: str = ""
    responsible: str = ""


@dataclass(frozen=True, slots=True)
class GroupsPage:
    """A page of groups. ``after`` is the next page's cursor; ``forth`` and ``back`` are what the buttons post."""

    head: Head
    choice: Choice
    rows: tuple[ShownGroup, ...]
    total: int
    people: tuple[Person, ...]
    after: str | None
    forth: str
    back: str
    is_later: bool
    is_mine: bool = False
    rows_run_id: int | None = None  # whose groups these are: solved ones are those of the run before
    are_gone: bool = False  # solved ones whose run's results are removed, or that no run came before


@dataclass(frozen=True, slots=True)
class ChainLink:
    """A~B phone; all that one value of A joins to it stand together."""

    a: str
    others: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class MergePath:
    """The portal's merge page for the group's records of one type."""

    type_word: str
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class ShownShared:
    """Contact data on contacts and companies at once, and what to do."""

    value_kind: str
    kind: str
    severity: str
    contacts: tuple[RecordRef, ...]
    companies: tuple[RecordRef, ...]
    receiver: RecordRef | None
    should_receive: RecordRef | None
    is_misrouted: bool
    advice: str


@dataclass(frozen=True, slots=True)
class GroupPage:
    """One group. ``hidden`` members are those the viewer may not read, or that are gone."""

    head: Head
    group: ShownGroup
    sides: Sides
    hidden: int
    chain: tuple[ChainLink, ...]
    merges: tuple[MergePath, ...]
    shared: tuple[ShownShared, ...]
    hand: Picker  # to whom the group can be handed
    due: str  # until when, as a date's field takes it
    rejected: tuple[tuple[str, str], ...]  # marks of pairs that were called different since
    page: int
    pages: int
    titles: Mapping[RecordRef, str] = field(default_factory=dict)  # of the members the viewer may read
    mistake: str = ""
    done: str = ""


@dataclass(frozen=True, slots=True)
class ShownHub:
    """A value on too many records: it joins nobody. ``sample`` are some of them, readable ones with a title."""

    number: int
    kind: str
    size: int
    counts: tuple[tuple[str, int], ...]
    sample: tuple[tuple[RecordRef, str], ...]


@dataclass(frozen=True, slots=True)
class HubsPage:
    head: Head
    hubs: tuple[ShownHub, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A run in numbers."""

    records: int
    groups: int
    in_groups: int
    surplus: int  # records beside the one that would stay of each group
    rate: float  # percents of the records that stand in a group
    shared: int
    alarms: int
    hubs: int
    weakly_held: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Since the last run of the same scope."""

    new: int
    grown: int
    solved: int
    reopened: int
    same: int


@dataclass(frozen=True, slots=True)
class ShownExport:
    """A file on its way or ready. ``state`` is running, ready, broken or expired."""

    number: int
    kind: str
    state: str
    done: int
    total: int
    megabytes: float
    created_at: float
    dies_at: float


@dataclass(frozen=True, slots=True)
class FilesPage:
    """A run's files of the viewer's own, alone: what the report asks for while one is being written."""

    head: Head
    exports: tuple[ShownExport, ...]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The summary of a finished run."""

    head: Head
    figures: Figures
    pairs: Heat
    grades: tuple[Bar, ...]
    names: tuple[StackedBar, ...]
    responsibles: tuple[Bar, ...]
    sources: tuple[Bar, ...]
    months: tuple[Bar, ...]
    trend: Line | None
    changes: Changes | None
    exports: tuple[ShownExport, ...]
    steps: tuple[tuple[str, int], ...]  # what to do next, the most urgent first
    duration_s: float
    has_solved: bool = False  # the groups that are solved since the last run can be shown
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list."""

    run_id: int
    name: str
    state: str
    created_at: float
    finished_at: float | None
    by: Person | None
    records: int
    groups: int
    rate: float
    reason: str
    has_results: bool


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that is not over."""

    run_id: int
    name: str
    state: str
    stage: str
    done: int
    total: int
    rows: int
    groups: int
    speed: int
    eta_s: float | None
    reason: str = ""  # why it waits


@dataclass(frozen=True, slots=True)
class HomePage:
    """The first page: runs, and the forms. ``opened`` names the form that stays unfolded."""

    head: Head
    live: tuple[LiveRun, ...]
    runs: tuple[RunLine, ...]
    form: OrderForm = field(default_factory=OrderForm)
    schedule: ScheduleForm = field(default_factory=ScheduleForm)
    access: AccessForm = field(default_factory=AccessForm)
    rules: RulesForm | None = None
    pickers: Pickers | None = None  # None: the runs alone are shown, without a form
    next_at: float | None = None
    trial: Trial | None = None
    opened: str = ""
    mistake: str = ""
    done: str = ""
