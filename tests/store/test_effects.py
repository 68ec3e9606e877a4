"""Effects are planned once a key and change state once; enquiries are judged once; both belong to one portal."""

from b24app.store.database import Store
from b24app.store.effects import EffectState
from b24app.store.enquiries import EnquiryState
from tests.conftest import StillClock
from tests.store.builders import NOON, a_contact, a_portal

KEY = "enquiry:5:comment"


async def test_a_key_is_planned_once_in_each_portal(store: Store):
    portal, other = await a_portal(store), await a_portal(store, "other")

    async with store.begin(portal.portal_id) as tx:
        first = await tx.effects.plan(KEY, "comment", {"lead": 5}, lead_id=5)
        second = await tx.effects.plan(KEY, "comment", {"lead": 6}, lead_id=5)
        waiting = await tx.effects.open(10)
    async with store.begin(other.portal_id) as tx:
        elsewhere = await tx.effects.plan(KEY, "comment", {"lead": 5})
    async with store.begin_shared() as shared:
        to_act = await shared.portals_to_act()

    assert (first, second, elsewhere) == (True, False, True)
    assert [(effect.key, effect.payload, effect.state) for effect in waiting] == [
        (KEY, {"lead": 5}, EffectState.PLANNED)
    ]
    assert to_act == [portal.portal_id, other.portal_id]


async def test_only_one_of_two_workers_moves_an_effect(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.effects.plan(KEY, "comment", {"lead": 5}, lead_id=5)
        (effect,) = await tx.effects.open(10)

    async with store.begin(portal.portal_id) as tx:
        moves = [
            await tx.effects.move(effect.effect_id, EffectState.PLANNED, EffectState.DOING, at=NOON)
            for _ in range(2)
        ]
        await tx.effects.move(
            effect.effect_id, EffectState.DOING, EffectState.DONE, at=NOON, result={"comment": 9}
        )
        done = await tx.effects.get(effect.effect_id)
        left = await tx.effects.open(10)

    assert moves == [True, False]
    assert done is not None
    assert (done.state, done.result) == (EffectState.DONE, {"comment": 9})
    assert left == []


async def test_finished_effects_go_after_their_time_unless_an_enquiry_names_them(
    store: Store, clock: StillClock
):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.enquiries.plan([5], NOON)
        for key, lead_id in (("named", 5), ("unnamed", None), ("of a lead that is gone", 6), ("open", None)):
            await tx.effects.plan(key, "move", {}, lead_id=lead_id)
        for effect in (await tx.effects.open(10))[:3]:
            await tx.effects.move(effect.effect_id, EffectState.PLANNED, EffectState.DONE, at=clock.now())

    async with store.begin(portal.portal_id) as tx:
        await tx.effects.purge(clock.now() + 1)
        kept = [await tx.effects.of_leads([5]), await tx.effects.of_leads([6]), await tx.effects.open(10)]

    assert [[effect.key for effect in effects] for effects in kept] == [["named"], [], ["open"]]


async def test_a_lead_is_judged_once_and_a_young_one_that_repeats_nothing_once_more(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.enquiries.plan([5, 6, 7], NOON)
        await tx.enquiries.plan([5], NOON + 9)
        assert await tx.enquiries.waiting(10) == [5, 6, 7]

        judged = [
            await tx.enquiries.judge_repeat(5, a_contact(2), rule="phone", number=2, at=NOON)
            for _ in range(2)
        ]
        await tx.enquiries.judge_no_repeats([6, 7], NOON)
        await tx.enquiries.plan_again([5, 6], since=NOON)
        await tx.enquiries.plan_again([7], since=NOON + 1)
        waiting = await tx.enquiries.waiting(10)
        (repeat,) = await tx.enquiries.repeats(10)
        undone = [await tx.enquiries.undo(5), await tx.enquiries.undo(5), await tx.enquiries.undo(7)]
        (after,) = await tx.enquiries.repeats(10)
        is_undone = [await tx.enquiries.is_undone(5), await tx.enquiries.is_undone(7)]

    assert judged == [True, False]
    assert waiting == [6]
    assert (repeat.lead_id, repeat.original, repeat.rule, repeat.number) == (5, a_contact(2), "phone", 2)
    assert undone == [True, False, False]
    assert after.state is EnquiryState.UNDONE
    assert is_undone == [True, False]
