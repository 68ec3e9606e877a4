"""The benchmark of grouping compares like with like."""

import numpy as np

from b24app.dedupe.bulk import group_table
from bench.grouping import HUB_LIMIT, HUBS, is_same_partition, make_table, measure, sort_and_join


def test_the_peer_finds_the_same_groups_and_would_be_caught_if_not() -> None:
    table = make_table(5_000)

    grouping, peers = group_table(table, hub_limit=HUB_LIMIT), sort_and_join(table)

    assert grouping.group_count > 500
    assert is_same_partition(grouping, peers)
    assert not is_same_partition(grouping, np.where(peers == peers.max(), 0, peers))


def test_invented_records_have_hubs_that_join_nobody() -> None:
    table = make_table(200_000)

    grouping = group_table(table, hub_limit=HUB_LIMIT)

    assert len(list(grouping.hubs.holders(table))) == HUBS


def test_a_quick_run_shows_every_row_and_misses_no_target() -> None:
    figures = list(measure(quick=True))

    assert len(figures) == 5
    assert all(figure.ours > 0 for figure in figures)
    assert all(figure.is_reached is None for figure in figures)
