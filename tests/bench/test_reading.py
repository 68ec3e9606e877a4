"""The benchmark of reading works at a tiny size, and its floors are what the limits say."""

import asyncio

import pytest

from b24app.sandbox.limits import SandboxLimits
from bench.floors import reading_floor
from bench.reading import ENTERPRISE, ORDINARY, SLOW, Case, figures, read_portal
from bench.virtual_clock import VirtualClock, run_virtually

THIRDS = dict.fromkeys(("lead", "contact", "company"), 50_000)


@pytest.mark.parametrize(
    ("records", "limits", "requests", "seconds"),
    [
        ({"lead": 50}, ORDINARY, 2, 0.06 + 0.03),
        ({"lead": 2_500}, ORDINARY, 2, 0.06 + 1.5),
        ({"lead": 2_501}, ORDINARY, 3, 0.06 + 1.5),
        ({"lead": 250_000}, ORDINARY, 101, 25.5 + 1.5),
        (THIRDS, ORDINARY, 61, 5.5 + 1.5),
        (THIRDS, ENTERPRISE, 61, 0.18 + 1.5),
        ({"lead": 240_000}, SLOW, 97, 23.5 + 5.0),  # 480 s of running time: just allowed
        ({"lead": 240_001}, SLOW, 98, 0.2 + 600.0),
    ],
)
def test_the_slower_limit_is_the_floor(records, limits, requests, seconds):
    floor = reading_floor(records, limits)

    assert floor.requests == requests
    assert floor.seconds == pytest.approx(seconds)


def test_a_small_portal_is_read_at_the_floor_without_a_refusal(database_url, tmp_path):
    case = Case(4_000, half_gone=True, limits=ORDINARY)

    read = run_virtually(read_portal(case, database_url, tmp_path))

    assert (read.indexed, read.busy, read.overtime) == (4_000, 0, 0)
    assert all(figure.is_reached is not False for figure in figures(case, read))


def test_a_bucket_that_is_too_small_for_the_burst_costs_virtual_time(database_url, tmp_path):
    slow = SandboxLimits(bucket=8, drain_per_s=0.01, operating_limit_s=480, server_seconds=0.03)

    read = run_virtually(read_portal(Case(4_000, half_gone=False, limits=slow), database_url, tmp_path))

    assert read.indexed == 4_000
    assert read.busy == 0
    assert read.seconds > 60


def test_sleepers_overlap_and_take_no_real_time():
    clock = VirtualClock()

    async def sleep_long() -> tuple[float, float]:
        began = clock.now()
        await asyncio.gather(*(clock.sleep(hours * 3600) for hours in (1, 2, 3)))
        return began, clock.now()

    began, ended = run_virtually(sleep_long())

    assert ended - began == pytest.approx(3 * 3600)
