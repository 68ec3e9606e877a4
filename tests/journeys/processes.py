"""The app as it is deployed: processes that know a town from their environment alone, and may be killed."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable

from tests.journeys.town import CLIENT_SECRET, Town

PATIENCE_S = 90.0


async def start(town: Town, *command: str) -> Process:
    """Start ``b24app COMMAND`` for this town; what it logs is in ``served.log``."""
    environment = {
        **os.environ,
        "B24APP_BASE_URL": town.address,
        "B24APP_CLIENT_ID": town.house.runtime.client_id,
        "B24APP_CLIENT_SECRET": CLIENT_SECRET,
        "B24APP_OAUTH_URL": town.oauth.base_url,
        "B24APP_DATABASE_URL": town.database_url,
        "B24APP_DATA_DIR": str(town.folder / "served"),
        "B24APP_SECRET_KEY": (town.folder / "demo-secret").read_text(encoding="ascii"),
        "B24APP_ALLOW_INSECURE_HTTP": "1",
    }
    with (town.folder / "served.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "b24app.cli", *command, env=environment, stdout=log, stderr=log
        )


async def until(done: Callable[[], Awaitable[bool]], why: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await done():
            await asyncio.sleep(0.02)
    assert await done(), why
