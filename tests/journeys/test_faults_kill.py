"""``b24app serve`` is killed without warning while it reads and while it drains; nothing is lost or read wrongly."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from b24app.sandbox.limits import SandboxLimits
from tests.journeys.indexes import index_of, undisturbed
from tests.journeys.log_tap import betrayals
from tests.journeys.processes import PATIENCE_S, start, until
from tests.journeys.test_events import HEAD, shake
from tests.journeys.town import CLIENT_SECRET, Town, town

SIZE = 3_200
SLOW_PORTAL = SandboxLimits(
    bucket=1e9, operating_limit_s=1e9,
    server_seconds_by_method={"crm.lead.list": 0.004, "crm.contact.list": 0.004, "crm.company.list": 0.004},
)  # fmt: skip
SERVE = ("serve", "--port", "0")
KILLS = 2
DIES_WITHIN_S = 0.6


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE, limits=SLOW_PORTAL) as built:
        yield built


async def kill_at_random(acme: Town, random: Random) -> None:
    """Let a process begin its work, and kill it a moment later, wherever it is."""
    before = acme.portal.traffic.requests
    process = await start(acme, *SERVE)
    async with asyncio.timeout(PATIENCE_S):
        while acme.portal.traffic.requests == before:
            await asyncio.sleep(0.005)
    await asyncio.sleep(random.uniform(0, DIES_WITHIN_S))
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await a_minute_passes(acme)


async def a_minute_passes(acme: Town) -> None:
    """Make the queue believe it: the dead worker's heartbeat is old, and the minute's healing is due."""
    await acme.rows("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")
    await acme.rows("DELETE FROM procrastinate_periodic_defers")


async def finish(acme: Town, done: Callable[[], Awaitable[bool]], why: str) -> None:
    process = await start(acme, *SERVE)
    try:
        await until(done, why)
    finally:
        process.terminate()
        await process.wait()
        await a_minute_passes(acme)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7])
async def test_killed_again_and_again_it_ends_with_the_index_of_an_undisturbed_run(acme: Town, seed: int):
    random = Random(seed)
    await acme.install()

    for _ in range(KILLS):
        await kill_at_random(acme, random)
    await finish(acme, lambda: is_indexed(acme), "the first indexing never ended")
    indexed = await index_of(acme)
    assert indexed == await undisturbed(acme)

    shake(acme.portal)
    await acme.portal.events.deliver_all()
    await kill_at_random(acme, random)
    await finish(acme, lambda: is_drained(acme), "the inbox was never drained")
    card = await acme.open_card(HEAD, "lead", 101)

    assert await index_of(acme) == await undisturbed(acme) != indexed
    assert card.status_code == 200
    log = (acme.folder / "served.log").read_text(encoding="utf-8")
    assert "worker started" in log
    assert betrayals(log, acme.portals, [CLIENT_SECRET]) == set()


async def is_indexed(acme: Town) -> bool:
    return (await acme.known()).indexed_at is not None


async def is_drained(acme: Town) -> bool:
    return not await acme.rows("SELECT 1 FROM inbox LIMIT 1 /* all portals */")
