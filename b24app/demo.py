"""The demo: toy portals, their authorization server and the app in one process, the app installed into both.

``show`` keeps it running for a person; ``check`` does without one, and says what it saw.
"""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from b24app.bitrix24.registering import FIELD_OWNERS
from b24app.bootstrap import House, demo_settings, make_server, open_house, worker_beside
from b24app.clock import SystemClock
from b24app.logs import set_up_logs
from b24app.sandbox.installs import AppInstall, Registrations
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.pages import page_routes
from b24app.sandbox.people import SHOWCASE, seed
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import SandboxServer
from b24app.web.app import create_app

HOST = "127.0.0.1"
APP_PORT, OAUTH_PORT, PORTAL_PORTS = 8000, 8010, (8011, 8012)
RECORDS = 2_000
ADMIN = 1
INDEXED_WITHIN_S = 60.0
LEADS = {"lead/102", "lead/103", "lead/104", "lead/105"}
EXPECTED_RECORDS = {
    SHOWCASE.viewer_of_all: LEADS | {"contact/101", "contact/102", "company/101"},
    SHOWCASE.viewer_of_leads_only: LEADS,
    SHOWCASE.viewer_of_own: {"contact/102"},
}
"""Whom each viewer may see around the showcase lead; the seed plants them, the portal's rights do the rest."""

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


@dataclass(frozen=True, slots=True)
class Seen:
    """What one person saw in the tab, and what it cost."""

    status: int
    html: str
    requests: int
    seconds: float

    @property
    def records(self) -> set[str]:
        """Links to records, such as ``lead/102``."""
        found = re.findall(r"/crm/(lead|contact|company|deal)/details/(\d+)/", self.html)
        return {f"{word}/{number}" for word, number in found}


@asynccontextmanager
async def stage(data_dir: Path, *, ports: bool, size: int = RECORDS) -> AsyncIterator[Stage]:
    """Start everything. ``ports``: the well-known ones, so that addresses stay the same from run to run."""
    folder = data_dir / "demo"
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
    listener = _listener(APP_PORT if ports else 0)
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


def expected_registrations(running: Stage) -> int:
    """Return how many things ``install/portal.toml`` makes a portal have."""
    manifest = running.house.runtime.manifest
    steps = sum(1 if step.activity is None else 2 for step in manifest.steps)
    pages = len(manifest.placements) + len(manifest.events)
    return pages + steps + len(manifest.triggers) + len(manifest.fields) * len(FIELD_OWNERS)


def count_registrations(portal: SandboxPortal) -> int:
    """Return how many of them the portal has."""
    found = portal.app.registrations if portal.app else Registrations()
    pages = len(found.placements) + len(found.events)
    return pages + len(found.robots) + len(found.triggers) + len(portal.crm.custom_fields)


async def look(stage_: Stage, user: int, word: str, record_id: int) -> Seen:
    """Open the tab in a card as this user, and count what it costs the portal."""
    portal = stage_.portal
    frame = portal.open_frame(user, f"CRM_{word.upper()}_DETAIL_TAB", {"ID": str(record_id)})
    before, started = portal.traffic.requests, portal.clock.now()
    answer = await stage_.browser.post(frame.url, data=dict(frame.form))
    seconds = portal.clock.now() - started
    return Seen(answer.status_code, answer.text, portal.traffic.requests - before, seconds)


async def show(data_dir: Path, say: Say) -> None:
    """Run the demo until interrupted."""
    async with stage(data_dir, ports=True) as running:
        for portal in running.portals:
            await install(running, portal)
            await wait_until_indexed(running, portal)
        base = running.portal.base_url
        say("b24app is installed in two toy portals and has indexed them. Invented people only.\n")
        say(f"  A lead with matches   {base}/crm/lead/details/{SHOWCASE.lead}/")
        say(f"  The toy portal        {base}/")
        say(f"  The app's page        {base}/marketplace/app/")
        say(f"  Events, requests      {base}/sandbox/")
        say(f"  The second portal     {running.portals[1].base_url}/")
        say("\nSwitch the user at the top of the portal to see what each may see. Ctrl+C ends it.")
        await asyncio.Event().wait()


async def check(data_dir: Path, say: Say) -> list[str]:
    """Do what a person would, say what was seen, and return what was wrong; empty when all is well."""
    async with stage(data_dir, ports=False) as running:
        wrong = await _check_installation(running, say)
        wrong += await _check_cards(running, say)
        return wrong + await _check_event(running, say)


async def _check_installation(running: Stage, say: Say) -> list[str]:
    wrong = []
    for portal in running.portals:
        portal.traffic.reset()
        started = portal.clock.now()
        status = await install(running, portal)
        indexed = await wait_until_indexed(running, portal)
        registered = count_registrations(portal)
        say(
            f"{portal.domain}: installed (HTTP {status}), {registered} registrations, {RECORDS:,} records indexed: "
            f"{portal.traffic.requests} requests, {portal.clock.now() - started:.1f} s"
        )
        if status != 200 or not indexed or registered != expected_registrations(running):
            wrong.append(f"{portal.domain} was not installed and indexed")
        if portal.traffic.refusals:
            wrong.append(f"{portal.domain} refused calls: {dict(portal.traffic.refusals)}")
    return wrong


async def _check_cards(running: Stage, say: Say) -> list[str]:
    """Open lead 101 as people with different rights; the toy portal's own records are the truth."""
    wrong = []
    for user_id, expected in EXPECTED_RECORDS.items():
        seen = await look(running, user_id, "lead", SHOWCASE.lead)
        others = seen.records - {f"lead/{SHOWCASE.lead}"}
        user = running.portal.users.get(user_id)
        say(
            f"lead {SHOWCASE.lead} as user {user_id} ({user.position if user else ''}): HTTP {seen.status}, "
            f"{len(others)} records: {', '.join(sorted(others)) or 'none'}; "
            f"{seen.requests} request, {seen.seconds * 1000:.0f} ms"
        )
        if others != expected:
            wrong.append(f"user {user_id} should see {sorted(expected)}, saw {sorted(others)}")
        if not 1 <= seen.requests <= 2:
            wrong.append(f"one opening cost {seen.requests} requests")
    return wrong


async def _check_event(running: Stage, say: Say) -> list[str]:
    """Change a phone as a manager does; the tab must know it a moment later."""
    portal, phone = running.portal, "+7 900 000-01-01"
    lead = portal.create("lead", {"TITLE": "Новая заявка", "PHONE": [{"VALUE": phone}]}, by=ADMIN)
    await portal.events.deliver_all()
    started = portal.clock.now()
    with suppress(TimeoutError):
        async with asyncio.timeout(INDEXED_WITHIN_S):
            while f"lead/{lead}" not in (await look(running, ADMIN, "lead", SHOWCASE.lead)).records:
                await asyncio.sleep(0.1)
            say(
                f"a new lead with the same number is shown {portal.clock.now() - started:.1f} s after its event"
            )
            return []
    return [f"lead {lead} never appeared in the tab of lead {SHOWCASE.lead}"]
