"""The portal fails while it is read and while a person waits: the index ends right, the page is clear."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from b24app.bitrix24.errors import PortalBusy, TokenRejected
from b24app.clock import SystemClock
from b24app.jobs.tasks import TASKS
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.limits import SandboxLimits
from b24app.services.portal.context import PortalStatus
from tests.conftest import StillClock
from tests.journeys.indexes import index_of, undisturbed
from tests.journeys.town import ADMIN, Town, token_of, town

NOW = 1_790_000_000.0
SIZE, BIG = 60, 3_200
MANAGER = 2
FAR_TOO_LONG_S = 30.0
FINAL_FOR_A_VIEWER = {FaultKind.EXPIRED_TOKEN, FaultKind.TIME_LIMIT}  # asking again at once is no use
FOR_EVER = [kind for kind in FaultKind if kind not in (FaultKind.SLOW, FaultKind.EXPIRED_TOKEN)]


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE, clock=StillClock(NOW)) as built:
        await built.install()
        yield built


def pass_time(acme: Town, seconds: float) -> None:
    acme.house.runtime.clock.advance(seconds)  # type: ignore[attr-defined]


async def index_at_last(acme: Town, rounds: int = 20) -> int:
    """Index as the worker does, asking again as often as the portal puts us off; returns how often."""
    for put_off in range(rounds):
        known = await acme.known()
        try:
            await TASKS["index_portal"].run(acme.house.runtime, known.portal_id)
        except PortalBusy as busy:
            pass_time(acme, busy.retry_after_s)
        except TokenRejected:  # the fresh token ended at once too: the job is tried again
            pass_time(acme, 5.0)
        if (await acme.known()).indexed_at is not None:
            return put_off
    raise AssertionError("the indexing never ended")


@pytest.mark.parametrize("kind", FaultKind)
async def test_an_indexing_that_meets_a_fault_ends_with_the_index_of_an_undisturbed_one(
    acme: Town, kind: FaultKind
):
    times = 1 if kind is FaultKind.EXPIRED_TOKEN else 2
    acme.portal.faults.add(Fault(kind, times=times, seconds=FAR_TOO_LONG_S))  # the bounds
    acme.portal.faults.add(Fault(kind, times=times, skip=1, seconds=FAR_TOO_LONG_S))  # the records

    await index_at_last(acme)

    assert acme.portal.faults.happened[kind] >= 2, "once for the bounds and once for the records"
    assert await index_of(acme) == await undisturbed(acme)


async def test_faults_of_all_kinds_together_cost_time_and_nothing_else(acme: Town):
    for kind in FaultKind:
        acme.portal.faults.add(Fault(kind, times=None, probability=0.15))

    await index_at_last(acme, rounds=100)
    acme.portal.faults.clear()

    assert await index_of(acme) == await undisturbed(acme)


async def test_a_method_whose_running_time_is_spent_is_waited_for(database_url: str, tmp_path: Path):
    limits = SandboxLimits(
        bucket=1e6,
        operating_limit_s=1.0,
        server_seconds_by_method={"crm.lead.list": 0.4, "crm.contact.list": 0.3},
    )
    async with town(database_url, tmp_path, size=300, limits=limits, clock=StillClock(NOW)) as slow:
        await slow.install()

        await index_at_last(slow)

        assert slow.portal.traffic.refusals["OPERATION_TIME_LIMIT"] >= 1
        slow.portal.limits.are_on = False
        assert await index_of(slow) == await undisturbed(slow)


async def test_a_card_that_meets_a_fault_once_shows_the_right_answer_all_the_same(acme: Town):
    await index_at_last(acme)

    for kind in FaultKind:
        if kind not in FINAL_FOR_A_VIEWER:
            answer = await open_card(acme, Fault(kind, times=1, seconds=2.0))

            assert answer.status_code == 200, kind
            for path in ("/crm/lead/details/102/", "/crm/contact/details/101/", "/crm/company/details/101/"):
                assert path in answer.text
    assert acme.portal.faults.happened == dict.fromkeys(set(FaultKind) - FINAL_FOR_A_VIEWER, 1)


async def test_a_card_whose_viewers_token_ends_says_so_and_is_not_renewed(acme: Town):
    await index_at_last(acme)

    answer = await open_card(acme, Fault(FaultKind.EXPIRED_TOKEN))

    assert answer.status_code == 403
    assert "data-refusal" in answer.text
    assert acme.oauth.renewals == 0


async def test_a_portal_that_never_answers_gives_a_clear_page_and_no_half_truth(acme: Town):
    await index_at_last(acme)

    for kind in FOR_EVER:
        answer = await open_card(acme, Fault(kind, times=None))

        assert answer.status_code == 503, kind
        assert answer.headers["retry-after"].isdigit()
        assert "data-refusal" in answer.text
        assert 'lang="ru"' in answer.text
        assert not any(word in answer.text for word in ("/details/", "Traceback", "Error", "httpx"))
        assert f"frame-ancestors {acme.portal.base_url}" in answer.headers["content-security-policy"]


async def open_card(acme: Town, fault: Fault) -> httpx.Response:
    """Open the card while the portal has this fault, an hour after whatever was before."""
    pass_time(acme, 3600.0)
    frame = acme.portal.open_frame(MANAGER, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})
    acme.portal.faults.add(fault)
    answer = await acme.browser.post(frame.url, data=dict(frame.form))
    acme.portal.faults.clear()
    return answer


async def test_an_installers_token_that_runs_out_in_the_middle_is_renewed_once_for_everybody(acme: Town):
    await index_at_last(acme)
    acme.oauth.expire_access()
    for lead in (101, 102, 103):
        acme.portal.change("lead", lead, {"TITLE": "Иначе"}, by=MANAGER)

    await acme.deliver()

    assert acme.oauth.renewals == 1
    assert await index_of(acme) == await undisturbed(acme)


async def test_a_refresh_token_that_somebody_used_blocks_the_portal_and_keeps_its_index(acme: Town):
    await index_at_last(acme)
    before, tokens, app = await index_of(acme), await acme.tokens(), acme.portal.app
    assert tokens is not None
    assert app is not None
    used = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    acme.oauth.token({**used, "client_id": app.client_id, "client_secret": app.client_secret})
    acme.oauth.expire_access()

    await acme.house.queue.ask("sweep_portal", (await acme.known()).portal_id)
    await acme.work()

    known = await acme.known()
    assert (known.status, known.blocked_reason) == (PortalStatus.BLOCKED, "token_rejected")
    assert await index_of(acme) == before


async def test_rules_changed_while_a_first_indexing_is_broken_off_hold_for_every_record(
    database_url: str, tmp_path: Path
):
    async with town(database_url, tmp_path, size=BIG, clock=StillClock(NOW)) as big:
        await big.install()
        big.portal.clock = SystemClock()
        big.portal.faults.add(Fault(FaultKind.SLOW, times=None, skip=2, seconds=20.0))
        portal_id = (await big.known()).portal_id
        indexing = asyncio.create_task(TASKS["index_portal"].run(big.house.runtime, portal_id))
        while not await big.rows("SELECT 1 FROM record LIMIT 1 /* all portals */"):
            await asyncio.sleep(0.01)
        indexing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await indexing
        big.portal.faults.clear()

        await save_rules(big, region="DE")
        await index_at_last(big)

        assert await index_of(big) == await undisturbed(big)


async def save_rules(acme: Town, **changed: str) -> None:
    """Change the rules on the app's page, as its form does."""
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)
    form = {"region": "RU", "types[]": ["lead", "contact", "company"], "include_closed": "1", "hub_limit": "50",
            "email_aliases": "1", "least_grade": "weak", "reveal": "responsible", "look_back_days": "0",
            "stop_list": ""}  # fmt: skip
    answer = await acme.browser.post(acme.address + "settings", data={**form, **changed, "page_token": token})
    assert answer.status_code == 200
