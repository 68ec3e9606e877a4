"""What other rules would find, before they are switched on: groups gained and lost, from the index alone."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np

from b24app.dedupe.grade import Grade
from b24app.dedupe.group_columns import GroupDescriber
from b24app.dedupe.key_table import Flags, Ids, pack, unpack
from b24app.dedupe.record import RecordRef
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.run.grouping import Findings, find_groups, grades_of, scope_mask
from b24app.services.audit.run.groups import find_rejected
from b24app.services.audit.run.orders import AuditScope
from b24app.services.portal.context import PortalContext

SAMPLES = 20
NEEDS_READING, INDEX_INCOMPLETE = "needs_reading", "index_incomplete"


@dataclass(frozen=True, slots=True)
class Simulation:
    """Two sets of rules beside each other. ``reason`` is a code: why nothing could be said, else None.

    A group is gained when no two of its records were together before, lost when none will be; ``changed`` has other
    members. Samples are the largest of their kind.
    """

    reason: str | None = None
    groups_before: int = 0
    groups_after: int = 0
    records_before: int = 0
    records_after: int = 0
    gained: int = 0
    lost: int = 0
    changed: int = 0
    gained_samples: tuple[tuple[RecordRef, ...], ...] = ()
    lost_samples: tuple[tuple[RecordRef, ...], ...] = ()


async def simulate_rules(context: PortalContext, rules: RuleSet) -> Simulation:
    """Compare these rules with the portal's own over its whole index.

    Rules that change how values are read (region, stop list, aliases that were off) can only be tried by reading
    the portal anew: the reason says so.
    """
    if context.portal.indexed_at is None:
        return Simulation(INDEX_INCOMPLETE)
    if not _has_keys_for(context.rules, rules):
        return Simulation(NEEDS_READING)
    now = context.now()
    async with context.read() as tx:
        records = await tx.index.record_columns()
        table = await tx.index.key_table()
        rejected = await find_rejected(tx, now)

    def shown_by(chosen: RuleSet) -> ShownGroups:
        in_scope = scope_mask(records, AuditScope(), chosen, frozenset(), now)
        return ShownGroups.of(find_groups(records, table, chosen, in_scope, rejected), chosen.least_grade)

    before = await asyncio.to_thread(shown_by, context.rules)
    after = await asyncio.to_thread(shown_by, rules)
    return await asyncio.to_thread(compare, before, after)


def _has_keys_for(known: RuleSet, wanted: RuleSet) -> bool:
    """Tell whether the index holds every key that the wanted rules would make; it may hold more."""
    same = replace(wanted, email_aliases=known.email_aliases).gives_same_keys_as(known)
    return same and (known.email_aliases or not wanted.email_aliases)


@dataclass(frozen=True, slots=True)
class ShownGroups:
    """Groups that are sure enough by their keys; names are not known here.

    ``records`` stand group by group, packed, as many as ``sizes`` says.
    """

    records: Ids
    sizes: Ids

    @classmethod
    def of(cls, findings: Findings, least: Grade) -> "ShownGroups":
        """Return them by their smallest records."""
        table = findings.table
        describer = GroupDescriber(table, findings.bulk, rejected=findings.rejected, joining=findings.joining)
        groups = describer.describe(0, findings.bulk.group_count)
        is_shown = grades_of(groups) >= least
        members = groups.members[np.repeat(is_shown, groups.sizes)]
        return cls(pack(table.types[members], table.ids[members]), groups.sizes[is_shown])

    @property
    def group_of(self) -> Ids:
        """Return the group of each record."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def largest(self, chosen: Flags) -> tuple[tuple[RecordRef, ...], ...]:
        """Return some of the chosen groups, the largest first."""
        places = np.flatnonzero(chosen)
        ends = np.cumsum(self.sizes)
        order = places[np.argsort(-self.sizes[places], kind="stable")][:SAMPLES]
        return tuple(
            tuple(map(unpack, self.records[ends[place] - self.sizes[place] : ends[place]].tolist()))
            for place in order.tolist()
        )


def compare(before: ShownGroups, after: ShownGroups) -> Simulation:
    """Say what becomes of the groups."""
    _, in_before, in_after = np.intersect1d(
        before.records, after.records, assume_unique=True, return_indices=True
    )
    pairs, shared = np.unique(before.group_of[in_before] << 32 | after.group_of[in_after], return_counts=True)
    of_before, of_after = pairs >> 32, pairs & (1 << 32) - 1
    is_together = shared > 1
    is_same = (shared == before.sizes[of_before]) & (shared == after.sizes[of_after])
    is_lost, is_gained = np.ones(len(before.sizes), np.bool_), np.ones(len(after.sizes), np.bool_)
    is_lost[of_before[is_together]] = is_gained[of_after[is_together]] = False
    gained = int(np.count_nonzero(is_gained))
    return Simulation(
        groups_before=len(before.sizes),
        groups_after=len(after.sizes),
        records_before=len(before.records),
        records_after=len(after.records),
        gained=gained,
        lost=int(np.count_nonzero(is_lost)),
        changed=len(after.sizes) - int(np.count_nonzero(is_same)) - gained,
        gained_samples=after.largest(is_gained),
        lost_samples=before.largest(is_lost),
    )
