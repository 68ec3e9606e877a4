"""Audits of toy portals with their limits on, in virtual time: minutes of their limits take seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from b24app.bitrix24.wire import make_sender
from b24app.bootstrap import make_runtime, make_vault
from b24app.sandbox.installs import AppInstall
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.people import Seeded
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import create_oauth_app, create_portal_app
from b24app.services.audit.run.orders import AuditScope, AuditTerms
from b24app.services.audit.run.portal_run import work_off
from b24app.services.audit.run.steps import Steps, open_work
from b24app.services.indexing.sync import index_portal
from b24app.services.portal.context import Runtime
from b24app.store.audit_values import AuditRun, Change, GroupFilter, GroupOrder
from b24app.store.audits import AuditOrder
from b24app.store.database import Store
from bench.town import (
    APPLICATION_TOKEN,
    CLIENT_ID,
    OAUTH_HOST,
    SCOPES,
    IdleQueue,
    bench_settings,
    install_app,
)
from bench.virtual_clock import TimelessStore, VirtualClock

ADMIN, MOST = 1, 10_000
SMALL_STEPS = Steps(records_read=15)


@dataclass(frozen=True, slots=True)
class Audited:
    """A portal whose index is complete."""

    portal: SandboxPortal
    portal_id: int
    runtime: Runtime

    async def order(self) -> AuditRun:
        """Order an audit of everything, on the terms that are offered."""
        async with self.runtime.store.begin(self.portal_id) as tx:
            rules = (await tx.portal.get()).rules
            order = AuditOrder("", AuditScope().to_dict(), AuditTerms().to_dict(), rules, started_by=ADMIN)
            return await tx.audits.order(order, self.runtime.clock.now())

    async def run(self, run_id: int) -> AuditRun:
        async with self.runtime.store.read(self.portal_id) as tx:
            found = await tx.audits.get(run_id)
        assert found is not None
        return found

    async def go_on(self, run_id: int) -> None:
        """Work a run off from where it is, in small steps. Raises PortalBusy."""
        work = await open_work(self.runtime, self.portal_id, await self.run(run_id))
        work.steps = SMALL_STEPS
        await work_off(work)

    async def audit(self) -> AuditRun:
        run = await self.order()
        await self.go_on(run.run_id)
        return await self.run(run.run_id)

    async def result(self, run_id: int) -> list[object]:
        """What the run found: its groups with their members, and how they were judged."""
        async with self.runtime.store.read(self.portal_id) as tx:
            groups = await tx.audits.find_groups(run_id, GroupFilter(), GroupOrder.NUMBER, None, MOST)
            members = await tx.audits.members(run_id, [group.group_no for group in groups])
            shared = await tx.audits.shared(run_id, after=(-1, -1), limit=MOST)
        return [[replace(group, change=Change.SAME) for group in groups], members, shared]


@asynccontextmanager
async def audited_portals(
    database_url: str, folder: Path, people: Seeded, count: int
) -> AsyncIterator[list[Audited]]:
    """Install the app in portals with the same people, index them without limits, then switch the limits on."""
    clock = VirtualClock()
    oauth = SandboxOAuth(clock, f"https://{OAUTH_HOST}/")
    portals = [_portal(number, clock, oauth, people) for number in range(count)]
    settings = bench_settings(folder)
    store = await TimelessStore.open(database_url, make_vault(settings), clock=clock, pool_size=12)
    mounts = {
        f"https://{OAUTH_HOST}": httpx.ASGITransport(create_oauth_app(oauth)),
        **{portal.base_url: httpx.ASGITransport(create_portal_app(portal)) for portal in portals},
    }
    async with (
        httpx.AsyncClient(mounts=mounts) as http,
        make_sender(allow_insecure=True, timeout_s=5) as send,
    ):
        runtime = make_runtime(settings, store, IdleQueue(), http, send, clock, make_vault(settings))
        try:
            yield [await _indexed(portal, runtime, store) for portal in portals]
        finally:
            await store.close()


def _portal(number: int, clock: VirtualClock, oauth: SandboxOAuth, people: Seeded) -> SandboxPortal:
    portal = SandboxPortal(
        member_id=f"v{number:031d}", domain=f"portal{number}.test", scheme="https", clock=clock, oauth=oauth,
        limits=SandboxLimits(are_on=False, server_seconds=0.03),
    )  # fmt: skip
    portal.load(people)
    app = AppInstall(CLIENT_ID, "bench-secret", "https://app.bench.test/", scopes=SCOPES)
    app.application_token = APPLICATION_TOKEN
    portal.add_app(app)
    return portal


async def _indexed(portal: SandboxPortal, runtime: Runtime, store: Store) -> Audited:
    portal_id = await install_app(store, portal)
    await index_portal(runtime, portal_id)
    await asyncio.sleep(60)  # the bucket is empty again
    portal.limits.are_on = True
    portal.traffic.reset()
    return Audited(portal, portal_id, runtime)
