"""Fixtures for everybody: the store on the embedded PostgreSQL, and a clock that stands still."""

import asyncio
import os
import re
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from itertools import count
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from hypothesis import settings
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url

from b24app.store.address import libpq_dsn
from b24app.store.database import Store, migrate
from b24app.store.embedded import start_embedded, stop_embedded
from b24app.store.portals import ALL_PORTALS
from b24app.store.tenants import TENANT_TABLES
from b24app.store.vault import Vault

settings.load_profile("ci")  # the same examples in every run, and none is timed: machines differ

T = TypeVar("T")
CHROMIUM = Path("/usr/bin/chromium")
TEMPLATE = "b24app_template"
FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
MEMORY_DISK, LEAST_MEMORY_BYTES = Path("/dev/shm"), 2**30
TENANT_TABLE = re.compile(
    r"\b(?:from|join|into|update|using)\s+(?:" + "|".join(table.name for table in TENANT_TABLES) + r")\b",
    re.IGNORECASE,
)
BOUND_TO_A_PORTAL = re.compile(r"\bportal_id = \$\d|\binto \w+ \(portal_id\b", re.IGNORECASE)


class StillClock:
    """A clock that moves only when it is told to, or when somebody sleeps on it."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self.time += seconds


def run_apart(work: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a coroutine in a thread and loop of its own: session fixtures must leave the tests' loops alone."""
    answers: list[T] = []
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(work())))
    thread.start()
    thread.join()
    return answers[0]


def disk_with_room() -> Path | None:
    """Return the disk in memory where it has room; None is the usual place for temporary files."""
    has_room = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > LEAST_MEMORY_BYTES
    return MEMORY_DISK if has_room else None


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def vault() -> Vault:
    return Vault(b"a secret that only the tests know, 32+")


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """The data folder of this session's PostgreSQL, in memory where there is room: copying is 20 times faster."""
    folder = Path(tempfile.mkdtemp(prefix="b24app-tests-", dir=disk_with_room()))
    yield folder
    run_apart(lambda: stop_embedded(folder))
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template_url(server_folder: Path) -> str:
    """A migrated database that every test gets a copy of."""

    async def prepare() -> str:
        url = await start_embedded(server_folder)
        await _administrate(
            url, *(f"ALTER SYSTEM SET {setting}" for setting in FAST), "SELECT pg_reload_conf()"
        )
        await _administrate(url, f"CREATE DATABASE {TEMPLATE}")
        template = _with_database(url, TEMPLATE)
        await migrate(template)
        return template

    return run_apart(prepare)


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"test_{number}" for number in count(1))


@pytest.fixture
async def empty_database_url(template_url: str, database_names: Iterator[str]) -> AsyncIterator[str]:
    """A database without any table."""
    async for url in _created(template_url, next(database_names), ""):
        yield url


@pytest.fixture
async def database_url(template_url: str, database_names: Iterator[str]) -> AsyncIterator[str]:
    """A migrated database without any row."""
    async for url in _created(template_url, next(database_names), f"TEMPLATE {TEMPLATE} STRATEGY file_copy"):
        yield url


@pytest.fixture
async def store(database_url: str, vault: Vault, clock: StillClock) -> AsyncIterator[Store]:
    opened = await Store.open(database_url, vault, clock=clock, pool_size=5)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def every_statement_names_a_portal() -> Iterator[None]:
    """Fail a test when the app's SQL names a portal's table more often than it says whose rows it means.

    The few statements that look across portals say so in a comment. Staging tables are no portal's.
    """
    offences: list[str] = []

    def watch(*arguments: object) -> None:
        statement = str(arguments[2])
        tables, bounds = TENANT_TABLE.findall(statement), BOUND_TO_A_PORTAL.findall(statement)
        if len(bounds) < len(tables) and ALL_PORTALS not in statement:
            offences.append(statement)

    event.listen(Engine, "before_cursor_execute", watch)
    yield
    event.remove(Engine, "before_cursor_execute", watch)
    assert offences == []


async def _created(template_url: str, name: str, how: str) -> AsyncIterator[str]:
    await _administrate(template_url, f"CREATE DATABASE {name} {how}")
    yield _with_database(template_url, name)
    await _administrate(template_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _administrate(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(libpq_dsn(_with_database(url, "postgres")))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave browser tests out where there is no Chromium; CI always has one, and fails without."""
    if CHROMIUM.exists() or "CI" in os.environ:
        return
    for item in items:
        if "browser" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="install Debian's chromium to run browser tests"))
