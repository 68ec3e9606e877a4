"""What a person sees, in Chromium: the pages in a frame from another origin, under the policy that is in force."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Frame, Page, sync_playwright

import b24app
from b24app.web.templating import LANGUAGES, Pages
from tests.web.samples import every_page

pytestmark = pytest.mark.browser

STATIC = Path(b24app.__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DIFFERENT_LOOKS = [
    *(name for name in every_page() if name.startswith("card_")),
    *(f"overview_{name}" for name in ("ready", "running", "starting", "failed", "mistaken", "manager")),
    *("refusal_page_outdated", "installed_partly", "not_admin"),
]
BX24 = """
window.calls = [];
window.BX24 = {
  init(done) { setTimeout(done, 0); },
  fitWindow() { window.calls.push(["fitWindow"]); },
  openPath(path) { window.calls.push(["openPath", path]); },
  installFinish() { window.calls.push(["installFinish"]); },
};
"""
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


class Desk:
    """A portal page that frames a sample, and the app's host with its real policy and static files."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, list[str]]]] = []
        self.answers: dict[str, tuple[int, str]] = {}
        self.portal = self._serve(self._portal_page)
        self.api = self._serve(lambda path: ("text/javascript", BX24, {}))
        self.pages = Pages(static_version="1", bx24_js_url=f"{self.api}/bx24.js")
        self.app = self._serve(self._app_page)

    def _serve(self, answer: object) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self, answer))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.__dict__.setdefault("servers", []).append(server)
        return f"http://127.0.0.1:{server.server_port}"

    def close(self) -> None:
        for server in self.__dict__["servers"]:
            server.shutdown()
            server.server_close()

    def render(self, language: str, name: str) -> str:
        template, values = every_page()[name]
        return self.pages.render(template, language=language, portal_origin=self.portal, **values)

    def _portal_page(self, path: str) -> tuple[str, str, dict[str, str]]:
        frame = f'<iframe src="{self.app}{path}" style="width:100%;height:2000px;border:0"></iframe>'
        html = f"<!doctype html><title>Portal</title><body style='margin:0'>{frame}"
        return "text/html; charset=utf-8", html, {}

    def _app_page(self, path: str) -> tuple[str, str, dict[str, str]]:
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            return TYPES[file.suffix], file.read_text(), {}
        policy = (
            f"default-src 'none'; script-src 'self' {self.api}; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {self.portal}"
        )
        _, language, name = path.split("/")
        return "text/html; charset=utf-8", self.render(language, name), {"Content-Security-Policy": policy}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, desk: Desk, answer: object, *args: object) -> None:
        self.desk, self.answer = desk, answer
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        kind, body, headers = self.answer(self.path.partition("?")[0])  # type: ignore[operator]
        self._send(200, kind, body, headers)

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.desk.posts.append((self.path, parse_qs(self.rfile.read(size).decode())))
        status, body = self.desk.answers[self.path]
        self._send(status, "text/html; charset=utf-8", body, {})

    def _send(self, status: int, kind: str, body: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        """Stay silent."""


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


class Visitor:
    """A person in front of the framed page, with everything the console complained about."""

    def __init__(self, browser: Browser, desk: Desk, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.desk = desk
        self.complaints: list[str] = []
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, name: str, language: str = "en") -> Frame:
        self.page.goto(f"{self.desk.portal}/{language}/{name}")
        frame = self.page.frames[1]
        wait_until(frame, "window.calls !== undefined && window.calls.length > 0")
        return frame


@pytest.fixture
def visitor(browser: Browser, desk: Desk) -> Iterator[Visitor]:
    visitor = Visitor(browser, desk)
    yield visitor
    visitor.context.close()


def wait_until(frame: Frame, condition: str, seconds: float = 10) -> None:
    """Ask from outside: the page's policy forbids the evaluation that Playwright's own waiting needs."""
    for _ in range(int(seconds / 0.05)):
        if frame.evaluate(condition):
            return
        frame.page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {condition}")


def calls(frame: Frame) -> list[list[str]]:
    return frame.evaluate("window.calls")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_page_is_accessible_fits_and_stays_quiet(
    browser: Browser, desk: Desk, width: int, scheme: str
) -> None:
    visitor = Visitor(browser, desk, width=width, scheme=scheme)
    found: dict[str, object] = {}

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

    frame.get_by_role("heading", name="keeps itself up to date").wait_for(timeout=10_000)
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

    assert page.get_by_role("heading", name="No duplicates").is_visible()
    context.close()
