"""Groups as the audit's tables keep them, thousands at once: keys and chains with what the index knows of members."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from b24app.dedupe.bulk import ALONE, BulkGrouping
from b24app.dedupe.group_columns import GroupColumns, GroupDescriber, Links
from b24app.dedupe.key_table import Bytes, Ids, Rows, pack
from b24app.dedupe.record import RecordType
from b24app.services.audit.run.grouping import Findings, grades_of
from b24app.store.arrays import link_column
from b24app.store.audit_columns import AuditGroupColumns, AuditMemberColumns
from b24app.store.audit_values import PAIR_TYPES
from b24app.store.index_columns import Moments, RecordColumns

LINK_NUMBERS = 4  # of a link in the table: two records, the key's kind, its number

_WORDS: Mapping[int, str] = {int(kind): kind.word for kind in RecordType}


def _pair_bits(leads: int, contacts: int, companies: int) -> int:
    """Return the set of type pairs in a group with so many of each type, as one number; more than two count as two."""
    sizes = dict(zip(RecordType, (leads, contacts, companies), strict=True))
    is_there = [sizes[a] > 1 if a is b else bool(sizes[a] and sizes[b]) for a, b in PAIR_TYPES]
    return sum(1 << place for place, each in enumerate(is_there) if each)


_PAIR_BITS = np.array([_pair_bits(*sizes) for sizes in product(range(3), repeat=3)], np.int8).reshape(3, 3, 3)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some groups with their members."""

    groups: AuditGroupColumns
    members: AuditMemberColumns


class Describer:
    """Turns groups into what the tables keep, any stretch of them.

    Numbered from 0: who was touched last comes last, among equals who has the larger code. So the newest groups are
    found by their numbers.
    """

    def __init__(self, findings: Findings) -> None:
        self._table = findings.table
        self._records = findings.records
        grouped = np.flatnonzero(findings.bulk.labels != ALONE)
        self._place_of = np.zeros(len(findings.table.ids), np.int32)  # of a grouped record among all records
        self._place_of[grouped] = np.searchsorted(
            findings.records.packed, pack(findings.table.types[grouped], findings.table.ids[grouped])
        )
        self._count = findings.bulk.group_count
        bulk = _oldest_first(findings.bulk, grouped, _touched_at(self._known(grouped)))
        self._groups = GroupDescriber(
            findings.table, bulk, rejected=findings.rejected, joining=findings.joining
        )

    def describe(self, start: int, count: int) -> Chunk:
        """Return so many groups from this number on, which there must be; fewer at the end."""
        found = self._groups.describe(start, min(start + count, self._count))
        known = self._known(found.members)
        numbers = np.arange(start, start + len(found.sizes))
        members = AuditMemberColumns(
            np.repeat(numbers, found.sizes),
            known.types,
            known.ids,
            known.responsibles,
            known.stages,
            known.created_at,
        )
        return Chunk(self._group_columns(numbers, found, known), members)

    def _known(self, members: Rows | Ids) -> RecordColumns:
        """Return what the index knows of grouped records with these numbers."""
        return self._records.only(self._place_of[members])

    def _group_columns(self, numbers: Ids, found: GroupColumns, known: RecordColumns) -> AuditGroupColumns:
        starts = np.cumsum(found.sizes) - found.sizes
        keys = np.cumsum(found.key_counts) - found.key_counts
        leads, contacts, companies = (
            np.add.reduceat(known.types == kind, starts, dtype=np.int32) for kind in RecordType
        )
        counts, responsibles = _responsibles(found.sizes, known.responsibles)
        return AuditGroupColumns(
            group_nos=numbers,
            codes=_codes(known.types[starts], known.ids[starts]),
            sizes=found.sizes,
            leads=leads,
            contacts=contacts,
            companies=companies,
            grades=grades_of(found),
            kinds=np.bitwise_or.reduceat(np.left_shift(1, found.kinds, dtype=np.int8), keys),
            pairs=_PAIR_BITS[np.minimum(leads, 2), np.minimum(contacts, 2), np.minimum(companies, 2)],
            is_weakly_held=found.is_weakly_held,
            responsible_counts=counts,
            responsibles=responsibles,
            newest_at=np.maximum.reduceat(_touched_at(known), starts),
            chain_counts=LINK_NUMBERS * (found.sizes - 1),
            chains=self._chain_numbers(found.links),
        )

    def _chain_numbers(self, links: Links) -> Ids:
        table = self._table
        here, there = (link_column(table.types[ends], table.ids[ends]) for ends in (links.here, links.there))
        numbers: Ids = np.stack([here, there, links.kinds, links.key_nos], axis=1).ravel()
        return numbers


def _touched_at(records: RecordColumns) -> Moments:
    """Return when each was made or changed, the later one; 0 where neither is known."""
    touched: Moments = np.nan_to_num(np.fmax(records.created_at, records.modified_at))
    return touched


def _oldest_first(bulk: BulkGrouping, grouped: Ids, touched_at: Moments) -> BulkGrouping:
    """Number the groups by the last touch of any of their records."""
    newest = np.zeros(bulk.group_count)
    np.maximum.at(newest, bulk.labels[grouped], touched_at)
    number_of = np.empty(bulk.group_count, np.int32)
    number_of[np.argsort(newest, kind="stable")] = np.arange(bulk.group_count, dtype=np.int32)
    labels = bulk.labels.copy()
    labels[grouped] = number_of[labels[grouped]]
    return replace(bulk, labels=labels)


def _responsibles(sizes: Ids, responsibles: Ids) -> tuple[Ids, Ids]:
    """Return how many people each group has who are responsible for its records, and who they are, ascending."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((responsibles, groups))
    groups, responsibles = groups[order], responsibles[order]
    is_meant = responsibles != 0
    is_meant[1:] &= (groups[1:] != groups[:-1]) | (responsibles[1:] != responsibles[:-1])
    return np.bincount(groups[is_meant], minlength=len(sizes)), responsibles[is_meant]


def _codes(types: Bytes, ids: Ids) -> tuple[str, ...]:
    pairs = zip(types.tolist(), ids.tolist(), strict=True)
    return tuple([f"{_WORDS[kind]}:{number}" for kind, number in pairs])
