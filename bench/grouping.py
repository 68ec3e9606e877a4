"""A portal's keys to its groups: CPU beside a sort and scipy on the same columns, growth, memory.

The peer finds equal keys the usual way: argsort, runs, a graph of all records. Two keys a record; a quarter of the
records took one or both from another, one in a hundred holds one of twenty switchboards.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from b24app.dedupe.bulk import ALONE, BulkGrouping, describe_groups, group_table
from b24app.dedupe.group_columns import GroupDescriber
from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordType
from bench.report import Figure, middle

SIZE, QUICK_SIZE, GROWTH = 1_000_000, 20_000, 5
ROUNDS = 5
HUB_LIMIT, HUBS = 50, 20
TARGET_RATIO = 0.6
LINEAR_RATIO = 2.0  # out of the processor's cache a record costs more time, not more work; the peer's too
MB = 2**20

Labels = NDArray[np.int32]


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Group 1 million records and 5 million; 20,000 and 100,000 when quick, where no target is meant."""
    size = QUICK_SIZE if quick else SIZE
    table = make_table(size)
    ours, peers = cpu_side_by_side(
        lambda: group_table(table, hub_limit=HUB_LIMIT), lambda: sort_and_join(table)
    )
    grouping = group_table(table, hub_limit=HUB_LIMIT)
    note = f"{grouping.group_count:,} groups; median of {ROUNDS}"
    if not is_same_partition(grouping, sort_and_join(table)):
        raise AssertionError("the peer finds other groups")
    yield Figure(
        f"grouping {size:,} records, CPU",
        ours,
        "s",
        peers,
        "argsort + scipy",
        None if quick else TARGET_RATIO,
        note=note,
    )
    yield Figure(
        f"grouping {size:,} records, memory on top of the keys",
        peak_mb(lambda: group_table(table, hub_limit=HUB_LIMIT)),
        "MB",
        peak_mb(lambda: sort_and_join(table)),
        "argsort + scipy",
    )
    yield Figure(
        f"describing {grouping.group_count:,} groups: keys, chain, warnings",
        cpu_s(lambda: GroupDescriber(table, grouping).describe(0, grouping.group_count)),
        "s",
        cpu_s(lambda: sum(1 for _ in describe_groups(table, grouping))),
        "one by one",
    )
    yield from growth(table, quick=quick)


def growth(table: KeyTable, *, quick: bool) -> Iterator[Figure]:
    """Group five times as many records: beside five times the small table, and beside the peer."""
    size = len(table.ids)
    large = make_table(GROWTH * size)
    large_s, small_s = cpu_side_by_side(
        lambda: group_table(large, hub_limit=HUB_LIMIT),
        lambda: [group_table(table, hub_limit=HUB_LIMIT) for _ in range(GROWTH)],
    )
    name = f"grouping {GROWTH * size:,} records, CPU"
    yield Figure(name, large_s, "s", small_s, f"{GROWTH} × {size:,}", None if quick else LINEAR_RATIO)
    peer_s = cpu_s(lambda: sort_and_join(large))
    yield Figure(name, large_s, "s", peer_s, "argsort + scipy", None if quick else TARGET_RATIO)


def make_table(size: int, seed: int = 1) -> KeyTable:
    """Return the keys of invented records."""
    chance = np.random.default_rng(seed)
    phones, emails = (chance.integers(-(2**63), 2**63 - 1, size) for _ in range(2))
    others, draw = chance.integers(0, size, size), chance.random(size)
    takes_phone, takes_email = draw < 0.15, (draw > 0.10) & (draw < 0.25)
    phones[takes_phone] = phones[others[takes_phone]]
    emails[takes_email] = emails[others[takes_email]]
    at_switchboard = chance.random(size) < 0.01
    phones[at_switchboard] = chance.integers(0, HUBS, np.count_nonzero(at_switchboard))
    types = np.array(RecordType, np.int8)[np.arange(size) * len(RecordType) // size]
    return KeyTable.from_columns(
        np.repeat(types, 2),
        np.repeat(np.arange(1, size + 1), 2),
        np.tile(np.array([KeyKind.PHONE, KeyKind.EMAIL], np.int8), size),
        np.stack([phones, emails], axis=1).ravel(),
    )


def sort_and_join(table: KeyTable) -> Labels:
    """Group as one would: sort the keys, join each run's records to its first, ask scipy."""
    order = np.argsort(table.hashes)
    ordered = table.hashes[order]
    is_first = np.append(True, ordered[1:] != ordered[:-1])
    starts = np.flatnonzero(is_first)
    lengths = np.diff(np.append(starts, len(ordered)))
    meant = (lengths > 1) & (lengths <= HUB_LIMIT)
    firsts = table.records[np.repeat(order[starts[meant]], lengths[meant])]
    holders = table.records[order[np.repeat(meant, lengths)]]
    size = (len(table.ids), len(table.ids))
    graph = coo_array((np.ones(len(holders), np.int8), (firsts, holders)), shape=size).tocsr()
    labels: Labels = connected_components(graph, directed=False)[1]
    return labels


def is_same_partition(grouping: BulkGrouping, peers: Labels) -> bool:
    """Tell whether the peer holds the same records together, and all others alone."""
    grouped = grouping.labels != ALONE
    both = np.unique(np.stack([grouping.labels[grouped], peers[grouped]]), axis=1).shape[1]
    alone = np.count_nonzero(~grouped)
    return both == grouping.group_count and len(np.unique(peers)) == grouping.group_count + alone


def cpu_side_by_side(ours: Callable[[], object], peer: Callable[[], object]) -> tuple[float, float]:
    """Return the median CPU of each, taken in turns after one try."""
    ours(), peer()
    times = [(cpu_s(ours), cpu_s(peer)) for _ in range(ROUNDS)]
    return middle([ours_s for ours_s, _ in times]), middle([peer_s for _, peer_s in times])


def cpu_s(run: Callable[[], object]) -> float:
    """Return the CPU seconds of one run, user and system."""
    began = process_time()
    run()
    return process_time() - began


def peak_mb(run: Callable[[], object]) -> float:
    """Return how much memory a run holds at most, in megabytes."""
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / MB
