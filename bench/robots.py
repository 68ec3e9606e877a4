"""Robots with the portal's request limit on: from the portal's call to the answer it takes, queue and worker included.

The portal is the toy one in this process. Calls come at random moments, more than the limit allows to be answered one
by one. The floor of the same run: the one request that any answer needs, without looking anything up.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter

import httpx

from b24app.bootstrap import House, open_house, worker_beside
from b24app.clock import SystemClock
from b24app.logs import set_up_logs
from b24app.sandbox.installs import Robot
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.wire import Json, to_pairs
from b24app.sandbox.workflows import RobotStep
from b24app.services.robots.catalogue import ROBOTS
from b24app.web.app import create_app
from bench.customers import customer_row, load_index
from bench.database import kept_database
from bench.report import Figure, percentile
from bench.town import ADMIN, Town, bench_settings, build_portal, ids_by_type, in_process, install_app

SIZE, QUICK_SIZE = 1_000_000, 20_000
CALLS, QUICK_CALLS, WARM_UP = 150, 40, 3
BETWEEN_S = 0.25  # on average
PATIENCE_S = 60.0
LOOKS_EVERY_S = 0.005
TARGET_S = 2.0
ROBOT = "find_duplicates"
ADDRESS = f"https://app.bench.test/robots/{ROBOT}"


@dataclass(slots=True)
class Answers:
    """How long each call waited for its answer, and what a bare answer takes, in seconds."""

    waits_s: list[float] = field(default_factory=list)
    floor_s: list[float] = field(default_factory=list)
    found: int = 0
    requests: int = 0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Let workflows ask about random leads and yield the rows."""
    size, calls = (QUICK_SIZE, QUICK_CALLS) if quick else (SIZE, CALLS)
    with kept_database(f"widget-{size}") as (url, folder):
        set_up_logs(level="WARNING", data_dir=folder)
        measured = asyncio.run(ask_all(size, calls, url, folder))
    name = f"robot answered, {size:,} records"
    for share, target in ((0.5, None), (0.95, TARGET_S)):
        yield Figure(
            f"{name}, p{share * 100:g}",
            percentile(measured.waits_s, share),
            "s",
            percentile(measured.floor_s, share),
            "a bare answer",
            target,
            is_ratio_target=False,
            note=f"{measured.requests / calls:.1f} requests a call, {measured.found} of {calls} with matches"
            if target
            else f"{1 / BETWEEN_S:g} calls a second, portal allows {SandboxLimits().drain_per_s:g} requests",
        )


async def ask_all(size: int, calls: int, database_url: str, folder: Path) -> Answers:
    """Fill the index where it is empty, then let robots call at random moments until all are answered."""
    clock = SystemClock()
    portal = build_portal(clock, SandboxLimits())
    for word, ids in ids_by_type(size, half_gone=False).items():
        portal.crm.load_lazily(word, ids, customer_row)
    settings = bench_settings(folder).model_copy(update={"database_url": database_url})
    wire = httpx.AsyncClient(mounts=dict(in_process(portal)))
    async with open_house(settings, clock, wire) as house:
        portal_id = await install_app(house.runtime.store, portal)
        await load_index(Town(portal, house.runtime, portal_id), database_url)
        _register(portal)
        async with worker_beside(house), _app(house) as browser:
            return await _measure(portal, browser, wire, size, calls)


def _register(portal: SandboxPortal) -> None:
    results: dict[str, Json] = {name: {"Name": name} for name in (*ROBOTS[ROBOT].nothing, "reason_code")}
    settings: dict[str, Json] = {"USE_SUBSCRIPTION": "Y", "RETURN_PROPERTIES": results}
    portal.the_app().registrations.robots[ROBOT] = Robot(ROBOT, ADDRESS, settings)


@asynccontextmanager
async def _app(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(house.runtime))) as browser:
        yield browser


async def _measure(
    portal: SandboxPortal, browser: httpx.AsyncClient, wire: httpx.AsyncClient, size: int, calls: int
) -> Answers:
    chance = Random(size)
    leads = ids_by_type(size, half_gone=False)["lead"]
    measured = Answers()
    for _ in range(WARM_UP):
        await _ask(portal, browser, chance.choice(leads))
    portal.traffic.reset()
    asked = []
    for _ in range(calls):
        asked.append(asyncio.create_task(_ask(portal, browser, chance.choice(leads))))
        await asyncio.sleep(chance.expovariate(1 / BETWEEN_S))
    for waited_s, step in await asyncio.gather(*asked):
        measured.waits_s.append(waited_s)
        measured.found += step.answer is not None and step.answer.get("count") != "0"
    measured.requests = portal.traffic.requests
    measured.floor_s = await _floor(portal, wire, chance.choice(leads))
    return measured


async def _ask(portal: SandboxPortal, browser: httpx.AsyncClient, lead: int) -> tuple[float, RobotStep]:
    """Deliver one call and wait until the portal has its answer; raises TimeoutError."""
    step = portal.run_robot(ROBOT, "lead", lead)
    call = portal.events.waiting[-1]
    began = perf_counter()
    answer = await browser.post(ADDRESS, data=dict(to_pairs(call.form)))
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"the robot's door answered {answer.status_code}")
    async with asyncio.timeout(PATIENCE_S):
        while step.is_waiting:
            await asyncio.sleep(LOOKS_EVERY_S)
    if step.answer is None or step.answer.get("reason_code") != "ok":
        raise RuntimeError(f"the robot answered {step.answer and step.answer.get('reason_code')}")
    return perf_counter() - began, step


async def _floor(portal: SandboxPortal, wire: httpx.AsyncClient, lead: int) -> list[float]:
    """Return the seconds of answering alone, as soon as the limit lets it."""
    token = portal.oauth.issue(portal, portal.the_app(), ADMIN).access_token
    taken = []
    for _ in range(10):
        await asyncio.sleep(1 / SandboxLimits().drain_per_s)
        body = {"EVENT_TOKEN": portal.run_robot(ROBOT, "lead", lead).token, "auth": token}
        began = perf_counter()
        answer = await wire.post(f"{portal.base_url}/rest/bizproc.event.send", json=body)
        taken.append(perf_counter() - began)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"the portal answered {answer.status_code}")
    return taken
