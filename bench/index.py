"""The index: a million records brought in beside plain COPY, and a record's keys looked up beside the bare driver."""

import asyncio
from collections.abc import Iterator, Sequence
from random import Random
from time import perf_counter

import asyncpg

from b24app.clock import SystemClock
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.store.address import libpq_dsn
from b24app.store.database import Store
from b24app.store.index_batch import IndexedBatch, IndexedRecord
from b24app.store.portals import PortalStatus, StoredTokens
from b24app.store.vault import Vault
from bench.database import fresh_database
from bench.report import Figure, percentile
from bench.town import bench_vault

SIZE, QUICK_SIZE = 1_000_000, 20_000
AT_ONCE = 2_500  # records of one full request
LOOKUPS, KEYS = 2_000, 5
TARGET_LOAD, TARGET_LOOKUP = 1.5, 2.0
MS = 1_000.0
LOOKUP = """
    SELECT k.kind, k.hash, r.type, r.id, r.responsible_id, r.stage, r.links, r.created_at, r.modified_at
    FROM unnest($2::smallint[], $3::bigint[]) AS wanted(kind, hash)
    JOIN record_key AS k ON k.portal_id = $1 AND k.kind = wanted.kind AND k.hash = wanted.hash
    JOIN record AS r ON r.portal_id = $1 AND r.type = k.type AND r.id = k.id
"""
RECORD_COLUMNS = (
    "portal_id", "type", "id", "fingerprint", "responsible_id", "stage", "links", "created_at", "modified_at",
    "read_at",
)  # fmt: skip
KEY_COLUMNS = ("portal_id", "kind", "hash", "type", "id")


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Load 1 million records (20,000 when quick, where no target is meant) and look some up."""
    size = QUICK_SIZE if quick else SIZE
    with fresh_database() as (url, folder):
        load_s, copy_s, ours_ms, bare_ms = asyncio.run(_measure(url, bench_vault(folder), size))
    yield Figure(
        f"index of {size:,} records, loaded in resumable steps of {AT_ONCE:,}",
        load_s,
        "s",
        copy_s,
        "COPY into the indexed tables",
        None if quick else TARGET_LOAD,
    )
    for share in (0.5, 0.99):
        yield Figure(
            f"holders of a record's {KEYS} keys among {size:,}, p{share * 100:.0f}",
            percentile(ours_ms, share),
            "ms",
            percentile(bare_ms, share),
            "bare driver",
            None if quick else TARGET_LOOKUP,
        )


async def _measure(url: str, vault: Vault, size: int) -> tuple[float, float, list[float], list[float]]:
    store = await Store.open(url, vault, clock=SystemClock())
    driver = await asyncpg.connect(libpq_dsn(url))
    try:
        ours, peers = await _new_portal(store, "ours"), await _new_portal(store, "peers")
        records = _records(size)
        batches = [IndexedBatch.of(records[start : start + AT_ONCE]) for start in range(0, size, AT_ONCE)]
        copy_s = await _copy(driver, peers, records)
        for settling in (
            "VACUUM ANALYZE record, record_key",
            "CHECKPOINT",
        ):  # the peer's cleaning up is not ours
            await driver.execute(settling)
        load_s = await _load(store, ours, batches)
        await driver.execute("VACUUM ANALYZE record, record_key")
        return load_s, copy_s, *await _look_up(store, driver, ours, records)
    finally:
        await driver.close()
        await store.close()


async def _new_portal(store: Store, name: str) -> int:
    async with store.begin_shared() as shared:
        portal = await shared.portals.install(
            name,
            "https://bench.example",
            StoredTokens("access", "refresh", 0.0),
            application_token=None,
            admin_user_id=1,
            scopes=frozenset({"crm"}),
            language="ru",
            status=PortalStatus.ACTIVE,
            app_version="1",
        )
    return portal.portal_id


def _records(size: int) -> list[IndexedRecord]:
    random = Random(7)
    types = tuple(RecordType)
    return [
        IndexedRecord(
            ref=RecordRef(types[number * 3 // size], number + 1),
            keys=frozenset(MatchKey(kind, random.getrandbits(63)) for kind in (KeyKind.PHONE, KeyKind.EMAIL)),
            fingerprint=number,
            responsible_id=number % 40 + 1,
            stage=Stage.NONE,
            links=(),
            created_at=1.7e9,
            modified_at=1.7e9,
            read_at=1.8e9,
        )
        for number in range(size)
    ]


async def _load(store: Store, portal_id: int, batches: Sequence[IndexedBatch]) -> float:
    began = perf_counter()
    for batch in batches:
        async with store.begin(portal_id) as tx:
            await tx.index.replace_batch(batch)
    return perf_counter() - began


async def _copy(driver: asyncpg.Connection, portal_id: int, records: Sequence[IndexedRecord]) -> float:
    rows: list[tuple[object, ...]] = [
        (portal_id, int(r.ref.type), r.ref.id, r.fingerprint, r.responsible_id, 0, [], 1.7e9, 1.7e9, 1.8e9)
        for r in records
    ]
    keys = [
        (portal_id, int(key.kind), key.hash, int(r.ref.type), r.ref.id) for r in records for key in r.keys
    ]
    began = perf_counter()
    await driver.copy_records_to_table("record", columns=RECORD_COLUMNS, records=rows)
    await driver.copy_records_to_table("record_key", columns=KEY_COLUMNS, records=keys)
    return perf_counter() - began


async def _look_up(
    store: Store, driver: asyncpg.Connection, portal_id: int, records: Sequence[IndexedRecord]
) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each way, taken in turns."""
    random = Random(11)
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(LOOKUPS):
        keys = [key for record in random.sample(records, KEYS) for key in list(record.keys)[:1]]
        began = perf_counter()
        async with store.read(portal_id) as tx:
            await tx.index.holders(keys)
        between = perf_counter()
        await driver.fetch(LOOKUP, portal_id, [int(key.kind) for key in keys], [key.hash for key in keys])
        ours.append((between - began) * MS)
        bare.append((perf_counter() - between) * MS)
    return ours, bare
