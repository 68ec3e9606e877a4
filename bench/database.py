"""The embedded PostgreSQL of a benchmark, in a folder that may be kept for the next run."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

import b24app.dedupe as dedupe
import b24app.store.migrations.versions as versions
from b24app.store.address import libpq_dsn
from b24app.store.database import migrate
from b24app.store.embedded import start_embedded, stop_embedded

KEPT = Path("var/bench")
CUSTOMERS = Path(__file__).with_name("customers.py")
CARELESS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@contextmanager
def fresh_database() -> Iterator[tuple[str, Path]]:
    """Start a migrated server in a folder of its own, which never waits for the disk; it goes at the end.

    Not for a running event loop, and not where the database's own time is measured.
    """
    folder = Path(tempfile.mkdtemp(prefix="b24app-bench-"))
    try:
        with _served(folder) as url:
            asyncio.run(execute(url, *(f"ALTER SYSTEM SET {setting}" for setting in CARELESS)))
            asyncio.run(execute(url, "SELECT pg_reload_conf()"))
            yield url, folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def kept_database(name: str) -> Iterator[tuple[str, Path]]:
    """Start the server of a folder under ``var/bench``; one of another schema or other keys is removed first."""
    folder = KEPT / f"{name}-{_content_hash()}"
    for outdated in KEPT.glob(f"{name}-*"):
        if outdated != folder:
            shutil.rmtree(outdated)
    folder.mkdir(parents=True, exist_ok=True)
    with _served(folder) as url:
        yield url, folder


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    async def start() -> str:
        url = await start_embedded(folder)
        await migrate(url)
        return url

    url = asyncio.run(start())
    try:
        yield url
    finally:
        asyncio.run(stop_embedded(folder))


async def execute(url: str, *statements: str) -> None:
    """Run statements outside any transaction."""
    connection = await asyncpg.connect(libpq_dsn(url))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def describe(url: str) -> str:
    """Return the server's version."""
    connection = await asyncpg.connect(libpq_dsn(url))
    try:
        return f"PostgreSQL {await connection.fetchval('SHOW server_version')}"
    finally:
        await connection.close()


def _content_hash() -> str:
    """Return what changes when tables, matching or the invented customers do."""
    paths = [*Path(versions.__path__[0]).glob("*.py"), *Path(dedupe.__path__[0]).glob("*.py"), CUSTOMERS]
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()
