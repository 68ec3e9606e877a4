"""One town for all stories of a file, which look only, or touch records of their own: starting one takes a second."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from b24app.store.address import libpq_dsn
from tests.conftest import TEMPLATE
from tests.journeys.town import Town, town


@asynccontextmanager
async def installed_town(template_url: str, folder: Path, **options: object) -> AsyncIterator[Town]:
    """Serve a town with a database of its own, the app installed in its first portal, everything indexed."""
    async with (
        own_database(template_url, f"of_{folder.name}") as url,
        town(url, folder, **options) as built,  # type: ignore[arg-type]
    ):
        await built.install()
        await built.work()
        yield built


@asynccontextmanager
async def own_database(template_url: str, name: str) -> AsyncIterator[str]:
    """Create a migrated database, and drop it at the end."""
    url = make_url(template_url)
    name = "".join(letter if letter.isalnum() else "_" for letter in name).lower()[:60]
    maintenance = libpq_dsn(url.set(database="postgres").render_as_string(hide_password=False))
    await _execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield url.set(database=name).render_as_string(hide_password=False)
    await _execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
