"""Connections to the server, and the transactions on them: what they cost is what is asked, a beginning and an end.

The driver below SQLAlchemy (asyncpg) begins and ends them: SQLAlchemy sets its options anew for each, and looks
after a connection again when it comes back. It also does COPY, and the hottest reads.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from b24app.store.address import asyncpg_url
from b24app.store.errors import StoreUnavailable
from b24app.store.index_lookup import FUNCTIONS

_OPTIONS: dict[str, Any] = {
    "isolation_level": "AUTOCOMMIT",
    "hide_parameters": True,
    "connect_args": {
        "server_settings": {
            "application_name": "b24app",
            "client_min_messages": "warning",
            "jit": "off",
            "idle_in_transaction_session_timeout": "60s",  # a lost process must not keep a portal locked
        }
    },
}
_FROM_SERVER = (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last one: the server has announced its end, and the driver gives the connection up when it is asked again."""
_open_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)


def open_pool(url: str, *, size: int, wait_s: float) -> AsyncEngine:
    """Return a pool of connections that know the index's questions."""
    engine = create_async_engine(
        asyncpg_url(url),
        pool_size=size,
        max_overflow=0,
        pool_timeout=wait_s,
        pool_reset_on_return=None,
        **_OPTIONS,
    )
    event.listen(engine.sync_engine, "connect", _make_functions)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def open_without_pool(url: str) -> AsyncEngine:
    """Return what opens a connection each time, and closes it."""
    return create_async_engine(asyncpg_url(url), poolclass=NullPool, **_OPTIONS)


def is_in_transaction() -> bool:
    """Claim that the running task has a transaction open; while it has, no portal may be asked."""
    return _open_transactions.get() > 0


def driver_of(connection: AsyncConnection) -> Any:
    """Return asyncpg's own connection, in the same transaction; its errors are asyncpg's, too."""
    opened = connection.sync_connection
    driver = opened.connection.driver_connection if opened is not None else None
    if driver is None:
        raise RuntimeError("the connection was closed")
    return driver


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection without a transaction; raises StoreUnavailable when there is none, or it is lost."""
    try:
        connection = await engine.connect()
    except (OSError, PoolExhausted, *_FROM_SERVER) as error:
        raise StoreUnavailable from error
    driver = driver_of(connection)
    try:
        yield connection
    except _FROM_SERVER as error:
        if driver.is_closed():
            raise StoreUnavailable from error
        raise
    finally:
        await connection.close()


def writing(engine: AsyncEngine) -> AbstractAsyncContextManager[AsyncConnection]:
    """Open a transaction; commits at the end, rolls back on an error."""
    return _transaction(engine, "BEGIN")


def reading(engine: AsyncEngine) -> AbstractAsyncContextManager[AsyncConnection]:
    """Open a transaction that sees one moment and can write nothing."""
    return _transaction(engine, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


@asynccontextmanager
async def _transaction(engine: AsyncEngine, begin: str) -> AsyncIterator[AsyncConnection]:
    async with connected(engine) as connection:
        driver = driver_of(connection)
        before = _open_transactions.set(_open_transactions.get() + 1)
        is_over = False
        try:
            await driver.execute(begin)
            try:
                yield connection
            except BaseException:
                if not driver.is_closed():
                    await driver.execute("ROLLBACK")
                    is_over = True
                raise
            await driver.execute("COMMIT")
            is_over = True
        finally:
            _open_transactions.reset(before)
            if not is_over:  # broken off at its beginning or end: nobody else may find it open
                await connection.invalidate()


def _make_functions(connection: Any, *_of_pool: object) -> None:
    connection.run_async(lambda driver: driver.execute(FUNCTIONS))


def _refuse_closed(connection: Any, *_of_pool: object) -> None:
    """Let the pool open another connection in place of one that the server has closed meanwhile."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
