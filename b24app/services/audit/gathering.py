"""Reads a whole portal into memory: every record with a phone or e-mail, and what it is matched by.

Nothing is kept anywhere else, and the keys are good for this process only.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import BatchAnswer
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import AccessDenied, PortalBusy, RestStopped
from b24app.clock import Clock
from b24app.dedupe.keys import MatchKey, match_keys
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.lanes import Lanes, Outcome, Reading, density_of
from b24app.services.reading import Bounds, bounds_commands, plan_spans, read_bounds
from b24app.services.records import LiveRecord, to_live_record
from b24app.store.sync_state import Range

FRUITLESS_ROUNDS = 3  # a portal that stays busy so often, with nothing read in between, is busy for too long
LONGEST_PAUSE_S = 60.0
TYPES = tuple(RecordType)

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many records have been read, and of how many."""


@dataclass(slots=True)
class Gathered:
    """What was read. ``unreadable`` are types the owner of the access has no right to at all.

    ``records`` and ``keys`` hold those with a phone or e-mail; ``read`` counts all. ``titles`` only when wanted.
    """

    is_admin: bool
    totals: Mapping[RecordType, int]
    unreadable: frozenset[RecordType]
    records: dict[RecordRef, Record] = field(default_factory=dict)
    keys: dict[RecordRef, frozenset[MatchKey]] = field(default_factory=dict)
    titles: dict[RecordRef, str] = field(default_factory=dict)
    read: Counter[RecordType] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Gatherer:
    """One reading: by which rules, with which keys, and whether titles are wanted."""

    client: PortalClient
    clock: Clock
    rules: RuleSet
    hashing_key: bytes
    with_titles: bool
    progress: Progress

    async def gather(self) -> Gathered:
        """Return everything the portal shows. Raises the refusal, PortalBusy after patience has run out."""
        opening = await self.client.batch({"owner": methods.profile(), **bounds_commands(TYPES)})
        unreadable = _unreadable(opening)
        bounds = read_bounds(opening, [kind for kind in TYPES if kind not in unreadable])
        found = Gathered(
            is_admin=answers.viewer(opening.get("owner")).is_admin,
            totals={kind: bounds[kind].total if kind in bounds else 0 for kind in TYPES},
            unreadable=unreadable,
        )
        self.progress(0, sum(found.totals.values()))
        await self._read(found, bounds)
        return found

    async def _read(self, found: Gathered, bounds: Mapping[RecordType, Bounds]) -> None:
        """Read on after the portal was busy, as long as that brings anything."""
        spans = plan_spans(bounds)
        ranges = [
            Range(0, number, span.type, span.after_id, span.up_to_id, 0, False)
            for number, span in enumerate(spans)
        ]
        reading = Reading({r.number: r for r in ranges}, density_of(ranges, found.totals))

        async def keep(outcomes: Sequence[Outcome], read_at: float) -> None:
            await self._keep(found, outcomes)

        lanes = Lanes(self.client, reading, keep, self.clock.now)
        fruitless = 0
        while True:
            before = found.read.total()
            try:
                return await lanes.read_all()
            except PortalBusy as busy:
                fruitless = 0 if found.read.total() > before else fruitless + 1
                if fruitless >= FRUITLESS_ROUNDS or isinstance(busy, RestStopped):
                    raise
                await self.clock.sleep(min(LONGEST_PAUSE_S, busy.retry_after_s))

    async def _keep(self, found: Gathered, outcomes: Sequence[Outcome]) -> None:
        translated = await asyncio.to_thread(self._translate, outcomes)
        # From here on nothing waits: a lane that is stopped has kept a request's rows whole or not at all.
        for live, keys in translated:
            if keys:
                found.records[live.record.ref] = live.record
                found.keys[live.record.ref] = keys
                if self.with_titles:
                    found.titles[live.record.ref] = live.title
        for rows, moved in outcomes:
            found.read[moved.type] += len(rows)
        self.progress(found.read.total(), sum(found.totals.values()))

    def _translate(self, outcomes: Iterable[Outcome]) -> list[tuple[LiveRecord, frozenset[MatchKey]]]:
        live = [to_live_record(moved.type, row) for rows, moved in outcomes for row in rows]
        return [(each, match_keys(each.record, self.rules, self.hashing_key)) for each in live]


def _unreadable(opening: BatchAnswer) -> frozenset[RecordType]:
    """Return the types that are refused for their rights, unless it is all of them or the access as a whole."""
    refused = {kind for kind in TYPES if type(opening.errors.get(f"{kind.word}_first")) is AccessDenied}
    return frozenset() if len(refused) == len(TYPES) else frozenset(refused)


async def complete_links(
    client: PortalClient, records: dict[RecordRef, Record], contacts: Iterable[RecordRef]
) -> None:
    """Give contacts all their companies: a list tells the primary one alone. One refused keeps what it has."""
    wanted = sorted(set(contacts))
    batch = await client.batch({str(ref): methods.companies_of_contact(ref.id) for ref in wanted})
    for ref in wanted:
        answer = batch.answers.get(str(ref))
        if answer is not None:
            ids = answers.linked_ids(answer, "COMPANY_ID")
            others = [link for link in records[ref].links if link.type is not RecordType.COMPANY]
            companies = (RecordRef(RecordType.COMPANY, company) for company in ids)
            records[ref] = replace(records[ref], links=(*companies, *others))
