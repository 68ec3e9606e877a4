"""Somebody types a phone or an e-mail into a card's client field: who is offered, in any type and spelling."""

from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest
import pytest_asyncio

from b24app.sandbox.users import Breadth, User
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLACE = "CRM_DETAIL_SEARCH"
OWN_ONLY = 60
PHONE, SPELLINGS = "+7 926 555-07-81", ("89265550781", "+7 (926) 555-07-81", "926 555 07 81 доб. 3")
LEAD_S_PHONE, STRAY_PHONE = "+79265550782", "+79265550783"
EMAIL = "anna.searched@mail.example"
NOBODY_S = "+79265550799"


class Options(HTMLParser):
    """The options a page hands to the portal, as search.js reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        data = {name.removeprefix("data-"): value or "" for name, value in attrs if name.startswith("data-")}
        if "option" in data:
            self.found.append(data)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("search"), size=20) as town:
        own = dict.fromkeys(("lead", "contact", "company"), Breadth.OWN)
        town.portal.users.add(User(id=OWN_ONLY, name="Вера", last_name="Зрячая", rights=own))
        yield town


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def planted(acme: Town) -> dict[str, int]:
    """A contact and a company with the phone, a lead with another phone and that contact, a lead without a client."""

    def make(word: str, **fields: object) -> int:
        return acme.portal.create(word, fields, by=ADMIN)  # type: ignore[arg-type]

    contact = make("contact", NAME="Анна", LAST_NAME="Искомая", PHONE=phone(PHONE), EMAIL=[{"VALUE": EMAIL}])
    company = make("company", TITLE="ООО Искомое", PHONE=phone("8-926-555-07-81"))
    lead = make("lead", TITLE="Заявка с клиентом", PHONE=phone(LEAD_S_PHONE), CONTACT_ID=contact)
    stray = make("lead", TITLE="Заявка без клиента", PHONE=phone(STRAY_PHONE))
    await acme.deliver()
    return {"contact": contact, "company": company, "lead": lead, "stray": stray}


def phone(value: str) -> list[dict[str, str]]:
    return [{"VALUE": value}]


async def search(acme: Town, query: str, *, field: str = "CONTACT", user: int = ADMIN) -> httpx.Response:
    frame = acme.portal.open_frame(user, PLACE, {"entityTypeName": field, "searchQuery": query})
    return await acme.browser.post(frame.url, data=dict(frame.form))


async def options(acme: Town, query: str, **asked: object) -> list[dict[str, str]]:
    answer = await search(acme, query, **asked)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return Options(answer.text).found


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_phone_finds_contact_and_company_however_it_is_spelt(acme: Town, planted, spelling: str):
    found = await options(acme, spelling)

    assert [option["option"] for option in found] == [
        f"contact:{planted['contact']}",
        f"company:{planted['company']}",
    ]
    contact, company = found
    assert (contact["type"], contact["id"], contact["title"]) == (
        "contact", str(planted["contact"]), "Анна Искомая",
    )  # fmt: skip
    assert (contact["name"], company["name"]) == ("Анна Искомая", "Компания: ООО Искомое")
    assert contact["phone"].replace(" ", "").replace("-", "") == "+79265550781"


async def test_the_type_that_is_asked_for_comes_first_and_an_address_is_found_too(acme: Town, planted):
    by_company = await options(acme, PHONE, field="COMPANY")
    by_address = await options(acme, EMAIL.upper())

    assert [option["type"] for option in by_company] == ["company", "contact"]
    assert [(option["option"], option["email"]) for option in by_address] == [
        (f"contact:{planted['contact']}", EMAIL)
    ]


async def test_a_lead_stands_for_its_client_and_one_without_a_client_is_opened(acme: Town, planted):
    (client,) = await options(acme, LEAD_S_PHONE)
    (stray,) = await options(acme, STRAY_PHONE)

    assert client["option"] == f"contact:{planted['contact']}"
    assert client["name"] == f"Анна Искомая (по лиду № {planted['lead']})"
    assert (stray["type"], stray["path"]) == ("lead", f"/crm/lead/details/{planted['stray']}/")
    assert (
        stray["name"] == "Лид: Заявка без клиента (откроется лид)"
    )  # a client may stand beside it, or be hidden


async def test_who_may_not_read_a_client_learns_only_that_one_exists(acme: Town, planted):
    answer = await search(acme, PHONE, user=OWN_ONLY)

    assert [option["option"] for option in Options(answer.text).found] == ["hidden"]
    assert "Искомая" not in answer.text
    address = acme.portal.base_url  # its port may have any digits
    assert str(planted["contact"]) not in answer.text.replace(address, "")


async def test_what_is_nobody_s_or_no_value_is_an_empty_answer(acme: Town, planted):
    nobody, words = await search(acme, NOBODY_S), await search(acme, "Ромашка")

    assert Options(nobody.text).found == Options(words.text).found == []
    assert "ни у кого нет" in nobody.text
    assert "не телефон и не e-mail" in words.text


async def test_without_a_living_token_nothing_is_told_but_the_portal_gets_its_answer(acme: Town, planted):
    frame = acme.portal.open_frame(ADMIN, PLACE, {"entityTypeName": "CONTACT", "searchQuery": NOBODY_S})

    refused = await acme.browser.post(frame.url, data={**frame.form, "AUTH_ID": "f" * 32})

    assert refused.status_code == 403
    assert Options(refused.text).found == []
    assert "/static/search.js" in refused.text
    assert "ни у кого нет" not in refused.text


async def test_a_field_that_is_no_client_s_is_refused(acme: Town):
    assert (await search(acme, PHONE, field="DEAL")).status_code == 400
