"""A toy portal of any size, made lazily, and the app's runtime with that portal installed; no network between."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx

from b24app.bitrix24.wire import make_sender
from b24app.bootstrap import demo_settings, make_runtime, make_vault
from b24app.clock import Clock
from b24app.config import Settings
from b24app.sandbox.crm import Fields
from b24app.sandbox.installs import AppInstall
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import create_oauth_app, create_portal_app
from b24app.sandbox.users import Breadth, User
from b24app.services.portal.context import Runtime
from b24app.store.database import Store
from b24app.store.portals import PortalStatus, StoredTokens
from b24app.store.vault import Vault

SENDING_S = 5.0
HOST, OAUTH_HOST = "portal.bench.test", "oauth.bench.test"
ADMIN, MANAGER = 1, 2
CLIENT_ID = "bench.app"
SHARES = {"lead": 0.5, "contact": 0.35, "company": 0.15}
SCOPES = ("crm", "placement", "bizproc", "user_brief")
APPLICATION_TOKEN = "bench-application-token"
READS_ALL = dict.fromkeys(("lead", "contact", "company", "deal"), Breadth.ALL)


@dataclass(frozen=True, slots=True)
class Town:
    """One portal and the app that serves it."""

    portal: SandboxPortal
    runtime: Runtime
    portal_id: int


def build_portal(clock: Clock, limits: SandboxLimits) -> SandboxPortal:
    """Return an empty portal with an administrator, a manager, and our app in it."""
    users = [User(ADMIN, admin=True), User(MANAGER, rights=READS_ALL)]
    portal = SandboxPortal(
        member_id="b" * 32,
        domain=HOST,
        scheme="https",
        clock=clock,
        oauth=SandboxOAuth(clock, f"https://{OAUTH_HOST}/"),
        limits=limits,
        users=users,
    )
    app = AppInstall(CLIENT_ID, "bench-secret", "https://app.bench.test/", scopes=SCOPES)
    app.application_token = APPLICATION_TOKEN
    portal.add_app(app)
    return portal


def ids_by_type(size: int, *, half_gone: bool) -> dict[str, Sequence[int]]:
    """Return ascending ids for ``size`` records; with ``half_gone`` every id was deleted with a chance of one half."""
    found: dict[str, Sequence[int]] = {}
    for word, share in SHARES.items():
        count = int(size * share)
        chance = Random(f"{word}{size}")
        if half_gone:
            found[word] = sorted(chance.sample(range(1, 2 * count + 1), count))
        else:
            found[word] = range(1, count + 1)
    return found


def light_row(record_id: int) -> Fields:
    """Return a record with little in it: what a row holds takes no simulated time."""
    row: Fields = {"NAME": "Имя", "TITLE": "Запись"}
    if record_id % 20 == 0:
        return {**row, "PHONE": [{"VALUE": f"+7912{record_id % 10_000_000:07d}"}]}
    return row


def in_process(portal: SandboxPortal) -> Mapping[str, httpx.AsyncBaseTransport]:
    """Return the transports that reach the portal and its authorization server without a network."""
    return {
        f"https://{HOST}": httpx.ASGITransport(create_portal_app(portal)),
        f"https://{OAUTH_HOST}": httpx.ASGITransport(create_oauth_app(portal.oauth)),
    }


def bench_settings(folder: Path) -> Settings:
    """Return settings with keys that are kept in the folder."""
    return demo_settings(
        folder, base_url="https://app.bench.test/", oauth_url=f"https://{OAUTH_HOST}/", client_id=CLIENT_ID
    )


def bench_vault(folder: Path) -> Vault:
    """Return the vault that seals what the benchmark's store holds."""
    return make_vault(bench_settings(folder))


class IdleQueue:
    """Takes every wish for background work, and does none: what is measured is asked for by name."""

    async def ask(self, task: str, portal_id: int, **_: object) -> None:
        """Do nothing."""

    async def counts(self) -> dict[str, int]:
        return {}


@asynccontextmanager
async def open_town(
    portal: SandboxPortal,
    *,
    store: Store,
    folder: Path,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> AsyncIterator[Town]:
    """Install the app in the portal and hand out what use cases need."""
    settings = bench_settings(folder)
    async with (
        httpx.AsyncClient(mounts=dict(transports or in_process(portal))) as http,
        make_sender(allow_insecure=True, timeout_s=SENDING_S) as send,
    ):
        runtime = make_runtime(settings, store, IdleQueue(), http, send, portal.clock, make_vault(settings))
        yield Town(portal, runtime, await install_app(store, portal))


async def install_app(store: Store, portal: SandboxPortal) -> int:
    """Let the store know the portal as one that has installed the app; return its id."""
    app = portal.app
    if app is None:
        raise ValueError("the portal has no app")
    pair = portal.oauth.issue(portal, app, ADMIN)
    async with store.begin_shared() as shared:
        installed = await shared.portals.install(
            portal.member_id,
            portal.base_url,
            StoredTokens(pair.access_token, pair.refresh_token, pair.expires_at),
            application_token=APPLICATION_TOKEN,
            admin_user_id=ADMIN,
            scopes=frozenset(SCOPES),
            language="ru",
            status=PortalStatus.ACTIVE,
        )
    return installed.portal_id
