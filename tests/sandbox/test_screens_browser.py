"""The toy portal in Chromium, with a tiny application of another origin in its frames."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, FrameLocator, Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from b24app.clock import SystemClock
from b24app.sandbox.installs import AppInstall, EventHandler, Placement, Robot
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.pages import page_routes
from b24app.sandbox.people import SHOWCASE, seed
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import SandboxServer
from b24app.sandbox.wire import Json
from tests.sandbox.background import served_in_background

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000  # for what comes at once on an idle machine
ADMIN, HEAD, OWN_ONLY = 1, SHOWCASE.viewer_of_all, SHOWCASE.viewer_of_own
LEAD = f"/crm/lead/details/{SHOWCASE.lead}/"
TALL_PX = 1_700
PAGES = (
    "/crm/lead/list/",
    "/crm/contact/list/",
    "/crm/company/list/",
    "/crm/deal/list/",
    LEAD,
    f"{LEAD}?tab=history",
    f"{LEAD}?tab=app-0",
    "/crm/lead/details/0/",
    "/crm/deal/details/0/",
    "/crm/lead/automation/",
    "/crm/lead/automation/rule/?stage=NEW&robot=find",
    "/company/personal/notifications/",
    f"/crm/contact/details/{SHOWCASE.contact}/",
    f"/crm/company/details/{SHOWCASE.company}/",
    f"/crm/deal/details/{SHOWCASE.deal}/",
    "/marketplace/app/",
    "/sandbox/",
    f"/sandbox/?record=lead:{SHOWCASE.lead}",
    f"/company/personal/user/{HEAD}/",
)
"""Every page of the portal, for what must hold everywhere."""

# The script stands before the place: whoever sees the place can call it.
APP_PAGE = """<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>app</title>
<style>body {{ margin: 0 }} .tall {{ height: {tall}px }}</style>
<script src="{portal}/bx24.js"></script></head>
<body><p id="place">{path}</p><div class="tall"></div><p id="end">end</p></body></html>"""


ROBOT: dict[str, Json] = {
    "NAME": "Найти дубликаты везде, где они только могут быть",
    "PROPERTIES": {
        "types": {"Name": "Где искать", "Type": "select", "Multiple": "Y", "Options": {"lead": "Лиды"}}
    },
    "RETURN_PROPERTIES": {"status": {"Name": "Статус"}},
}
FOUND = {
    "data": [
        {"id": f"mine-{SHOWCASE.contact}", "name": "Смирнова Анна", "phone": "+7 900 000-01-01", "email": ""}
    ]
}

WHEN_LOADED = (
    "() => document.readyState === 'complete' || new Promise((done) => addEventListener('load', done))"
)
FILL_IN = """({ data }) => BX24.placement.call(
    'crmShowCreatedEntity', { entityType: 'contact', id: data.id.split('-')[1], title: 'Анна из приложения' })"""


@dataclass
class TinyApp:
    """An application that notes what it was posted and answers with a page that loads BX24.js."""

    script_from: str = ""
    posts: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        form = await request.form()
        query = dict(request.query_params)
        self.posts.append((request.url.path, query, {name: str(value) for name, value in form.items()}))
        return HTMLResponse(APP_PAGE.format(portal=self.script_from, path=request.url.path, tall=TALL_PX))

    def asgi(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=["POST"])])


@dataclass
class Stage:
    """Portal, application, and a browser that looks at them; ``complaints`` are console errors."""

    portal: SandboxPortal
    app: TinyApp
    page: Page
    complaints: list[str]

    async def open(self, path: str, user: int = HEAD) -> None:
        sign = "&" if "?" in path else "?"
        await self.page.goto(f"{self.portal.base_url}{path}{sign}user={user}")

    async def open_tab(self, user: int = HEAD) -> FrameLocator:
        """Open the application's tab in the showcase lead and wait for its page."""
        await self.open(f"{LEAD}?tab=app-0", user)
        frame = self.page.frame_locator("[data-app-frame] iframe")
        await expect(frame.locator("#place")).to_have_text("/tab")
        return frame

    async def ask(self, frame: FrameLocator, script: str) -> Any:
        """Run a script in the application's page after BX24.init; ``done`` gives its answer."""
        return await frame.locator("#place").evaluate(
            f"() => new Promise((done) => BX24.init(() => {{ {script} }}))"
        )


def _complaints(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all; each test has a context of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def _portal_and_app(*, is_installed: bool) -> AsyncIterator[tuple[SandboxPortal, TinyApp]]:
    clock = SystemClock()
    oauth = SandboxOAuth(clock)
    portal = SandboxPortal(
        member_id="c0ffee", domain="127.0.0.1:0", scheme="http", clock=clock, oauth=oauth,
        limits=SandboxLimits.none(),
    )  # fmt: skip
    seeded = seed(200)
    portal.load(seeded)
    tiny = TinyApp()
    pages = lambda portal: page_routes(portal, seeded.truth)  # noqa: E731
    async with SandboxServer([portal], oauth, pages=pages), served_in_background(tiny.asgi()) as address:
        tiny.script_from = portal.base_url
        app = AppInstall("local.tiny", "secret", f"{address}/app", f"{address}/install")
        portal.add_app(app).installed = is_installed
        app.registrations.placements.append(Placement("CRM_LEAD_DETAIL_TAB", f"{address}/tab", "Дубликаты"))
        app.registrations.placements.append(
            Placement("CRM_DETAIL_SEARCH", f"{address}/search", "По телефону")
        )
        app.registrations.robots["find"] = Robot("find", f"{address}/robot", ROBOT)
        app.registrations.events.append(EventHandler(1, "ONCRMLEADUPDATE", f"{address}/events"))
        yield portal, tiny


@pytest_asyncio.fixture(loop_scope="module")
async def stage(chromium: Browser) -> AsyncIterator[Stage]:
    """The installed application, seen at 1280 pixels."""
    async with _portal_and_app(is_installed=True) as (portal, app):
        context = await chromium.new_context(viewport={"width": 1280, "height": 800})
        page = await context.new_page()
        yield Stage(portal, app, page, _complaints(page))
        await context.close()


async def test_the_frame_of_another_origin_is_posted_everything_a_portal_posts(stage: Stage):
    await stage.open_tab()

    assert len(stage.app.posts) == 1
    path, query, form = stage.app.posts[0]
    assert path == "/tab"
    assert (query["DOMAIN"], query["PROTOCOL"], query["LANG"]) == (stage.portal.domain, "0", "ru")
    assert len(query["APP_SID"]) == 32
    assert set(form) == {
        "AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID", "SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE",
        "member_id", "status", "PLACEMENT", "PLACEMENT_OPTIONS",
    }  # fmt: skip
    assert form["PLACEMENT"] == "CRM_LEAD_DETAIL_TAB"
    assert form["PLACEMENT_OPTIONS"] == f'{{"ID":"{SHOWCASE.lead}","URI":"{LEAD}"}}'
    assert stage.portal.oauth.grant_of(form["AUTH_ID"]).user_id == HEAD
    assert stage.complaints == []


async def test_reloading_a_card_opens_its_tab_once_more_and_not_twice(stage: Stage):
    await stage.open_tab()

    await stage.page.reload()
    await expect(stage.page.frame_locator("[data-app-frame] iframe").locator("#place")).to_have_text("/tab")
    await stage.page.wait_for_load_state("networkidle")

    assert len(stage.app.posts) == 2


async def test_the_script_tells_the_app_where_and_who_it_is(stage: Stage):
    frame = await stage.open_tab()

    told = await stage.ask(
        frame,
        "done([BX24.placement.info(), BX24.getAuth(), BX24.getLang(), BX24.getDomain(), BX24.isAdmin()])",
    )

    info, auth, *rest = told
    assert info["placement"] == "CRM_LEAD_DETAIL_TAB" and info["options"]["ID"] == str(SHOWCASE.lead)
    assert auth["access_token"] == stage.app.posts[0][2]["AUTH_ID"] and auth["member_id"] == "c0ffee"
    assert rest == ["ru", stage.portal.domain, False]


async def test_fit_window_leaves_no_scroll_bar_and_shrinks_again(stage: Stage):
    frame = await stage.open_tab()
    measure = "() => [innerHeight, document.documentElement.scrollHeight]"

    await stage.ask(frame, "BX24.fitWindow(done)")
    tall, needed = await frame.locator("body").evaluate(measure)
    await frame.locator(".tall").evaluate("(part) => part.remove()")
    await stage.ask(frame, "BX24.fitWindow(done)")
    short, _ = await frame.locator("body").evaluate(measure)

    assert tall == needed > TALL_PX
    assert short < 200


async def test_open_path_opens_the_slider_and_tells_when_it_is_closed(stage: Stage):
    frame = await stage.open_tab()
    slider = stage.page.locator("dialog.slider")

    await frame.locator("body").evaluate(
        f"() => BX24.init(() => BX24.openPath('/crm/lead/details/{SHOWCASE.other_spelling_lead}/',"
        " (answer) => { document.querySelector('#end').textContent = answer.result }))"
    )
    heading = slider.frame_locator("iframe").locator("h1")
    await expect(heading).to_have_text("Звонок: остекление балкона")
    await stage.page.keyboard.press("Escape")
    await expect(slider).to_have_count(0)

    await expect(frame.locator("#end")).to_have_text("close")


async def test_a_slider_closes_by_its_button_and_by_escape_inside_it(stage: Stage):
    frame = await stage.open_tab()
    slider, inside = stage.page.locator("dialog.slider"), stage.page.frame_locator("dialog.slider iframe")
    script = "BX24.openPath('/crm/contact/details/101/'); done()"

    await stage.ask(frame, script)
    await inside.locator("h1").wait_for()
    await slider.get_by_role("button", name="Закрыть").click()
    await expect(slider).to_have_count(0)
    await stage.ask(frame, script)
    await inside.locator("input").first.evaluate(WHEN_LOADED)
    await inside.locator("input").first.focus()
    await stage.page.keyboard.press("Escape")

    await expect(slider).to_have_count(0)


async def test_a_tab_inside_a_slider_opens_the_next_slider_beside_it(stage: Stage):
    frame = await stage.open_tab()
    await stage.ask(frame, f"BX24.openPath('/crm/lead/details/{SHOWCASE.alias_lead}/'); done()")
    first = stage.page.frame_locator("dialog.slider iframe")
    await first.get_by_role("link", name="Дубликаты").click()
    inner = first.frame_locator("[data-app-frame] iframe")
    await expect(inner.locator("#place")).to_have_text("/tab")

    await stage.ask(inner, "BX24.openPath('/crm/contact/details/101/'); done()")

    await expect(stage.page.locator("dialog.slider")).to_have_count(2)


async def test_paths_outside_the_portal_are_not_available(stage: Stage):
    frame = await stage.open_tab()

    for path in ("https://evil.test/", "//evil.test/crm/", "/sandbox/"):
        answer = await stage.ask(frame, f"BX24.openPath('{path}', done)")

        assert answer == {"result": "error", "errorCode": "PATH_NOT_AVAILABLE"}


async def test_methods_are_called_with_the_viewers_rights(stage: Stage):
    stage.portal.users.get(OWN_ONLY).language = "en"  # type: ignore[union-attr]
    frame = await stage.open_tab(OWN_ONLY)

    ids = await stage.ask(
        frame,
        "BX24.callMethod('crm.lead.list', { select: ['ID', 'ASSIGNED_BY_ID'] },"
        " (answer) => done(answer.data().map((row) => row.ASSIGNED_BY_ID)))",
    )
    refused = await stage.ask(
        frame,
        f"BX24.callMethod('crm.lead.get', {{ id: {SHOWCASE.other_spelling_lead} }},"
        " (answer) => done(String(answer.error())))",
    )

    assert ids and set(ids) == {str(OWN_ONLY)}
    assert "Access denied" in refused


async def test_a_batch_answers_under_the_callers_names(stage: Stage):
    frame = await stage.open_tab()

    answers = await stage.ask(
        frame,
        "BX24.callBatch({ lead: ['crm.lead.list', { filter: { ID: 101 }, select: ['ID'] }],"
        " wrong: { method: 'no.such.method' } }, (all) => done([all.lead.data(), String(all.wrong.error())]))",
    )

    assert answers[0] == [{"ID": "101"}]
    assert "ERROR_METHOD_NOT_FOUND" in answers[1]


async def test_an_expired_token_is_renewed_in_the_middle(stage: Stage):
    frame = await stage.open_tab()
    before = (await stage.ask(frame, "done(BX24.getAuth())"))["access_token"]
    stage.portal.oauth.expire_access()

    name = await stage.ask(frame, "BX24.callMethod('profile', {}, (answer) => done(answer.data().NAME))")
    after = (await stage.ask(frame, "BX24.refreshAuth(done)"))["access_token"]

    assert name == "Мария" and after != before


async def test_messages_of_strangers_are_not_heard(stage: Stage):
    frame = await stage.open_tab()
    sid = stage.app.posts[0][1]["APP_SID"]
    message = f"{{ sid: '{sid}', id: 1, command: 'resizeWindow', params: {{ height: 55 }} }}"
    window = stage.page.locator("[data-app-frame] iframe")
    height = "(frame) => frame.clientHeight"
    before = await window.evaluate(height)

    await stage.page.evaluate(f"() => window.postMessage({message}, '*')")
    await frame.locator("body").evaluate(f"() => parent.postMessage({message.replace(sid, 'wrong')}, '*')")
    await frame.locator("body").evaluate(f"() => parent.postMessage({message.replace('resize', '__')}, '*')")
    await stage.ask(frame, "BX24.closeApplication(done)")
    unheard = await window.evaluate(height)
    await frame.locator("body").evaluate(f"() => parent.postMessage({message}, '*')")
    await stage.ask(frame, "BX24.closeApplication(done)")

    assert unheard == before
    assert await window.evaluate(height) == 55


async def test_reload_data_reads_the_cards_head_anew(stage: Stage):
    frame = await stage.open_tab()
    stage.portal.change("lead", SHOWCASE.lead, {"TITLE": "Переименован"}, by=HEAD)

    await stage.ask(frame, "BX24.placement.call('reloadData', {}, done)")

    await expect(stage.page.locator("h1")).to_have_text("Переименован")
    assert [post[0] for post in stage.app.posts if post[0] == "/tab"] == ["/tab"]


async def test_install_finish_turns_the_installer_into_the_application(chromium: Browser):
    async with _portal_and_app(is_installed=False) as (portal, app):
        page = await chromium.new_page()
        here = Stage(portal, app, page, _complaints(page))
        place = page.frame_locator("[data-app-frame] iframe").locator("#place")

        await here.open("/marketplace/app/", OWN_ONLY)
        await expect(page.get_by_role("heading", name="Приложение установлено не до конца")).to_be_visible()
        await here.open("/marketplace/app/", ADMIN)
        await expect(place).to_have_text("/install")
        await place.evaluate(
            "() => { BX24.init(() => { document.title = 'too early' });"
            " BX24.install(() => { BX24.installFinish() }) }"
        )
        await expect(place).to_have_text("/app")

        assert portal.app is not None and portal.app.installed
        assert [path for path, _, _ in app.posts] == ["/install", "/app"]
        await page.context.close()


async def test_the_application_opens_itself_in_a_slider_with_parameters(stage: Stage):
    frame = await stage.open_tab()

    await stage.ask(frame, "BX24.openApplication({ lead: 5 }, () => 0, { width: 700 }); done()")
    inner = stage.page.frame_locator("dialog.slider iframe").frame_locator("[data-app-frame] iframe")
    await expect(inner.locator("#place")).to_have_text("/app")
    await stage.ask(inner, "BX24.setTitle('Настройки', done)")
    heading = stage.page.frame_locator("dialog.slider iframe").locator("h1")
    await expect(heading).to_have_text("Настройки")
    await stage.ask(inner, "done(); BX24.closeApplication()")

    await expect(stage.page.locator("dialog.slider")).to_have_count(0)
    assert stage.app.posts[-1][2]["PLACEMENT_OPTIONS"] == '{"lead":"5","bx24_width":"700"}'


async def test_a_user_without_the_right_reads_access_denied_in_the_slider_too(stage: Stage):
    frame = await stage.open_tab(OWN_ONLY)

    path = f"/crm/lead/details/{SHOWCASE.other_spelling_lead}/"
    await stage.ask(frame, f"BX24.openPath('{path}'); done()")

    inside = stage.page.frame_locator("dialog.slider iframe")
    await expect(inside.locator("h1")).to_have_text("Доступ запрещён")
    assert "остекление" not in await inside.locator("body").inner_text()


async def test_editing_a_phone_as_a_switched_user_tells_the_application(stage: Stage):
    await stage.open(LEAD, ADMIN)
    await stage.page.locator(".who__face").click()
    async with stage.page.expect_navigation():
        await stage.page.get_by_role("button", name="Павел Ершов").click()

    await stage.page.get_by_label("Телефон", exact=True).first.fill("+7 900 555-55-55")
    async with stage.page.expect_navigation():
        await stage.page.get_by_role("button", name="Сохранить").click()
    await stage.portal.events.deliver_all()
    while not any(path == "/events" for path, _, _ in stage.app.posts):
        await stage.page.wait_for_timeout(20)

    event = next(form for path, _, form in stage.app.posts if path == "/events")
    assert (event["event"], event["data[FIELDS][ID]"]) == ("ONCRMLEADUPDATE", str(SHOWCASE.lead))
    assert event["auth[user_id]"] == str(OWN_ONLY)
    await expect(stage.page.get_by_label("Телефон", exact=True).first).to_have_value("+7 900 555-55-55")


async def test_a_client_that_the_application_found_is_put_into_a_new_deal(stage: Stage):
    await stage.open("/crm/deal/details/0/", ADMIN)
    picker = stage.page.locator('[data-picker="contact"]')
    await picker.locator("[data-picker-query]").fill("8 900 000-01-01")
    await picker.get_by_role("button", name="По телефону").click()
    frame = picker.frame_locator("[data-app-frame] iframe")
    await stage.ask(frame, f"BX24.placement.bindEvent('onCrmEntityIsNeedToCreate', {FILL_IN}); done()")
    await stage.ask(frame, f"BX24.placement.call('crmShowFoundEntities', {json.dumps(FOUND)}, () => done())")

    await picker.get_by_role("button", name="Смирнова Анна").click()
    await expect(picker.locator("[data-picker-name]")).to_have_text("Анна из приложения")
    await stage.page.get_by_label("Название").fill("Повторный заказ")
    async with stage.page.expect_navigation():
        await stage.page.get_by_role("button", name="Сохранить").click()

    options = next(form for path, _, form in stage.app.posts if path == "/search")["PLACEMENT_OPTIONS"]
    expected = {"entityTypeName": "CONTACT", "searchQuery": "8 900 000-01-01", "URI": "/crm/deal/details/0/"}
    assert json.loads(options) == expected
    made = stage.portal.crm.tables["deal"].last_id
    assert stage.portal.crm.links["deal"].targets(made) == [SHOWCASE.contact]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "light"), (1280, "dark")])
async def test_no_page_scrolls_sideways_or_complains(chromium: Browser, width: int, scheme: Any):
    async with _portal_and_app(is_installed=True) as (portal, app):
        context: BrowserContext = await chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        page = await context.new_page()
        here = Stage(portal, app, page, _complaints(page))

        wide = []
        for path in PAGES:
            await here.open(path, ADMIN)
            if await page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append(path)

        assert wide == []
        assert here.complaints == []
        await context.close()
