"""Transactions: writers of one portal take turns, readers wait for nobody, half a change is none."""

import asyncio
from dataclasses import replace
from itertools import count

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from b24app.store.address import libpq_dsn
from b24app.store.database import Store, is_in_transaction
from b24app.store.errors import StoreUnavailable, UnknownPortal
from b24app.store.limits import Bucket
from b24app.store.vault import Vault
from tests.conftest import StillClock
from tests.store.builders import NOON, a_lead, a_phone, a_portal, a_record


@pytest.fixture
async def second_store(database_url: str, vault: Vault, clock: StillClock):
    """The store as another process has it."""
    opened = await Store.open(database_url, vault, clock=clock, pool_size=2)
    yield opened
    await opened.close()


@pytest.fixture
async def narrow(database_url: str, vault: Vault, clock: StillClock):
    """A store of one connection."""
    opened = await Store.open(database_url, vault, clock=clock, pool_size=1, pool_wait_s=0.05)
    yield opened
    await opened.close()


async def close_connections(database_url: str) -> None:
    """Let the server end everybody's connections, as its restart does."""
    connection = await asyncpg.connect(libpq_dsn(database_url))
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


class Relay:
    """Stands before the server: brings its last words at once, its end only when it is spoken to again."""

    def __init__(self, database_url: str) -> None:
        self._url = make_url(database_url)
        self._ended = asyncio.Semaphore(0)
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> str:
        """Return the database's address through the relay."""
        self._listening = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        host, port = self._listening.sockets[0].getsockname()
        return self._url.set(host=host, port=port, query={}).render_as_string(hide_password=False)

    async def last_words(self) -> None:
        """Return when a connection has been told that its end comes."""
        await asyncio.wait_for(self._ended.acquire(), 5)
        for _ in range(3):
            await asyncio.sleep(0)  # the driver reads them

    def close(self) -> None:
        self._listening.close()
        for writer in self._writers:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = f"{self._url.query['host']}/.s.PGSQL.{self._url.port or 5432}"
        from_server, to_server = await asyncio.open_unix_connection(server)
        self._writers.extend((writer, to_server))

        async def speak() -> None:
            while content := await from_server.read(65_536):
                writer.write(content)
            self._ended.release()

        speaking = asyncio.create_task(speak())
        while (content := await reader.read(65_536)) and not speaking.done():
            to_server.write(content)
        to_server.close()
        writer.close()
        await speaking


async def test_writers_of_one_portal_take_turns(store: Store, second_store: Store):
    portal = await a_portal(store)
    order: list[str] = []

    async def write(through: Store, name: str) -> None:
        async with through.begin(portal.portal_id) as tx:
            order.append(f"{name} begins")
            await tx.portal.rename(f"https://{name}.example")
            await asyncio.sleep(0.05)
            order.append(f"{name} ends")

    await asyncio.gather(write(store, "a"), write(second_store, "b"), write(store, "c"))

    assert sorted(order[0::2]) == ["a begins", "b begins", "c begins"]
    assert [step.split()[0] for step in order[0::2]] == [step.split()[0] for step in order[1::2]]


async def test_writers_of_two_portals_do_not_wait_for_each_other(store: Store, second_store: Store):
    first, second = await a_portal(store, "first"), await a_portal(store, "second")

    async with store.begin(first.portal_id), asyncio.timeout(5), second_store.begin(second.portal_id) as tx:
        await tx.portal.rename("https://free.example")

    async with store.read(second.portal_id) as tx:
        assert (await tx.portal.get()).origin == "https://free.example"


async def test_a_reader_waits_for_nobody_and_sees_one_moment(store: Store):
    portal = await a_portal(store)

    async with store.read(portal.portal_id) as reader:
        before = await reader.index.totals()
        async with store.begin(portal.portal_id) as writer:
            await writer.index.replace([a_record(a_lead(1), a_phone(1))])
            found_in_between = await reader.index.holders([a_phone(1)])
        meanwhile, found = await reader.index.totals(), await reader.index.holders([a_phone(1)])

    assert before == meanwhile == {}
    assert found_in_between == found == []


async def test_a_reader_can_not_write(store: Store):
    portal = await a_portal(store)

    with pytest.raises(DBAPIError, match="read-only"):
        async with store.read(portal.portal_id) as tx:
            await tx.portal.rename("https://other.example")


async def test_an_error_in_the_middle_leaves_the_old_state(store: Store):
    portal = await a_portal(store)

    with pytest.raises(RuntimeError, match="power cut"):
        async with store.begin(portal.portal_id) as tx:
            await tx.index.replace([a_record(a_lead(1), a_phone(1))])
            await tx.inbox.put([a_lead(1)], NOON)
            raise RuntimeError("power cut")

    async with store.read(portal.portal_id) as tx:
        assert await tx.index.totals() == {}
        assert await tx.inbox.count() == 0


async def test_a_cancelled_writer_leaves_the_old_state_and_no_lock(store: Store):
    portal = await a_portal(store)
    inside = asyncio.Event()

    async def write() -> None:
        async with store.begin(portal.portal_id) as tx:
            await tx.portal.rename("https://half.example")
            inside.set()
            await asyncio.sleep(60)

    writer = asyncio.create_task(write())
    await inside.wait()
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)

    async with asyncio.timeout(5), store.begin(portal.portal_id) as tx:
        assert (await tx.portal.get()).origin == portal.origin


async def test_a_transaction_cancelled_at_any_point_harms_no_later_one(narrow: Store):
    portal = await a_portal(narrow)

    async def read_and_write() -> None:
        async with narrow.read(portal.portal_id) as tx:
            await tx.index.holders([a_phone(1)])
        async with narrow.begin(portal.portal_id) as tx:
            await tx.portal.rename("https://half.example")
            raise RuntimeError("rolled back")

    for tries in count():
        task = asyncio.create_task(read_and_write())
        done, _ = await asyncio.wait([task], timeout=tries * 0.0002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(5), narrow.begin(portal.portal_id) as tx:
            assert (await tx.portal.get()).origin == portal.origin
            await tx.portal.rename(portal.origin)
        if done:
            break

    assert tries > 5


async def test_connections_that_the_server_closed_meanwhile_are_not_handed_out(
    store: Store, second_store: Store, database_url: str
):
    portal = await a_portal(store)

    await close_connections(database_url)

    async with store.begin(portal.portal_id) as tx:
        await tx.portal.rename("https://back.example")
    async with second_store.read(portal.portal_id) as tx:
        assert (await tx.portal.get()).origin == "https://back.example"


async def test_a_connection_lost_within_a_transaction_is_the_database_s_failure(
    store: Store, database_url: str
):
    portal = await a_portal(store)

    with pytest.raises(StoreUnavailable):
        async with store.read(portal.portal_id) as tx:
            await close_connections(database_url)
            await tx.index.holders([a_phone(1)])
    with pytest.raises(StoreUnavailable):
        async with store.begin(portal.portal_id) as tx:
            await close_connections(database_url)
            await tx.portal.get()

    async with store.read(portal.portal_id) as tx:
        assert await tx.portal.get() == portal


async def test_a_connection_whose_end_was_announced_is_the_database_s_failure_and_is_not_used_again(
    database_url: str, vault: Vault, clock: StillClock
):
    relay = Relay(database_url)
    through = await Store.open(await relay.open(), vault, clock=clock, pool_size=1)
    portal = await a_portal(through)

    for ask in (lambda: through.read(portal.portal_id), lambda: through.begin(portal.portal_id)):
        await asyncio.gather(close_connections(database_url), relay.last_words())
        with pytest.raises(StoreUnavailable):
            async with ask():
                pytest.fail("a transaction was begun on a connection that has ended")
        async with through.read(portal.portal_id) as tx:
            assert await tx.portal.get() == portal
    await asyncio.gather(close_connections(database_url), relay.last_words())
    with pytest.raises(StoreUnavailable):
        await through.ping()
    await through.ping()

    relay.close()
    await through.close()


async def test_an_unknown_portal_is_refused(store: Store):
    with pytest.raises(UnknownPortal):
        async with store.begin(404):
            pass
    with pytest.raises(UnknownPortal):
        async with store.read(404) as tx:
            await tx.portal.get()
    with pytest.raises(UnknownPortal):
        await store.limits_take(404, lambda bucket: (bucket, 0.0))


async def test_a_database_that_is_not_there_is_named_so(database_url: str, vault: Vault, clock: StillClock):
    nowhere = database_url.replace("%2Fpostgres", "%2Fnowhere")

    with pytest.raises(StoreUnavailable):
        await Store.open(nowhere, vault, clock=clock)


async def test_waiting_too_long_for_a_connection_is_the_database_s_failure(narrow: Store):
    portal = await a_portal(narrow)

    async with narrow.read(portal.portal_id):
        with pytest.raises(StoreUnavailable):
            await narrow.ping()

    await narrow.ping()


async def test_a_task_knows_whether_it_has_a_transaction_open(store: Store):
    portal = await a_portal(store)

    async with store.renewal_lock(portal.portal_id):
        in_renewal = is_in_transaction()
    async with store.read(portal.portal_id):
        in_reading = is_in_transaction()

    assert (in_renewal, in_reading, is_in_transaction()) == (False, True, False)


async def test_one_renewal_at_a_time_over_all_processes(store: Store, second_store: Store):
    portal, other = await a_portal(store), await a_portal(store, "other")
    inside: list[int] = []
    most = 0

    async def renew(through: Store) -> None:
        nonlocal most
        async with through.renewal_lock(portal.portal_id):
            inside.append(1)
            most = max(most, len(inside))
            await asyncio.sleep(0.02)
            inside.pop()

    async with asyncio.timeout(10):
        await asyncio.gather(*(renew(through) for through in (store, second_store) * 4))
        async with store.renewal_lock(portal.portal_id), second_store.renewal_lock(other.portal_id):
            pass

    assert most == 1


async def test_renewing_and_writing_do_not_block_each_other(store: Store):
    portal = await a_portal(store)

    async with asyncio.timeout(5), store.renewal_lock(portal.portal_id), store.begin(portal.portal_id) as tx:
        await tx.portal.rename("https://renewed.example")


async def test_takers_of_all_processes_count_in_one_bucket(store: Store, second_store: Store):
    portal = await a_portal(store)

    def take_one(bucket: Bucket) -> tuple[Bucket, float]:
        methods = {**bucket.methods, "crm.lead.list": (bucket.level, NOON)}
        return replace(bucket, level=bucket.level + 1, methods=methods), bucket.level

    waits = await asyncio.gather(
        *(through.limits_take(portal.portal_id, take_one) for through in (store, second_store) * 10)
    )
    seen: list[Bucket] = []
    await store.limits_take(portal.portal_id, lambda bucket: (seen.append(bucket) or bucket, 0.0))

    assert sorted(waits) == [float(number) for number in range(20)]
    assert seen == [Bucket(level=20.0, methods={"crm.lead.list": (19.0, NOON)})]


async def test_taking_does_not_wait_for_a_writer_of_the_portal(store: Store):
    portal = await a_portal(store)

    async with asyncio.timeout(5), store.begin(portal.portal_id):
        assert await store.limits_take(portal.portal_id, lambda bucket: (bucket, 1.5)) == 1.5
