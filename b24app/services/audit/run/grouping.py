"""Groups of a portal out of its index, within an audit's scope. Pure; asks nobody."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from b24app.dedupe.bulk import ALONE, BulkGrouping, group_table, pair_table_of
from b24app.dedupe.grade import Grade
from b24app.dedupe.group import JOINING, KeyHolders
from b24app.dedupe.group_columns import GroupColumns
from b24app.dedupe.key_table import Bytes, Flags, KeyTable, pack
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.rules import DAY_S, RuleSet
from b24app.services.audit.run.orders import AuditScope
from b24app.store.audit_values import AuditHub
from b24app.store.index_columns import RecordColumns

Rejected: TypeAlias = Collection[frozenset[RecordRef]]

HUB_SAMPLE = 20  # holders of a hub that a person may want to look at
GRADE_BY_KEY = {
    KeyKind.PHONE: Grade.EXACT,
    KeyKind.EMAIL: Grade.EXACT,
    KeyKind.EMAIL_ALIAS: Grade.POSSIBLE,
    KeyKind.WEAK_PHONE: Grade.WEAK,
}  # what a shared value says as long as no name is read: see `match`
_GRADES = np.zeros(max(KeyKind) + 1, np.int8)
_GRADES[list(GRADE_BY_KEY)] = list(GRADE_BY_KEY.values())


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


def grades_of(groups: GroupColumns) -> Bytes:
    """Return how sure each group is by its keys alone: the weakest link of its chain."""
    starts = np.cumsum(groups.sizes) - groups.sizes
    grades: Bytes = np.minimum.reduceat(
        _GRADES[groups.links.kinds],
        starts - np.arange(len(starts)),  # a chain has one link less than its group has records
    )
    return grades


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
