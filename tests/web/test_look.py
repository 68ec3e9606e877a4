"""What a person sees, in Chromium: the pages in a frame from another origin, under the policy that is in force."""

import json
from collections.abc import Iterator

import pytest
from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, sync_playwright

from b24app.services.pages.overview import version_of
from b24app.texts import LANGUAGES
from tests.web.desk import Desk, Visitor, calls, wait_until
from tests.web.sample_audits import LONG_NAME
from tests.web.sample_overviews import RULES
from tests.web.samples import every_page

pytestmark = pytest.mark.browser

CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LATER, TYPED_MS = "2100-01-01", 400  # app.js, TYPED_MS
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
DIFFERENT_LOOKS = [
    *(name for name in every_page() if name.startswith("card_")),
    *(f"overview_{name}" for name in ("ready", "running", "starting", "failed", "mistaken", "manager")),
    *(
        "automation_saved",
        "connections_full",
        "connections_webhook_created",
        "connections_webhook_refused",
        "connections_key_refused",
        "enquiries_full",
        "enquiries_no_originals",
    ),
    *("audit_running", "audit_trial", "audit_report_full", "audit_list_groups", "audit_list_mine_none"),
    *("audit_group_alarm", "audit_group_hidden", "audit_group_sought", "audit_untold", "audit_hubs"),
    *("refusal_page_outdated", "installed_partly", "not_admin", "overview_parts_off", "search_found"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


@pytest.fixture
def visitor(browser: Browser, desk: Desk) -> Iterator[Visitor]:
    visitor = Visitor(browser, desk)
    yield visitor
    visitor.context.close()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_every_page_is_accessible_fits_and_stays_quiet(
    browser: Browser, desk: Desk, width: int, scheme: str
) -> None:
    visitor = Visitor(browser, desk, width=width, scheme=scheme)
    found: dict[str, object] = {}
    desk.answers["/progress"] = (200, desk.render("en", "overview_running"))
    desk.answers["/audit/live"] = (200, desk.render("en", "audit_running"))
    desk.answers["/audit/files"] = (200, desk.render("en", "audit_files"))

    for number, name in enumerate(DIFFERENT_LOOKS):
        frame = visitor.open(name, LANGUAGES[number % 2])
        frame.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
        overflow = frame.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        frame.evaluate(AXE_SCRIPT)
        result = frame.evaluate(f"axe.run({json.dumps(AXE_OPTIONS)})")
        broken = [(rule["id"], [node["html"] for node in rule["nodes"]][:2]) for rule in result["violations"]]
        if overflow or broken:
            found[name] = (overflow, broken)
    visitor.context.close()

    assert found == {}
    assert visitor.complaints == []


def test_a_record_opens_in_the_slider(visitor: Visitor) -> None:
    frame = visitor.open("card_found")

    frame.get_by_role("link", name="Анна Петрова").click()

    assert ["openPath", "/crm/lead/details/12/"] in calls(frame)


def test_checking_again_swaps_the_card_tells_the_verdict_and_fits_the_frame(
    visitor: Visitor, desk: Desk
) -> None:
    desk.answers["/widget/check"] = (200, desk.render("en", "card_clear"))
    frame = visitor.open("card_found")
    fitted = calls(frame).count(["fitWindow"])

    frame.get_by_role("button", name="Check again").click()
    frame.get_by_role("heading", name="No duplicates").wait_for()

    assert desk.posts == [("/widget/check", {"page_token": ["token-of-the-page"]})]
    assert frame.locator("[data-live]").text_content() == "No duplicates"
    assert frame.evaluate("document.activeElement.textContent") == "No duplicates"
    wait_until(frame, f"window.calls.filter(([name]) => name === 'fitWindow').length > {fitted}")


def test_a_match_is_rejected_by_keyboard_alone(visitor: Visitor, desk: Desk) -> None:
    desk.answers["/widget/reject"] = (200, desk.render("en", "card_clear"))
    frame = visitor.open("card_found")

    frame.locator("summary", has_text="Not a duplicate").first.focus()
    for key in ("Enter", "Tab", "ArrowDown", "Tab", "ArrowDown", "Tab", "Enter"):
        visitor.page.keyboard.press(key)
    frame.get_by_role("heading", name="No duplicates").wait_for()

    sent = {
        "page_token": ["token-of-the-page"],
        "ref": ["lead:12"],
        "reason": ["shared_value"],
        "days": ["30"],
    }
    assert desk.posts == [("/widget/reject", sent)]


def test_turning_a_page_leaves_the_reader_at_its_section(visitor: Visitor, desk: Desk) -> None:
    desk.answers["/widget/page"] = (200, desk.render("en", "card_hub"))
    frame = visitor.open("card_hub")

    frame.get_by_role("button", name="Next").click()
    wait_until(frame, "document.activeElement.dataset.place === 'lead'")

    assert desk.posts == [
        ("/widget/page", {"page_token": ["token-of-the-page"], "type": ["lead"], "page": ["4"]})
    ]


def test_a_refusal_is_told_and_the_card_stays(visitor: Visitor, desk: Desk) -> None:
    desk.answers["/widget/check"] = (409, desk.render("en", "refusal_page_outdated"))
    frame = visitor.open("card_found")

    frame.get_by_role("button", name="Check again").click()

    alert = frame.get_by_role("alert").filter(has_text="This page is out of date")
    alert.wait_for()
    assert frame.get_by_role("heading", name="7 matches found").is_visible()
    assert frame.get_by_role("button", name="Check again").is_enabled()


def test_a_lost_connection_is_told_and_the_card_stays(visitor: Visitor) -> None:
    frame = visitor.open("card_found", "ru")
    visitor.page.route("**/widget/check", lambda route: route.abort())

    frame.get_by_role("button", name="Проверить ещё раз").click()

    frame.get_by_role("alert").filter(has_text="Нет связи с приложением").wait_for()
    assert frame.get_by_role("heading", name="Найдено 7 совпадений").is_visible()


def test_progress_refreshes_itself_until_it_is_done(visitor: Visitor, desk: Desk) -> None:
    desk.answers["/progress"] = (200, desk.render("en", "overview_ready"))
    frame = visitor.open("overview_running")

    frame.get_by_role("heading", name="keeps itself up to date").wait_for()
    visitor.page.wait_for_timeout(3_500)

    assert [path for path, _ in desk.posts] == ["/progress"]


def test_saving_the_rules_sends_every_field_once(visitor: Visitor, desk: Desk) -> None:
    desk.answers["/settings"] = (200, desk.render("en", "overview_ready"))
    frame = visitor.open("overview_mistaken_types")

    frame.get_by_label("Companies", exact=True).uncheck()
    frame.get_by_role("button", name="Save").click()
    frame.get_by_text("The rules are saved").wait_for()

    assert desk.posts[0][1] == {
        "page_token": ["token-of-the-page"],
        "version": [version_of(RULES)],
        "region": ["RU"],
        "types[]": ["lead", "contact"],
        "include_closed": ["1"],
        "email_aliases": ["1"],
        "look_back_days": ["0"],
        "least_grade": ["possible"],
        "hub_limit": ["50"],
        "reveal": ["responsible"],
        "stop_list": ["+7495123*\n@romashka.example"],
    }


def test_a_finished_installation_is_reported_by_itself(visitor: Visitor) -> None:
    frame = visitor.open("installed")

    wait_until(frame, "window.calls.some(([name]) => name === 'installFinish')")

    assert calls(frame).count(["installFinish"]) == 1


def test_times_are_spelled_for_the_reader(browser: Browser, desk: Desk) -> None:
    visitor = Visitor(browser, desk)
    frame = visitor.open("card_found")

    checked = frame.locator("time[data-ago]").first

    assert "ago" in (checked.text_content() or "")
    assert "2026" in (checked.get_attribute("title") or "")
    visitor.context.close()


def test_outside_a_portal_the_page_works_without_its_api(browser: Browser, desk: Desk) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/bx24.js", lambda route: route.abort())
    desk.answers["/widget/check"] = (200, desk.render("en", "card_clear"))

    page.goto(f"{desk.app}/en/card_found")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("heading", name="No duplicates").wait_for()

    assert complaints == []
    page.close()


def test_without_script_everything_is_readable_and_postable(browser: Browser, desk: Desk) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    desk.answers["/widget/reject"] = (200, desk.render("en", "card_clear"))

    page.goto(f"{desk.app}/en/card_found")
    page.locator("summary", has_text="Not a duplicate").first.click()
    page.get_by_role("button", name="Mark as different").first.click()

    page.get_by_role("heading", name="No duplicates").wait_for()
    context.close()


def test_the_client_search_hands_over_what_was_found_and_fills_in_what_is_chosen(visitor: Visitor) -> None:
    frame = visitor.open("search_found")

    (command, told), *_ = calls(frame)
    assert command == "crmShowFoundEntities"
    assert [option["id"] for option in told["data"]] == [
        "contact:21", "contact:22", "company:31", "lead:13", "hidden",
    ]  # fmt: skip
    assert told["data"][0] == {
        "id": "contact:21", "name": "Петрова Анна", "phone": "+7 912 345-67-89", "email": "anna@mail.example",
    }  # fmt: skip
    for chosen in ("hidden", "contact:21", "lead:13", "company:31"):
        frame.evaluate(f"window.choose({{ id: '{chosen}' }})")

    assert calls(frame)[1:] == [
        ["crmShowCreatedEntity", {"entityType": "contact", "id": "21", "title": "Петрова Анна"}],
        ["openPath", "/crm/lead/details/13/"],
        ["crmShowCreatedEntity", {"entityType": "company", "id": "31", "title": "Untitled, No. 31"}],
    ]
    assert calls(visitor.open("search_refused")) == [["crmShowFoundEntities", {"data": []}]]
    assert visitor.complaints == []


def test_a_name_is_looked_for_while_it_is_typed_and_lists_are_filtered(visitor: Visitor, desk: Desk) -> None:
    desk.answers["/audit/find"] = (200, desk.render("en", "audit_ready"))
    frame, clock = visitor.open("audit_empty"), visitor.page.clock
    field = frame.locator('form[action="/audit/start"] [data-find]')
    chosen = frame.locator('form[action="/audit/start"] [name="responsibles[]"]:checked')

    frame.get_by_label(LONG_NAME).first.check()
    clock.pause_at(LATER)  # however slow the machine types, the page does not look before the last letter
    field.fill("")
    field.press_sequentially("sok")
    clock.run_for(TYPED_MS)
    clock.resume()
    wait_until(frame, "document.querySelector('[data-live]').textContent !== ''")
    with visitor.page.expect_response("**/audit/find"):
        field.press("Enter")
    frame.get_by_label("Search by name: Departments").first.fill("отдел 6")

    (path, sent), *others = desk.posts
    assert path == "/audit/find"
    assert (sent["find"], sent["responsibles_query"]) == (["start"], ["sok"])
    assert sent["responsibles[]"] == ["7", "9", "88", "3"]
    assert {path for path, _ in others} == {"/audit/find"}
    assert (
        frame.locator("[data-live]").text_content()
        == "27 employees found. Not all are shown: type more of the name"
    )
    assert field.input_value() == "sok"
    assert chosen.count() == 4  # whatever the answer says that was on its way
    assert frame.locator("#picker-start-departments li:visible").all_text_contents() == ["Отдел 6"]
    assert visitor.complaints == []
