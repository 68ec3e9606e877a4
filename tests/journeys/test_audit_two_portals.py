"""Two portals of one installation are audited side by side by one worker; a file opens in its own portal, for a day."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from b24app.bitrix24.throttle import Priority
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.portal import SandboxPortal
from b24app.services.audit.pages.export import LIFE_S
from b24app.services.audit.run import acts
from b24app.services.housekeeping import purge
from b24app.services.portal.context import PortalContext, open_portal
from b24app.store.audit_values import AuditRun
from tests.conftest import StillClock
from tests.journeys.processes import until
from tests.journeys.shared_town import installed_town
from tests.journeys.test_audit_kill import build_gates, closed_gate
from tests.journeys.test_audit_runs import ADMINISTRATOR, ALL_AT_ONCE, EVERYTHING, NOW, pass_time, results
from tests.journeys.town import ADMIN, Town, token_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

A_MINUTE_S = 60.0
OURS = "(SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("two_audited")
    async with installed_town(template_url, folder, size=60, portals=2, clock=StillClock(NOW)) as built:
        await built.install(built.portals[1])
        await built.work()
        await build_gates(built)
        yield built


async def context_of(two: Town, portal: SandboxPortal) -> PortalContext:
    return await open_portal(two.house.runtime, (await two.known(portal)).portal_id, Priority.PERSON)


async def both_at_the_gate(two: Town) -> bool:
    waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = " + OURS
    return len(await two.rows(waiting)) == 2


async def test_both_audits_are_done_by_one_worker_and_each_finds_its_own(two: Town):
    _, second = two.portals
    second.delete("lead", SHOWCASE.other_spelling_lead, by=ADMIN)
    await second.events.deliver_all()
    await two.work()
    contexts = [await context_of(two, portal) for portal in two.portals]
    alone = await acts.order_audit(contexts[0], ADMINISTRATOR, "Один", EVERYTHING, ALL_AT_ONCE)
    await two.work()

    beside, other = [
        await acts.order_audit(each, ADMINISTRATOR, "Вместе", EVERYTHING, ALL_AT_ONCE) for each in contexts
    ]
    async with closed_gate(two, "storing"):
        working = asyncio.create_task(two.work())
        await until(lambda: both_at_the_gate(two), "one waited for the other")
    await working

    runs = await two.rows("SELECT portal_id, run_id, state FROM audit_run /* all portals */ ORDER BY run_id")
    own, foreign = (each.portal.portal_id for each in contexts)
    assert [tuple(run) for run in runs] == [
        (own, alone.run_id, "done"),
        (own, beside.run_id, "done"),
        (foreign, other.run_id, "done"),
    ]
    assert await results(two, beside.run_id) == await results(two, alone.run_id)
    assert await holds(two, beside, SHOWCASE.other_spelling_lead)
    assert not await holds(two, other, SHOWCASE.other_spelling_lead)
    strangers = await two.rows(
        "SELECT FROM audit_member WHERE run_id = $1 AND portal_id = $2", other.run_id, own
    )
    assert strangers == []


async def holds(two: Town, run: AuditRun, lead: int) -> bool:
    found = "SELECT FROM audit_member WHERE run_id = $1 AND type = 1 AND id = $2"
    return bool(await two.rows(found, run.run_id, lead))


async def test_a_file_opens_for_a_day_in_its_own_portal_for_who_has_the_right(two: Town):
    first, second = two.portals
    context = await context_of(two, first)
    run = (await two.rows("SELECT max(run_id) AS n FROM audit_run WHERE portal_id = 1"))[0]["n"]
    await post(two, "export", run_id=run, kind="csv", time_zone="")
    await until(lambda: is_written(two), "the file was never written")
    number, dies_at = (await two.rows("SELECT export_id, dies_at FROM export"))[0]

    pass_time(two, dies_at - context.now() - A_MINUTE_S)
    answers = {
        "its owner": await post(two, "download", export_id=number),
        "another portal": await post(two, "download", portal=second, export_id=number),
        "without the right": await post(two, "download", who=SHOWCASE.viewer_of_all, export_id=number),
    }
    pass_time(two, A_MINUTE_S)
    answers["a day later"] = await post(two, "download", export_id=number)
    await purge(two.house.runtime)

    assert dies_at == pytest.approx(NOW + LIFE_S, abs=3_600)
    assert {who: answer.status_code for who, answer in answers.items()} == {
        "its owner": 200,
        "another portal": 404,
        "without the right": 403,
        "a day later": 404,
    }
    assert "Белкин" in answers["its owner"].content.decode("utf-8-sig")
    assert [await two.rows(f"SELECT FROM {table}") for table in ("export", "export_piece")] == [[], []]


async def post(
    two: Town, path: str, *, who: int = ADMIN, portal: SandboxPortal | None = None, **fields: object
) -> httpx.Response:
    token = token_of((await two.open(who, "DEFAULT", portal=portal)).text)
    return await two.browser.post(f"{two.address}audit/{path}", data={"page_token": token, **fields})


async def is_written(two: Town) -> bool:
    return [row["state"] for row in await two.rows("SELECT state FROM export")] == ["ready"]
