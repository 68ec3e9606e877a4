"""Many requests at once over the ranges of a portal: who reads which range, and what happens when one lane fails.

What is done with the rows is the caller's business: the index stores them, an audit keeps them in memory.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from b24app.bitrix24 import listing
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import PortalBusy
from b24app.dedupe.record import RecordType
from b24app.services.indexing.reading import Chain, Rows, plan_request, read_chain, request_commands
from b24app.store.sync_state import Range

LANES = 24  # requests under way at once: more than rate x batch time, which keeps both plans' limits busy
BURST_LANES = 48  # at the start, while the bucket is empty

Outcome: TypeAlias = tuple[Rows, Range]
Keep: TypeAlias = Callable[[Sequence[Outcome], float], Awaitable[None]]
"""Stores rows with the ranges as they stand after them; the second argument is when they were asked for."""


@dataclass(slots=True)
class Reading:
    """The ranges of a pass in this process, and which of them are being read right now."""

    ranges: dict[int, Range]
    density: Mapping[RecordType, float]
    extra_filter: Mapping[str, str] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def free(self) -> list[Range]:
        return [r for r in self.ranges.values() if not r.done and r.number not in self.taken]


@dataclass(frozen=True, slots=True)
class Lanes:
    """One pass over a portal: who is asked, what for, and who keeps the rows."""

    client: PortalClient
    reading: Reading
    keep: Keep
    now: Callable[[], float]
    _keeping: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read_all(self) -> None:
        """Read until all ranges are done. Raises what stopped it; what was kept by then stays kept."""
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(LANES):
                    lanes.create_task(self.read_lane())
                for _ in range(BURST_LANES - LANES):
                    lanes.create_task(self._read_once())
        except ExceptionGroup as group:
            raise _worst(group) from group

    async def read_lane(self) -> None:
        """Send one request after another until nobody's range is free."""
        while await self._read_once():
            pass

    async def _read_once(self) -> bool:
        """Send one request; False when nobody's range is free."""
        chains = plan_request(self.reading.free(), self.reading.density)
        if not chains:
            return False
        numbers = {chain.range.number for chain in chains}
        self.reading.taken |= numbers
        try:
            await self._send(chains)
        finally:
            self.reading.taken -= numbers
        return True

    async def _send(self, chains: Sequence[Chain]) -> None:
        read_at = self.now()
        commands = request_commands(chains, self.reading.extra_filter)
        batch = await self.client.batch(commands, loads=listing.loads)
        outcomes = [read_chain(chain, batch) for chain in chains]
        async with (
            self._keeping
        ):  # writers of a portal take turns anyway; here they hold no connection meanwhile
            await self.keep(outcomes, read_at)
        for _, moved in outcomes:
            self.reading.ranges[moved.number] = moved


def density_of(ranges: Iterable[Range], expected: Mapping[RecordType, int]) -> dict[RecordType, float]:
    """Return records per id of every type, as far as the portal's totals tell."""
    spans: Counter[RecordType] = Counter()
    for r in ranges:
        spans[r.type] += r.up_to_id - r.after_id + (r.read if r.done else 0)
    return {kind: min(1.0, expected.get(kind, 0) / max(1, spans[kind])) for kind in RecordType}


def _worst(group: ExceptionGroup[Exception]) -> Exception:
    """Return the failure that decides what happens next: anything rather than a busy portal."""
    failures = list(_leaves(group))
    return next((error for error in failures if not isinstance(error, PortalBusy)), failures[0])


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
