"""From a lead's creation to its written fields, with the portal's request limit on: event, queue and worker included.

The portal is the toy one in this process. Leads come at random moments, more of them than the limit allows to be worked
off one by one; every other one repeats a customer. The floor of the same run: writing one lead's field alone.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter

import httpx

from b24app.bitrix24.throttle import Priority
from b24app.bootstrap import House, open_house, worker_beside
from b24app.clock import SystemClock
from b24app.jobs.tasks import TASKS
from b24app.logs import set_up_logs
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.portal import SandboxPortal
from b24app.services.portal.context import open_portal
from b24app.services.writeback.field_book import read_spelling, write_anew_where_fields_are_new
from b24app.services.writeback.result_fields import ResultCode
from b24app.web.app import create_app
from bench.customers import customer_row, load_index
from bench.database import execute, fresh_database
from bench.report import Figure, percentile
from bench.town import ADMIN, Town, bench_settings, build_portal, ids_by_type, in_process, install_app

SIZE, QUICK_SIZE = 100_000, 2_000
LEADS, QUICK_LEADS, WARM_UP = 60, 12, 2
BETWEEN_S = 1.0  # on average
PATIENCE_S = 60.0
LOOKS_EVERY_S = 0.005
TARGET_S = 5.0
FLOOR_TIMES = 5


@dataclass(slots=True)
class Written:
    """How long each lead waited for its fields, and what writing one alone takes, in seconds."""

    waits_s: list[float] = field(default_factory=list)
    floor_s: list[float] = field(default_factory=list)
    repeats: int = 0
    requests: int = 0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Let leads come in and yield the rows."""
    size, leads = (QUICK_SIZE, QUICK_LEADS) if quick else (SIZE, LEADS)
    with fresh_database() as (url, folder):
        set_up_logs(level="WARNING", data_dir=folder)
        measured = asyncio.run(write_all(size, leads, url, folder))
    name = f"fields written after an event, {size:,} records"
    for share, target in ((0.5, None), (0.95, TARGET_S)):
        yield Figure(
            f"{name}, p{share * 100:g}",
            percentile(measured.waits_s, share),
            "s",
            percentile(measured.floor_s, share),
            "a bare write",
            target,
            is_ratio_target=False,
            note=f"{measured.requests / leads:.1f} requests a lead, {measured.repeats} of {leads} repeats"
            if target
            else f"{1 / BETWEEN_S:g} leads a second, portal allows {SandboxLimits().drain_per_s:g} requests",
        )


async def write_all(size: int, leads: int, database_url: str, folder: Path) -> Written:
    """Fill the index, register the fields, then let leads come at random moments until all have theirs."""
    portal = build_portal(SystemClock(), SandboxLimits())
    for word, ids in ids_by_type(size, half_gone=False).items():
        portal.crm.load_lazily(word, ids, customer_row)
    settings = bench_settings(folder).model_copy(update={"database_url": database_url})
    wire = httpx.AsyncClient(mounts=dict(in_process(portal)))
    async with open_house(settings, portal.clock, wire) as house:
        portal_id = await install_app(house.runtime.store, portal)
        await load_index(Town(portal, house.runtime, portal_id), database_url)
        await TASKS["register_portal"].run(house.runtime, portal_id)
        await _take_backlog_off(house, portal_id, database_url)
        async with worker_beside(house), _events(portal, house):
            return await _measure(portal, wire, size, leads)


async def _take_backlog_off(house: House, portal_id: int, database_url: str) -> None:
    """Have the first writing of all records behind us: it is not what is measured."""
    context = await open_portal(house.runtime, portal_id, Priority.EVENT)
    spelling = await read_spelling(context)
    if spelling is None:
        raise RuntimeError("the portal has no fields for results")
    await write_anew_where_fields_are_new(context, spelling)
    await execute(database_url, "DELETE FROM pending_outcome")


@asynccontextmanager
async def _events(portal: SandboxPortal, house: House) -> AsyncIterator[None]:
    """Deliver events to the app as they are raised, without a network between."""
    portal.install_finish(ADMIN)
    portal.events.transport = httpx.ASGITransport(create_app(house.runtime))
    delivering = asyncio.create_task(portal.events.run())
    try:
        yield
    finally:
        delivering.cancel()


async def _measure(portal: SandboxPortal, wire: httpx.AsyncClient, size: int, leads: int) -> Written:
    chance = Random(size)
    measured = Written()
    known = ids_by_type(size, half_gone=False)["contact"]
    for number in range(WARM_UP):
        await _come(portal, customer_row(-number - 1)["PHONE"])
    portal.traffic.reset()
    coming = []
    for number in range(leads):
        customer = chance.choice(known) if number % 2 else size * 10 + number
        coming.append(asyncio.create_task(_come(portal, customer_row(customer)["PHONE"])))
        await asyncio.sleep(chance.expovariate(1 / BETWEEN_S))
    for waited_s, is_repeat in await asyncio.gather(*coming):
        measured.waits_s.append(waited_s)
        measured.repeats += is_repeat
    measured.requests = portal.traffic.requests
    measured.floor_s = await _floor(portal, wire)
    return measured


async def _come(portal: SandboxPortal, phones: object) -> tuple[float, bool]:
    """Create a lead and wait until its status stands in its field; tells whether it has matches."""
    began = perf_counter()
    lead = portal.create("lead", {"TITLE": "Заявка", "PHONE": phones}, by=None)  # type: ignore[dict-item]
    async with asyncio.timeout(PATIENCE_S):
        while not _value(portal, lead, ResultCode.STATUS):
            await asyncio.sleep(LOOKS_EVERY_S)
    return perf_counter() - began, bool(_value(portal, lead, ResultCode.COUNT))


def _value(portal: SandboxPortal, lead: int, code: ResultCode) -> object:
    record = portal.crm.get("lead", lead)
    return record.fields.get(code.value) if record else None


async def _floor(portal: SandboxPortal, wire: httpx.AsyncClient) -> list[float]:
    """Return the seconds of writing one field of one lead."""
    token = portal.oauth.issue(portal, portal.the_app(), ADMIN).access_token
    lead = portal.create("lead", {"TITLE": "Заявка"}, by=None)
    taken = []
    portal.limits.are_on = False  # waiting for a turn is no part of a floor
    for _ in range(FLOOR_TIMES):
        body = {"id": lead, "fields": {ResultCode.REASON.value: "x"}, "auth": token}
        began = perf_counter()
        answer = await wire.post(f"{portal.base_url}/rest/crm.lead.update", json=body)
        taken.append(perf_counter() - began)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"the portal answered {answer.status_code}")
    return taken
