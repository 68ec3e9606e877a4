"""One run beside the one before it: which groups are new, grown, the same, and which are solved. Pure, by columns.

Two groups are the same customer when they have two records in common: what holds one together is found by both.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from b24app.store.audit_sums import MemberColumns
from b24app.store.audit_values import Change


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the later run's groups by their numbers, and which of the earlier run's are no more."""

    changes: dict[int, Change]
    solved: tuple[int, ...]


def compare_runs(before: MemberColumns, after: MemberColumns) -> Comparison:
    """Return the comparison. A group made of two earlier ones has grown; one that split has shrunk."""
    _, at_before, at_after = np.intersect1d(
        before.packed, after.packed, assume_unique=True, return_indices=True
    )
    common = Counter(
        zip(before.group_nos[at_before].tolist(), after.group_nos[at_after].tolist(), strict=True)
    )
    kept: defaultdict[int, dict[int, int]] = defaultdict(dict)
    survivors = set()
    for (earlier, later), count in common.items():
        if count > 1:
            kept[later][earlier] = count
            survivors.add(earlier)
    sizes_before, sizes_after = _sizes(before), _sizes(after)
    changes = {
        number: _change(kept.get(number, {}), size, sizes_before) for number, size in sizes_after.items()
    }
    return Comparison(changes, tuple(sorted(sizes_before.keys() - survivors)))


def _change(kept: dict[int, int], size: int, sizes_before: dict[int, int]) -> Change:
    if not kept:
        return Change.NEW
    if len(kept) > 1 or sum(kept.values()) < size:
        return Change.GROWN
    (earlier,) = kept
    return Change.SAME if sizes_before[earlier] == size else Change.SHRUNK


def _sizes(members: MemberColumns) -> dict[int, int]:
    numbers, counts = np.unique(members.group_nos, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
