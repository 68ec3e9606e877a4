"""The result of an audit as values, and how it is made of what was gathered. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from b24app.dedupe.grade import Grade
from b24app.dedupe.group import DuplicateGroup, Grouping, KeyHolders, Link, pair_table
from b24app.dedupe.keys import keyed_values
from b24app.dedupe.record import Record, RecordRef, RecordType, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.shared import SharedData, are_linked, classify_shared
from b24app.services.audit.by_webhook.gathering import Gathered
from b24app.services.audit.grading import CALLED_BY, VALUE_KINDS, GradedKey, grade_group


@dataclass(frozen=True, slots=True)
class Coverage:
    """Records read, and how many the portal said there are."""

    read: int
    total: int


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A phone or e-mail on contacts and companies at once."""

    group: str
    kind: ValueKind
    display: str
    data: SharedData


@dataclass(frozen=True, slots=True)
class AuditedGroup:
    """A duplicate group. ``number`` is its smallest record, ``chain`` the links that hold it together."""

    number: str
    records: tuple[RecordRef, ...]
    keys: tuple[GradedKey, ...]
    grade: Grade
    shared: tuple[SharedValue, ...]
    chain: tuple[Link, ...]
    is_held_by_weak: bool

    @property
    def worst_shared(self) -> SharedData | None:
        """Return the worst of its shared contact data."""
        return max((value.data for value in self.shared), key=lambda data: data.severity, default=None)


@dataclass(frozen=True, slots=True)
class Hub:
    """A value on more records than a customer has: a switchboard, an office's address."""

    kind: ValueKind
    display: str
    records: tuple[RecordRef, ...]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Everything an audit found. Times are Unix seconds.

    ``responsibles`` are those of the records in groups; ``titles`` are empty unless values were wanted.
    """

    origin: str
    started_at: float
    finished_at: float
    requests: int
    is_admin: bool
    unreadable: frozenset[RecordType]
    coverage: Mapping[RecordType, Coverage]
    groups: tuple[AuditedGroup, ...]
    hubs: tuple[Hub, ...]
    by_pair: Mapping[tuple[RecordType, RecordType], int]
    responsibles: Mapping[RecordRef, int | None]
    titles: Mapping[RecordRef, str]

    @property
    def records(self) -> int:
        return sum(coverage.read for coverage in self.coverage.values())

    @property
    def records_in_groups(self) -> int:
        return sum(len(group.records) for group in self.groups)

    @property
    def duplicate_rate(self) -> float:
        """Return the share of records that stand in a group."""
        return self.records_in_groups / self.records if self.records else 0.0

    @property
    def shared_values(self) -> tuple[SharedValue, ...]:
        """Return the shared contact data, the worst first."""
        found = (value for group in self.groups for value in group.shared)
        return tuple(sorted(found, key=lambda value: -value.data.severity))


@dataclass(frozen=True, slots=True)
class Material:
    """What an audit is made of: what was read, who hangs together, and the records of those.

    ``titles`` are empty unless wanted.
    """

    gathered: Gathered
    grouping: Grouping
    records: Mapping[RecordRef, Record]
    titles: Mapping[RecordRef, str]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, where and at which cost an audit ran."""

    origin: str
    started_at: float
    finished_at: float
    requests: int


def unlinked_sharers(grouping: Grouping, records: Mapping[RecordRef, Record]) -> set[RecordRef]:
    """Return the contacts that share a value with a company which is not known as theirs."""
    found: set[RecordRef] = set()
    for shared in (shared for group in grouping.groups for shared in group.keys):
        contacts = [ref for ref in shared.records if ref.type is RecordType.CONTACT]
        companies = [ref for ref in shared.records if ref.type is RecordType.COMPANY]
        if shared.key.kind in CALLED_BY:
            found.update(
                contact
                for contact in contacts
                if not all(are_linked(records[contact], records[company]) for company in companies)
            )
    return found


def members_and_samples(grouping: Grouping) -> set[RecordRef]:
    """Return the records worth unpacking: all in groups, and one holder of every hub."""
    members = {ref for group in grouping.groups for ref in group.records}
    return members | {hub.records[0] for hub in grouping.hubs}


def build_result(material: Material, rules: RuleSet, hashing_key: bytes, ran: Circumstances) -> AuditResult:
    """Return the result, the same for the same portal whatever the hashing key."""
    gathered, groups, records = material.gathered, material.grouping.groups, material.records
    return AuditResult(
        origin=ran.origin,
        started_at=ran.started_at,
        finished_at=ran.finished_at,
        requests=ran.requests,
        is_admin=gathered.is_admin,
        unreadable=gathered.unreadable,
        coverage={kind: Coverage(gathered.read[kind], gathered.totals[kind]) for kind in RecordType},
        groups=tuple(_audited(group, records, rules, hashing_key) for group in groups),
        hubs=tuple(_hubs(material.grouping.hubs, records, rules, hashing_key)),
        by_pair=pair_table(groups),
        responsibles={ref: records[ref].responsible_id for group in groups for ref in group.records},
        titles=material.titles,
    )


def _audited(
    group: DuplicateGroup, records: Mapping[RecordRef, Record], rules: RuleSet, hashing_key: bytes
) -> AuditedGroup:
    graded = grade_group(group, records, rules, hashing_key)
    keys = sorted(graded.keys, key=lambda key: (key.key.kind, -len(key.records), key.records, key.display))
    return AuditedGroup(
        number=group.number,
        records=group.records,
        keys=tuple(keys),
        grade=graded.grade,
        shared=tuple(_shared(group.number, keys, records)),
        chain=group.chain,
        is_held_by_weak=bool(group.weak_bridges),
    )


def _shared(
    number: str, keys: Sequence[GradedKey], records: Mapping[RecordRef, Record]
) -> Iterator[SharedValue]:
    for key in keys:
        if key.key.kind in CALLED_BY:
            data = classify_shared([records[ref] for ref in key.records])
            if data is not None:
                yield SharedValue(number, VALUE_KINDS[key.key.kind], key.display, data)


def _hubs(
    hubs: Iterable[KeyHolders], records: Mapping[RecordRef, Record], rules: RuleSet, hashing_key: bytes
) -> list[Hub]:
    found = []
    for hub in hubs:
        values = keyed_values(records[hub.records[0]], rules, hashing_key)
        display = next(value.display for value in values if value.key == hub.key)
        found.append(Hub(VALUE_KINDS[hub.key.kind], display, hub.records))
    return sorted(found, key=lambda hub: (-len(hub.records), hub.kind, hub.records, hub.display))
