"""What an audit may be ordered with, when it runs, how fast, and which moment of the calendar is next."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from b24app.bitrix24.throttle import LocalThrottle, Priority
from b24app.dedupe.record import RecordType, Stage
from b24app.services.audit.pages.forms import (
    read_order_form,
    read_schedule_form,
    shown_schedule,
    to_schedule,
    to_scope,
    to_terms,
)
from b24app.services.audit.run.access import AuditAccess
from b24app.services.audit.run.budget import BudgetThrottle
from b24app.services.audit.run.orders import AuditScope, AuditTerms, OrderMistake, Window
from b24app.services.audit.run.schedule import AuditSchedule, Every
from b24app.services.audit.run.steps import Pace
from b24app.store.audit_values import Progress
from tests.conftest import StillClock

MOSCOW, BERLIN = "Europe/Moscow", "Europe/Berlin"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_scope_and_terms_survive_the_way_through_json():
    scope = AuditScope(
        types=frozenset({RecordType.LEAD}),
        stages=frozenset({Stage.LOST}),
        responsibles=frozenset({3, 1}),
        departments=frozenset({4}),
        sources=frozenset({"CALL"}),
        created_from=1.0,
        created_to=2.0,
    )
    terms = AuditTerms(budget=30, window=Window(22, 6, MOSCOW), incremental=True, told=(1, 5))

    assert AuditScope.from_dict(scope.to_dict()) == scope
    assert AuditTerms.from_dict(terms.to_dict()) == terms
    assert AuditScope.from_dict({}) == AuditScope()
    assert AuditAccess.from_dict({"people": [1], "departments": [2]}).to_dict() == {
        "people": [1],
        "departments": [2],
    }


@pytest.mark.parametrize(
    ("read", "raw", "field"),
    [
        (AuditScope, {"types": []}, "types"),
        (AuditScope, {"types": ["deal"]}, "types"),
        (AuditScope, {"stages": ["open"]}, "stages"),
        (AuditScope, {"responsibles": [0]}, "responsibles"),
        (AuditScope, {"responsibles": [True]}, "responsibles"),
        (AuditScope, {"departments": "1"}, "departments"),
        (AuditScope, {"sources": [""]}, "sources"),
        (AuditScope, {"created_from": "today"}, "created_from"),
        (AuditScope, {"created_from": 2, "created_to": 1}, "created_to"),
        (AuditScope, {"type": ["lead"]}, "type"),
        (AuditTerms, {"budget": 4}, "budget"),
        (AuditTerms, {"budget": 60.5}, "budget"),
        (AuditTerms, {"window": [22, 24, 0]}, "window"),
        (AuditTerms, {"window": "22-6"}, "window"),
        (AuditTerms, {"window": [22, 6, "Europe/Atlantis"]}, "window"),
        (AuditTerms, {"window": [22, 6, 180]}, "window"),
        (AuditSchedule, {"every": "day", "zone": "../etc/passwd"}, "zone"),
        (AuditSchedule, {"every": "day", "utc_offset_min": 180}, "zone"),
        (AuditTerms, {"window": [22, 6, 0.0]}, "window"),
        (AuditTerms, {"incremental": 1}, "incremental"),
        (AuditTerms, {"told": [-1]}, "told"),
        (AuditSchedule, {"every": "hour"}, "every"),
        (AuditSchedule, {"every": "week", "day": 7}, "day"),
        (AuditSchedule, {"every": "month", "day": 29}, "day"),
        (AuditSchedule, {"every": "day", "hour": "3"}, "hour"),
        (AuditSchedule, {"every": "day", "scope": []}, "scope"),
        (AuditAccess, {"people": ["1"]}, "people"),
        (AuditAccess, {"everybody": True}, "everybody"),
    ],
)
def test_nonsense_is_refused_by_the_name_of_its_field(read, raw, field):
    with pytest.raises(OrderMistake) as refused:
        read.from_dict(raw)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("window", "open_hours"),
    [
        (Window(9, 12), [9, 10, 11]),
        (Window(22, 2), [0, 1, 22, 23]),
        (Window(1, 3, MOSCOW), [22, 23]),
        (Window(5, 5), list(range(24))),
    ],
)
def test_a_window_is_open_in_its_hours(window, open_hours):
    midnight = at("2026-03-02T00:00:00")

    assert [hour for hour in range(24) if window.is_open(midnight + hour * 3_600)] == open_hours


@pytest.mark.parametrize(
    ("schedule", "now", "following"),
    [
        (AuditSchedule(Every.DAY, hour=3), "2026-03-02T02:59:59", "2026-03-02T03:00:00"),
        (AuditSchedule(Every.DAY, hour=3), "2026-03-02T03:00:00", "2026-03-03T03:00:00"),
        (
            AuditSchedule(Every.DAY, hour=1, zone=MOSCOW),
            "2026-03-02T21:00:00",
            "2026-03-02T22:00:00",
        ),
        (AuditSchedule(Every.DAY, hour=3, zone=BERLIN), "2026-03-28T12:00:00", "2026-03-29T01:00:00"),
        (AuditSchedule(Every.DAY, hour=3, zone=BERLIN), "2026-03-29T01:00:00", "2026-03-30T01:00:00"),
        (AuditSchedule(Every.DAY, hour=2, zone=BERLIN), "2026-03-28T12:00:00", "2026-03-29T01:00:00"),
        (AuditSchedule(Every.DAY, hour=2, zone=BERLIN), "2026-10-24T12:00:00", "2026-10-25T00:00:00"),
        (AuditSchedule(Every.DAY, hour=2, zone=BERLIN), "2026-10-25T01:30:00", "2026-10-26T01:00:00"),
        (AuditSchedule(Every.WEEK, hour=1, day=0, zone=MOSCOW), "2026-03-01T21:30:00", "2026-03-01T22:00:00"),
        (
            AuditSchedule(Every.MONTH, hour=1, day=1, zone=MOSCOW),
            "2026-03-31T21:30:00",
            "2026-03-31T22:00:00",
        ),
        (AuditSchedule(Every.WEEK, hour=3, day=6), "2026-03-02T12:00:00", "2026-03-08T03:00:00"),
        (AuditSchedule(Every.WEEK, hour=3, day=0), "2026-03-02T12:00:00", "2026-03-09T03:00:00"),
        (AuditSchedule(Every.MONTH, hour=3, day=28), "2026-01-28T04:00:00", "2026-02-28T03:00:00"),
        (AuditSchedule(Every.MONTH, hour=3, day=15), "2026-12-20T04:00:00", "2027-01-15T03:00:00"),
    ],
)
def test_the_next_moment_of_a_schedule(schedule, now, following):
    assert schedule.next_after(at(now)) == at(following)
    assert AuditSchedule.from_dict(schedule.to_dict()) == schedule


def test_what_an_earlier_version_kept_is_meant_in_utc():
    kept = {
        "every": "day",
        "hour": 3,
        "day": 0,
        "utc_offset_min": 0,
        "scope": {},
        "terms": {"window": [22, 6, 0]},
    }

    schedule = AuditSchedule.from_dict(kept)

    assert (schedule.zone, schedule.terms.window) == ("UTC", Window(22, 6, "UTC"))


def test_hours_and_days_of_a_form_are_those_of_the_time_zone_it_was_filled_in():
    fields = {"created_from": ["2026-10-25"], "created_to": ["2026-10-25"], "time_zone": [BERLIN]}
    hours = {"from_hour": ["1"], "to_hour": ["3"], "budget": ["60"]}
    typed = read_order_form({**fields, **hours, "types": ["lead"]})

    scope, terms = to_scope(typed.scope), to_terms(typed.scope, incremental=False)

    assert (scope.created_from, scope.created_to) == (at("2026-10-24T22:00:00"), at("2026-10-25T22:59:59"))
    assert terms.window == Window(1, 3, BERLIN)


def test_a_schedule_keeps_the_time_zone_it_was_made_in():
    fields = {"every": ["day"], "hour": ["3"], "budget": ["60"], "types": ["lead"], "time_zone": [MOSCOW]}

    schedule = to_schedule(read_schedule_form(fields))

    assert schedule is not None
    assert schedule.zone == MOSCOW
    assert shown_schedule(schedule).scope.time_zone == MOSCOW


@pytest.mark.parametrize("named", ["", "Mars/Olympus", "/etc/localtime", "Europe", "\0"])
def test_a_time_zone_nobody_knows_is_utc(named):
    typed = read_schedule_form(
        {"every": ["day"], "hour": ["3"], "budget": ["60"], "types": ["lead"], "time_zone": [named]}
    )

    schedule = to_schedule(typed)

    assert schedule is not None
    assert schedule.zone == "UTC"


@pytest.mark.parametrize("day", ["9999-12-31", "0202-11-05", "2026-02-29", "tomorrow"])
def test_a_day_that_cannot_be_meant_is_refused(day):
    typed = read_order_form({"created_to": [day], "types": ["lead"], "time_zone": ["Pacific/Honolulu"]})

    with pytest.raises(OrderMistake) as refused:
        to_scope(typed.scope)

    assert refused.value.field == "created_to"


@pytest.mark.parametrize("typed", ["abc", "²", "٣", "1e3", "-1", "6 0", "", "9" * 16])
@pytest.mark.parametrize("field", ["budget", "hour", "monthday", "told"])
def test_what_is_no_number_is_refused_by_its_field(field, typed):
    usual = {
        "every": ["month"],
        "hour": ["3"],
        "monthday": ["1"],
        "told": ["7"],
        "budget": ["60"],
        "types": ["lead"],
    }
    if field == "told":
        typed = f"7, x{typed}"  # nobody at all is fine

    with pytest.raises(OrderMistake) as refused:
        to_schedule(read_schedule_form({**usual, field: [typed]}))

    assert refused.value.field == field


def test_somebody_who_was_looked_for_and_not_chosen_is_asked_for_again():
    fields = {"every": ["day"], "hour": ["3"], "budget": ["60"], "types": ["lead"]}

    for query in ("told", "responsibles"):
        with pytest.raises(OrderMistake) as refused:
            to_schedule(read_schedule_form({**fields, f"{query}_query": ["анна"]}))
        assert refused.value.field == query
    assert to_schedule(read_schedule_form({**fields, "told_query": ["анна"], "told": ["7"]})) is not None


def test_a_schedule_is_shown_as_it_was_typed():
    fields = {
        "every": ["week"], "weekday": ["4"], "hour": ["23"], "told": ["7", "9"], "types": ["lead", "contact"],
        "stages": ["lost"], "responsibles": ["5", "8"], "departments": ["3"], "sources": ["CALL", "WEB"],
        "created_from": ["2026-03-29"], "created_to": ["2026-10-25"], "budget": ["40"], "from_hour": ["22"],
        "to_hour": ["6"], "time_zone": [BERLIN],
    }  # fmt: skip
    typed = read_schedule_form(fields)

    kept = to_schedule(typed)

    assert kept is not None
    shown = shown_schedule(AuditSchedule.from_dict(kept.to_dict()))
    assert shown == replace(typed, monthday="1")
    assert kept.scope.departments == {3}


async def test_an_audit_takes_its_share_of_the_requests_and_no_more():
    clock = StillClock()
    shared = LocalThrottle(clock)
    ours = BudgetThrottle(shared, clock, rate_per_s=1.2)

    sent, began = 0, clock.now()
    while sent < 100:
        wait_s = await ours.take(Priority.BACKGROUND, [])
        sent += wait_s == 0
        clock.advance(max(wait_s, 0.001))

    rate = (sent - 5) / (clock.now() - began)
    assert rate == pytest.approx(2 * 0.6, rel=0.01)
    assert await shared.take(Priority.BACKGROUND, []) == 0


def test_the_time_left_follows_the_speed_of_the_last_steps():
    clock = StillClock()
    pace = Pace(clock.now)
    first = Progress(done=0, total=10_000, speed=pace.mark(0))

    for done in range(100, 2_001, 100):
        clock.advance(1.0 if done <= 500 else 2.0)
        speed = pace.mark(done)

    assert first.left_s is None
    assert Progress(done=2_000, total=10_000, speed=speed).left_s == pytest.approx(160.0)
