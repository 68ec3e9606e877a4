"""The tab of contacts, companies and deals: relatives are no duplicates, and shared contact data raise an alarm."""

from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

import pytest
import pytest_asyncio

from b24app.sandbox.people import SHOWCASE, Seeded, seed
from b24app.sandbox.people_book import Ref, Shared
from tests.journeys.seen import PATH, SeenPage, spoken
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

TITLES = {
    "own_company": "общее значение контакта и его компании",
    "foreign_company": "стоит на контакте и на чужой для него компании",
    "several": "стоит на нескольких контактах и компаниях",
}
TONES = {  # the table in dedupe/shared.py, by kind and same responsible; several: by the worst pair
    ("own_company", True): {"info"},
    ("own_company", False): {"warning"},
    ("foreign_company", True): {"warning"},
    ("foreign_company", False): {"alert"},
    ("several", True): {"warning"},
    ("several", False): {"warning", "alert"},
}


@pytest.fixture(scope="module")
def people() -> Seeded:
    return seed(1_200)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, people: Seeded
) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("clients"), people=people) as built:
        yield built


async def see(acme: Town, word: str, record_id: int) -> SeenPage:
    before = acme.portal.traffic.requests
    answer = await acme.open_card(ADMIN, word, record_id)
    assert acme.portal.traffic.requests - before <= 2
    return SeenPage(answer.text)


def notes(page: SeenPage) -> dict[str, Element]:
    """Return the alerts about shared data by their title."""
    return {
        spoken(node[0]): node
        for node in page.alerts()
        if "стоит" in spoken(node[0]) or "общее" in spoken(node[0])
    }


def told(note: Element) -> dict[str, list[tuple[str, int]]]:
    """Return which records stand behind each term of a note's list."""
    found: dict[str, list[tuple[str, int]]] = {}
    term = ""
    for node in note.iter():
        if node.tag == "dt":
            term = spoken(node)
        if node.tag == "a":
            path = PATH.search(node.attrib["href"])
            assert path is not None
            found.setdefault(term, []).append((path[1], int(path[2])))
    return found


async def test_a_contacts_and_a_companys_tab_show_the_same_customer(acme: Town) -> None:
    contact, company = (
        await see(acme, "contact", SHOWCASE.contact),
        await see(acme, "company", SHOWCASE.company),
    )
    leads = {("lead", number) for number in (101, 102, 104)}

    assert leads | {("company", SHOWCASE.company)} <= contact.matches().keys()
    assert leads | {("contact", SHOWCASE.contact)} <= company.matches().keys()
    assert contact.relatives() == [("lead", SHOWCASE.converted_lead)]  # the lead it was made of
    assert "По этим значениям контакта идёт поиск" in contact.text
    assert "По этим значениям компании идёт поиск" in company.text


async def test_a_deals_tab_shows_the_matches_of_its_client(acme: Town) -> None:
    deal, contact = await see(acme, "deal", SHOWCASE.deal), await see(acme, "contact", SHOWCASE.contact)

    assert deal.matches().keys() >= contact.matches().keys() - {("company", SHOWCASE.own_company)}
    assert ("contact", SHOWCASE.contact) not in deal.matches()
    assert "По этим значениям клиентов сделки идёт поиск" in deal.text
    assert "/widget/reject" not in deal.html  # it would not be clear whose pair is meant


async def test_a_deal_without_clients_and_one_that_is_gone(acme: Town) -> None:
    empty = acme.portal.create("deal", {"TITLE": "Пустая сделка"}, by=ADMIN)

    page = await see(acme, "deal", empty)
    gone = await acme.open_card(ADMIN, "deal", 999_999)

    assert page.verdict == "Сравнивать нечего"
    assert SeenPage(gone.text).refusal == "no_access"


async def test_a_deal_whose_client_has_just_changed_costs_two_requests(acme: Town) -> None:
    phone = [{"VALUE": "+7 900 000-78-01"}]
    contact = acme.portal.add_record("contact", {"NAME": "Новый", "PHONE": phone})
    deal = acme.portal.add_record("deal", {"TITLE": "Сделка", "CONTACT_ID": contact})

    await see(acme, "deal", deal)


async def test_linked_records_are_relatives_and_never_duplicates(acme: Town, people: Seeded) -> None:
    truth = people.truth
    linked = [sorted(pair) for pair in sorted(truth.expected_pairs("linked"), key=sorted)]
    assert len(linked) >= 15

    for one, other in linked[::3]:
        for opened, relative in ((one, other), (other, one)):
            page = await see(acme, opened.type, opened.id)
            assert relative in [Ref(*ref) for ref in page.relatives()], (opened, relative)
            assert relative not in page.matches(), (opened, relative)


@pytest.mark.parametrize("kind", sorted(TITLES))
@pytest.mark.parametrize("same", [True, False], ids=["same responsible", "different responsible"])
async def test_shared_contact_data_are_told_on_both_sides(
    acme: Town, people: Seeded, kind: str, same: bool
) -> None:
    word = "same" if same else "different"
    contact, *companies = people.scenes[f"shared_{kind}_{word}_responsible"]
    shared = next(one for one in people.truth.shared if one.contact == contact and one.kind == kind)

    for opened in (shared.contact, shared.company):
        page = await see(acme, opened.type, opened.id)
        found = [(title, note) for title, note in notes(page).items() if TITLES[kind] in title]
        assert len(found) == 1, notes(page).keys()
        title, note = found[0]
        assert _digits(title) == _digits(shared.value)
        assert _tone(page, note) in TONES[kind, same]
        assert set(told(note)["Контакт"]) == {shared.contact}
        assert set(told(note)["Компания"]) <= set(companies)


async def test_the_truth_knows_no_shared_value_that_its_contacts_card_keeps_quiet(
    acme: Town, people: Seeded
) -> None:
    shared = list({(one.contact, one.value): one for one in people.truth.shared}.values())
    assert len(shared) >= 10

    for one in shared[::2]:
        page = await see(acme, "contact", one.contact.id)
        titles = [title for title in notes(page) if _means(title, one)]
        assert len(titles) == 1, (one, list(notes(page)))
        assert TITLES[one.kind] in titles[0], one


async def test_who_gets_the_next_call_follows_the_portals_own_order(acme: Town) -> None:
    page = await see(acme, "lead", SHOWCASE.lead)
    note = notes(page)[f"+7 900 000-01-01: {TITLES['foreign_company']}"]

    # The contact is found first and gets it; the company, not being its primary one, keeps it (notes, 11).
    assert told(note)["Следующее обращение получит"] == [("contact", SHOWCASE.contact)]
    assert told(note)["История сохранится в"] == [("company", SHOWCASE.company)]
    assert "Ирина Соколовская" in spoken(note)
    assert "история окажется в другой карточке" in spoken(note)
    assert _tone(page, note) == "alert"


async def test_an_open_deal_of_another_holder_moves_the_call(acme: Town) -> None:
    create, phone = acme.portal.create, [{"VALUE": "+7 900 000-78-02"}]
    elder = create("contact", {"NAME": "Старший", "PHONE": phone, "ASSIGNED_BY_ID": 3}, by=ADMIN)
    younger = create("contact", {"NAME": "Младший", "PHONE": phone, "ASSIGNED_BY_ID": 4}, by=ADMIN)
    create("company", {"TITLE": "Чужая", "PHONE": phone, "ASSIGNED_BY_ID": 5}, by=ADMIN)
    await acme.deliver()

    before = await see(acme, "contact", elder)
    create("deal", {"TITLE": "Сделка", "STAGE_ID": "NEW", "CLOSED": "N", "CONTACT_ID": younger}, by=ADMIN)
    after = await see(acme, "contact", elder)

    receivers = [
        told(next(iter(notes(page).values())))["Следующее обращение получит"] for page in (before, after)
    ]
    assert receivers == [[("contact", elder)], [("contact", younger)]]


def _means(title: str, shared: Shared) -> bool:
    value = title.partition(": ")[0]
    return value == shared.value or _digits(value) == _digits(shared.value) != ""


def _digits(text: str) -> str:
    return (
        "".join(letter for letter in text.partition(": ")[0] if letter.isdigit()) if "@" not in text else ""
    )


def _tone(page: SeenPage, note: Element) -> str:
    """Return the colour of the alert that a note stands in."""
    alert = next(node for node in page.root.iter("div") if note in list(node))
    return alert.attrib["class"].rpartition("_")[2]
