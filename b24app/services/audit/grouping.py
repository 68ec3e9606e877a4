"""Groups of a portal out of its index: columns in, what the tables keep out. Pure; asks nobody."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.bulk import ALONE, BulkGrouping, describe_groups, group_table, pair_table_of
from b24app.dedupe.grade import Grade
from b24app.dedupe.group import JOINING, DuplicateGroup, KeyHolders
from b24app.dedupe.key_table import Flags, KeyTable
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.rules import DAY_S, RuleSet
from b24app.services.audit.orders import AuditScope
from b24app.store.audit_values import (
    PAIR_TYPES,
    AuditGroup,
    AuditHub,
    AuditLink,
    NameGrade,
)
from b24app.store.audit_writer import MemberRow
from b24app.store.index_columns import RecordColumns, pack, pack_refs

Rejected: TypeAlias = Collection[frozenset[RecordRef]]

HUB_SAMPLE = 20  # holders of a hub that a person may want to look at
GRADE_BY_KEY = {
    KeyKind.PHONE: Grade.EXACT,
    KeyKind.EMAIL: Grade.EXACT,
    KeyKind.EMAIL_ALIAS: Grade.POSSIBLE,
    KeyKind.WEAK_PHONE: Grade.WEAK,
}  # what a shared value says as long as no name is read: see `match`
_TYPE_NUMBERS = tuple(int(kind) for kind in RecordType)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everybody in scope, and who hangs together with whom."""

    records: RecordColumns
    table: KeyTable
    bulk: BulkGrouping
    hubs: tuple[AuditHub, ...]
    rejected: Rejected
    joining: frozenset[KeyKind]

    @property
    def record_count(self) -> int:
        return len(self.records)

    @property
    def records_in_groups(self) -> int:
        return int(np.count_nonzero(self.bulk.labels != ALONE))

    def by_pair(self) -> dict[str, int]:
        """Count pairs in groups by their types: "lead-contact"."""
        found = pair_table_of(self.table, self.bulk, rejected=self.rejected)
        return {f"{a.word}-{b.word}": pairs for (a, b), pairs in found.items()}

    def groups(self) -> Iterator[DuplicateGroup]:
        """Yield the groups, by their smallest record."""
        return describe_groups(self.table, self.bulk, rejected=self.rejected, joining=self.joining)


def find_groups(
    records: RecordColumns,
    table: KeyTable,
    rules: RuleSet,
    in_scope: Flags,
    rejected: Rejected,
) -> Findings:
    """Group the records in scope. A hub is one by all records of the portal, whatever the scope."""
    joining = JOINING if rules.email_aliases else JOINING - {KeyKind.EMAIL_ALIAS}
    bulk = group_table(table, hub_limit=rules.hub_limit, rejected=rejected, joining=joining)
    hubs = _hubs(table, bulk)
    if not in_scope.all():
        table = _narrowed(table, records, in_scope, bulk)
        records = records.only(in_scope)
        bulk = group_table(table, hub_limit=rules.hub_limit, rejected=rejected, joining=joining)
    return Findings(records, table, bulk, hubs, rejected, joining)


def _narrowed(table: KeyTable, records: RecordColumns, in_scope: Flags, whole: BulkGrouping) -> KeyTable:
    """Return the keys of the records in scope, without the keys that too many of all records hold."""
    kept = records.packed[in_scope]
    own = pack(table.types, table.ids)
    places = np.searchsorted(kept, own)
    places[places == len(kept)] = 0
    is_kept = kept[places] == own if len(kept) else np.zeros(len(own), np.bool_)
    hubs = table.hashes[np.unique(whole.hubs.firsts)]
    rows = is_kept[table.records] & ~np.isin(table.hashes, hubs)
    numbers = table.records[rows]
    return KeyTable.from_columns(
        table.types[numbers], table.ids[numbers], table.kinds[rows], table.hashes[rows]
    )


def scope_mask(
    records: RecordColumns, scope: AuditScope, rules: RuleSet, employees: frozenset[int], now: float
) -> Flags:
    """Tell of each record whether the scope and the rules let it in; sources are not looked at.

    ``employees`` are those of the departments in scope.
    """
    is_in = np.isin(records.types, sorted(scope.types & rules.types))
    if scope.stages:
        is_in &= np.isin(records.stages, [Stage.NONE, *scope.stages])
    if not rules.include_closed:
        is_in &= ~np.isin(records.stages, [stage for stage in Stage if stage.is_closed])
    if scope.responsibles or scope.departments:
        is_in &= np.isin(records.responsibles, sorted(scope.responsibles | employees))
    if scope.created_from is not None:
        is_in &= records.created_at >= scope.created_from
    if scope.created_to is not None:
        is_in &= records.created_at <= scope.created_to
    if rules.look_back_days:
        touched = np.where(np.isnan(records.modified_at), records.created_at, records.modified_at)
        is_in &= ~(now - touched > rules.look_back_days * DAY_S)  # who has no date is never too old
    return is_in


def _hubs(table: KeyTable, grouping: BulkGrouping) -> tuple[AuditHub, ...]:
    """Return the values on too many records, the largest first."""
    held = sorted(
        grouping.hubs.holders(table), key=lambda hub: (-len(hub.records), hub.records, hub.key.kind)
    )
    return tuple(_hub(number, hub) for number, hub in enumerate(held))


def _hub(number: int, hub: KeyHolders) -> AuditHub:
    sizes = Counter(ref.type for ref in hub.records)
    return AuditHub(
        number,
        hub.key.kind,
        len(hub.records),
        sizes[RecordType.LEAD],
        sizes[RecordType.CONTACT],
        sizes[RecordType.COMPANY],
        hub.records[:HUB_SAMPLE],
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some groups with their members, ready to be stored."""

    groups: tuple[AuditGroup, ...]
    members: tuple[MemberRow, ...]


class Describer:
    """Turns groups into what the tables keep, some at a time, numbered from 0 in the order of their codes."""

    def __init__(self, findings: Findings, skip: int = 0) -> None:
        self._records = findings.records
        self._packed = findings.records.packed
        self._groups = enumerate(findings.groups())
        for _ in islice(self._groups, skip):
            pass

    def next(self, count: int) -> Chunk:
        """Return the next so many groups; fewer at the end."""
        numbered = list(islice(self._groups, count))
        sought = pack_refs([ref for _, group in numbered for ref in group.records])
        known = _Known(self._records, np.searchsorted(self._packed, sought))
        numbers: list[int] = []
        groups: list[AuditGroup] = []
        for number, group in numbered:
            own = slice(len(numbers), len(numbers) + len(group.records))
            numbers += [number] * len(group.records)
            groups.append(_to_group(number, group, known, own))
        return Chunk(tuple(groups), tuple(known.member_rows(numbers)))


class _Known:
    """What the index knows of some records, as plain lists."""

    def __init__(self, records: RecordColumns, places: NDArray[np.int64]) -> None:
        self.types: list[int] = records.types[places].tolist()
        self.ids: list[int] = records.ids[places].tolist()
        self.responsibles: list[int] = records.responsibles[places].tolist()
        self.stages: list[int] = records.stages[places].tolist()
        created, modified = records.created_at[places], records.modified_at[places]
        self.created: list[float] = created.tolist()
        self.touched: list[float] = np.nan_to_num(np.fmax(created, modified)).tolist()

    def member_rows(self, numbers: Sequence[int]) -> Iterable[MemberRow]:
        """Return the rows of these records as members of the groups with these numbers."""
        responsibles = [one or None for one in self.responsibles]
        created = [None if moment != moment else moment for moment in self.created]  # NaN equals nothing
        return zip(numbers, self.types, self.ids, responsibles, self.stages, created, strict=True)


def _to_group(number: int, group: DuplicateGroup, known: _Known, own: slice) -> AuditGroup:
    leads, contacts, companies = map(known.types[own].count, _TYPE_NUMBERS)
    key_numbers = {key.key: place for place, key in enumerate(group.keys)}
    return AuditGroup(
        group_no=number,
        code=group.number,
        size=len(group.records),
        leads=leads,
        contacts=contacts,
        companies=companies,
        grade=min([GRADE_BY_KEY[link.key.kind] for link in group.chain]),
        name_grade=NameGrade.NOT_READ,
        name_score=None,
        kinds=frozenset([key.key.kind for key in group.keys]),
        pairs=_pairs(min(leads, 2), min(contacts, 2), min(companies, 2)),
        shared_kind=None,
        severity=None,
        is_weakly_held=bool(group.weak_bridges),
        responsibles=tuple(sorted({one for one in known.responsibles[own] if one})),
        newest_at=max(known.touched[own]),
        chain=_links(group, key_numbers),
    )


def _links(group: DuplicateGroup, key_numbers: Mapping[MatchKey, int]) -> tuple[AuditLink, ...]:
    return tuple([AuditLink(link.a, link.b, link.key.kind, key_numbers[link.key]) for link in group.chain])


@lru_cache
def _pairs(leads: int, contacts: int, companies: int) -> frozenset[tuple[RecordType, RecordType]]:
    sizes = dict(zip(RecordType, (leads, contacts, companies), strict=True))
    return frozenset((a, b) for a, b in PAIR_TYPES if (sizes[a] > 1 if a is b else sizes[a] and sizes[b]))
