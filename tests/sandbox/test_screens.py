"""The toy portal's pages, without a browser: who sees what, and what the forms do."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from b24app.sandbox.installs import EventHandler, Placement
from b24app.sandbox.pages import page_routes
from b24app.sandbox.pages_texts import LANGUAGES, texts_for
from b24app.sandbox.people import SHOWCASE, seed
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import create_portal_app
from tests.sandbox.builders import ADMIN, BLIND, COLLEAGUE, OWNER, a_portal, phone

APP = "http://127.0.0.1:9"


@pytest.fixture
def portal() -> SandboxPortal:
    """A lead of the owner's with a phone, one of the administrator's, and an application with a tab and an event."""
    made = a_portal()
    assert made.app is not None
    made.app.registrations.placements.append(
        Placement("CRM_LEAD_DETAIL_TAB", f"{APP}/tab", "Doubles", languages={"ru": {"TITLE": "Дубли"}})
    )
    for name in ("ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE"):
        made.app.registrations.events.append(EventHandler(1, name, f"{APP}/events"))
    made.events.is_held = True
    made.add_record(
        "lead", {"ID": 5, "TITLE": "Окна", "ASSIGNED_BY_ID": OWNER, "PHONE": phone("8 900 000-00-05")}
    )
    made.add_record("lead", {"ID": 6, "TITLE": "Двери <b>", "ASSIGNED_BY_ID": ADMIN})
    return made


@pytest.fixture
async def browser(portal: SandboxPortal) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_portal_app(portal, page_routes(portal)))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://acme.bitrix24.test", follow_redirects=True
    ) as client:
        yield client


async def test_a_list_holds_what_the_viewer_may_read(browser: httpx.AsyncClient):
    of_all = await browser.get("/crm/lead/list/", params={"user": ADMIN})
    of_own = await browser.get("/crm/lead/list/", params={"user": OWNER})
    of_none = await browser.get("/crm/lead/list/", params={"user": BLIND})

    assert {"/crm/lead/details/5/", "/crm/lead/details/6/"} <= set(re.findall(r'href="([^"]+)"', of_all.text))
    assert "Окна" in of_own.text and "Двери" not in of_own.text
    assert of_none.status_code == 403 and "Доступ запрещён" in of_none.text


async def test_a_list_is_searched_by_title_and_paged_by_fifty(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    for number in range(100, 160):
        portal.add_record("lead", {"ID": number, "TITLE": f"Балкон {number}", "ASSIGNED_BY_ID": ADMIN})

    first = (await browser.get("/crm/lead/list/", params={"find": "бАЛКОН"})).text
    second = (await browser.get("/crm/lead/list/", params={"find": "балкон", "page": 2})).text

    assert "<b data-total>60</b>" in first and first.count('class="grid__title"') == 50
    assert second.count('class="grid__title"') == 10 and "Окна" not in second


async def test_a_card_shows_fields_values_and_stage_escaped(browser: httpx.AsyncClient):
    card = (await browser.get("/crm/lead/details/5/", params={"user": OWNER})).text
    other = (await browser.get("/crm/lead/details/6/", params={"user": ADMIN})).text

    assert "8 900 000-00-05" in card and "Олег Свой" in card and "Не обработан" in card
    assert "Двери &lt;b&gt;" in other and "Двери <b>" not in other


async def test_a_record_of_another_is_refused_and_shows_nothing(browser: httpx.AsyncClient):
    answer = await browser.get("/crm/lead/details/6/", params={"user": OWNER})

    assert answer.status_code == 403 and 'data-notice="access_denied"' in answer.text
    assert "Двери" not in answer.text


async def test_a_record_that_is_gone_is_not_found(browser: httpx.AsyncClient):
    answer = await browser.get("/crm/lead/details/77/")

    assert answer.status_code == 404 and 'data-notice="not_found"' in answer.text


async def test_a_link_to_a_record_the_viewer_may_not_read_has_no_name(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    portal.add_record("company", {"ID": 3, "TITLE": "Тайная", "ASSIGNED_BY_ID": ADMIN})
    portal.add_record("contact", {"ID": 4, "NAME": "Ян", "ASSIGNED_BY_ID": OWNER, "COMPANY_IDS": [3]})

    seen = (await browser.get("/crm/contact/details/4/", params={"user": OWNER})).text

    assert "Скрытая запись" in seen and "Тайная" not in seen and "/crm/company/details/3/" not in seen


async def test_editing_a_phone_changes_that_value_and_raises_an_update(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    value = portal.crm.tables["lead"].get(5).values["PHONE"][0]  # type: ignore[union-attr]

    await browser.post(
        f"/crm/lead/details/5/values/?user={OWNER}",
        data={f"PHONE-{value.id}": "+7 900 000 00 06", "PHONE-new": "112", "EMAIL-new": ""},
    )

    changed = portal.crm.tables["lead"].get(5)
    assert changed is not None and "EMAIL" not in changed.values
    assert [(one.id == value.id, one.value) for one in changed.values["PHONE"]] == [
        (True, "+7 900 000 00 06"),
        (False, "112"),
    ]
    assert [call.name for call in portal.events.waiting] == ["ONCRMLEADUPDATE"]


async def test_saving_an_unchanged_form_raises_nothing(portal: SandboxPortal, browser: httpx.AsyncClient):
    value = portal.crm.tables["lead"].get(5).values["PHONE"][0]  # type: ignore[union-attr]

    await browser.post("/crm/lead/details/5/values/", data={f"PHONE-{value.id}": value.value})

    assert portal.events.waiting == []


async def test_who_may_not_change_a_record_changes_nothing(portal: SandboxPortal, browser: httpx.AsyncClient):
    stored = await browser.post(f"/crm/lead/details/6/values/?user={COLLEAGUE}", data={"PHONE-new": "112"})
    deleted = await browser.post(f"/crm/lead/details/6/delete/?user={COLLEAGUE}")
    added = await browser.post(f"/crm/lead/add/?user={BLIND}", data={"TITLE": "Чужой"})

    assert {stored.status_code, deleted.status_code, added.status_code} == {403}
    assert portal.events.waiting == [] and len(portal.crm.tables["lead"]) == 2


async def test_a_new_lead_belongs_to_who_made_it(portal: SandboxPortal, browser: httpx.AsyncClient):
    form = await browser.get(f"/crm/lead/details/0/?user={OWNER}")
    answer = await browser.post("/crm/lead/add/", data={"TITLE": "Ворота", "PHONE": "8 900 000-00-07"})

    assert 'name="TITLE"' in form.text
    assert answer.url.path == "/crm/lead/details/7/" and "8 900 000-00-07" in answer.text
    assert portal.crm.tables["lead"].get(7).fields["ASSIGNED_BY_ID"] == OWNER  # type: ignore[union-attr]
    assert [call.name for call in portal.events.waiting] == ["ONCRMLEADADD"]


async def test_a_deleted_record_is_gone_and_raises_an_event(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    await browser.post("/crm/lead/details/5/delete/")

    assert portal.crm.get("lead", 5) is None
    assert [call.name for call in portal.events.waiting] == ["ONCRMLEADDELETE"]


async def test_the_switched_user_and_language_are_kept(browser: httpx.AsyncClient):
    await browser.post("/sandbox/user", data={"user": OWNER, "back": "/crm/lead/list/"})
    page = await browser.post("/sandbox/language", data={"language": "en", "back": "/crm/lead/details/5/"})

    assert (
        f'data-viewer="{OWNER}"' in page.text
        and '<html lang="en">' in page.text
        and "Responsible" in page.text
    )


async def test_the_way_back_leads_nowhere_else(browser: httpx.AsyncClient):
    answer = await browser.post(
        "/sandbox/user", data={"user": OWNER, "back": "//evil.test/"}, follow_redirects=False
    )

    assert answer.headers["location"] == "/"


async def test_a_tab_is_called_as_the_application_bound_it_in_the_viewers_language(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    russian = (await browser.get("/crm/lead/details/5/", params={"user": OWNER})).text
    portal.users.get(OWNER).language = "en"  # type: ignore[union-attr]
    english = (await browser.get("/crm/lead/details/5/")).text

    assert ">Дубли</a>" in russian and ">Doubles</a>" in english


async def test_tabs_wait_for_the_end_of_the_installation(portal: SandboxPortal, browser: httpx.AsyncClient):
    portal.app.installed = False  # type: ignore[union-attr]

    card = (await browser.get("/crm/lead/details/5/")).text

    assert "CRM_LEAD_DETAIL_TAB" not in card


async def test_an_unfinished_app_shows_its_installer_to_administrators_only(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    portal.app.installed = False  # type: ignore[union-attr]

    of_admin = await browser.get("/marketplace/app/", params={"user": ADMIN})
    of_other = await browser.get("/marketplace/app/", params={"user": OWNER})

    assert f'action="{APP}/install?DOMAIN=' in of_admin.text
    assert 'data-notice="not_installed"' in of_other.text and "AUTH_ID" not in of_other.text


async def test_parameters_of_the_page_reach_the_app_as_options(browser: httpx.AsyncClient):
    page = (
        await browser.get("/marketplace/app/", params={"IFRAME": "Y", "lead": "5", "bx24_width": "700"})
    ).text

    options = re.search(r'name="PLACEMENT_OPTIONS" value="([^"]+)"', page)
    assert options is not None
    assert options[1].replace("&#34;", '"') == '{"lead":"5","bx24_width":"700"}'


async def test_the_cockpit_holds_doubles_loses_and_delivers_events(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    received: list[str] = []

    def app(request: httpx.Request) -> httpx.Response:
        received.append(request.content.decode())
        return httpx.Response(200)

    portal.events.transport = httpx.MockTransport(app)
    portal.create("lead", {"TITLE": "Первый"}, by=ADMIN)
    await browser.post("/sandbox/cockpit/lose")
    portal.create("lead", {"TITLE": "Второй"}, by=ADMIN)
    doubled = await browser.post("/sandbox/cockpit/double")
    await browser.post("/sandbox/cockpit/shuffle")

    assert "<span data-waiting>2</span>" in doubled.text
    assert [one.status for one in portal.events.log] == [None, 200, 200]
    assert len(received) == 2 and portal.events.waiting == []
    assert not portal.events.plan.is_shuffled


async def test_the_cockpit_holds_events_back_and_lets_them_go(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    await browser.post("/sandbox/cockpit/release")
    released = portal.events.is_held
    await browser.post("/sandbox/cockpit/hold")

    assert (released, portal.events.is_held) == (False, True)


async def test_the_cockpit_counts_what_the_portal_was_asked(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    await browser.get("/rest/server.time.json")
    counted = (await browser.get("/sandbox/")).text
    reset = (await browser.post("/sandbox/cockpit/reset")).text

    assert "<b data-requests>1</b>" in counted and "server.time" in counted
    assert "<b data-requests>0</b>" in reset


async def test_the_cockpit_tells_the_truth_about_a_record():
    portal, seeded = a_portal(), seed(300)
    portal.load(seeded)
    transport = httpx.ASGITransport(create_portal_app(portal, page_routes(portal, seeded.truth)))
    async with httpx.AsyncClient(transport=transport, base_url="https://acme.bitrix24.test") as browser:
        page = (
            await browser.get("/sandbox/", params={"record": f"lead:{SHOWCASE.lead}", "user": ADMIN})
        ).text

    told = set(re.findall(r"/crm/(\w+)/details/(\d+)/", page))
    same = {ref for group in seeded.truth.same if ("lead", SHOWCASE.lead) in group for ref in group}
    assert len(same) > 3
    assert {(ref.type, str(ref.id)) for ref in same} <= told


async def test_the_script_is_served_with_and_without_a_slash(browser: httpx.AsyncClient):
    for path in ("/bx24.js", "/bx24.js/"):
        answer = await browser.get(path)

        assert answer.headers["content-type"].startswith("text/javascript") and "window.BX24" in answer.text


async def test_pages_run_no_inline_script_and_are_framed_by_their_own_portal_only(browser: httpx.AsyncClient):
    answer = await browser.get("/crm/lead/details/5/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "unsafe" not in policy


def test_both_languages_say_the_same_things():
    russian, english = (texts_for(language) for language in LANGUAGES)

    assert russian.keys() == english.keys() and russian != english
