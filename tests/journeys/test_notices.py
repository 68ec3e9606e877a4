"""A changed outcome is told as the administrator wants it: by triggers, notes, notifications and webhooks; once."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from b24app.dedupe.record import RecordRef, RecordType
from b24app.sandbox.events import DeliveryPlan
from b24app.sandbox.timeline import Comment
from b24app.services.notices.options import OPTION
from b24app.services.portal.parts import Part, parts_off
from tests.journeys.seen import SeenPage
from tests.journeys.shared_town import installed_town
from tests.journeys.test_decisions import TravelClock
from tests.journeys.test_trust import act
from tests.journeys.town import ADMIN, Town, token_of
from tests.receiver import receiver

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANAGER, KEEPER = 3, 5
LEAD, DEAL = 1, 2
EVERYTHING = {
    "note": ["duplicate_found", "duplicate_gone", "shared_found", "repeat"],
    "notify": ["repeat"],
    "trigger": ["duplicate_found", "duplicate_gone", "shared_found"],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder: Path = tmp_path_factory.mktemp("notices")
    async with installed_town(template_url, folder, size=10, clock=TravelClock()) as built:
        yield built


@pytest_asyncio.fixture(loop_scope="module")
async def acme(shared: Town) -> AsyncIterator[Town]:
    pass_time(shared, 60)  # the portal's limits have room again
    await want(shared, **EVERYTHING)
    shared.portal.triggered.clear()
    shared.portal.bell.all.clear()
    yield shared


async def want(acme: Town, **options: object) -> None:
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
        await tx.options.put(OPTION, options)


def pass_time(acme: Town, seconds: float) -> None:
    acme.house.runtime.clock.ahead_s += seconds  # type: ignore[attr-defined]


@contextmanager
def every_event_twice(acme: Town) -> Iterator[None]:
    """Raise every event of the block twice, in any order."""
    acme.portal.events.follow(DeliveryPlan(doubled=1.0, is_shuffled=True))
    yield
    acme.portal.events.follow(DeliveryPlan())


def phone(number: str) -> dict[str, list[dict[str, str]]]:
    return {"PHONE": [{"VALUE": number, "VALUE_TYPE": "WORK"}]}


def a_record(acme: Town, word: str, number: str, responsible: int = MANAGER, **fields: object) -> int:
    named = {"TITLE": "Заявка"} if word != "contact" else {"NAME": "Вера", "LAST_NAME": "Лугова"}
    told = {**named, "ASSIGNED_BY_ID": responsible, **phone(number), **fields}
    return acme.portal.create(word, told, by=responsible)  # type: ignore[arg-type]


def change_phone(acme: Town, word: str, record_id: int, number: str) -> None:
    (before,) = acme.portal.crm.get(word, record_id).values["PHONE"]  # type: ignore[union-attr]
    acme.portal.change(word, record_id, {"PHONE": [{"ID": before.id, "VALUE": number}]}, by=MANAGER)


def notes(acme: Town, word: str, record_id: int) -> list[Comment]:
    return acme.portal.timeline.of(word, record_id)


def personal(acme: Town, text: str) -> list[str]:
    """Return what a text gives away; the portal's address aside, whose port may have any digits."""
    return re.findall(r"926|Вера|Лугова", text.replace(acme.portal.base_url, ""))


async def test_a_duplicate_fires_its_trigger_once_and_its_going_another(acme: Town):
    first = a_record(acme, "lead", "+79260000101")
    with every_event_twice(acme):
        second = a_record(acme, "lead", "8 (926) 000-01-01")
    await acme.deliver()

    assert sorted(acme.portal.triggered) == [
        ("duplicate_found", LEAD, first),
        ("duplicate_found", LEAD, second),
    ]

    acme.portal.triggered.clear()
    change_phone(acme, "lead", second, "+79260000199")
    await acme.deliver()
    acme.portal.change("lead", second, {"TITLE": "Другое название"}, by=MANAGER)
    await acme.deliver()

    assert sorted(acme.portal.triggered) == [
        ("duplicate_gone", LEAD, first),
        ("duplicate_gone", LEAD, second),
    ]


async def test_open_deals_of_a_client_hear_of_it_each_once(acme: Town):
    contact = a_record(acme, "contact", "+79260000201")
    company = a_record(acme, "company", "+79260000202")
    links = {"CONTACT_ID": contact, "COMPANY_ID": company}
    deal = acme.portal.create("deal", {"TITLE": "Поставка", **links}, by=MANAGER)
    acme.portal.create("deal", {"TITLE": "Старая", "CLOSED": "Y", **links}, by=MANAGER)
    await acme.deliver()

    change_phone(acme, "company", company, "+79260000201")
    await acme.deliver()

    assert acme.portal.triggered == [("shared_found", DEAL, deal)], (
        "contact and company changed at one moment"
    )


async def test_a_card_has_one_pinned_note_kept_up_to_date(acme: Town):
    first = a_record(acme, "lead", "+79260000301")
    second = a_record(acme, "contact", "+79260000301")
    await acme.deliver()
    (noted,) = notes(acme, "lead", first)
    text = noted.text
    third = a_record(acme, "company", "+79260000301")
    await acme.deliver()

    (changed,) = notes(acme, "lead", first)
    assert (changed.id, changed.is_pinned) == (noted.id, True)
    assert "Найдены дубликаты: 1 контакт." in text
    assert f"[URL={acme.portal.base_url}/crm/contact/details/{second}/]Контакт № {second}[/URL]" in text
    assert "Найдены дубликаты: 1 контакт, 1 компания." in changed.text
    assert f"Компания № {third}" in changed.text
    assert personal(acme, changed.text) == []

    for word, record_id in (("contact", second), ("company", third)):
        change_phone(acme, word, record_id, f"+7926000039{record_id % 10}")
    await acme.deliver()

    (emptied,) = notes(acme, "lead", first)
    assert emptied.id == noted.id
    assert emptied.text.startswith("Дубликатов больше нет.")


async def test_a_note_deleted_by_a_person_comes_back_with_the_next_change_alone(acme: Town):
    first, second = (a_record(acme, "lead", "+79260000401") for _ in range(2))
    await acme.deliver()
    acme.portal.timeline.remove(notes(acme, "lead", first)[0].id)

    acme.portal.change("lead", first, {"TITLE": "Другое название"}, by=MANAGER)
    await acme.deliver()
    after_nothing = len(notes(acme, "lead", first))
    a_record(acme, "lead", "+79260000401")
    await acme.deliver()

    assert after_nothing == 0
    assert len(notes(acme, "lead", first)) == 1
    assert len(notes(acme, "lead", second)) == 1


async def test_a_note_whose_id_was_lost_is_found_by_its_mark_and_gone_with_its_reason(acme: Town):
    first, second = (a_record(acme, "lead", "+79260000501") for _ in range(2))
    await acme.deliver()
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
        for lead in (first, second):
            await tx.notes.forget(RecordRef(RecordType.LEAD, lead))

    a_record(acme, "lead", "+79260000501")
    await acme.deliver()
    kept = [len(notes(acme, "lead", lead)) for lead in (first, second)]
    await want(acme, note=["duplicate_found"], notify=[], trigger=[])
    change_phone(acme, "lead", second, "+79260000599")
    await acme.deliver()

    assert kept == [1, 1]
    assert notes(acme, "lead", second) == []


async def test_the_keeper_of_a_client_hears_that_he_writes_to_a_colleague(acme: Town):
    contact = a_record(acme, "contact", "+79260000601", responsible=KEEPER)
    a_record(acme, "contact", "+79260000602", responsible=MANAGER)
    pass_time(acme, 60)
    with every_event_twice(acme):
        lead = a_record(acme, "lead", "+79260000601", responsible=MANAGER)
        a_record(acme, "lead", "+79260000602", responsible=MANAGER)
    await acme.deliver()
    acme.portal.change("lead", lead, {"TITLE": "Ещё раз"}, by=MANAGER)
    await acme.deliver()

    (rung,) = acme.portal.bell.all
    assert (rung.user_id, rung.author_id) == (KEEPER, None)
    assert f"/crm/contact/details/{contact}/" in rung.text
    assert f"/crm/lead/details/{lead}/" in rung.text
    assert personal(acme, rung.text) == []


async def test_webhooks_are_told_of_changes_with_ids_alone(acme: Town):
    async with receiver() as listener:
        async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
            hook = await tx.webhooks.add(
                listener.url, "b24s_secret", ["outcome.changed", "enquiry.repeat"], created_by=ADMIN, at=0.0
            )
            await tx.options.put("enquiry", {"is_on": True, "comment": False, "task": False, "link": False})
        first = a_record(acme, "lead", "+79260000701")
        await acme.deliver()
        pass_time(acme, 60)
        told_of_one = len(listener.told)
        with every_event_twice(acme):
            second = a_record(acme, "lead", "+79260000701")
        await acme.deliver()
        async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
            await tx.webhooks.remove(hook)
            await tx.options.put("enquiry", {})

    assert told_of_one == 0, "a new record that matches nobody is no news"
    told = {one.json["record"]["id"]: one.json for one in listener.told if "changed" in one.json["kind"]}
    (repeat,) = [one.json for one in listener.told if one.json["kind"] == "enquiry.repeat"]
    assert (len(listener.told), set(told)) == (3, {first, second})
    assert (repeat["record"]["id"], repeat["matches"]) == (second, [{"type": "lead", "id": first}])
    assert told[first]["matches"] == [{"type": "lead", "id": second}]
    assert (told[second]["status"], told[second]["grade"]) == ("duplicate", "exact")
    assert told[second]["portal"] == acme.portal.member_id


async def test_without_wishes_only_triggers_fire(acme: Town):
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
        await tx.options.put(OPTION, {})
    contact = a_record(acme, "contact", "+79260000801", responsible=KEEPER)
    lead = a_record(acme, "lead", "+79260000801", responsible=MANAGER)
    await acme.deliver()

    assert acme.portal.triggered == [("duplicate_found", LEAD, lead)]
    assert acme.portal.bell.all == []
    assert notes(acme, "lead", lead) == notes(acme, "contact", contact) == []


async def test_an_administrator_chooses_what_is_told_and_the_journal_says_so(acme: Town):
    page = SeenPage((await act(acme, "automation", token_of((await acme.open(ADMIN, "DEFAULT")).text))).text)
    before = page.form("/notices")
    chosen = {"note[]": "repeat", "trigger[]": "duplicate_found"}

    saved = await act(acme, "notices", page.token, **chosen)
    replayed = await act(acme, "notices", page.token, **chosen)
    odd = await act(acme, "notices", token_of(saved.text), **{"trigger[]": "repeat"})
    of_manager = token_of((await acme.open(MANAGER, "DEFAULT")).text)
    foreign = await act(acme, "notices", of_manager, **chosen)

    assert [saved.status_code, replayed.status_code, odd.status_code, foreign.status_code] == [
        200,
        409,
        400,
        403,
    ]
    assert {name: sorted(kinds) for name, kinds in before.items() if name.endswith("[]")} == {
        f"{means}[]": sorted(kinds) for means, kinds in EVERYTHING.items()
    }
    kept = SeenPage(saved.text).form("/notices")
    assert {name: kinds for name, kinds in kept.items() if name.endswith("[]")} == {
        "note[]": ["repeat"],
        "trigger[]": ["duplicate_found"],
    }
    assert "Уведомления и триггеры" in (await acme.open(ADMIN, "DEFAULT")).text


async def test_a_trigger_the_portal_does_not_know_and_a_full_pin_board_stop_nothing_else(acme: Town):
    first, second = (a_record(acme, "lead", "+79260000951") for _ in range(2))
    for number in range(3):
        text = f"Закреплено {number}"
        acme.portal.timeline.pin(acme.portal.timeline.add("lead", first, text, author_id=MANAGER, now=0.0))
    known = acme.portal.the_app().registrations.triggers
    kept = dict(known)
    known.clear()

    await acme.deliver()
    known.update(kept)
    async with acme.house.runtime.store.read((await acme.known()).portal_id) as tx:
        off = await parts_off(tx)

    ours = [note for note in notes(acme, "lead", first) if "Найдены дубликаты" in note.text]
    assert [note.is_pinned for note in ours] == [False]
    assert [note.is_pinned for note in notes(acme, "lead", second)] == [True]
    assert acme.portal.triggered == []
    assert set(off) == {Part.TRIGGERS}
