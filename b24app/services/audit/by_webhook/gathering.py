"""Reads a whole portal into memory: keys as columns, and the rows packed until it is known who is in a group.

Nothing is kept anywhere else, and the keys are good for this process only.
"""

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec
import numpy as np
import orjson

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import JSON, BatchAnswer
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import AccessDenied, PortalBusy, RestStopped
from b24app.clock import Clock
from b24app.dedupe.key_table import KeyBlock
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.indexing.lanes import Lanes, Outcome, Reading, density_of
from b24app.services.indexing.reading import Bounds, Rows, bounds_commands, plan_spans, read_bounds
from b24app.services.indexing.record_columns import keys_of_rows, row_ids
from b24app.services.indexing.records import LiveRecord, to_live_record
from b24app.store.sync_state import Range

FRUITLESS_ROUNDS = 6  # with nothing read in between: some four minutes, and the portal is busy for too long
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0
PACKING: Final = 1  # zlib: the fastest
TYPES = tuple(RecordType)

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many records have been read, and of how many."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Rows of one type as they came, packed: most records are in no group and are never looked at again."""

    type: RecordType
    packed: bytes

    @classmethod
    def of(cls, kind: RecordType, rows: Rows) -> "Parcel":
        return cls(kind, zlib.compress(msgspec.json.encode(rows), PACKING))

    def rows(self) -> list[Mapping[str, JSON]]:
        return list(orjson.loads(zlib.decompress(self.packed)))


@dataclass(slots=True)
class Gathered:
    """What was read, and how many of each type. ``unreadable`` are types the owner has no right to at all."""

    is_admin: bool
    totals: Mapping[RecordType, int]
    unreadable: frozenset[RecordType]
    keys: list[KeyBlock] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    read: Counter[RecordType] = field(default_factory=Counter)

    def unpack(self, wanted: Container[RecordRef]) -> Iterator[LiveRecord]:
        """Yield the wanted records."""
        for parcel in self.parcels:
            for row in parcel.rows():
                live = to_live_record(parcel.type, row)
                if live.record.ref in wanted:
                    yield live


@dataclass(frozen=True, slots=True)
class Gatherer:
    """One reading: by which rules, and with which keys."""

    client: PortalClient
    clock: Clock
    rules: RuleSet
    hashing_key: bytes = field(repr=False)
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
                fruitless = 1 if found.read.total() > before else fruitless + 1
                if fruitless >= FRUITLESS_ROUNDS or isinstance(busy, RestStopped):
                    raise
                grown_s = FIRST_PAUSE_S * 2 ** (fruitless - 1)
                await self.clock.sleep(min(LONGEST_PAUSE_S, max(grown_s, busy.retry_after_s)))

    async def _keep(self, found: Gathered, outcomes: Sequence[Outcome]) -> None:
        parcels, keyed = await asyncio.to_thread(self._pack, outcomes)
        # From here on nothing waits: a lane that is stopped has kept a request's rows whole or not at all.
        found.keys.extend(keyed)
        found.parcels.extend(parcels)
        for rows, moved in outcomes:
            found.read[moved.type] += len(rows)
        self.progress(found.read.total(), sum(found.totals.values()))

    def _pack(self, outcomes: Iterable[Outcome]) -> tuple[list[Parcel], list[KeyBlock]]:
        parcels: list[Parcel] = []
        keyed: list[KeyBlock] = []
        for rows, moved in outcomes:
            parcels.append(Parcel.of(moved.type, rows))
            keys = keys_of_rows(rows, self.rules, self.hashing_key)
            ids = row_ids(rows)[keys.values]
            keyed.append((np.full(len(ids), moved.type, np.int8), ids, keys.kinds, keys.hashes))
        return parcels, keyed


def _unreadable(opening: BatchAnswer) -> frozenset[RecordType]:
    """Return the types that are refused for their rights, unless it is all of them or the access as a whole."""
    refused = {kind for kind in TYPES if type(opening.errors.get(f"{kind.word}_first")) is AccessDenied}
    return frozenset() if len(refused) == len(TYPES) else frozenset(refused)
