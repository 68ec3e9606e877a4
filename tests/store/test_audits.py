"""Audits as they are kept: found again by page, order and filter; removed with their run."""

from dataclasses import replace

import asyncpg
import pytest

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordType
from b24app.dedupe.shared import Severity, SharedKind
from b24app.store.address import libpq_dsn
from b24app.store.audit_columns import AuditRows
from b24app.store.audit_groups import cursor_of
from b24app.store.audit_values import (
    AuditStage,
    AuditState,
    Change,
    GroupFilter,
    GroupOrder,
    NameGrade,
    Progress,
)
from b24app.store.audit_writer import Graded
from b24app.store.database import Store
from tests.store.audits import (
    WHOLE_PORTAL,
    a_group,
    a_shared_value,
    a_stored_audit,
    an_order,
    group_columns,
    member_columns,
    members_of,
)
from tests.store.builders import NOON, a_contact, a_portal


async def test_every_order_pages_through_all_groups_once(store: Store):
    portal = await a_portal(store)
    groups = [a_group(number, size=2 + number % 3, grade=Grade(1 + number % 4)) for number in range(25)]

    async with store.begin(portal.portal_id) as tx:
        run = await a_stored_audit(tx, groups)

    async with store.read(portal.portal_id) as tx:
        for order in GroupOrder:
            met, after = [], None
            while page := await tx.audits.find_groups(run.run_id, GroupFilter(), order, after, 7):
                met += page
                after = cursor_of(page[-1], order)
            values = [cursor_of(group, order).value for group in met]
            assert sorted(group.group_no for group in met) == list(range(25))
            assert values == sorted(values, reverse=order is not GroupOrder.NUMBER)
        assert met[0] in groups


async def test_the_database_learns_how_large_a_new_run_is(store: Store, database_url: str):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await a_stored_audit(tx, [a_group(number) for number in range(9)])
        await tx.audits.refresh_statistics()

    connection = await asyncpg.connect(libpq_dsn(database_url))
    size = await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'audit_group'")
    known = await connection.fetch("SELECT attname FROM pg_stats WHERE tablename = 'audit_group'")
    await connection.close()

    assert size == 9
    assert {"run_id"} <= {row["attname"] for row in known}


async def test_rows_of_another_portal_are_not_stored(store: Store):
    ours, theirs = await a_portal(store, "ours"), await a_portal(store, "theirs")
    rows = AuditRows.of(
        theirs.portal_id, 1, group_columns([a_group()]), member_columns(members_of(a_group()))
    )

    async with store.begin(ours.portal_id) as tx:
        with pytest.raises(ValueError, match="another portal"):
            await tx.audits.add_rows(rows)


async def test_groups_are_found_by_what_they_are(store: Store):
    portal = await a_portal(store)
    lead_pair = (RecordType.LEAD, RecordType.LEAD)
    groups = [a_group(0), a_group(1, size=9, responsibles=(7,)), a_group(2, pairs=frozenset({lead_pair}))]
    async with store.begin(portal.portal_id) as tx:
        run = await a_stored_audit(tx, groups)
        graded = Graded(0, Grade.LIKELY, NameGrade.PASSED_ON, 12, SharedKind.SEVERAL, Severity.ALARM)
        await tx.audits.grade_groups(run.run_id, [graded])
        await tx.audits.describe_members(run.run_id, {(0, a_contact(1)): "CALL"})
        await tx.audits.hand_over(run.run_id, 2, 8, NOON)

    async with store.read(portal.portal_id) as tx:
        wanted = {
            GroupFilter(least_size=3): [1],
            GroupFilter(responsible_id=7): [1],
            GroupFilter(concerns=7): [1],
            GroupFilter(concerns=8): [2],
            GroupFilter(pair=lead_pair): [2],
            GroupFilter(name_grade=NameGrade.PASSED_ON, grade=Grade.LIKELY): [0],
            GroupFilter(shared_kind=SharedKind.SEVERAL, severity=Severity.ALARM): [0],
            GroupFilter(change=Change.NEW): [],
        }
        found = {
            each: [
                group.group_no
                for group in await tx.audits.find_groups(run.run_id, each, GroupOrder.NUMBER, None, 9)
            ]
            for each in wanted
        }
        assert found == wanted
        assert await tx.audits.count_groups(run.run_id, GroupFilter(least_size=3)) == 1
        graded_group = await tx.audits.group(run.run_id, 0)
        assert graded_group is not None
        assert (graded_group.name_score, graded_group.chain) == (12, groups[0].chain)
        first, second = await tx.audits.members(run.run_id, [0])
        assert [replace(first, source=None), second] == members_of(groups[0])
        assert first.source == "CALL"
        assert await tx.audits.shared(run.run_id) == [a_shared_value()]
        assert await tx.audits.shared_of(run.run_id, 0) == [a_shared_value()]
        assert [hub.size for hub in await tx.audits.hubs(run.run_id)] == [51]


async def test_a_run_is_ordered_worked_on_finished_and_compared(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        first = await a_stored_audit(tx, [a_group(0, handed_to=7, due_at=NOON), a_group(1)])
        await tx.audits.set_state(first.run_id, AuditState.DONE, NOON)
        second = await a_stored_audit(tx, [a_group(0)])

        await tx.audits.begin(second, NOON + 1, first.run_id)
        progress = Progress(rows=9, groups=1, done=3, total=9, speed=2.0)
        await tx.audits.advance(second.run_id, AuditStage.NAMING, progress, {"named": 3}, NOON + 2)
        await tx.audits.note_changes(second.run_id, {0: Change.SAME}, previous=first.run_id, solved=[1])
        await tx.audits.save_numbers(second.run_id, {"records": 9}, NOON + 3)

    async with store.read(portal.portal_id) as tx:
        run = await tx.audits.get(second.run_id)
        assert run is not None
        assert (run.name, run.state, run.stage) == ("Весь портал", AuditState.RUNNING, AuditStage.NAMING)
        assert (run.started_at, run.previous_run_id) == (NOON + 1, first.run_id)
        assert (run.progress.left_s, run.checkpoint, run.numbers) == (3.0, {"named": 3}, {"records": 9})
        assert [each.run_id for each in await tx.audits.unfinished()] == [second.run_id]
        last = await tx.audits.last_done(WHOLE_PORTAL)
        assert last is not None and last.run_id == first.run_id
        assert await tx.audits.last_done({"types": ["lead"]}) is None
        solved = await tx.audits.find_groups(
            first.run_id, GroupFilter(is_solved=True), GroupOrder.NUMBER, None, 9
        )
        assert [group.group_no for group in solved] == [1]
        compared = await tx.audits.group(second.run_id, 0)
        assert compared is not None
        assert (compared.change, compared.handed_to, compared.due_at) == (Change.SAME, 7, NOON)


async def test_two_portals_see_their_own_audits_and_a_removed_run_leaves_nothing(store: Store):
    ours, theirs = await a_portal(store, "ours"), await a_portal(store, "theirs")
    async with store.begin(ours.portal_id) as tx:
        run = await a_stored_audit(tx)
        await tx.audits.order(an_order("Вторая"), NOON)

    async with store.read(theirs.portal_id) as tx:
        assert await tx.audits.get(run.run_id) is None
        assert await tx.audits.find_groups(run.run_id, GroupFilter(), GroupOrder.SIZE, None, 9) == []
    async with store.begin(ours.portal_id) as tx:
        await tx.audits.remove(run.run_id)
        assert [each.name for each in await tx.audits.latest(9)] == ["Вторая"]
        assert await tx.audits.members(run.run_id, [0]) == []
