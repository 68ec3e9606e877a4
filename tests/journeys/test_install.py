"""An administrator opens the installer: what is believed, what is registered, what the page does next."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from b24app.bootstrap import read_manifest
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.installs import EventHandler, Placement
from b24app.sandbox.portal import SandboxPortal
from tests.conftest import StillClock
from tests.journeys.indexes import index_of, undisturbed
from tests.journeys.log_tap import betrayals, read_rest_log
from tests.journeys.town import ADMIN, Town, town

SIZE = 60
MANAGER = 2
INSTALLED_WITHIN_S = 20.0
LONGEST_PAUSE_S = 3.0
NOW = 1_790_000_000.0


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE, clock=StillClock(NOW)) as built:
        yield built


def registered(portal: SandboxPortal) -> Counter[tuple[str, str]]:
    """Return code and handler of all that the portal calls us by, each as often as it stands there."""
    assert portal.app is not None
    found = portal.app.registrations
    return Counter(
        [(place.code, place.handler) for place in found.placements]
        + [(bound.event, bound.handler) for bound in found.events]
    )


def wanted(address: str) -> Counter[tuple[str, str]]:
    """Return what install/portal.toml lists, once each."""
    manifest = read_manifest()
    base = address.rstrip("/")
    return Counter(
        [(place.code, base + place.handler) for place in manifest.placements]
        + [(name, base + handler) for name, handler in manifest.events]
    )


async def test_the_portal_has_exactly_what_the_manifest_lists_within_the_time_allowed(acme: Town):
    answer = await acme.install()

    assert answer.status_code == 200
    assert acme.house.runtime.clock.now() - NOW < min(INSTALLED_WITHIN_S, LONGEST_PAUSE_S)
    assert registered(acme.portal) == wanted(acme.address)
    assert await acme.is_active()


async def test_pages_have_their_titles_in_both_languages_and_nobody_waits_for_robots(acme: Town):
    await acme.install()

    assert acme.portal.app is not None
    found = acme.portal.app.registrations
    titles = {
        place.code: {language: dict(texts)["TITLE"] for language, texts in place.languages.items()}  # type: ignore[arg-type]
        for place in found.placements
    }
    assert titles == {place.code: dict(place.title) for place in read_manifest().placements}
    assert titles["CRM_LEAD_DETAIL_TAB"] == {"ru": "Дубликаты", "en": "Duplicates"}
    assert (found.robots, found.triggers, found.field_types) == ({}, {}, {})
    assert "register_portal" in await acme.waiting_tasks()


async def test_the_page_finishes_the_installation_by_a_script_of_our_own_and_none_inline(acme: Town):
    answer = await acme.install()

    scripts = re.findall(r"<script\b[^>]*\bsrc=\"([^\"]+)\"[^>]*>\s*</script>", answer.text)
    assert len(scripts) == len(re.findall(r"<script\b", answer.text)), "a script stands in the page itself"
    assert scripts[0] == acme.portal.base_url + "/bx24.js"
    own = await acme.browser.get(acme.address.rstrip("/") + scripts[1].removeprefix(acme.address.rstrip("/")))
    assert own.status_code == 200
    assert "javascript" in own.headers["content-type"]
    assert "BX24.installFinish()" in own.text
    assert "data-install-finish" in answer.text


async def test_indexing_begins_by_itself_and_reads_the_whole_portal(acme: Town):
    await acme.install()

    await acme.deliver()  # of our own writes, too

    assert await index_of(acme) == await undisturbed(acme)
    assert len(await index_of(acme)) == SIZE
    assert (await acme.known()).indexed_at is not None


async def test_installing_twice_changes_nothing_in_the_portal(acme: Town):
    await acme.install()
    assert acme.portal.app is not None
    before = [bound.id for bound in acme.portal.app.registrations.events]
    acme.portal.traffic.reset()

    again = await acme.open_installer(ADMIN)

    assert again.status_code == 200
    assert [bound.id for bound in acme.portal.app.registrations.events] == before
    assert registered(acme.portal) == wanted(acme.address)
    writing = {"placement.bind", "placement.unbind", "event.bind", "event.unbind"}
    assert not writing & set(acme.portal.traffic.calls)


async def test_leftovers_of_an_older_version_go_and_what_is_missing_comes(acme: Town):
    await acme.install()
    assert acme.portal.app is not None
    found = acme.portal.app.registrations
    found.placements.pop(0)
    found.events.pop(0)
    found.placements.append(Placement("CRM_DEAL_DETAIL_TAB", acme.address + "old-tab", title="Old"))
    found.events.append(EventHandler(999, "ONCRMDEALADD", acme.address + "old-events"))

    await acme.open_installer(ADMIN)

    assert registered(acme.portal) == wanted(acme.address)


async def test_who_is_no_administrator_reads_why_and_nothing_happens(acme: Town):
    answer = await acme.open_installer(MANAGER)

    assert answer.status_code == 403
    assert "администратор" in answer.text.casefold()
    assert "data-install-finish" not in answer.text
    assert await acme.is_unknown()
    assert registered(acme.portal) == Counter()


async def test_a_call_without_refresh_token_installs_nothing(acme: Town):
    frame = acme.installer_frame(ADMIN)
    form = {name: value for name, value in frame.form.items() if name != "REFRESH_ID"}

    answer = await acme.browser.post(frame.url, data=form)

    assert answer.status_code == 403
    assert "text/html" in answer.headers["content-type"]
    assert await acme.is_unknown()
    assert registered(acme.portal) == Counter()


async def test_an_installation_that_a_busy_portal_broke_off_is_completed_by_the_next_opening(acme: Town):
    acme.portal.faults.add(Fault(FaultKind.BAD_GATEWAY, times=None, methods=frozenset({"batch"}), skip=1))

    broken = await acme.open_installer(ADMIN)
    acme.portal.faults.clear()
    mended = await acme.open_installer(ADMIN)

    assert broken.status_code == 503
    assert broken.headers["retry-after"].isdigit()
    assert "data-install-finish" not in broken.text
    assert mended.status_code == 200
    assert registered(acme.portal) == wanted(acme.address)


async def test_secrets_and_refresh_tokens_go_to_the_authorization_server_alone(acme: Town):
    frame = acme.installer_frame(ADMIN)
    await acme.browser.post(frame.url, data=dict(frame.form))
    acme.portal.install_finish(ADMIN)
    acme.oauth.expire_access()
    await acme.work()

    secrets = ["demo-client-secret", frame.form["REFRESH_ID"]]
    oauth_port = int(acme.oauth.base_url.rstrip("/").rpartition(":")[2])
    holders = [heard for heard in acme.heard if any(map(heard.holds, secrets))]
    assert acme.oauth.renewals == 1
    assert {(heard.port, heard.path) for heard in holders} == {(oauth_port, "/oauth/token/")}
    assert not any(secret.encode() in heard.query for heard in holders for secret in secrets)


async def test_each_rest_request_is_logged_without_a_value(acme: Town):
    await acme.install()
    await acme.work()

    log = read_rest_log(acme.folder)

    assert '"method": "batch"' in log
    assert betrayals(log, acme.portals) == set()
    assert betrayals(log + ' "8 (900) 000-01-01" Белкина', acme.portals) == {"9000000101", "Белкина"}


async def test_a_portal_is_read_once_however_often_its_indexing_is_asked_for(acme: Town):
    await acme.install()
    await acme.work()
    portal_id = (await acme.known()).portal_id
    acme.portal.traffic.reset()

    await acme.house.queue.ask("index_portal", portal_id)  # as the minute's healing does while it runs
    await acme.work()

    assert acme.portal.traffic.calls["crm.lead.list"] <= 1, "no more than a sweep"


async def test_a_portal_that_installs_again_is_reconciled(acme: Town):
    await acme.install()
    await acme.deliver()
    assert acme.portal.app is not None
    acme.portal.app.registrations.events.clear()
    acme.portal.delete("lead", 102, by=ADMIN)  # nobody is told
    acme.house.runtime.clock.advance(60)  # type: ignore[attr-defined]

    await acme.open_installer(ADMIN)
    await acme.deliver()

    assert await index_of(acme) == await undisturbed(acme)
