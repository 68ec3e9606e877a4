"""The administrator changes the rules: the form, its mistakes, the journal, and what each rule does to the cards."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from b24app.dedupe.rules import RuleSet
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.people import SHOWCASE
from b24app.services.indexing.sync import index_portal
from tests.journeys.seen import Ref, SeenPage
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANAGER = SHOWCASE.viewer_of_all
LEAD: Ref = ("lead", SHOWCASE.lead)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town_of_file(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("settings"), size=150) as built:
        yield built


@pytest_asyncio.fixture(loop_scope="module")
async def acme(town_of_file: Town) -> Town:
    """The town with the rules it began with."""
    if (await town_of_file.known()).rules != RuleSet().to_dict():
        await town_of_file.set_rules(**RuleSet().to_dict())
    return town_of_file


async def app_page(acme: Town, user: int = ADMIN) -> SeenPage:
    return SeenPage((await acme.open(user, "DEFAULT")).text)


async def save(acme: Town, **changed: object) -> httpx.Response:
    """Send the form that the page shows, with some fields changed; None is a box that was unticked."""
    fields = (await app_page(acme)).form("/settings") | changed
    sent = {name: value for name, value in fields.items() if value is not None}
    return await acme.browser.post(acme.address + "settings", data=sent)


async def see(acme: Town, ref: Ref = LEAD, user: int = MANAGER) -> SeenPage:
    return SeenPage((await acme.open_card(user, *ref)).text)


async def saved(acme: Town, **changed: object) -> SeenPage:
    answer = await save(acme, **changed)
    assert answer.status_code == 200, SeenPage(answer.text).text
    await acme.work()
    return SeenPage(answer.text)


async def journal(acme: Town) -> int:
    return len(await acme.rows("SELECT 1 FROM journal"))


async def test_the_app_page_shows_the_index_and_the_rules_to_the_administrator(acme: Town) -> None:
    page = await app_page(acme)

    assert page.verdict == "Индекс построен и обновляется сам"
    assert {name: page.field(name) for name in ("region", "types[]", "hub_limit", "least_grade", "reveal")} == {
        "region": "RU", "types[]": "lead\ncontact\ncompany", "hub_limit": "50", "least_grade": "weak",
        "reveal": "responsible",
    }  # fmt: skip
    leads, contacts, companies = (
        len(acme.portal.crm.tables[word]) for word in ("lead", "contact", "company")
    )
    assert f"Лиды{leads} Контакты{contacts} Компании{companies}" in page.text


async def test_only_an_administrator_sees_or_changes_the_rules(acme: Town) -> None:
    before = await journal(acme)
    page, form = await app_page(acme, MANAGER), (await app_page(acme)).form("/settings")
    form |= {"hub_limit": ["7"], "user_id": ["1"], "is_admin": ["1"]}
    token = (await see(acme)).token  # the page of a card is the only one that gives a manager a token

    forged = await acme.browser.post(acme.address + "settings", data=form | {"page_token": token})

    assert "Итоги, правила поиска и журнал их изменений видит администратор портала" in page.text
    assert page.form("/settings") == {}
    assert forged.status_code == 403
    assert SeenPage(forged.text).refusal == "not_admin_settings"
    assert (await app_page(acme)).field("hub_limit") == "50"
    assert await journal(acme) == before


async def test_a_spent_page_token_saves_nothing(acme: Town) -> None:
    form = (await app_page(acme)).form("/settings")
    forms = [form | {"hub_limit": limit} for limit in ("60", "70")]

    answers = [await acme.browser.post(acme.address + "settings", data=form) for form in forms]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert (await app_page(acme)).field("hub_limit") == "60"


async def test_every_change_is_in_the_journal_with_the_name_the_portal_tells(acme: Town) -> None:
    before = await journal(acme)

    page = await saved(
        acme, hub_limit="77", reveal="exists", stop_list="+7 900 000-01-01", include_closed=None
    )

    assert await journal(acme) == before + 4
    assert "Правила сохранены" in page.text
    for line in (
        "Виктор Берестов Номер общий, если записей больше 50 77",
        "Виктор Берестов Если запись менеджеру недоступна Показать ещё и ответственного Показать, что совпадение есть",
        "Виктор Берестов Стоп-лист пусто +7 900 000-01-01",
        "Виктор Берестов Завершённые лиды да нет",
    ):
        assert line in page.text


async def test_nobody_overwrites_rules_that_he_has_not_seen(acme: Town) -> None:
    early = (await app_page(acme)).form("/settings") | {"look_back_days": "90"}
    await saved(acme, hub_limit="40")

    refused = await acme.browser.post(acme.address + "settings", data=early)

    assert refused.status_code == 422
    assert "их сохранил кто-то другой" in SeenPage(refused.text).text
    assert (await acme.known()).rules["hub_limit"] == 40
    again = SeenPage(refused.text).form("/settings")
    assert again["look_back_days"] == ["90"], "what was typed stays"
    agreed = await acme.browser.post(acme.address + "settings", data=again | {"hub_limit": "40"})
    assert agreed.status_code == 200
    rules = (await acme.known()).rules
    assert (rules["hub_limit"], rules["look_back_days"]) == (40, 90)


async def test_saving_without_a_change_writes_and_rebuilds_nothing(acme: Town) -> None:
    before = await journal(acme)

    await saved(acme)

    assert await journal(acme) == before
    assert (await see(acme)).verdict == "Найдено 7 совпадений"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("hub_limit", "1", "Число вне допустимых границ"),
        ("hub_limit", "много", "Введите целое число"),
        ("hub_limit", "9" * 5000, "Число вне допустимых границ"),
        ("look_back_days", "-3", "Введите целое число"),
        ("look_back_days", "99999", "Число вне допустимых границ"),
        ("region", "XX", "Выберите страну из списка"),
        ("types[]", None, "Выберите хотя бы один тип"),
        ("types[]", ["lead", "deal"], "Выберите значение из списка"),
        ("least_grade", "perfect", "Выберите значение из списка"),
        ("reveal", "all", "Выберите значение из списка"),
        ("stop_list", "+79000000101\nпросто слова", "Одна из строк — не телефон"),
        ("stop_list", "*", "Одна из строк — не телефон"),
    ],
)
async def test_a_mistake_is_named_at_its_field_and_nothing_is_saved(
    acme: Town, field: str, value: object, says: str
) -> None:
    before = await journal(acme)

    answer = await save(acme, **{"hub_limit": "88", field: value})

    page = SeenPage(answer.text)
    mistakes = [node for node in page.root.iter("p") if node.get("class") == "field__mistake"]
    assert answer.status_code == 422
    assert [node.attrib["id"] for node in mistakes] == [f"mistake-{field.removesuffix('[]')}"]
    assert says in page.text
    assert "Правила не сохранены" in page.text
    assert (await app_page(acme)).field("hub_limit") == "50"
    assert await journal(acme) == before


async def test_another_region_reads_local_numbers_anew_and_says_incomplete_meanwhile(acme: Town) -> None:
    numbers = ("8 029 000-12-12", "+375 29 000-12-12")
    local, full = (
        acme.portal.add_record("lead", {"TITLE": "Минск", "PHONE": [{"VALUE": number}]}) for number in numbers
    )
    await saved(acme)
    for record_id in (local, full):
        await see(acme, ("lead", record_id))
    await acme.work()
    before = await see(acme, ("lead", local))

    answer = await save(acme, region="BY")
    meanwhile = await see(acme, ("lead", full))
    await acme.work()
    after = await see(acme, ("lead", local))

    assert answer.status_code == 200
    assert "Построение индекса вот-вот начнётся" in SeenPage(answer.text).text
    assert before.verdict == "Дубликатов нет"
    assert meanwhile.verdict == "Пока ничего не найдено"
    assert "Индекс полон" not in meanwhile.text
    assert set(after.matches()) == {("lead", full)}
    assert "Индекс полон" in after.text


async def test_a_rule_that_changes_no_key_does_not_begin_an_indexing_anew(acme: Town) -> None:
    runtime, portal_id = acme.house.runtime, (await acme.known()).portal_id
    async with runtime.store.begin(portal_id) as tx:
        await tx.portal.mark_indexed(None)
    acme.portal.faults.add(Fault(FaultKind.SLOW, seconds=1.0))
    indexing = asyncio.create_task(index_portal(runtime, portal_id))
    while not acme.portal.faults.happened.get(FaultKind.SLOW):
        await asyncio.sleep(0.01)

    await save(acme, reveal="nothing")
    await indexing

    assert (await acme.known()).indexed_at is not None


@pytest.mark.parametrize(
    "entry",
    ["8 (900) 000-01-01", "+7900000010*", "90000001*"],
    ids=["exact, in another spelling", "mask", "mask as written locally"],
)
async def test_a_stopped_phone_finds_nobody(acme: Town, entry: str) -> None:
    page = await saved(acme, stop_list=entry)
    card = await see(acme)

    assert page.field("stop_list") == entry
    assert set(card.matches()) == {("lead", SHOWCASE.alias_lead), ("contact", SHOWCASE.email_contact)}
    assert "+7 900 000-01-01" not in card.text


@pytest.mark.parametrize(
    "entry", ["anna.belkina@POCHTA.example", "anna*@pochta.example", "@pochta.example", "pochta.example"]
)
async def test_a_stopped_mailbox_mask_or_domain_finds_nobody(acme: Town, entry: str) -> None:
    await saved(acme, stop_list=entry)

    card = await see(acme)

    assert ("contact", SHOWCASE.email_contact) not in card.matches()
    assert ("lead", SHOWCASE.other_spelling_lead) in card.matches()


async def test_types_closed_leads_and_the_least_grade_narrow_what_is_shown(acme: Town) -> None:
    shown, form = {}, (await app_page(acme)).form("/settings")
    del form["page_token"], form["version"]
    for name, rules in {
        "types": {"types[]": ["contact"]},
        "closed": {"include_closed": None},
        "exact": {"least_grade": "exact"},
        "aliases": {"email_aliases": None},
    }.items():
        await saved(acme, **(form | rules))
        shown[name] = set((await see(acme)).matches())

    every = {("lead", number) for number in (102, 103, 104, 105)} | {
        ("contact", 101), ("contact", 102), ("company", 101),
    }  # fmt: skip
    assert shown == {
        "types": {("contact", 101), ("contact", 102)},
        "closed": every - {("lead", SHOWCASE.converted_lead)},
        "exact": every - {("lead", SHOWCASE.alias_lead), ("contact", SHOWCASE.email_contact)},
        "aliases": every - {("lead", SHOWCASE.alias_lead)},
    }


async def test_the_hub_limit_decides_what_is_everybodys_number(acme: Town) -> None:
    await saved(acme, hub_limit="5")

    card = await see(acme)

    assert card.matches()["lead", SHOWCASE.other_spelling_lead].grade == "weak"  # six records carry the phone
    assert "Значение стоит на многих записях" in card.text
    assert card.matches()["contact", SHOWCASE.email_contact].grade == "likely"


async def test_looking_back_leaves_out_what_nobody_touched_since(acme: Town) -> None:
    phone = [{"VALUE": "+7 900 000-79-90"}]
    old = acme.portal.add_record(
        "lead", {"TITLE": "Старый", "PHONE": phone, "DATE_CREATE": "2019-01-01T00:00:00+03:00",
                 "DATE_MODIFY": "2020-01-01T00:00:00+03:00"}
    )  # fmt: skip
    new = acme.portal.create("lead", {"TITLE": "Новый", "PHONE": phone}, by=ADMIN)
    await saved(acme, stop_list="x@y.example")  # reads everything anew
    await acme.deliver()

    without = await see(acme, ("lead", new))
    await saved(acme, look_back_days="365")
    with_limit = await see(acme, ("lead", new))

    assert set(without.matches()) == {("lead", old)}
    assert with_limit.verdict == "Дубликатов нет"


async def test_reveal_decides_what_is_told_of_unreadable_matches(acme: Town) -> None:
    texts = {}
    for reveal in ("nothing", "exists", "responsible"):
        await saved(acme, reveal=reveal)
        texts[reveal] = (await see(acme, user=SHOWCASE.viewer_of_own)).text

    exists, name = "Есть совпадения в записях, к которым у вас нет доступа", "Олег Дроздов"
    assert {reveal: (exists in text, name in text) for reveal, text in texts.items()} == {
        "nothing": (False, False),
        "exists": (True, False),
        "responsible": (True, True),
    }
