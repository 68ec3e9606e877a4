"""The arithmetic of the two limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix24.throttle import BucketState, Limits, LocalThrottle, Priority, method_wait, refuse, take
from tests.bitrix24.peer import HandClock

NOW = 1_790_000_000.0  # where a float of seconds is no finer than 0.2 µs

FULL = BucketState(level=50.0, updated_at=100.0)


def test_an_empty_bucket_lets_a_burst_through_and_then_the_rate():
    state, limits, waits = BucketState(), Limits(), []

    for _ in range(52):
        state, wait_s = take(state, limits, Priority.PERSON, 0.0)
        waits.append(wait_s)

    assert waits == [0.0] * 50 + [0.5, 0.5]


@pytest.mark.parametrize(
    ("priority", "burst"),
    [(Priority.PERSON, 50), (Priority.ROBOT, 48), (Priority.EVENT, 46), (Priority.BACKGROUND, 44)],
)
def test_whoever_is_less_urgent_leaves_room(priority, burst):
    state, taken = BucketState(), 0

    while True:
        state, wait_s = take(state, Limits(), priority, 0.0)
        if wait_s:
            break
        taken += 1

    assert taken == burst
    assert (take(state, Limits(), Priority.PERSON, 0.0)[1] == 0) == (priority is not Priority.PERSON)


def test_the_bucket_leaks_with_time():
    state, wait_s = take(FULL, Limits(), Priority.PERSON, 110.0)

    assert (state.level, wait_s) == (31.0, 0.0)


def test_after_a_refusal_nobody_asks_until_the_portal_is_ready():
    state = refuse(BucketState(), Limits(), 3.0, 100.0)

    assert take(state, Limits(), Priority.PERSON, 101.0)[1] == 2.0
    assert take(state, Limits(), Priority.PERSON, 103.0)[1] == 0.0
    assert take(state, Limits(), Priority.BACKGROUND, 103.0)[1] > 0.0


def test_a_clock_that_goes_back_empties_nothing():
    state, wait_s = take(FULL, Limits(), Priority.PERSON, 50.0)

    assert state.level == 50.0
    assert wait_s == 0.5


@given(
    gaps=st.lists(st.floats(0, 5), max_size=200),
    priority=st.sampled_from(list(Priority)),
    limits=st.sampled_from([Limits(), Limits.ENTERPRISE]),
)
def test_never_more_than_burst_and_rate_allow(gaps, priority, limits):
    state, now, taken = BucketState(), 0.0, 0

    for gap in gaps:
        now += gap
        state, wait_s = take(state, limits, priority, now)
        taken += wait_s == 0

    assert taken <= limits.capacity + limits.rate_per_s * now + 1e-6
    assert 0 <= state.level <= limits.capacity + 1e-6


@given(level=st.floats(0, 50), priority=st.sampled_from(list(Priority)))
def test_whoever_waits_as_told_is_let_in(level, priority):
    state, wait_s = take(BucketState(level=level, updated_at=NOW), Limits(), priority, NOW)

    assert wait_s == 0.0 or take(state, Limits(), priority, NOW + wait_s)[1] == 0.0


def test_a_wait_is_never_so_short_that_the_clock_stands_still():
    hardly_full = BucketState(level=49.0 + 1e-9, updated_at=NOW)

    assert take(hardly_full, Limits(), Priority.PERSON, NOW)[1] == 0.0


@pytest.mark.parametrize(
    ("operating_s", "priority", "wait_s"),
    [
        (464.0, Priority.BACKGROUND, 0.0),
        (466.0, Priority.BACKGROUND, 50.0),
        (466.0, Priority.EVENT, 0.0),
        (479.0, Priority.PERSON, 0.0),
        (480.0, Priority.PERSON, 50.0),
    ],
)
def test_background_stops_before_a_method_s_time_is_spent(operating_s, priority, wait_s):
    assert method_wait(operating_s, 150.0, Limits(), priority, 100.0) == wait_s


def test_a_method_s_time_comes_back():
    assert method_wait(480.0, 99.0, Limits(), Priority.BACKGROUND, 100.0) == 0.0


async def test_the_smaller_limit_is_learned_from_a_refusal():
    clock = HandClock(100.0)
    throttle = LocalThrottle(clock)
    await throttle.spent({"crm.lead.list": (430.0, 400.0), "crm.deal.list": (100.0, 400.0)})
    before = await throttle.take(Priority.PERSON, {"crm.lead.list"})

    await throttle.blocked("crm.contact.list", until=160.0)

    assert before == 0.0
    assert await throttle.take(Priority.PERSON, {"crm.lead.list"}) == 300.0
    assert await throttle.take(Priority.PERSON, {"crm.contact.list", "crm.deal.list"}) == 60.0
    assert await throttle.take(Priority.PERSON, {"crm.deal.list"}) == 0.0
