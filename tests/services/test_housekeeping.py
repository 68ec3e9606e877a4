"""The nightly tidying: what is true of every portal afterwards, whatever became of its installation."""

from pathlib import Path

import httpx
import pytest

from b24app.bitrix24.wire import make_sender
from b24app.bootstrap import make_runtime, make_vault
from b24app.config import Settings
from b24app.jobs.queue import JobQueue
from b24app.services.housekeeping import purge
from b24app.store.address import libpq_dsn
from b24app.store.database import Store
from b24app.store.portals import PortalStatus
from tests.conftest import StillClock
from tests.store.builders import a_portal

OLD, NEW = "the old secret of thirty-two bytes and more", "the new secret of thirty-two bytes and more"


def some_settings(folder: Path, secret: str, previous: str) -> Settings:
    return Settings(
        client_id="local.acme", client_secret="s" * 20, secret_key=secret, secret_key_previous=previous, data_dir=folder
    )  # type: ignore[arg-type]  # fmt: skip


async def opened(database_url: str, clock: StillClock, settings: Settings) -> Store:
    return await Store.open(database_url, make_vault(settings), clock=clock, pool_size=2)


@pytest.mark.parametrize("status", [PortalStatus.ACTIVE, PortalStatus.BLOCKED, PortalStatus.DELETED])
async def test_after_a_night_no_portal_needs_the_old_secret(
    database_url: str, clock: StillClock, tmp_path: Path, status: PortalStatus
):
    old, both, new = (some_settings(tmp_path, *secrets) for secrets in ((OLD, ""), (NEW, OLD), (NEW, "")))
    before = await opened(database_url, clock, old)
    portal = await a_portal(before, status=status)
    async with before.read(portal.portal_id) as tx:
        hashing_key = await tx.portal.hashing_key()
    await before.close()

    during = await opened(database_url, clock, both)
    async with httpx.AsyncClient() as http, make_sender(allow_insecure=False, timeout_s=1) as send:
        queue = JobQueue(libpq_dsn(database_url))
        await purge(make_runtime(both, during, queue, http, send, clock, make_vault(both)))
    await during.close()

    after = await opened(database_url, clock, new)
    async with after.read(portal.portal_id) as tx:
        assert await tx.portal.hashing_key() == hashing_key
    await after.close()
