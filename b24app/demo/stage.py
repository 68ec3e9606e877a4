"""The demo: toy portals, their authorization server and the app in one process, the app installed into both.

``show`` keeps it running for a person; ``check.py`` does without one.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from b24app.bootstrap import House, demo_settings, make_server, open_house, worker_beside
from b24app.clock import SystemClock
from b24app.demo.audit import audit_portal
from b24app.demo.chain import set_up_automation
from b24app.logs import set_up_logs
from b24app.sandbox.installs import AppInstall
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.pages import page_routes
from b24app.sandbox.people import SHOWCASE, seed
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import SandboxServer
from b24app.web.app import create_app

HOST = "127.0.0.1"
APP_PORT, OAUTH_PORT, PORTAL_PORTS = 8000, 8010, (8011, 8012)
RECORDS, CHECKED_RECORDS = (
    2_000,
    400,
)  # for a person to look around in; for a check that must not take minutes
ADMIN = 1
INDEXED_WITHIN_S = 180.0  # on a machine that is many times slower and busy with other things
PUBLISHED_WITHIN_S = 600.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The running demo."""

    house: House
    portals: tuple[SandboxPortal, ...]
    oauth: SandboxOAuth
    app_url: str
    browser: httpx.AsyncClient

    @property
    def portal(self) -> SandboxPortal:
        return self.portals[0]


@asynccontextmanager
async def stage(data_dir: Path, *, ports: bool, size: int = RECORDS) -> AsyncIterator[Stage]:
    """Start everything. ``ports``: the well-known ones, so that addresses stay the same from run to run.

    A port of a running demo is refused before anything of it is removed; one with other ports has its own folder.
    """
    listener = _listener(APP_PORT if ports else 0)
    folder = data_dir / ("demo" if ports else "demo-check")
    shutil.rmtree(folder, ignore_errors=True)
    clock = SystemClock()
    oauth = SandboxOAuth(clock)
    portals = tuple(_portal(number, port if ports else 0, oauth) for number, port in enumerate(PORTAL_PORTS))
    people = seed(size)
    for portal in portals:
        portal.load(people)
    server = SandboxServer(
        portals,
        oauth,
        oauth_port=OAUTH_PORT if ports else 0,
        pages=lambda portal: page_routes(portal, people.truth),
    )
    app_url = f"http://{HOST}:{listener.getsockname()[1]}/"
    async with server, httpx.AsyncClient(timeout=30.0) as browser:
        settings = demo_settings(
            folder,
            base_url=app_url,
            oauth_url=oauth.base_url,
            bx24_js_url=f"{portals[0].base_url}/bx24.js",
            log_level="WARNING",
        )
        set_up_logs(level="WARNING", data_dir=folder)
        async with open_house(settings) as house, _served(house, listener):
            for portal in portals:
                portal.add_app(_app_card(house, app_url))
            yield Stage(house, portals, oauth, app_url, browser)


def _listener(port: int) -> socket.socket:
    """Return a listening socket; the protocol must be named, or asyncio leaves Nagle's algorithm on."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def _portal(number: int, port: int, oauth: SandboxOAuth) -> SandboxPortal:
    return SandboxPortal(
        member_id=f"{number:032x}",
        domain=f"{HOST}:{port}",
        scheme="http",
        clock=oauth.clock,
        oauth=oauth,
    )


def _app_card(house: House, app_url: str) -> AppInstall:
    return AppInstall(
        client_id=house.runtime.client_id,
        client_secret="demo-client-secret",  # noqa: S106 - of the toy portal
        handler_url=app_url,
        installer_url=app_url + "install",
    )


@asynccontextmanager
async def _served(house: House, listener: socket.socket) -> AsyncIterator[None]:
    server = make_server(create_app(house.runtime), HOST, 0)
    async with worker_beside(house):
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await serving


async def install(stage_: Stage, portal: SandboxPortal) -> int:
    """Open the installer as the portal's administrator does; returns the HTTP status."""
    frame = portal.open_frame(ADMIN)
    answer = await stage_.browser.post(frame.url, data=dict(frame.form))
    portal.install_finish(ADMIN)
    return answer.status_code


async def wait_until_indexed(stage_: Stage, portal: SandboxPortal) -> bool:
    """Wait for the first indexing and all registrations to be complete; False when they take too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(INDEXED_WITHIN_S):
            while True:
                async with stage_.house.runtime.store.begin_shared() as shared:
                    known = await shared.portals.find(portal.member_id)
                if known and known.indexed_at and known.manifest_version:
                    return True
                await asyncio.sleep(0.1)
    return False


async def wait_until_published(stage_: Stage, portal: SandboxPortal) -> bool:
    """Wait until every record carries its outcome and no change waits to be read; False when it takes too long."""
    async with stage_.house.runtime.store.begin_shared() as shared:
        known = await shared.portals.find(portal.member_id)
    with suppress(TimeoutError):
        async with asyncio.timeout(PUBLISHED_WITHIN_S):
            while known:
                async with stage_.house.runtime.store.read(known.portal_id) as tx:
                    if not await tx.pending.count_waiting() and not await tx.inbox.count():
                        return True
                await asyncio.sleep(0.2)
    return False


async def show(data_dir: Path, say: Say) -> None:
    """Run the demo until interrupted."""
    async with stage(data_dir, ports=True) as running:
        for portal in running.portals:
            await install(running, portal)
            await wait_until_indexed(running, portal)
        await audit_portal(running.house, running.portal)
        base = running.portal.base_url
        say("b24app is installed in two toy portals and has indexed them. Invented people only.\n")
        say(f"  A lead with matches   {base}/crm/lead/details/{SHOWCASE.lead}/")
        say(f"  The toy portal        {base}/")
        say(f"  The app's page        {base}/marketplace/app/")
        say(f"  Events, requests      {base}/sandbox/")
        say(f"  The second portal     {running.portals[1].base_url}/")
        say("\nSwitch the user at the top of the portal to see what each may see. Ctrl+C ends it.")
        say("The app is writing its fields into all records; then the automation is set up.\n")
        for portal in running.portals:
            await wait_until_published(running, portal)
            await set_up_automation(running.house, portal)
        say(f"  Robots and triggers   {base}/crm/lead/automation/")
        say(f"  Make a repeat lead    {base}/sandbox/?record=lead:{SHOWCASE.lead}")
        await asyncio.Event().wait()
