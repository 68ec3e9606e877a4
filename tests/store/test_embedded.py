"""The embedded server: started, joined, killed and back, silent about values."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from b24app.store.address import asyncpg_url, libpq_dsn
from b24app.store.database import Store, migrate
from b24app.store.embedded import FOLDER, start_embedded, stop_embedded
from b24app.store.errors import StoreUnavailable
from b24app.store.vault import Vault
from tests.conftest import StillClock
from tests.store.builders import NOON, a_lead, a_phone, a_portal, a_record, some_tokens

PLANTED = "+7 912 345-67-89"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="b24app-embedded-") as folder:
        yield Path(folder) / "var"


async def test_a_server_joined_twice_is_one_and_stops_when_left(
    data_dir: Path, vault: Vault, clock: StillClock
):
    first, second = await start_embedded(data_dir), await start_embedded(data_dir)

    await stop_embedded(data_dir)
    await stop_embedded(data_dir)

    assert first == second
    assert first.startswith("postgresql+asyncpg://postgres")
    with pytest.raises(StoreUnavailable):
        await Store.open(first, vault, clock=clock)


async def test_a_server_that_is_still_starting_is_joined_when_it_is_ready(data_dir: Path):
    url = await start_embedded(data_dir)
    status = data_dir / FOLDER / "postmaster.pid"
    ready = status.read_text()

    async def join_while(unready: str) -> str:
        status.write_text(unready)
        joining = asyncio.create_task(start_embedded(data_dir))
        await asyncio.sleep(0.2)
        status.write_text(ready)
        return await joining

    joined = [await join_while(each) for each in (ready.replace("ready", "starting"), ready[:40])]
    await stop_embedded(data_dir)

    assert joined == [url, url]


async def test_committed_rows_survive_a_killed_server(data_dir: Path, vault: Vault, clock: StillClock):
    url = await start_embedded(data_dir)
    await migrate(url)
    store = await Store.open(url, vault, clock=clock)
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.index.replace([a_record(a_lead(1), a_phone(1))])

    os.kill(_postmaster(data_dir), signal.SIGKILL)
    await start_embedded(data_dir)

    fresh = await Store.open(url, vault, clock=clock)
    async with fresh.read(portal.portal_id) as tx:
        assert await tx.index.get(a_lead(1)) is not None
    await fresh.close()
    await store.close()
    await stop_embedded(data_dir)


async def test_nothing_secret_or_personal_is_readable_in_the_data_folder(
    data_dir: Path, vault: Vault, clock: StillClock
):
    url = await start_embedded(data_dir)
    await migrate(url)
    store = await Store.open(url, vault, clock=clock)
    portal = await a_portal(store, application_token="planted-proof", tokens=some_tokens("planted"))
    async with store.begin(portal.portal_id) as tx:
        await tx.portal.save_rules({"stop_list": [PLANTED]})
        await tx.journal.note(1, "rules.stop_list", [], [PLANTED], NOON)
        await tx.index.replace([a_record(a_lead(1), a_phone(1))])
        hashing_key = await tx.portal.hashing_key()
    await store.close()
    await _fail_with(url, PLANTED)
    await stop_embedded(data_dir)

    stored = b"".join(path.read_bytes() for path in (data_dir / FOLDER).rglob("*") if path.is_file())

    assert portal.member_id.encode() in stored
    for secret in (b"access-planted", b"refresh-planted", b"planted-proof", PLANTED.encode(), hashing_key):
        assert secret not in stored


@pytest.mark.parametrize(
    ("given", "for_asyncpg", "for_libpq"),
    [
        ("postgresql://u:p@h:5/d", "postgresql+asyncpg://u:p@h:5/d", "postgresql://u:p@h:5/d"),
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d", "postgresql://u@h/d"),
        (
            "postgresql://u@h/d?sslmode=require",
            "postgresql+asyncpg://u@h/d?ssl=require",
            "postgresql://u@h/d?sslmode=require",
        ),
        (
            "postgresql+asyncpg://postgres@/b24app?host=/var/run",
            "postgresql+asyncpg://postgres@/b24app?host=%2Fvar%2Frun",
            "postgresql://postgres@/b24app?host=%2Fvar%2Frun",
        ),
    ],
)
def test_an_address_is_spelled_for_each_driver(given: str, for_asyncpg: str, for_libpq: str):
    assert asyncpg_url(given).render_as_string(hide_password=False) == for_asyncpg
    assert libpq_dsn(given) == for_libpq


@pytest.mark.parametrize("given", ["sqlite:///file.db", "mysql://h/d", "nonsense"])
def test_another_database_than_postgresql_is_refused(given: str):
    with pytest.raises(ValueError, match="PostgreSQL"):
        asyncpg_url(given)


async def _fail_with(url: str, value: str) -> None:
    """Run a statement that fails and quotes this value in its text and in its error."""
    connection = await asyncpg.connect(libpq_dsn(url))
    with pytest.raises(asyncpg.InvalidTextRepresentationError, match="912"):
        await connection.execute(f"SELECT '{value}'::uuid")
    await connection.close()


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / FOLDER / "postmaster.pid").read_text().splitlines()[0])
