"""A town for stories: toy portals and their authorization server over real HTTP, and the app that serves them."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg
import httpx
from procrastinate.jobs import Job

from b24app.bootstrap import House, demo_settings, make_server, open_house
from b24app.clock import Clock, SystemClock
from b24app.dedupe.rules import RuleSet
from b24app.sandbox.frames import FramePost
from b24app.sandbox.installs import AppInstall
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.people import Seeded, seed
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import PageRoutes
from b24app.services.portal.context import PortalStatus
from b24app.store.address import libpq_dsn
from b24app.store.database import is_in_transaction
from b24app.store.portals import Portal, StoredTokens
from b24app.web.app import create_app
from tests.journeys.log_tap import betrayals, caught_logs, read_rest_log
from tests.journeys.wire_tap import Heard, TappedServer

ADMIN = 1
ROUNDS = 20  # a job may wait for another's lock, and ask for the next when the round is over
DEADLINE_S = 30.0
CLIENT_SECRET = "demo-client-secret"


@dataclass
class Town:
    """Everything in reach of a story."""

    house: House
    portals: list[SandboxPortal]
    oauth: SandboxOAuth
    address: str  # of the app
    browser: httpx.AsyncClient
    folder: Path
    heard: list[Heard]  # every request to the portals and the authorization server
    database_url: str
    workers: list["asyncio.Task[None]"] = field(default_factory=list)
    page_tokens: dict[int, str] = field(default_factory=dict)  # of the page each person saw last

    @property
    def portal(self) -> SandboxPortal:
        return self.portals[0]

    async def open(
        self, user: int, placement: str, record_id: int | None = None, portal: SandboxPortal | None = None
    ) -> httpx.Response:
        """Open our page as this user, as the portal's frame does."""
        options = {} if record_id is None else {"ID": str(record_id)}
        frame = (portal or self.portal).open_frame(user, placement, options)
        return await self.browser.post(frame.url, data=dict(frame.form))

    async def open_card(self, user: int, word: str, record_id: int) -> httpx.Response:
        return await self.open(user, f"CRM_{word.upper()}_DETAIL_TAB", record_id)

    async def install(self, portal: SandboxPortal | None = None, user: int = ADMIN) -> httpx.Response:
        """Open the installer as an administrator and finish, as the page's script does."""
        chosen = portal or self.portal
        answer = await self.open(user, "DEFAULT", portal=chosen)
        chosen.install_finish(user)
        if not chosen.limits.are_on and answer.status_code == 200:
            await self._lift_the_limit(chosen)
        return answer

    async def _lift_the_limit(self, portal: SandboxPortal) -> None:
        """Let the app ask as often as it likes where the portal does: stories would wait for nothing."""
        portal_id = (await self.known(portal)).portal_id
        await self.house.runtime.store.limits_take(
            portal_id, lambda bucket: (replace(bucket, level=0.0, capacity=1e9, rate_per_s=1e6), 0.0)
        )

    def installer_frame(self, user: int, portal: SandboxPortal | None = None) -> FramePost:
        """Return what arrives when this user gets at the installer, whatever the portal would allow him."""
        return (portal or self.portal).open_frame(user, "DEFAULT", handler=self.address + "install")

    async def open_installer(self, user: int, portal: SandboxPortal | None = None) -> httpx.Response:
        frame = self.installer_frame(user, portal)
        return await self.browser.post(frame.url, data=dict(frame.form))

    async def work(self) -> None:
        """Run the worker until nothing is left to do but what was put off."""
        for _ in range(ROUNDS):
            await self.house.queue.work(until_empty=True)
            if not await self.waiting_tasks():
                return

    async def deliver(self) -> None:
        """Deliver waiting events and work them off, and those of our own writes."""
        for _ in range(ROUNDS):
            await self.portal.events.deliver_all()
            await self.work()
            if not self.portal.events.waiting:
                return

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Read the database itself, past the app."""
        connection = await asyncpg.connect(libpq_dsn(self.database_url))
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def set_rules(self, **changed: object) -> None:
        """Store other rules without a form, and bring the index in line with them."""
        known = await self.known()
        async with self.house.runtime.store.begin(known.portal_id) as tx:
            rules = {**(await tx.portal.get()).rules, **changed}
            await tx.portal.save_rules(RuleSet.from_dict(rules).to_dict())
            await tx.portal.mark_indexed(None)
        await self.house.queue.ask("index_portal", known.portal_id)
        await self.work()

    async def known(self, portal: SandboxPortal | None = None) -> Portal:
        async with self.house.runtime.store.begin_shared() as shared:
            found = await shared.portals.find((portal or self.portal).member_id)
        assert found is not None
        return found

    async def tokens(self, portal: SandboxPortal | None = None) -> StoredTokens | None:
        portal_id = (await self.known(portal)).portal_id
        async with self.house.runtime.store.read(portal_id) as tx:
            return await tx.portal.load_tokens()

    async def waiting_tasks(self) -> set[str]:
        """Return the names of tasks that wait in the queue for nothing but a worker."""
        return {job.task_name for job in await self.jobs("todo") if job.scheduled_at is None}

    async def jobs(self, state: str) -> list[Job]:
        return list(await self.house.queue.app.job_manager.list_jobs_async(status=state))

    async def is_unknown(self, portal: SandboxPortal | None = None) -> bool:
        async with self.house.runtime.store.begin_shared() as shared:
            return await shared.portals.find((portal or self.portal).member_id) is None

    async def is_active(self, portal: SandboxPortal | None = None) -> bool:
        return (await self.known(portal)).status is PortalStatus.ACTIVE


def token_of(page: str) -> str:
    """Return the page token of a page."""
    found = re.search(r'name="page_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@asynccontextmanager
async def town(
    database_url: str,
    folder: Path,
    *,
    size: int = 300,
    portals: int = 1,
    limits: SandboxLimits | None = None,
    clock: Clock | None = None,
    scopes: Sequence[str] = ("crm", "placement", "bizproc", "user_brief", "im", "task", "department"),
    people: Seeded | None = None,
    pages: PageRoutes = lambda portal: (),
) -> AsyncIterator[Town]:
    """Serve portals with seeded people and the app, on loopback ports that nobody else uses.

    ``people`` instead of ``size`` invented ones; ``pages`` adds the portals' screens.
    """
    clock = clock or SystemClock()
    oauth = SandboxOAuth(clock)
    served = [
        SandboxPortal(
            member_id=f"a{number:031d}", domain="127.0.0.1:0", scheme="http", clock=clock, oauth=oauth,
            limits=limits or SandboxLimits.none(),
        )
        for number in range(1, portals + 1)
    ]  # fmt: skip
    for portal in served:
        portal.load(people or seed(size))
    heard: list[Heard] = []
    async with (
        _discreet_logs(folder, served),
        TappedServer(served, oauth, delivers=False, pages=pages, heard=heard),
        _app(database_url, folder, served[0], clock) as (house, url),
    ):
        for portal in served:
            portal.add_app(
                AppInstall(
                    client_id=house.runtime.client_id,
                    client_secret=CLIENT_SECRET,
                    handler_url=url,
                    installer_url=url + "install",
                    scopes=tuple(scopes),
                )
            )
        async with httpx.AsyncClient(timeout=30.0) as browser:
            yield Town(house, served, oauth, url, browser, folder, heard, database_url)


@asynccontextmanager
async def _discreet_logs(folder: Path, portals: Sequence[SandboxPortal]) -> AsyncIterator[None]:
    """Fail a story whose logs tell a token, or a planted phone, e-mail or name."""
    with caught_logs(folder) as logs:
        yield
    text = logs.getvalue() + read_rest_log(folder)
    assert betrayals(text, portals, [CLIENT_SECRET]) == set(), "a log tells what it must not"


@asynccontextmanager
async def _app(
    database_url: str, folder: Path, portal: SandboxPortal, clock: Clock
) -> AsyncIterator[tuple[House, str]]:
    listener = _listener()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    settings = demo_settings(
        folder,
        base_url=url,
        oauth_url=portal.oauth.base_url,
        database_url=database_url,
        bx24_js_url=portal.base_url + "/bx24.js",
    )
    wire = httpx.AsyncClient(event_hooks={"request": [_outside_a_transaction]})
    async with open_house(settings, clock, wire) as house:
        house.queue.app.periodic_registry.periodic_tasks.clear()  # the hour of a test is no part of its story
        server = make_server(create_app(house.runtime), "127.0.0.1", 0)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield house, url
        finally:
            server.should_exit = True
            await serving


async def _outside_a_transaction(request: httpx.Request) -> None:
    """Fail a story that asks a portal while a transaction is open: rows would be held while it takes its time."""
    assert not is_in_transaction(), f"a transaction is open while {request.url.path} is asked"


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener
