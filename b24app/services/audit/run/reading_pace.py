"""How long reading the members of groups will still take. Pure.

Groups of contacts and companies come last and cost many times as much: their links and deals are read too. So the
steps are laid out beforehand, and what is left is counted in requests and in their commands, not in records.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from b24app.bitrix24.calls import BATCH_LIMIT
from b24app.bitrix24.methods import PAGE_SIZE
from b24app.dedupe.key_table import Ids
from b24app.services.audit.run.live import CLIENTS_AT_ONCE
from b24app.store.audit_sums import UnreadColumns

PACE_STEPS = 12  # by which a portal that became slower is known
# Of one step, which a killed worker loses: with these its links and deals are four requests, 4 s of the usual budget.
MOST_CONTACTS, MOST_COMPANIES = 3 * BATCH_LIMIT, 7 * BATCH_LIMIT


class ReadingPlan:
    """The steps of a reading: as many groups as one request can read and a few more complete, at least one group.

    ``requests`` and ``commands`` are what each of them costs.
    """

    def __init__(self, unread: UnreadColumns, most_records: int) -> None:
        has_both = (unread.contacts > 0) & (unread.companies > 0)
        leads = unread.sizes - unread.contacts - unread.companies
        self._by_type = [_summed(column) for column in (leads, unread.contacts, unread.companies)]
        self._sharers = [_summed(column * has_both) for column in (unread.contacts, unread.companies)]
        self.records = int(unread.sizes.sum())
        bounds = zip(self._sharers, (MOST_CONTACTS, MOST_COMPANIES), strict=True)
        self._cuts = _cuts([(_summed(unread.sizes), most_records), *bounds])
        self._ends = unread.group_nos[np.array(self._cuts[1:], np.int64) - 1]
        costs = [self._cost(start, stop) for start, stop in pairwise(self._cuts)]
        self.requests, self.commands = np.array(costs, np.int64).reshape(-1, 2).T

    def steps_with(self, group_no: int) -> int:
        """Return how many steps are done once this group is read."""
        return int(np.searchsorted(self._ends, group_no, side="right"))

    def groups_behind(self, group_no: int) -> int:
        """Return how many groups the next step reads; 0 at the end."""
        done = self.steps_with(group_no)
        return self._cuts[done + 1] - self._cuts[done] if done + 1 < len(self._cuts) else 0

    def _cost(self, start: int, stop: int) -> tuple[int, int]:
        """Return the cost of one step: members and who we are; links of contacts; lists of open deals."""
        pages = sum(math.ceil((column[stop] - column[start]) / PAGE_SIZE) for column in self._by_type)
        contacts, companies = (int(column[stop] - column[start]) for column in self._sharers)
        deals = math.ceil(contacts / CLIENTS_AT_ONCE) + math.ceil(companies / CLIENTS_AT_ONCE)
        requests = sum(math.ceil(commands / BATCH_LIMIT) for commands in (1 + pages, contacts, deals))
        return requests, 1 + pages + contacts + deals


class ReadingPace:
    """The seconds that are left: each step takes its requests' share of the budget, or its commands' time if longer.

    How long a command takes is told by the quickest step: after a pause the budget lets some requests go at once.
    """

    def __init__(self, plan: ReadingPlan, budget_per_s: float, now: Callable[[], float]) -> None:
        self._plan = plan
        self._budget_per_s = budget_per_s
        self._now = now
        self._marks = deque([(now(), 0)], maxlen=PACE_STEPS)
        self._command_s = math.inf  # not known yet

    def left_s(self, group_no: int) -> float:
        """Note that the groups up to this one are read; return the seconds the others will take."""
        (last_at, last), at, done = self._marks[-1], self._now(), self._plan.steps_with(group_no)
        commands = int(self._plan.commands[last:done].sum())
        if commands:
            self._command_s = min(self._command_s, (at - last_at) / commands)
        self._marks.append((at, done))
        began_at, first = self._marks[0]
        expected_s = self._expect_s(first, done)
        delay = max(1.0, (at - began_at) / expected_s) if expected_s else 1.0
        return self._expect_s(done, len(self._plan.commands)) * delay

    def _expect_s(self, start: int, stop: int) -> float:
        """Return the seconds these steps take when nobody else wants anything."""
        command_s = 0.0 if math.isinf(self._command_s) else self._command_s
        by_budget = self._plan.requests[start:stop] / self._budget_per_s
        return float(np.maximum(by_budget, self._plan.commands[start:stop] * command_s).sum())


def _summed(column: Ids) -> Ids:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(column)))


def _cuts(bounds: Sequence[tuple[Ids, int]]) -> list[int]:
    """Return where steps begin and end; none has more of any column than its bound, unless it is a single group."""
    cuts, count = [0], len(bounds[0][0]) - 1
    while (start := cuts[-1]) < count:
        fits = (int(np.searchsorted(column, column[start] + most, side="right")) for column, most in bounds)
        cuts.append(max(start + 1, min(fits) - 1))
    return cuts
