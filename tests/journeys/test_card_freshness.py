"""The tab while things change: new and altered records, lost and late events, an index that is still being built."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.users import Breadth, User
from tests.journeys.seen import SeenPage
from tests.journeys.town import ADMIN, Town, town

MANAGER = SHOWCASE.viewer_of_all
NO_DUPLICATES = "Дубликатов нет"
REQUESTS = 2


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=120) as built:
        await built.install()
        await built.work()
        yield built


async def see(acme: Town, word: str, record_id: int, user: int = MANAGER) -> SeenPage:
    """Open a tab; two requests to the portal are the most it may cost."""
    before = acme.portal.traffic.requests
    answer = await acme.open_card(user, word, record_id)
    assert acme.portal.traffic.requests - before <= REQUESTS
    return SeenPage(answer.text)


def a_lead(acme: Town, phone: str, **fields: object) -> int:
    return acme.portal.create("lead", {"TITLE": "Заявка", "PHONE": [{"VALUE": phone}], **fields}, by=MANAGER)


def set_phone(acme: Town, word: str, record_id: int, phone: str) -> None:
    record = acme.portal.crm.get(word, record_id)
    assert record is not None
    acme.portal.change(
        word, record_id, {"PHONE": [{"ID": record.values["PHONE"][0].id, "VALUE": phone}]}, by=MANAGER
    )


async def test_a_lead_of_a_second_ago_is_compared_before_its_event_arrives(acme: Town) -> None:
    fresh = a_lead(acme, "8 900 000 01 01")

    page = await see(acme, "lead", fresh)

    assert ("lead", SHOWCASE.lead) in page.matches()
    assert ("contact", SHOWCASE.contact) in page.matches()


async def test_a_lead_whose_event_was_lost_is_indexed_because_somebody_looked(acme: Town) -> None:
    known = a_lead(acme, "+7 900 000-77-01")
    await acme.deliver()
    lost = acme.portal.add_record("lead", {"TITLE": "Потерянная", "PHONE": [{"VALUE": "+79000007701"}]})

    before = await see(acme, "lead", known)
    await see(acme, "lead", lost)
    await acme.work()

    assert before.matches() == {}
    assert set((await see(acme, "lead", known)).matches()) == {("lead", lost)}


async def test_a_phone_changed_a_second_ago_counts_at_once(acme: Town) -> None:
    set_phone(acme, "lead", SHOWCASE.lead, "+7 900 000-77-02")
    other = acme.portal.add_record("lead", {"TITLE": "Новая", "PHONE": [{"VALUE": "+79000007702"}]})
    await see(acme, "lead", other)  # brings the other one into the inbox
    await acme.work()

    page = await see(acme, "lead", SHOWCASE.lead)

    assert ("lead", other) in page.matches()
    assert ("lead", SHOWCASE.other_spelling_lead) not in page.matches()
    assert "+7 900 000-01-01" not in page.text


async def test_a_match_that_has_just_changed_its_phone_is_no_match(acme: Town) -> None:
    set_phone(acme, "lead", SHOWCASE.other_spelling_lead, "+7 900 000-77-03")

    page = await see(acme, "lead", SHOWCASE.lead)

    assert ("lead", SHOWCASE.other_spelling_lead) not in page.matches()
    assert page.verdict == "Найдено 6 совпадений"


async def test_a_deleted_match_is_gone_before_its_event_arrives(acme: Town) -> None:
    acme.portal.delete("contact", SHOWCASE.contact, by=ADMIN)

    seen_by_admin, seen_by_manager = [
        await see(acme, "lead", SHOWCASE.lead, user) for user in (ADMIN, MANAGER)
    ]
    await acme.deliver()

    for page in (seen_by_admin, seen_by_manager, await see(acme, "lead", SHOWCASE.lead)):
        assert ("contact", SHOWCASE.contact) not in page.refs
        assert page.verdict == "Найдено 6 совпадений"


async def test_a_deleted_record_and_one_that_never_was_get_the_same_refusal(acme: Town) -> None:
    acme.portal.delete("lead", SHOWCASE.lead, by=ADMIN)

    answers = [await acme.open_card(MANAGER, "lead", number) for number in (SHOWCASE.lead, 999_999)]

    assert [SeenPage(answer.text).refusal for answer in answers] == ["no_access"] * 2
    assert answers[0].text == answers[1].text


async def test_an_unsaved_record_is_no_failure(acme: Town) -> None:
    before = acme.portal.traffic.requests

    answers = [
        await acme.open(MANAGER, f"CRM_{word}_DETAIL_TAB", record_id)
        for word in ("LEAD", "CONTACT", "COMPANY", "DEAL")
        for record_id in (None, 0)
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert {SeenPage(answer.text).refusal for answer in answers} == {"unsaved"}
    assert acme.portal.traffic.requests == before


async def test_checking_again_finds_what_came_meanwhile(acme: Town) -> None:
    first = a_lead(acme, "+7 900 000-77-04")
    await acme.deliver()
    page = await see(acme, "lead", first)
    second = a_lead(acme, "+7 900 000-77-04")
    await acme.deliver()

    answer = await acme.browser.post(acme.address + "widget/check", data={"page_token": page.token})

    assert page.verdict == NO_DUPLICATES
    assert set(SeenPage(answer.text).matches()) == {("lead", second)}


async def test_waiting_changes_are_told_and_no_duplicates_is_not_said(acme: Town) -> None:
    first = a_lead(acme, "+7 900 000-77-05")
    await acme.deliver()
    a_lead(acme, "+7 900 000-77-05")
    await acme.portal.events.deliver_all()  # taken in, and not worked off

    page = await see(acme, "lead", first)

    assert page.verdict == "Пока ничего не найдено"
    assert "Ждёт обработки 1 изменённая запись" in page.text
    assert NO_DUPLICATES not in page.text


async def test_before_and_while_the_index_is_built_the_card_answers_and_says_so(
    database_url: str, tmp_path: Path
) -> None:
    async with town(database_url, tmp_path, size=120) as acme:
        twins = [
            acme.portal.add_record("lead", {"TITLE": "Т", "PHONE": [{"VALUE": "+79000007706"}]}) for _ in "ab"
        ]
        await acme.install()

        before = await see(acme, "lead", twins[0])
        silent = await see(acme, "lead", acme.portal.add_record("lead", {"TITLE": "Пусто"}))
        indexing = asyncio.create_task(acme.work())
        verdicts = set()
        while not indexing.done():
            answer = await acme.open_card(MANAGER, "lead", twins[0])
            verdicts.add(SeenPage(answer.text).verdict)
        await indexing
        after = await see(acme, "lead", twins[0])

    assert before.verdict == "Пока ничего не найдено"
    assert "Индекс ещё сверяется с порталом" in before.text or "Индекс строится" in before.text
    assert silent.verdict == "Сравнивать нечего"
    assert verdicts <= {"Пока ничего не найдено", "Найдено 1 совпадение"}
    assert set(after.matches()) == {("lead", twins[1])}


async def test_an_indexing_that_stopped_half_way_is_never_called_complete(
    database_url: str, tmp_path: Path
) -> None:
    async with town(database_url, tmp_path, size=120) as acme:
        lonely = acme.portal.add_record("lead", {"TITLE": "Т", "PHONE": [{"VALUE": "+79000007707"}]})
        await acme.install()
        acme.portal.users.add(User(id=ADMIN, rights={"lead": Breadth.ALL}))  # no administrator any more
        await acme.work()

        page = await see(acme, "lead", lonely)

    assert page.verdict == "Пока ничего не найдено"
    assert "Индекс полон" not in page.text
