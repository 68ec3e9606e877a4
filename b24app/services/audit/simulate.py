"""What other rules would find, before they are switched on: groups gained and lost, from the index alone."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordRef
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.grouping import GRADE_BY_KEY, Findings, find_groups, scope_mask
from b24app.services.audit.orders import AuditScope
from b24app.services.audit.run_groups import find_rejected
from b24app.services.portal import PortalContext

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

    def groups_by(chosen: RuleSet) -> list[tuple[RecordRef, ...]]:
        in_scope = scope_mask(records, AuditScope(), chosen, frozenset(), now)
        return _shown(find_groups(records, table, chosen, in_scope, rejected), chosen.least_grade)

    before = await asyncio.to_thread(groups_by, context.rules)
    after = await asyncio.to_thread(groups_by, rules)
    return await asyncio.to_thread(_compare, before, after)


def _has_keys_for(known: RuleSet, wanted: RuleSet) -> bool:
    """Tell whether the index holds every key that the wanted rules would make; it may hold more."""
    same = replace(wanted, email_aliases=known.email_aliases).gives_same_keys_as(known)
    return same and (known.email_aliases or not wanted.email_aliases)


def _shown(findings: Findings, least: Grade) -> list[tuple[RecordRef, ...]]:
    """Return the groups that are sure enough by their keys; names are not known here."""
    return [
        group.records
        for group in findings.groups()
        if min(GRADE_BY_KEY[link.key.kind] for link in group.chain) >= least
    ]


def _compare(before: list[tuple[RecordRef, ...]], after: list[tuple[RecordRef, ...]]) -> Simulation:
    group_before, group_after = _numbers(before), _numbers(after)
    gained = [refs for refs in after if not _is_together(refs, group_before)]
    lost = [refs for refs in before if not _is_together(refs, group_after)]
    known = set(before)
    return Simulation(
        groups_before=len(before),
        groups_after=len(after),
        records_before=len(group_before),
        records_after=len(group_after),
        gained=len(gained),
        lost=len(lost),
        changed=sum(refs not in known for refs in after) - len(gained),
        gained_samples=_samples(gained),
        lost_samples=_samples(lost),
    )


def _numbers(groups: Iterable[tuple[RecordRef, ...]]) -> dict[RecordRef, int]:
    return {ref: number for number, refs in enumerate(groups) for ref in refs}


def _is_together(refs: Iterable[RecordRef], numbers: Mapping[RecordRef, int]) -> bool:
    """Tell whether any two of the records share a group."""
    met = [numbers[ref] for ref in refs if ref in numbers]
    return len(set(met)) < len(met)


def _samples(groups: Iterable[tuple[RecordRef, ...]]) -> tuple[tuple[RecordRef, ...], ...]:
    return tuple(sorted(groups, key=lambda refs: (-len(refs), refs))[:SAMPLES])
