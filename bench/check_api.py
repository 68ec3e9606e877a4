"""``POST /api/v1/check`` with a million records indexed: programs ask all at once, over HTTP on loopback.

Programs and app share one process, so the programs' own work is counted too. The floor of the same run: the bare
driver looking up as many keys, one question after the other.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter, process_time

import asyncpg
import httpx

from b24app.bootstrap import make_server
from b24app.clock import SystemClock
from b24app.dedupe.record import RecordRef, RecordType
from b24app.logs import set_up_logs
from b24app.sandbox.limits import SandboxLimits
from b24app.services.pages.api_keys import create_key
from b24app.services.portal.access import PageToken
from b24app.store.address import libpq_dsn
from b24app.store.database import Store
from b24app.web.api import MAX_QUESTIONS
from b24app.web.app import create_app
from bench.customers import customer_row, load_index
from bench.database import kept_database
from bench.report import Figure, percentile
from bench.town import ADMIN, Town, bench_vault, build_portal, ids_by_type, in_process, open_town
from bench.widget import LOOKUP

SIZE, QUICK_SIZE = 1_000_000, 20_000
PROGRAMS, QUESTIONS, WARM_UP = 10, 1_000, 50
MANY, MANY_CALLS = MAX_QUESTIONS, 20
TARGET_MS = 20.0  # 50 checks a second
TARGET_MANY_MS = 1.0  # 1,000 checks a second and core
POOL_SIZE = 12


@dataclass(slots=True)
class Checks:
    """What the programs saw, and what the bare lookups of as many questions took."""

    seconds: float = 0.0
    waits_ms: list[float] = field(default_factory=list)
    matches: int = 0
    floor_ms: list[float] = field(default_factory=list)
    many_ms: list[float] = field(default_factory=list)  # CPU of the process for each check of a call of many


def measure(*, quick: bool) -> Iterator[Figure]:
    """Ask about random customers and yield the rows."""
    size = QUICK_SIZE if quick else SIZE
    with kept_database(f"widget-{size}") as (url, folder):
        set_up_logs(level="WARNING", data_dir=folder)
        measured = asyncio.run(ask_all(size, QUESTIONS, url, folder))
    asked = len(measured.waits_ms)
    name = f"check by API, {size:,} records"
    yield Figure(
        f"{name}, time per check",
        measured.seconds * 1000 / asked,
        "ms",
        percentile(measured.floor_ms, 0.5),
        "bare lookup of its keys",
        TARGET_MS,
        is_ratio_target=False,
        note=f"{asked / measured.seconds:.0f}/s by {PROGRAMS} programs, {measured.matches / asked:.1f} matches each",
    )
    yield Figure(f"{name}, wait p95", percentile(measured.waits_ms, 0.95), "ms")
    each_ms = percentile(measured.many_ms, 0.5)
    yield Figure(
        f"{name}, CPU per check, {MANY} in a call",
        each_ms,
        "ms",
        percentile(measured.floor_ms, 0.5),
        "bare lookup of its keys",
        TARGET_MANY_MS,
        is_ratio_target=False,
        note=f"{1000 / each_ms:,.0f}/s a core, the asking program's share included",
    )


async def ask_all(size: int, questions: int, database_url: str, folder: Path) -> Checks:
    """Fill the index where it is empty, then let all programs ask until every question is answered."""
    clock = SystemClock()
    portal = build_portal(clock, SandboxLimits.none())
    for word, ids in ids_by_type(size, half_gone=False).items():
        portal.crm.load_lazily(word, ids, customer_row)
    store = await Store.open(database_url, bench_vault(folder), clock=clock, pool_size=POOL_SIZE)
    try:
        async with open_town(portal, store=store, folder=folder, transports=in_process(portal)) as town:
            await load_index(town, database_url)
            customers = _random_customers(size, questions + WARM_UP)
            keys = await _keys(town)
            measured = await _ask(town, keys, customers)
            measured.many_ms = await _ask_many(town, keys[0], size)
            measured.floor_ms = await _floor(town, database_url, customers[WARM_UP:])
            return measured
    finally:
        await store.close()


async def _keys(town: Town) -> list[str]:
    """Return a key for each program; those of an earlier run go."""
    async with town.runtime.store.begin(town.portal_id) as tx:
        for key in await tx.api_keys.list():
            await tx.api_keys.remove(key.key_id)
    frame = town.portal.open_frame(ADMIN, "DEFAULT", {}, handler="https://app.bench.test/")
    token = PageToken(town.portal_id, ADMIN, "overview", 0, "en", 0.0, "", frame.form["AUTH_ID"])
    made = [await create_key(town.runtime, token, f"program {number}") for number in range(PROGRAMS)]
    return [outcome.created for outcome in made]


def _random_customers(size: int, count: int) -> list[int]:
    chance, ids = Random(size), ids_by_type(size, half_gone=False)["company"]
    return [chance.choice(ids) for _ in range(count)]


async def _ask(town: Town, keys: Sequence[str], customers: Sequence[int]) -> Checks:
    measured = Checks()
    async with _served(town) as address, httpx.AsyncClient(base_url=address, timeout=60) as client:
        for customer in customers[:WARM_UP]:
            await _ask_one(client, keys[0], customer, Checks())
        waiting = iter(customers[WARM_UP:])

        async def program(key: str) -> None:
            for customer in waiting:
                await _ask_one(client, key, customer, measured)

        began = perf_counter()
        await asyncio.gather(*map(program, keys))
        measured.seconds = perf_counter() - began
    return measured


async def _ask_many(town: Town, key: str, size: int) -> list[float]:
    """Return the milliseconds of CPU for each check, call by call."""
    taken = []
    async with _served(town) as address, httpx.AsyncClient(base_url=address, timeout=60) as client:
        customers = iter(_random_customers(size, MANY * MANY_CALLS))
        for _ in range(MANY_CALLS):
            questions = [_question(customer) for customer in islice(customers, MANY)]
            began = process_time()
            answer = await client.post(
                "/api/v1/checks", json={"questions": questions}, headers={"Authorization": f"Bearer {key}"}
            )
            taken.append((process_time() - began) * 1000 / MANY)
            answer.raise_for_status()
    return taken


def _question(customer: int) -> dict[str, list[str]]:
    """Return a phone and an e-mail of two neighbours."""
    row = customer_row(customer + 1), customer_row(customer)
    return {"phones": _values(row[0]["PHONE"]), "emails": _values(row[1]["EMAIL"])}


async def _ask_one(client: httpx.AsyncClient, key: str, customer: int, measured: Checks) -> None:
    question = _question(customer)
    began = perf_counter()
    answer = await client.post("/api/v1/check", json=question, headers={"Authorization": f"Bearer {key}"})
    answer.raise_for_status()
    measured.waits_ms.append((perf_counter() - began) * 1000)
    measured.matches += answer.json()["total"]


def _values(multifield: object) -> list[str]:
    assert isinstance(multifield, list)
    return [value["VALUE"] for value in multifield]


@asynccontextmanager
async def _served(town: Town) -> AsyncIterator[str]:
    with socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    ) as listener:  # or asyncio leaves Nagle on
        listener.bind(("127.0.0.1", 0))
        server = make_server(create_app(town.runtime), "127.0.0.1", 0)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


async def _floor(town: Town, database_url: str, customers: Sequence[int]) -> list[float]:
    """Return the milliseconds of each lookup of the same customers' keys with the bare driver."""
    refs = [RecordRef(RecordType.COMPANY, customer) for customer in customers]
    async with town.runtime.store.read(town.portal_id) as tx:
        known = await tx.index.get_many(refs)
    bare = await asyncpg.connect(libpq_dsn(database_url))
    taken = []
    try:
        for ref in refs:
            keys = known[ref].keys
            kinds, hashes = [int(key.kind) for key in keys], [key.hash for key in keys]
            began = perf_counter()
            await bare.fetch(LOOKUP, town.portal_id, kinds, hashes)
            taken.append((perf_counter() - began) * 1000)
    finally:
        await bare.close()
    return taken
