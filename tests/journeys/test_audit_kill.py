"""Processes are killed amid an audit and amid a file of it: another goes on; nothing is lost, wrong or told twice."""

import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest

from b24app.jobs.queue import STALLED_AFTER_S
from b24app.services.audit.pages.export import SILENT_S
from b24app.services.audit.run.orders import AuditTerms
from b24app.services.writeback.carry_out import LOOK_AFTER_S
from b24app.store.address import libpq_dsn
from b24app.store.audit_values import AuditRun, AuditState
from tests.journeys.log_tap import betrayals
from tests.journeys.processes import start, until
from tests.journeys.test_audit_runs import an_audit, ordered, results, stored
from tests.journeys.town import ADMIN, CLIENT_SECRET, Town, token_of, town

MINUTES = 30  # longer than a story may take
GATES = {
    "storing": "INSERT ON audit_member FOR EACH STATEMENT",
    "naming": "INSERT ON audit_shared FOR EACH STATEMENT",
    "telling": "UPDATE ON effect FOR EACH ROW WHEN (NEW.state = 'done')",
    "writing": "UPDATE ON export FOR EACH ROW WHEN (NEW.done > 0)",
}  # where a process can be held: each amid a transaction that has written something already


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=150) as built:
        await built.install()
        await built.work()
        await build_gates(built)
        yield built


async def build_gates(acme: Town) -> None:
    """Let every gate wait for its own advisory lock, which is free unless a story takes it."""
    await acme.rows(
        "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_advisory_xact_lock_shared(hashtext(TG_ARGV[0])); RETURN NEW; END $$"
    )
    for name, place in GATES.items():
        await acme.rows(f"CREATE TRIGGER gate_{name} BEFORE {place} EXECUTE FUNCTION wait_at_gate('{name}')")


@asynccontextmanager
async def closed_gate(acme: Town, name: str) -> AsyncIterator[None]:
    """Hold whoever comes to the gate, and give the block the moment somebody stands there."""
    connection = await asyncpg.connect(libpq_dsn(acme.database_url))
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        yield
    finally:
        await connection.close()


async def kill_at(acme: Town, gate: str) -> None:
    """Start a worker, kill it at the gate, and let its heartbeat grow old and the next ten seconds begin."""
    async with closed_gate(acme, gate):
        process = await start(acme, "work")
        await until(lambda: someone_waits(acme), f"nobody came to {gate}")
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await acme.rows(
        "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - make_interval(secs => $1)",
        STALLED_AFTER_S,
    )
    await acme.rows("DELETE FROM procrastinate_periodic_defers WHERE task_name = 'every_ten_seconds'")


async def without_the_minutes_healing(acme: Town) -> None:
    """Let the queue believe that each minute of this story had its healing: nobody may have to wait for it."""
    await acme.rows(
        "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp) "
        "SELECT 'every_minute', 60 * (extract(epoch FROM now())::bigint / 60 + minute) "
        "FROM generate_series(0, $1) AS minute ON CONFLICT DO NOTHING",
        MINUTES,
    )


async def someone_waits(acme: Town) -> bool:
    return bool(
        await acme.rows(
            "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    )


async def test_a_worker_killed_while_it_stores_reads_and_tells_is_followed_by_another(acme: Town):
    undisturbed = await an_audit(acme)
    run = await ordered(acme, terms=AuditTerms(told=(ADMIN,)))

    await without_the_minutes_healing(acme)
    for gate in ("storing", "naming", "telling"):
        await kill_at(acme, gate)
    sent_before = acme.portal.traffic.calls["im.notify.system.add"]
    await acme.rows("UPDATE effect SET changed_at = changed_at - $1 WHERE portal_id > 0", LOOK_AFTER_S)
    await acme.house.queue.app.tasks["every_ten_seconds"](timestamp=0)
    await until(lambda: is_told(acme), "nobody went on")

    ended = await stored(acme, run.run_id)
    assert ended.state is AuditState.DONE
    assert replace(ended.progress, speed=0.0) == replace(undisturbed.progress, speed=0.0)
    assert await results(acme, run.run_id) == await results(acme, undisturbed.run_id)
    assert figures(ended) == figures(undisturbed)
    assert sent_before == 1, "the last one was killed when it had told and had not noted it"
    assert len([one for one in acme.portal.bell.of(ADMIN) if "Аудит дублей завершён" in one.text]) == 1
    log = (acme.folder / "served.log").read_text(encoding="utf-8")
    assert betrayals(log, acme.portals, [CLIENT_SECRET]) == set()


def figures(run: AuditRun) -> dict[str, object]:
    """What a run counted, without what depends on the run before."""
    return {**run.numbers, "by_change": None, "solved": None}


async def is_told(acme: Town) -> bool:
    await acme.work()
    return [row["state"] for row in await acme.rows("SELECT state FROM effect")] == ["done"]


async def test_a_file_killed_with_its_process_says_so_and_is_ordered_anew(acme: Town):
    run = await an_audit(acme)
    whole = await file_of(acme, acme.address, run.run_id)

    async with closed_gate(acme, "writing"), web_process(acme) as (process, address):
        page = await post(acme, address, "export", run_id=run.run_id, kind="csv", time_zone="")
        await until(lambda: someone_waits(acme), "no file was written")
        process.send_signal(signal.SIGKILL)
        await process.wait()
    early = await post(acme, acme.address, "files", run_id=run.run_id)
    await acme.rows("UPDATE export SET updated_at = updated_at - $1 WHERE portal_id > 0", SILENT_S + 1)
    late = await post(acme, acme.address, "files", run_id=run.run_id)
    broken = (await acme.rows("SELECT max(export_id) AS number FROM export"))[0]["number"]
    refused = await post(acme, acme.address, "download", export_id=broken)

    assert page.status_code == 200
    assert ["Файл не дописан" in each.text for each in (early, late)] == [False, True]
    assert refused.status_code == 404
    assert await file_of(acme, acme.address, run.run_id) == whole


@asynccontextmanager
async def web_process(acme: Town) -> AsyncIterator[tuple[Process, str]]:
    """Start a web process beside the town's own, and give its address once it answers."""
    with socket.socket() as kept:  # so that nobody else is given the port before the process listens at it
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        process = await start(acme, "serve", "--no-worker", "--port", str(port))
        address = f"http://127.0.0.1:{port}/"

        async def answers() -> bool:
            with suppress(httpx.TransportError):
                return (await acme.browser.get(address + "readyz")).status_code == 200
            return False

        await until(answers, "the web process never answered")
    yield process, address


async def post(acme: Town, address: str, path: str, **fields: object) -> httpx.Response:
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)
    return await acme.browser.post(f"{address}audit/{path}", data={"page_token": token, **fields})


async def file_of(acme: Town, address: str, run_id: int) -> bytes:
    """Order a table, wait until it is written, and open it."""
    await post(acme, address, "export", run_id=run_id, kind="csv", time_zone="")
    await until(lambda: is_written(acme), "the file was never written")
    number = (await acme.rows("SELECT max(export_id) AS number FROM export"))[0]["number"]
    return (await post(acme, address, "download", export_id=number)).content


async def is_written(acme: Town) -> bool:
    row = (await acme.rows("SELECT state FROM export ORDER BY export_id DESC LIMIT 1"))[0]
    return bool(row["state"] == "ready")
