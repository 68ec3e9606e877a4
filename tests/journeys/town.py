"""A town for stories: toy portals and their authorization server over real HTTP, and the app that serves them."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from b24app.bootstrap import House, demo_settings, make_server, open_house
from b24app.clock import Clock, SystemClock
from b24app.sandbox.installs import AppInstall
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.people import seed
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import SandboxServer
from b24app.services.portal import PortalStatus
from b24app.store.portals import Portal
from b24app.web.app import create_app

ADMIN = 1
DEADLINE_S = 30.0


@dataclass
class Town:
    """Everything in reach of a story."""

    house: House
    portals: list[SandboxPortal]
    oauth: SandboxOAuth
    address: str  # of the app
    browser: httpx.AsyncClient
    folder: Path
    workers: list["asyncio.Task[None]"] = field(default_factory=list)

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
        return answer

    async def work(self) -> None:
        """Run the worker until nothing is left to do."""
        await self.house.queue.work(until_empty=True)

    async def deliver(self) -> None:
        """Deliver waiting events and work them off."""
        await self.portal.events.deliver_all()
        await self.work()

    async def known(self, portal: SandboxPortal | None = None) -> Portal:
        async with self.house.runtime.store.begin_shared() as shared:
            found = await shared.portals.find((portal or self.portal).member_id)
        assert found is not None
        return found

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
    scopes: Sequence[str] = ("crm", "placement", "bizproc", "user_brief"),
) -> AsyncIterator[Town]:
    """Serve portals with seeded people and the app, on loopback ports that nobody else uses."""
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
        portal.load(seed(size))
    async with (
        SandboxServer(served, oauth, delivers=False),
        _app(database_url, folder, oauth, clock) as (house, url),
    ):
        for portal in served:
            portal.add_app(
                AppInstall(
                    client_id=house.runtime.client_id,
                    client_secret="demo-client-secret",
                    handler_url=url,
                    installer_url=url + "install",
                    scopes=tuple(scopes),
                )
            )
        async with httpx.AsyncClient(timeout=30.0) as browser:
            yield Town(house, served, oauth, url, browser, folder)


@asynccontextmanager
async def _app(
    database_url: str, folder: Path, oauth: SandboxOAuth, clock: Clock
) -> AsyncIterator[tuple[House, str]]:
    listener = _listener()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    settings = demo_settings(
        folder,
        base_url=url,
        oauth_url=oauth.base_url,
        database_url=database_url,
        bx24_js_url=oauth.base_url + "bx24.js",
    )
    async with open_house(settings, clock) as house:
        server = make_server(create_app(house.runtime), "127.0.0.1", 0)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield house, url
        finally:
            server.should_exit = True
            await serving


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener
