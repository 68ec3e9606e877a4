"""Bringing the schema to this version, once, whoever starts first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from b24app.store.address import asyncpg_url
from b24app.store.connections import connected

_LOCK = 0x0B25 << 48  # advisory lock; any number nobody else takes


async def migrate(url: str) -> None:
    """Upgrade to the newest schema in one transaction; others who start meanwhile wait and find it done.

    Raises StoreUnavailable, as ``pending`` does.
    """
    async with _connected(url) as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade)


async def pending(url: str) -> bool:
    """Claim that the schema is not the one this version needs."""
    async with _connected(url) as connection:
        return await connection.run_sync(_is_pending)


def alembic_config(connection: Connection) -> Config:
    """Return the configuration by which migrations run on an open connection."""
    config = Config()
    config.set_main_option("script_location", "b24app.store:migrations")
    config.attributes["connection"] = connection
    return config


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(asyncpg_url(url), poolclass=NullPool, hide_parameters=True)
    try:
        async with connected(engine) as connection, connection.begin():
            yield connection
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def _is_pending(connection: Connection) -> bool:
    wanted = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() != wanted
