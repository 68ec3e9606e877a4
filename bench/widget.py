"""One opening of the tab with a million records indexed: what it costs besides waiting for the portal.

The portal is the toy one in this process; the time spent inside it is taken off. The floor of the same run: the same
web stack answering nothing after looking five keys up with the bare driver.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from time import perf_counter, process_time

import asyncpg
import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from b24app.clock import SystemClock
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from b24app.logs import set_up_logs
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.portal import SandboxPortal
from b24app.store.address import libpq_dsn
from b24app.store.database import Store
from b24app.store.limits import Bucket
from b24app.web.app import create_app
from bench.customers import customer_row, load_index
from bench.database import kept_database
from bench.report import Figure, percentile
from bench.town import MANAGER, Town, bench_vault, build_portal, ids_by_type, in_process, open_town

SIZE, QUICK_SIZE = 1_000_000, 20_000
OPENINGS, WARM_UP = 600, 50
KEYS = 5
TARGET_MS = 50.0
POOL_SIZE = 12
LOOKUP = """
    SELECT k.kind, k.hash, r.type, r.id FROM unnest($2::smallint[], $3::bigint[]) AS wanted(kind, hash)
    JOIN record_key AS k ON k.portal_id = $1 AND k.kind = wanted.kind AND k.hash = wanted.hash
    JOIN record AS r ON r.portal_id = $1 AND r.type = k.type AND r.id = k.id
"""


@dataclass(slots=True)
class Waited(httpx.AsyncBaseTransport):
    """A transport that adds up what was spent behind it: seconds, and this process's CPU."""

    inner: httpx.AsyncBaseTransport
    seconds: float = 0.0
    cpu_s: float = 0.0
    requests: int = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        began, cpu_began = perf_counter(), process_time()
        try:
            return await self.inner.handle_async_request(request)
        finally:
            self.seconds += perf_counter() - began
            self.cpu_s += process_time() - cpu_began
            self.requests += 1


@dataclass(slots=True)
class Openings:
    """Own share of each opening, in milliseconds; ``floor_ms`` are those of the bare lookup."""

    own_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    floor_ms: list[float] = field(default_factory=list)
    requests: int = 0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Open tabs of random records and yield the rows."""
    size = QUICK_SIZE if quick else SIZE
    with kept_database(f"widget-{size}") as (url, folder):
        set_up_logs(level="WARNING", data_dir=folder)
        measured = asyncio.run(open_tabs(size, OPENINGS, url, folder))
    name = f"tab opened, {size:,} records"
    for share, target in ((0.5, None), (0.95, TARGET_MS), (0.99, None)):
        yield Figure(
            f"{name}, own share p{share * 100:g}",
            percentile(measured.own_ms, share),
            "ms",
            percentile(measured.floor_ms, share),
            "bare lookup of 5 keys, empty page",
            target,
            is_ratio_target=False,
            note=""
            if share != 0.5
            else f"{measured.requests / len(measured.own_ms):.2f} requests an opening",
        )
    yield Figure(f"{name}, own CPU, median", percentile(measured.cpu_ms, 0.5), "ms")


async def open_tabs(size: int, openings: int, database_url: str, folder: Path) -> Openings:
    """Fill the index where it is empty, then open the tabs of random leads, contacts and companies."""
    clock = SystemClock()
    portal = build_portal(clock, SandboxLimits.none())
    for word, ids in ids_by_type(size, half_gone=False).items():
        portal.crm.load_lazily(word, ids, customer_row)
    portal_side = {host: Waited(transport) for host, transport in in_process(portal).items()}
    store = await Store.open(database_url, bench_vault(folder), clock=clock, pool_size=POOL_SIZE)
    try:
        async with open_town(portal, store=store, folder=folder, transports=portal_side) as town:
            await load_index(town, database_url)
            await store.limits_take(town.portal_id, _without_limit)
            measured = await _measure(town, list(portal_side.values()), size, openings)
            measured.floor_ms = await _floor(town, database_url, size, openings)
            return measured
    finally:
        await store.close()


def _without_limit(bucket: Bucket) -> tuple[Bucket, float]:
    return replace(bucket, level=0.0, capacity=1e9, rate_per_s=1e6), 0.0


async def _measure(town: Town, portal_side: Sequence[Waited], size: int, openings: int) -> Openings:
    measured = Openings()
    app = httpx.ASGITransport(create_app(town.runtime))
    async with httpx.AsyncClient(transport=app) as browser:
        for number, (word, record_id) in enumerate(_random_records(size, openings + WARM_UP)):
            url, form = _frame(town.portal, word, record_id)
            before = [(side.seconds, side.cpu_s, side.requests) for side in portal_side]
            began, cpu_began = perf_counter(), process_time()
            answer = await browser.post(url, data=form)
            took, cpu = perf_counter() - began, process_time() - cpu_began
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"the tab answered {answer.status_code}")
            if number < WARM_UP:
                continue
            for side, (seconds, cpu_s, requests) in zip(portal_side, before, strict=True):
                took -= side.seconds - seconds
                cpu -= side.cpu_s - cpu_s
                measured.requests += side.requests - requests
            measured.own_ms.append(took * 1000)
            measured.cpu_ms.append(cpu * 1000)
    return measured


def _frame(portal: SandboxPortal, word: str, record_id: int) -> tuple[str, dict[str, str]]:
    posted = portal.open_frame(
        MANAGER,
        f"CRM_{word.upper()}_DETAIL_TAB",
        {"ID": str(record_id)},
        handler=f"https://app.bench.test/widget/{word}",
    )
    return posted.url, dict(posted.form)


def _random_records(size: int, count: int) -> Iterator[tuple[str, int]]:
    chance = Random(size)
    ids = ids_by_type(size, half_gone=False)
    for _ in range(count):
        word = chance.choice(("lead", "lead", "contact", "company"))
        yield word, chance.choice(ids[word])


async def _floor(town: Town, database_url: str, size: int, openings: int) -> list[float]:
    """Return the milliseconds of answering an empty page after looking five keys up with the bare driver."""
    keys = await _some_keys(town, size)
    chance = Random(size)
    bare = await asyncpg.connect(libpq_dsn(database_url))

    async def nothing(request: Request) -> Response:
        wanted = chance.sample(keys, KEYS)
        kinds, hashes = [int(key.kind) for key in wanted], [key.hash for key in wanted]
        await bare.fetch(LOOKUP, town.portal_id, kinds, hashes)
        return HTMLResponse("")

    app = httpx.ASGITransport(Starlette(routes=[Route("/", nothing, methods=["POST"])]))
    taken = []
    try:
        async with httpx.AsyncClient(transport=app) as browser:
            for _ in range(openings):
                began = perf_counter()
                await browser.post("https://app.bench.test/", data={"ID": "1"})
                taken.append((perf_counter() - began) * 1000)
    finally:
        await bare.close()
    return taken


async def _some_keys(town: Town, size: int) -> list[MatchKey]:
    refs = [RecordRef(RecordType.parse(word), one) for word, one in _random_records(size, 500)]
    async with town.runtime.store.read(town.portal_id) as tx:
        return [key for record in (await tx.index.get_many(refs)).values() for key in record.keys]
