"""The steps of a reading: full requests where records are enough, short ones where links and deals are read too."""

import numpy as np
import pytest

from b24app.services.audit.run.reading_pace import ReadingPace, ReadingPlan
from b24app.store.audit_sums import UnreadColumns

MOST_RECORDS = 2_300
BUDGET_PER_S = 1.2


def unread(groups: list[tuple[int, int, int]]) -> UnreadColumns:
    """Return groups by their leads, contacts and companies, numbered from 0."""
    leads, contacts, companies = np.array(groups, np.int64).reshape(-1, 3).T
    return UnreadColumns(np.arange(len(groups)), leads + contacts + companies, contacts, companies)


def test_groups_of_leads_fill_a_request_and_those_of_two_kinds_cost_few_requests_a_step():
    plan = ReadingPlan(unread([(2, 0, 0)] * 2_300 + [(0, 1, 1)] * 1_000), MOST_RECORDS)

    assert plan.records == 6_600
    assert plan.requests[:2].tolist() == [1, 1]
    assert plan.requests.max() / BUDGET_PER_S <= 5, "what a killed worker loses"
    assert plan.groups_behind(-1) == 1_150
    assert plan.groups_behind(2_299) == 150
    assert plan.groups_behind(3_299) == 0


def test_a_step_costs_pages_of_each_type_links_of_contacts_and_lists_of_deals():
    plan = ReadingPlan(unread([(51, 1, 0), (1, 60, 1)]), MOST_RECORDS)

    # who we are; pages of leads, contacts, companies; links of 60 contacts; deals of ten clients at once
    assert (plan.commands.tolist(), plan.requests.tolist()) == ([1 + 5 + 60 + 7], [1 + 2 + 1])


@pytest.mark.parametrize("group", [(5_000, 0, 0), (0, 4_000, 1), (1, 1, 4_000)])
def test_a_group_that_is_larger_than_a_step_is_one(group: tuple[int, int, int]):
    plan = ReadingPlan(unread([(1, 1, 0), group, (2, 0, 0)]), MOST_RECORDS)

    assert [plan.groups_behind(done) for done in (-1, 0, 1, 2)] == [1, 1, 1, 0]


def test_nothing_to_read_takes_no_step():
    plan = ReadingPlan(unread([]), MOST_RECORDS)

    assert (plan.records, plan.groups_behind(-1)) == (0, 0)


def test_a_portal_that_becomes_slow_is_known_by_its_last_steps():
    now = [0.0]
    plan = ReadingPlan(unread([(2, 0, 0)] * 1_150 * 40), MOST_RECORDS)
    pace = ReadingPace(plan, BUDGET_PER_S, lambda: now[0])

    left = []
    for step in range(30):
        now[0] += 1 / BUDGET_PER_S if step < 15 else 10.0
        left.append(pace.left_s(1_150 * (step + 1) - 1))

    assert left[14] == pytest.approx(25 / BUDGET_PER_S)
    assert left[29] == pytest.approx(10 * 10.0, rel=0.01)
