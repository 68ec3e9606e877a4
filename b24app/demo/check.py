"""The demo without a person: what somebody would do in it, what was seen, and what was wrong."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from b24app.bitrix24.registering import FIELD_OWNERS
from b24app.demo.chain import check_chain, set_up_automation
from b24app.demo.stage import (
    ADMIN,
    INDEXED_WITHIN_S,
    Say,
    Stage,
    install,
    stage,
    wait_until_indexed,
    wait_until_published,
)
from b24app.sandbox.installs import Registrations
from b24app.sandbox.limits import RequestBucket
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.portal import SandboxPortal

RECORDS = 400  # enough for every scene, and no check that takes minutes
LOOK_EVERY_S = 1.0  # people come before events, and the portal allows two requests a second
LEADS = {"lead/102", "lead/103", "lead/104", "lead/105"}
EXPECTED_RECORDS = {
    SHOWCASE.viewer_of_all: LEADS | {"contact/101", "contact/102", "company/101"},
    SHOWCASE.viewer_of_leads_only: LEADS,
    SHOWCASE.viewer_of_own: {"contact/102"},
}
"""Whom each viewer may see around the showcase lead; the seed plants them, the portal's rights do the rest."""


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


async def check(data_dir: Path, say: Say) -> list[str]:
    """Do what a person would, say what was seen, and return what was wrong; empty when all is well."""
    async with stage(data_dir, ports=False, size=RECORDS) as running:
        wrong = await _check_installation(running, say)
        wrong += await _check_fields(running, say)
        wrong += await _check_cards(running, say)
        wrong += await _check_event(running, say)
        await wait_until_published(running, running.portal)
        await set_up_automation(running.house, running.portal)
        return wrong + await check_chain(running.portal, say)


async def _check_installation(running: Stage, say: Say) -> list[str]:
    wrong = []
    for portal in running.portals:
        portal.traffic.reset()
        started = portal.clock.now()
        status = await install(running, portal)
        indexed = await wait_until_indexed(running, portal)
        registered = count_registrations(portal)
        say(
            f"{portal.domain}: installed (HTTP {status}), {registered} registrations, {RECORDS} records "
            f"indexed: {portal.traffic.requests} requests, {portal.clock.now() - started:.1f} s"
        )
        if status != 200 or not indexed or registered != expected_registrations(running):
            wrong.append(f"{portal.domain} was not installed and indexed")
        if portal.traffic.refusals:
            wrong.append(f"{portal.domain} refused calls: {dict(portal.traffic.refusals)}")
    return wrong


async def _check_fields(running: Stage, say: Say) -> list[str]:
    """Wait for the first outcomes of all records; later checks count requests and want calm."""
    wrong = []
    for portal in running.portals:
        started = portal.clock.now()
        is_complete = await wait_until_published(running, portal)
        await portal.events.deliver_all()  # what the app wrote comes back, and is read
        is_complete = is_complete and await wait_until_published(running, portal)
        portal.bucket = RequestBucket(portal.limits)  # full again, as after a quiet minute
        say(f"{portal.domain}: fields of all records written after {portal.clock.now() - started:.1f} s more")
        if not is_complete:
            wrong.append(f"{portal.domain} has records without an outcome")
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
                await asyncio.sleep(LOOK_EVERY_S)
            say(
                f"a new lead with the same number is shown {portal.clock.now() - started:.1f} s after its event"
            )
            return []
    return [f"lead {lead} never appeared in the tab of lead {SHOWCASE.lead}"]


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
