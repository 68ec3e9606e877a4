"""Runs over a portal: checkpoints, progress, and what is left of the run before."""

import pytest

from b24app.dedupe.record import RecordType
from b24app.store.database import Store
from b24app.store.portals import Portal
from b24app.store.sync_state import Progress, Range, Span, SyncKind, SyncState
from tests.store.builders import NOON, a_portal

LEADS, CONTACTS = Span(RecordType.LEAD, 0, 500), Span(RecordType.CONTACT, 10, 20)
EXPECTED = {RecordType.LEAD: 450, RecordType.CONTACT: 8}


@pytest.fixture
async def portal(store: Store) -> Portal:
    return await a_portal(store)


async def test_a_killed_run_resumes_from_its_checkpoints(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        started = await tx.sync.start(SyncKind.FIRST, [LEADS, CONTACTS], EXPECTED, NOON)
        await tx.sync.advance(started, 0, after_id=120, read=100, done=False, at=NOON + 5)

    async with store.read(portal.portal_id) as tx:
        run = await tx.sync.current(SyncKind.FIRST)
        assert run is not None
        assert (run.run_id, run.state, run.expected) == (started.run_id, SyncState.RUNNING, EXPECTED)
        assert await tx.sync.ranges(run) == [
            Range(run.run_id, 0, RecordType.LEAD, 120, 500, 100, False),
            Range(run.run_id, 1, RecordType.CONTACT, 10, 20, 0, False),
        ]


async def test_progress_counts_what_was_read_of_what_was_expected(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        run = await tx.sync.start(SyncKind.FIRST, [LEADS, CONTACTS], EXPECTED, NOON)
        await tx.sync.advance(run, 0, after_id=120, read=100, done=False, at=NOON + 5)
        await tx.sync.advance(run, 1, after_id=20, read=8, done=True, at=NOON + 6)

        assert await tx.sync.progress(SyncKind.FIRST) == Progress(108, 458, NOON, NOON + 6, None)
        assert await tx.sync.progress(SyncKind.FULL) is None


async def test_a_checkpoint_never_moves_back(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        run = await tx.sync.start(SyncKind.FIRST, [LEADS], EXPECTED, NOON)
        moved = await tx.sync.advance(run, 0, after_id=120, read=100, done=False, at=NOON + 5)

        late = await tx.sync.advance(run, 0, after_id=60, read=50, done=False, at=NOON + 6)

        assert (moved, late) == (True, False)
        assert [(r.after_id, r.read) for r in await tx.sync.ranges(run)] == [(120, 100)]


async def test_a_finished_run_is_the_latest_but_not_current(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        run = await tx.sync.start(SyncKind.FULL, [], {}, NOON)
        await tx.sync.finish(run, NOON + 9)

        latest = await tx.sync.latest(SyncKind.FULL)
        assert latest is not None
        assert (latest.state, latest.finished_at) == (SyncState.FINISHED, NOON + 9)
        assert await tx.sync.current(SyncKind.FULL) is None


async def test_a_failed_run_says_why(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        run = await tx.sync.start(SyncKind.SWEEP, [], {}, NOON)
        await tx.sync.fail(run, "access_denied", NOON + 9)

        latest = await tx.sync.latest(SyncKind.SWEEP)
        assert latest is not None
        assert (latest.state, latest.reason_code) == (SyncState.FAILED, "access_denied")


async def test_a_new_run_replaces_the_one_before_and_its_worker_gets_no_further(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        replaced = await tx.sync.start(SyncKind.FIRST, [LEADS], EXPECTED, NOON)
        other_kind = await tx.sync.start(SyncKind.FULL, [LEADS], EXPECTED, NOON)
        run = await tx.sync.start(SyncKind.FIRST, [CONTACTS], EXPECTED, NOON + 1)

        moved = await tx.sync.advance(replaced, 0, after_id=120, read=100, done=False, at=NOON + 5)

        assert moved is False
        assert await tx.sync.ranges(replaced) == []
        assert await tx.sync.latest(SyncKind.FIRST) == run
        assert await tx.sync.latest(SyncKind.FULL) == other_kind


async def test_each_type_remembers_its_last_sweep(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.sync.set_last_sweep_at(RecordType.LEAD, NOON)
        await tx.sync.set_last_sweep_at(RecordType.LEAD, NOON + 600)

        assert await tx.sync.last_sweep_at(RecordType.LEAD) == NOON + 600
        assert await tx.sync.last_sweep_at(RecordType.CONTACT) is None


async def test_everything_is_swept_up_to_the_earliest_of_all_types(store: Store, portal: Portal):
    async with store.begin(portal.portal_id) as tx:
        await tx.sync.set_last_sweep_at(RecordType.LEAD, NOON + 60)
        await tx.sync.set_last_sweep_at(RecordType.CONTACT, NOON)
        before = await tx.sync.all_swept_at()
        await tx.sync.set_last_sweep_at(RecordType.COMPANY, NOON + 30)

        assert (before, await tx.sync.all_swept_at()) == (None, NOON)
