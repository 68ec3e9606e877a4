"""Precision and recall on planted truth: ours beside equal texts, last ten digits, Bitrix24's form and Splink.

Everything is judged by pairs in the same group, chains included. The interval is Wilson's, 95 %.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.bulk import ALONE, BulkGrouping, group_table
from b24app.dedupe.key_columns import ValueKeys, keys_of_values
from b24app.dedupe.key_table import KeyTable, begins_anew
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.match import compare
from b24app.dedupe.rules import RuleSet
from bench import rivals
from bench.population import CLASSES, HUB_LIMIT, Labels, Pairs, Population, make_population
from bench.report import Figure

SIZES, QUICK_SIZES = (100_000, 1_000_000), (20_000,)
SEEDS = (7, 11)
LARGEST_FOR_SPLINK = 100_000  # a larger one takes it minutes and gigabytes
MISSED, WRONG = 1e-4, 1e-9
GRADED = 20_000  # pairs whose grade is looked at
PORTAL_KEY = b"a key that only the benchmark has"
WILSON_Z = 1.96

RIVALS = {
    "equal texts": rivals.equal_texts,
    "last 10 digits": rivals.last_digits,
    "Bitrix24's form": rivals.native_form,
    "Splink": rivals.splink,
}


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs found and right, found, and planted."""

    right: int
    found: int
    planted: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.planted if self.planted else 1.0

    def spelled(self) -> str:
        """Return precision, recall and F1 with their intervals."""
        both = self.precision + self.recall
        f1 = 2 * self.precision * self.recall / both if both else 0.0
        return (
            f"P {self.precision:.4f} {_interval(self.right, self.found)}, "
            f"R {self.recall:.4f} {_interval(self.right, self.planted)}, F1 {f1:.4f}"
        )


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Judge 100,000 and 1,000,000 records of two seeds; 20,000 of one when quick."""
    for size in QUICK_SIZES if quick else SIZES:
        for seed in SEEDS[:1] if quick else SEEDS:
            yield from _judge(make_population(size, seed), f"{size:,} records, seed {seed}")


def _judge(people: Population, name: str) -> Iterator[Figure]:
    table, owners = key_table(people)
    labels = labels_of(people, table, owners, group_table(table, hub_limit=HUB_LIMIT))
    ours = score(people, labels)
    others = {
        rival: find(people)
        for rival, find in RIVALS.items()
        if rival != "Splink" or len(people) <= LARGEST_FOR_SPLINK
    }
    for rival, found in others.items():
        print(f"{name}, {rival}: {score(people, found).spelled()}", file=sys.stderr)
    yield Figure(
        f"accuracy, {name}: wrong among the pairs found", 1 - ours.precision, target=WRONG, is_ratio_target=False,
        unit="", note=ours.spelled(),
    )  # fmt: skip
    for kind in CLASSES:
        missed = {rival: _apart(people.pairs[kind], found) for rival, found in others.items()}
        best = min(missed, key=lambda rival: missed[rival])
        yield Figure(
            f"… {kind}: missed of {len(people.pairs[kind]):,}", _apart(people.pairs[kind], labels), "",
            missed[best], best, MISSED, is_ratio_target=False,
            note=", ".join(f"{rival} {share:.2f}" for rival, share in missed.items()),
        )  # fmt: skip
    near = {rival: 1 - _apart(people.near, found) for rival, found in others.items()}
    yield Figure(
        f"… near misses joined of {len(people.near):,}", 1 - _apart(people.near, labels), "",
        target=WRONG, is_ratio_target=False, note=", ".join(f"{rival} {share:.2f}" for rival, share in near.items()),
    )  # fmt: skip
    yield Figure(
        "… pairs joined through hubs alone",
        _through_hubs(people, labels),
        "",
        target=0,
        is_ratio_target=False,
    )
    yield from _by_kind_and_grade(people, table, owners)


def key_table(people: Population, key: bytes = PORTAL_KEY) -> tuple[KeyTable, NDArray[np.int32]]:
    """Return the keys of everybody, and whose record each number of the table is."""
    parts = [
        (people.ranks[values.numbers], keys_of_values(kind, values.raws, RuleSet(), key))
        for kind, values in people.values.items()
    ]
    keys = ValueKeys.joined(
        [ValueKeys(ranks[found.values], found.kinds, found.hashes) for ranks, found in parts]
    ).once()
    ranks = keys.values
    table = KeyTable.from_columns(people.types[ranks], people.ids[ranks], keys.kinds, keys.hashes)
    return table, people.ranked[ranks[begins_anew(ranks)]]


def labels_of(
    people: Population, table: KeyTable, owners: NDArray[np.int32], grouping: BulkGrouping
) -> Labels:
    """Return a label for every record: of its group, or its own."""
    labels = np.arange(len(people), dtype=np.int32) + np.int32(len(people))
    grouped = grouping.labels != ALONE
    labels[owners[grouped]] = grouping.labels[grouped]
    return labels


def score(people: Population, labels: Labels) -> Score:
    """Count pairs; those of an office's box or a broken number count neither way."""
    right, found = _pairs(np.stack([labels, people.same])), _pairs(labels[None])
    for group in people.apart:
        told = _pairs(labels[group][None]) - _pairs(np.stack([labels[group], people.same[group]]))
        found -= told
    return Score(right, found, _pairs(people.same[None]))


def _pairs(rows: NDArray[np.int32]) -> int:
    counts = np.unique(rows, axis=1, return_counts=True)[1].astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())


def _apart(pairs: Pairs, labels: Labels) -> float:
    return float((labels[pairs[:, 0]] != labels[pairs[:, 1]]).mean()) if len(pairs) else 0.0


def _through_hubs(people: Population, labels: Labels) -> int:
    """Count pairs of a hub's holders in one group that are not one customer."""
    return sum(
        _pairs(labels[hub][None]) - _pairs(np.stack([labels[hub], people.same[hub]])) for hub in people.hubs
    )


def _by_kind_and_grade(people: Population, table: KeyTable, owners: NDArray[np.int32]) -> Iterator[Figure]:
    records = list(people.records())
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    apart = {int(number) for group in people.apart for number in group}
    for kind, here, there in islice(_direct_pairs(table), GRADED):
        one, other = int(owners[here]), int(owners[there])
        if one in apart and other in apart:
            continue
        match = compare(records[one], records[other], RuleSet(), PORTAL_KEY)
        names = (f"key {KeyKind(kind).name.lower()}", f"grade {match.grade.word}" if match else "grade none")
        for name in names:
            found[name] += 1
            right[name] += bool(people.same[one] == people.same[other])
    for name in sorted(found):
        score_of = Score(right[name], found[name], found[name])
        yield Figure(
            f"… {name}: wrong of {found[name]:,} pairs", 1 - score_of.precision, "",
            note=f"P {score_of.precision:.4f} {_interval(right[name], found[name])}",
        )  # fmt: skip


def _direct_pairs(table: KeyTable) -> Iterator[tuple[int, int, int]]:
    """Yield kind and both records of pairs that share a key few have, spread over all keys."""
    order = np.argsort(table.hashes, kind="stable")
    hashes = table.hashes[order]
    starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    lengths = np.diff(np.append(starts, len(hashes)))
    meant = starts[(lengths > 1) & (lengths <= HUB_LIMIT)]
    step = max(1, len(meant) // GRADED)
    for start in meant[::step].tolist():
        one, other = order[start], order[start + 1]
        yield int(table.kinds[one]), int(table.records[one]), int(table.records[other])


def _interval(right: int, total: int) -> str:
    """Return Wilson's interval of a share."""
    if not total:
        return "[–]"
    share, z2 = right / total, WILSON_Z**2
    middle = share + z2 / (2 * total)
    reach = WILSON_Z * sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    low, high = ((middle + sign * reach) / (1 + z2 / total) for sign in (-1, 1))
    return f"[{low:.4f}–{min(1.0, high):.4f}]"
