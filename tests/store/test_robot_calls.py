"""Robots' calls are kept once a token until answered; what a robot rewrote is kept until nobody may undo it."""

import asyncpg

from b24app.store.address import libpq_dsn
from b24app.store.database import Store
from b24app.store.phone_fixes import FixedPhone
from b24app.store.robot_calls import CallState, Ending
from tests.store.builders import NOON, a_contact, a_lead, a_portal, a_robot_call

PHONES = [FixedPhone(7, "WORK", "8 (900) 555-01-02", "+79005550102")]


async def test_a_token_that_comes_twice_is_one_call(store: Store):
    portal = await a_portal(store)

    async with store.begin(portal.portal_id) as tx:
        first = await tx.robot_calls.put(a_robot_call(1))
        second = await tx.robot_calls.put(a_robot_call(1, document_id=99))

        assert (first, second) == (True, False)
        assert await tx.robot_calls.waiting(9) == [a_robot_call(1)]


async def test_calls_wait_in_their_order_until_they_end(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        for number in (3, 1, 2):
            await tx.robot_calls.put(a_robot_call(number))

    async with store.begin(portal.portal_id) as tx:
        await tx.robot_calls.note_sent([b"1", b"2"], NOON + 9)
        await tx.robot_calls.finish(
            [Ending(b"1", CallState.ANSWERED, None), Ending(b"3", CallState.TOO_LATE, "too_late")], NOON + 10
        )

    async with store.read(portal.portal_id) as tx:
        assert await tx.robot_calls.waiting(9) == [a_robot_call(2, sent_at=NOON + 9)]
        assert [ending.state for ending in await tx.robot_calls.endings()] == ["answered", "too_late"]
    async with store.begin_shared() as shared:
        assert await shared.called_portals() == [portal.portal_id]


async def test_old_calls_and_old_fixes_are_thrown_away(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.robot_calls.put(a_robot_call(1))
        await tx.robot_calls.put(a_robot_call(45))
        await tx.robot_calls.finish([Ending(b"1", CallState.ANSWERED, None)], NOON)
        await tx.phone_fixes.plan(b"1", a_lead(1), PHONES, unchanged=0, invalid=0, at=NOON)
        await tx.phone_fixes.plan(b"2", a_lead(1), PHONES, unchanged=0, invalid=0, at=NOON + 60)

        await tx.robot_calls.purge(NOON + 30)
        await tx.phone_fixes.purge(NOON + 30)

        assert await tx.robot_calls.endings() == []
        assert len(await tx.robot_calls.waiting(9)) == 1
        assert await tx.phone_fixes.of_call(b"1") == []
        assert len(await tx.phone_fixes.of_call(b"2")) == 1


async def test_the_plan_made_first_for_a_call_stands(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        first = await tx.phone_fixes.plan(b"1", a_lead(1), PHONES, unchanged=2, invalid=1, at=NOON)
        await tx.phone_fixes.plan(b"1", a_contact(1), [], unchanged=0, invalid=0, at=NOON)

        again = await tx.phone_fixes.plan(b"1", a_lead(1), [], unchanged=3, invalid=0, at=NOON + 1)

        assert again == first
        assert (again.phones, again.unchanged, again.invalid) == (tuple(PHONES), 2, 1)


async def test_what_was_written_is_listed_newest_first_with_who_took_it_back(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        planned = [
            await tx.phone_fixes.plan(bytes([n]), a_lead(n), PHONES, unchanged=0, invalid=0, at=NOON)
            for n in (1, 2, 3)
        ]
        await tx.phone_fixes.drop(planned[2].fix_id)
        await tx.phone_fixes.mark_undone(planned[0].fix_id, 5, NOON + 2)

        listed = await tx.phone_fixes.recent(9)

        assert [(fix.ref, fix.undone_by, fix.undone_at) for fix in listed] == [
            (a_lead(2), None, None),
            (a_lead(1), 5, NOON + 2),
        ]
        assert await tx.phone_fixes.get(planned[1].fix_id) == planned[1]


async def test_neither_token_nor_phone_can_be_read_in_the_tables(store: Store, database_url: str):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.robot_calls.put(a_robot_call(1))
        await tx.phone_fixes.plan(b"1", a_lead(1), PHONES, unchanged=0, invalid=0, at=NOON)

    connection = await asyncpg.connect(libpq_dsn(database_url))
    rows = [
        *await connection.fetch("SELECT * FROM robot_call"),
        *await connection.fetch("SELECT * FROM phone_fix"),
    ]
    await connection.close()

    text = repr([dict(row) for row in rows])
    for secret in ("token 1", "555-01-02", "5550102"):  # no shorter: what is sealed is made of any signs
        assert secret not in text
