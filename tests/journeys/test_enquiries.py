"""A client writes again: the earlier record hears of it, the new lead is put where it belongs, each thing once."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from b24app.sandbox.events import DeliveryPlan
from b24app.sandbox.faults import Fault, FaultKind
from b24app.services.effects import EffectKind, plan_effect
from b24app.services.enquiries.rules import OPTION
from b24app.services.writeback.carry_out import NotYet
from b24app.store.effects import EffectState
from tests.journeys.enquiry_town import (
    KEEPER,
    MANAGER,
    TravelClock,
    a_client,
    a_new_lead,
    act,
    effects_of,
    hear,
    lead_stands,
    page_of,
    pass_time,
    phone,
    set_enquiry_rules,
    texts,
    try_again,
)
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL_ACTIONS = {"is_on": True, "move": True, "move_to": "IN_PROCESS", "assign": True}
KINDS = ["comment", "task", "link", "assign", "move"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder: Path = tmp_path_factory.mktemp("enquiries")
    async with installed_town(template_url, folder, size=20, clock=TravelClock()) as built:
        yield built


@pytest_asyncio.fixture(loop_scope="module")
async def acme(shared: Town) -> AsyncIterator[Town]:
    await set_enquiry_rules(shared, **ALL_ACTIONS)
    pass_time(shared, 300)  # so that no story pays for the requests of those before
    yield shared
    shared.portal.faults.clear()
    shared.portal.events.follow(DeliveryPlan())


async def test_a_repeat_enquiry_reaches_the_client_s_card_and_moves_the_lead_once(acme: Town):
    contact = a_client(acme, "9005550101")
    lead = a_new_lead(
        acme,
        "9005550101",
        UTM_SOURCE="yandex",
        COMMENTS="Хочу <b>ещё</b> [URL=https://x.example]два[/URL] окна",
    )

    for _ in range(2):
        await hear(acme)

    (text,) = texts(acme, contact)
    (task,) = acme.portal.tasks.bound_to(f"C_{contact}")
    assert [effect.kind for effect in await effects_of(acme, lead)] == KINDS
    assert {effect.state for effect in await effects_of(acme, lead)} == {EffectState.DONE}
    for part in ("Повторное обращение № 1", "Веб-сайт", "utm_source=yandex", "Звонок", "Успешных: 1", "Хочу"):
        assert part in text
    assert f"/crm/lead/details/{lead}/" in text
    assert "[URL" not in text
    assert "<b>" not in text
    assert re.search(r"Время: \d\d\.\d\d\.\d{4} \d\d:\d\d \(UTC\+03:00\)", text)  # read in other zones, too
    assert task.fields["DEADLINE"]
    assert (task.fields["RESPONSIBLE_ID"], task.fields["UF_CRM_TASK"]) == (
        KEEPER,
        [f"C_{contact}", f"L_{lead}"],
    )
    assert lead_stands(acme, lead) == ("IN_PROCESS", KEEPER, [contact])


async def test_a_task_in_no_days_has_no_deadline_and_is_never_overdue(acme: Town):
    await set_enquiry_rules(acme, **ALL_ACTIONS, task_days=0)
    contact = a_client(acme, "9005550102")
    a_new_lead(acme, "9005550102")

    await hear(acme)

    (task,) = acme.portal.tasks.bound_to(f"C_{contact}")
    assert not task.fields.get("DEADLINE")


async def test_a_lead_that_the_portal_has_linked_to_its_client_is_a_repeat_all_the_same(acme: Town):
    contact = acme.portal.create("contact", {"NAME": "Пётр", **phone("+79005550901")}, by=KEEPER)
    pass_time(acme, 60)
    lead = a_new_lead(acme, "9005550901", CONTACT_ID=contact)

    await hear(acme)

    assert len(texts(acme, contact)) == 1
    assert "link" not in {effect.kind for effect in await effects_of(acme, lead)}


@pytest.mark.parametrize(
    ("number", "method"),
    [
        ("9005550201", "crm.timeline.comment.add"),
        ("9005550202", "tasks.task.add"),
        ("9005550203", "crm.lead.update"),
    ],
)
async def test_an_answer_that_was_lost_is_looked_for_and_nothing_is_done_twice(
    acme: Town, number: str, method: str
):
    contact, lead = a_client(acme, number), a_new_lead(acme, number)
    acme.portal.faults.add(Fault(FaultKind.RESET_AFTER, methods=frozenset({method})))
    await hear(acme)
    doubtful = [effect.kind for effect in await effects_of(acme, lead) if effect.state is EffectState.DOING]

    with pytest.raises(NotYet):
        await try_again(acme)
    pass_time(acme, 250)
    await try_again(acme)

    assert len(doubtful) == 1
    assert {effect.state for effect in await effects_of(acme, lead)} == {EffectState.DONE}
    assert (len(texts(acme, contact)), len(acme.portal.tasks.bound_to(f"C_{contact}"))) == (1, 1)
    assert lead_stands(acme, lead) == ("IN_PROCESS", KEEPER, [contact])


async def test_what_never_reached_the_portal_is_done_after_all(acme: Town):
    contact, lead = a_client(acme, "9005550301"), a_new_lead(acme, "9005550301")
    acme.portal.faults.add(Fault(FaultKind.RESET, methods=frozenset({"crm.timeline.comment.add"})))
    await hear(acme)
    assert texts(acme, contact) == []

    pass_time(acme, 250)
    await try_again(acme)

    assert len(texts(acme, contact)) == 1
    assert {effect.state for effect in await effects_of(acme, lead)} == {EffectState.DONE}


async def test_what_leaves_no_trace_is_never_done_a_second_time(acme: Town):
    portal_id = (await acme.known()).portal_id
    async with acme.house.runtime.store.begin(portal_id) as tx:
        await plan_effect(tx, "trigger:lost", EffectKind.TRIGGER, {"ref": "lead:101"}, lead_id=101)
        (effect,) = await tx.effects.of_leads([101])
        await tx.effects.move(
            effect.effect_id, EffectState.PLANNED, EffectState.DOING, at=acme.house.runtime.clock.now()
        )  # as a worker leaves it that dies here
    acme.portal.traffic.reset()

    pass_time(acme, 250)
    await try_again(acme)

    assert [effect.state for effect in await effects_of(acme, 101)] == [EffectState.UNSURE]
    assert acme.portal.traffic.requests == 0


async def test_of_two_leads_at_once_the_later_one_is_the_repeat_whichever_is_told_of_first(acme: Town):
    acme.portal.events.follow(DeliveryPlan(lost=1.0))
    first = a_new_lead(acme, "9005550401")
    acme.portal.events.follow(DeliveryPlan(doubled=1.0))
    second = a_new_lead(acme, "9005550401")

    await hear(acme)
    assert await effects_of(acme, second) == []
    for lead in (first, second, first):
        acme.portal.touch("lead", lead, by=MANAGER)
        await hear(acme)

    assert await effects_of(acme, first) == []
    assert {effect.payload.get("original") for effect in await effects_of(acme, second)} >= {f"lead:{first}"}
    assert len(acme.portal.timeline.of("lead", first)) == 1
    assert acme.portal.timeline.of("lead", second) == []


async def test_a_portal_without_tasks_keeps_the_rest(acme: Town):
    contact, lead = a_client(acme, "9005550501"), a_new_lead(acme, "9005550501")
    app = acme.portal.the_app()
    scopes, app.scopes = app.scopes, tuple(scope for scope in app.scopes if scope != "task")

    await hear(acme)

    app.scopes = scopes
    states = {effect.kind: (effect.state, effect.reason) for effect in await effects_of(acme, lead)}
    assert states.pop("task") == (EffectState.REFUSED, "scope_missing")
    assert set(states.values()) == {(EffectState.DONE, None)}
    assert len(texts(acme, contact)) == 1


async def test_undo_restores_the_portal_and_leaves_what_others_changed(acme: Town):
    contact, lead = a_client(acme, "9005550601"), a_new_lead(acme, "9005550601")
    await hear(acme)
    acme.portal.change("lead", lead, {"ASSIGNED_BY_ID": 7}, by=MANAGER)  # whose choice is not ours to undo
    page = await page_of(acme)
    assert f"/crm/lead/details/{lead}/" in page.text
    assert f"/crm/contact/details/{contact}/" in page.text

    undone = await act(acme, "undo", page, lead_id=lead)
    again = await act(acme, "undo", undone, lead_id=lead)

    assert (undone.status_code, again.status_code) == (200, 200)
    assert {effect.state for effect in await effects_of(acme, lead)} == {EffectState.UNDONE}
    assert (texts(acme, contact), acme.portal.tasks.bound_to(f"C_{contact}")) == ([], [])
    assert lead_stands(acme, lead) == ("NEW", 7, [])
    assert acme.portal.crm.get("contact", contact) is not None
    assert acme.portal.crm.get("lead", lead) is not None
    await hear(acme)
    assert texts(acme, contact) == []


async def test_what_is_under_way_when_it_is_undone_is_taken_back_afterwards(acme: Town):
    contact, lead = a_client(acme, "9005550801"), a_new_lead(acme, "9005550801")
    await hear(acme)
    await acme.rows(
        "UPDATE effect SET state = 'doing', result = '{}' WHERE kind = 'comment' AND lead_id = $1 /* all portals */",
        lead,
    )
    await act(acme, "undo", await page_of(acme), lead_id=lead)
    assert len(texts(acme, contact)) == 1

    pass_time(acme, 250)
    for _ in range(2):
        await try_again(acme)

    assert texts(acme, contact) == []
    assert {effect.state for effect in await effects_of(acme, lead)} == {EffectState.UNDONE}


async def test_one_action_is_undone_alone_and_a_busy_portal_is_asked_later(acme: Town):
    contact, lead = a_client(acme, "9005550701"), a_new_lead(acme, "9005550701")
    await hear(acme)
    (comment,) = [effect for effect in await effects_of(acme, lead) if effect.kind == "comment"]
    page = await page_of(acme)
    acme.portal.faults.add(Fault(FaultKind.TIME_LIMIT, methods=frozenset({"crm.timeline.comment.delete"})))

    answer = await act(acme, "undo-effect", page, effect_id=comment.effect_id)
    waiting = (await effects_of(acme, lead))[0].state
    pass_time(acme, 700)
    await try_again(acme)

    assert answer.status_code == 200
    assert waiting is EffectState.UNDOING
    assert texts(acme, contact) == []
    assert [effect.state for effect in await effects_of(acme, lead)] == [
        EffectState.UNDONE,
        *[EffectState.DONE] * 4,
    ]
    assert {"carry_out_effects", "retry_effects"} & {job.task_name for job in await acme.jobs("todo")}


async def test_rules_are_an_administrators_and_must_name_what_counts(acme: Town):
    page = await page_of(acme)
    form = {"look_back_days": "30", "task_days": "2", "by[]": "phone", "is_on": "1"}

    refused = await act(acme, "rules", page, **form)
    stranger = await act(
        acme, "rules", refused, **form, **{"originals[]": "won", "actions[]": "move", "move_to": "NO"}
    )
    saved = await act(acme, "rules", stranger, **form, **{"originals[]": "won", "actions[]": "comment"})
    foreign = await act(acme, "rules", await acme.open(MANAGER, "DEFAULT"), **form, **{"originals[]": "lost"})

    assert [one.status_code for one in (refused, stranger, saved, foreign)] == [422, 422, 200, 403]
    assert "Выберите хотя бы один вид карточек" in refused.text
    assert "Такой стадии больше нет" in stranger.text
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        kept = await tx.options.get(OPTION)
        (entry,) = await tx.journal.recent(1)
    assert kept is not None
    assert (kept["originals"], kept["by"], kept["task"], kept["look_back_days"]) == (
        ["won"],
        ["phone"],
        False,
        30,
    )
    assert (entry.what, entry.user_id) == ("enquiry", ADMIN)
