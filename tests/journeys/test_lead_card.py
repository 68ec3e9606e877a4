"""A manager opens the tab of a lead: what the first answer says, in his language, whatever people typed."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.users import Breadth, User
from tests.journeys.seen import SeenPage, spoken
from tests.journeys.shared_town import installed_town
from tests.journeys.town import Town

MANAGER = SHOWCASE.viewer_of_all
TYPES = ("lead", "contact", "company", "deal")
HOSTILE = """"><script>alert(1)</script><img src=x onerror=alert(1)>'{{ 7*7 }} /crm/lead/details/777/"""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("lead_card")) as built:
        yield built


async def see(acme: Town, word: str, record_id: int, user: int = MANAGER) -> SeenPage:
    return SeenPage((await acme.open_card(user, word, record_id)).text)


def add_lead(acme: Town, *, phone: str = "", email: str = "", **fields: object) -> int:
    values = {"PHONE": phone, "EMAIL": email}
    given = {name: [{"VALUE": value, "VALUE_TYPE": "WORK"}] for name, value in values.items() if value}
    return acme.portal.create("lead", {"TITLE": "Заявка", **fields, **given}, by=MANAGER)


async def test_the_first_answer_holds_every_match_in_all_three_types(acme: Town) -> None:
    page = await see(acme, "lead", SHOWCASE.lead)

    assert page.verdict == "Найдено 7 совпадений"
    assert {ref: row.grade for ref, row in page.matches().items()} == {
        ("lead", SHOWCASE.other_spelling_lead): "exact",
        ("lead", SHOWCASE.extension_lead): "exact",
        ("lead", SHOWCASE.converted_lead): "exact",
        ("lead", SHOWCASE.alias_lead): "likely",
        ("contact", SHOWCASE.contact): "exact",
        ("contact", SHOWCASE.email_contact): "likely",  # her e-mail, another person's name
        ("company", SHOWCASE.company): "exact",
    }
    assert [page.total(word) for word in ("lead", "contact", "company")] == [4, 2, 1]


async def test_a_row_says_why_who_when_and_what_bitrix24_would_have_missed(acme: Town) -> None:
    page = await see(acme, "lead", SHOWCASE.lead)

    extension = page.matches()["lead", SHOWCASE.extension_lead]
    alias = page.matches()["lead", SHOWCASE.alias_lead]
    converted = page.matches()["lead", SHOWCASE.converted_lead]

    for part in (
        "Тот же телефон +7 900 000-01-01 здесь записан: «8 (900) 000-01-01 доб. 5», доб. 5 отброшен",
        "Ответственный: Олег Дроздов",
        "Стадия: Обработан",
        "Создано: 28 февр. 2026",
    ):
        assert part in extension.text
    assert "Тот же почтовый ящик" in alias.text
    assert "Битрикс24 не нашёл бы" in alias.text
    assert "Битрикс24 не нашёл бы" not in page.matches()["lead", SHOWCASE.other_spelling_lead].text
    assert "Стадия: Качественный лид Завершён успешно" in converted.text
    assert "Ответственный: Елена Бортникова" in converted.text  # dismissed, and named all the same


async def test_links_lead_to_the_portal_and_say_which_path_the_slider_opens(acme: Town) -> None:
    page = await see(acme, "lead", SHOWCASE.lead)

    links = [node for node in page.root.iter("a") if "row__title" in node.attrib["class"]]

    assert len(links) >= 7
    for link in links:
        assert link.attrib["href"] == acme.portal.base_url + link.attrib["data-open-path"]
        assert link.attrib["rel"] == "noopener"


@pytest.mark.parametrize(
    ("language", "verdict", "says"),
    [
        ("ru", "Найдено 7 совпадений", "Индекс полон."),
        ("en", "7 matches found", "The index is complete."),
        ("kz", "Найдено 7 совпадений", "Тот же телефон"),
        ("de", "7 matches found", "Same phone"),
        ("", "7 matches found", "Same phone"),
    ],
    ids=["ru", "en", "kz", "de", "none"],
)
async def test_the_language_of_the_call_chooses_the_texts(
    acme: Town, language: str, verdict: str, says: str
) -> None:
    acme.portal.users.add(User(id=77, rights=dict.fromkeys(TYPES, Breadth.ALL), language=language))

    page = await see(acme, "lead", SHOWCASE.lead, user=77)

    assert (page.verdict, says in page.text) == (verdict, True)
    assert page.root.attrib["lang"] == ("ru" if language in ("ru", "kz") else "en")


@pytest.mark.parametrize(
    ("count", "verdict"), [(1, "1 совпадение"), (2, "2 совпадения"), (5, "5 совпадений")]
)
async def test_numbers_are_declined_as_russian_does(acme: Town, count: int, verdict: str) -> None:
    ids = [add_lead(acme, phone=f"+7 900 000-76-{count:02d}") for _ in range(count + 1)]
    await acme.deliver()

    page = await see(acme, "lead", ids[0])

    assert page.verdict == f"Найдено {verdict}"


async def test_what_people_typed_is_shown_as_text_and_nothing_else(acme: Town) -> None:
    first = add_lead(acme, phone="+7 900 000-77-78", TITLE="Обычный")
    other = add_lead(
        acme, phone=f"+7 900 000-77-78 {HOSTILE}", email=f"{HOSTILE}@x", TITLE=HOSTILE, LAST_NAME=HOSTILE
    )
    company = {"TITLE": HOSTILE, "PHONE": [{"VALUE": "+79000007778", "VALUE_TYPE": "WORK"}]}
    acme.portal.create("company", company, by=MANAGER)
    await acme.deliver()

    for opened in (first, other):
        page = await see(acme, "lead", opened)
        scripts = [node.attrib.get("src", "inline") for node in page.root.iter("script")]

        assert HOSTILE in page.text
        assert all(source.startswith(("http", "/static/")) for source in scripts)
        assert list(page.root.iter("img")) == []
        assert not any(name.startswith("on") for node in page.root.iter() for name in node.attrib)
        hrefs = [node.attrib["href"] for node in page.root.iter("a")]
        assert not any(href.endswith("/777/") for href in hrefs)  # a path in a title becomes no link


async def test_a_record_without_title_is_called_by_its_number(acme: Town) -> None:
    first = add_lead(acme, phone="+7 900 000-77-79")
    nameless = acme.portal.create("contact", {"PHONE": [{"VALUE": "+79000007779"}]}, by=MANAGER)
    await acme.deliver()

    page = await see(acme, "lead", first)

    assert page.matches()["contact", nameless].title == f"Контакт № {nameless}"


async def test_verdicts_say_what_was_found_and_never_more(acme: Town) -> None:
    alone = add_lead(acme, phone="+7 900 000-77-80")
    silent = add_lead(acme)
    weak = [add_lead(acme, phone="12-34-5") for _ in range(2)]
    roles = [add_lead(acme, email="info@lavka.example") for _ in range(2)]
    await acme.deliver()

    verdicts = [(await see(acme, "lead", opened)).verdict for opened in (alone, silent, weak[0], roles[0])]

    assert verdicts == [
        "Дубликатов нет",
        "Сравнивать нечего",
        "Найдено 1 слабое совпадение",
        "Найдено 1 слабое совпадение",
    ]


async def test_the_values_searched_by_are_shown_as_typed_and_as_understood(acme: Town) -> None:
    lead = add_lead(acme, phone="8 (912) 345-67-89 доб. 5", email="Info@Lavka.example")
    await acme.deliver()

    page = await see(acme, "lead", lead)

    assert "8 (912) 345-67-89 доб. 5 → +7 912 345-67-89 Добавочный 5 отброшен" in page.text
    assert "Общий адрес компании" in page.text


async def test_the_page_works_without_script_and_loads_nothing_foreign(acme: Town) -> None:
    answer = await acme.open_card(MANAGER, "lead", SHOWCASE.lead)
    page = SeenPage(answer.text)

    assert answer.headers["content-type"].startswith("text/html")
    assert "set-cookie" not in answer.headers
    assert f"frame-ancestors {acme.portal.base_url}" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers
    for form in page.root.iter("form"):
        assert form.attrib["method"] == "post"
        assert form.attrib["action"].startswith("/widget/")
        assert any(spoken(button) for button in form.iter("button"))
