"""Audits within a portal's limits, in virtual time: when they will be done, what they leave to others, side by side."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path

import pytest

from b24app.bitrix24.errors import PortalBusy
from b24app.bitrix24.throttle import Limits, Priority
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.people import seed
from b24app.services.audit.run.budget import BURST
from b24app.services.audit.run.orders import DEFAULT_BUDGET
from b24app.services.portal.context import open_portal
from b24app.services.portal.limits import StoredThrottle
from b24app.store.audit_values import AuditRun, AuditStage, AuditState, Progress
from bench.virtual_clock import run_virtually
from tests.audit.virtual_audits import Audited, audited_portals

SIZE = 800
RATE_PER_S = 2.0  # of the portal's limit
LOOKS = (0.2, 0.4, 0.6, 0.8)
OFF_BY = 0.2
SMALL_SHARE = 1.02


@dataclass(frozen=True, slots=True)
class Look:
    """What a person who looked at this moment was shown."""

    at: float
    progress: Progress


@pytest.fixture(scope="module")
def people():
    return seed(SIZE)


async def watched(audited: Audited, audit: Coroutine[None, None, AuditRun]) -> tuple[AuditRun, list[Look]]:
    """Let an audit run, and look at its progress while it reads, four times a second."""
    running, looks = asyncio.create_task(audit), list[Look]()
    while not running.done():
        await asyncio.sleep(0.25)
        async with audited.runtime.store.read(audited.portal_id) as tx:
            (run, *_) = await tx.audits.latest(1)
        if run.stage is AuditStage.NAMING and run.progress.done:
            looks.append(Look(audited.runtime.clock.now(), run.progress))
    return await running, looks


@pytest.mark.parametrize(
    ("answer_s", "what_takes_the_time"), [(0.01, "the limit"), (0.5, "the portal's answers")]
)
def test_the_time_left_is_right_by_a_fifth_from_a_fifth_of_the_way_on(
    database_url: str, tmp_path: Path, people, answer_s: float, what_takes_the_time: str
):
    async def story() -> dict[float, float]:
        async with audited_portals(database_url, tmp_path, people, 1) as (one,):
            one.portal.limits.server_seconds = answer_s
            run, looks = await watched(one, one.audit())
            assert run.finished_at is not None
            first = {share: next(look for look in looks if share_of(look) >= share) for share in LOOKS}
            return {
                share: look.progress.left_s / (run.finished_at - look.at) for share, look in first.items()
            }

    told = run_virtually(story())

    assert told == {share: pytest.approx(1.0, abs=OFF_BY) for share in LOOKS}, what_takes_the_time


def share_of(look: Look) -> float:
    return look.progress.done / look.progress.total


def test_an_audit_takes_three_fifths_of_the_limit_and_leaves_the_rest_to_others(
    database_url: str, tmp_path: Path, people
):
    async def story() -> tuple[float, dict[str, int], int]:
        async with audited_portals(database_url, tmp_path, people, 1) as (one,):
            context = await open_portal(one.runtime, one.portal_id, Priority.BACKGROUND)

            async def want_everything() -> None:
                while True:
                    await context.client.call("crm.status.list")

            hungry = [asyncio.create_task(want_everything()) for _ in range(4)]
            await asyncio.sleep(5)  # they have emptied what had gathered: nothing is left but the rate
            one.portal.traffic.reset()
            run = await one.audit()
            for each in hungry:
                each.cancel()
            assert run.started_at is not None and run.finished_at is not None
            asked = dict(one.portal.traffic.by_method)
            return run.finished_at - run.started_at, asked, sum(one.portal.traffic.refusals.values())

    seconds, asked, refused = run_virtually(story())

    allowed = seconds * RATE_PER_S
    assert asked["batch"] <= DEFAULT_BUDGET / 100 * allowed + BURST
    assert asked["crm.status.list"] >= (1 - DEFAULT_BUDGET / 100) * allowed - BURST
    assert asked["batch"] + asked["crm.status.list"] <= allowed + BURST
    assert asked["batch"] > 20
    assert refused == 0


def test_a_portal_in_trouble_does_not_slow_anothers_audit(database_url: str, tmp_path: Path, people):
    async def story() -> tuple[list[AuditRun], list[Look], list[Look]]:
        async with audited_portals(database_url, tmp_path, people, 2) as (calm, troubled):
            alone = await calm.audit()
            troubled.portal.faults.add(Fault(FaultKind.BUSY, times=None, probability=0.3))
            troubled.portal.faults.add(Fault(FaultKind.TIME_LIMIT, times=3, skip=20))
            await asyncio.sleep(60)
            (beside, looks), (harried, others) = await asyncio.gather(
                watched(calm, calm.audit()), watched(troubled, with_patience(troubled))
            )
            assert troubled.portal.traffic.refusals or troubled.portal.faults.happened
            found = [await calm.result(alone.run_id), await calm.result(beside.run_id)]
            assert found == [await troubled.result(harried.run_id)] * 2
            return [alone, beside, harried], looks, others

    (alone, beside, harried), looks, others = run_virtually(story())

    assert {run.state for run in (alone, beside, harried)} == {AuditState.DONE}
    assert took(beside) <= SMALL_SHARE * took(alone)
    assert took(harried) > took(beside)
    assert len({look.progress.done for look in looks}) > 10
    assert len({look.progress.done for look in others if look.at < looks[-1].at}) > 5


async def with_patience(audited: Audited) -> AuditRun:
    """Do as the worker does: go on with the run when the portal has time again."""
    run = await audited.order()
    while not (await audited.run(run.run_id)).state.is_final:
        try:
            await audited.go_on(run.run_id)
        except PortalBusy as busy:
            await asyncio.sleep(max(1.0, busy.retry_after_s))
    return await audited.run(run.run_id)


def took(run: AuditRun) -> float:
    assert run.started_at is not None and run.finished_at is not None
    return run.finished_at - run.started_at


def test_a_share_of_a_wider_limit_is_wider(database_url: str, tmp_path: Path, people):
    async def story() -> tuple[AuditRun, AuditRun]:
        async with audited_portals(database_url, tmp_path, people, 1) as (one,):
            ordinary = await one.audit()
            one.portal.limits.bucket, one.portal.limits.drain_per_s = 250, 5
            await StoredThrottle(one.runtime.store, one.portal_id, one.runtime.clock).widen(Limits.ENTERPRISE)
            return ordinary, await one.audit()

    ordinary, wide = run_virtually(story())

    assert took(wide) == pytest.approx(took(ordinary) * 2 / 5, rel=0.15)
