"""The company's departments as the portal has them now: which stand below which. Names are shown, never kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from b24app.bitrix24 import methods
from b24app.bitrix24.answers_structure import Department, departments
from b24app.bitrix24.calls import BATCH_LIMIT, Answer
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import AccessDenied

FIRST_PAGE: Final = "departments"


@dataclass(frozen=True)
class Structure:
    """Departments by id. The portal's parents may be missing, or go round in a circle."""

    departments: Mapping[int, Department]

    def with_those_below(self, chosen: Iterable[int]) -> frozenset[int]:
        """Return these departments, known or not, and all that stand below them."""
        found: set[int] = set()
        waiting = list(chosen)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._below.get(one, ())
        return frozenset(found)

    def as_tree(self) -> list[tuple[Department, int]]:
        """Return every department once with its depth, behind the one it stands below; beside each other by name."""
        tops = [one.id for one in self.departments.values() if one.parent_id not in self.departments]
        rows: dict[int, tuple[Department, int]] = {}
        for top in (*self._by_name(tops), *self.departments):  # at last those of a circle, which have no top
            self._place(top, rows)
        return list(rows.values())

    def _place(self, top: int, rows: dict[int, tuple[Department, int]]) -> None:
        waiting = [(top, 0)]
        while waiting:
            number, depth = waiting.pop()
            if number not in rows:
                rows[number] = (self.departments[number], depth)
                below = self._by_name(self._below.get(number, ()))
                waiting += [(one, depth + 1) for one in reversed(below)]

    def _by_name(self, numbers: Iterable[int]) -> list[int]:
        return sorted(numbers, key=lambda one: self.departments[one].name.casefold())

    @cached_property
    def _below(self) -> Mapping[int, list[int]]:
        below: defaultdict[int, list[int]] = defaultdict(list)
        for one in self.departments.values():
            if one.parent_id is not None:
                below[one.parent_id].append(one.id)
        return dict(below)


async def read_structure(client: PortalClient, first: Answer | None = None) -> Structure:
    """Read every page of the departments; ``first`` is the first one, where it was asked for already.

    Raises Bitrix24Error: AccessDenied without the scope ``department``.
    """
    if first is None:
        first = (await client.batch({FIRST_PAGE: methods.departments()})).get(FIRST_PAGE)
    found = list(departments(first))
    starts = range(methods.PAGE_SIZE, first.total or 0, methods.PAGE_SIZE)
    for part in (starts[place : place + BATCH_LIMIT] for place in range(0, len(starts), BATCH_LIMIT)):
        batch = await client.batch({str(start): methods.departments(start) for start in part})
        for start in part:
            found += departments(batch.get(str(start)))
    return Structure({one.id: one for one in found})


async def with_those_below(client: PortalClient, chosen: Iterable[int]) -> frozenset[int]:
    """Return departments and all below them; without a right to the structure, what was chosen alone."""
    try:
        structure = await read_structure(client)
    except AccessDenied:
        return frozenset(chosen)
    return structure.with_those_below(chosen)
