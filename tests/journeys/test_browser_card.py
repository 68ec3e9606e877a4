"""The app inside the toy portal, in Chromium: a frame of another origin, the keyboard, both themes, both languages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from axe_core_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    Frame,
    Locator,
    Page,
    Request,
    ViewportSize,
    async_playwright,
    expect,
)

from b24app.sandbox.pages import page_routes
from b24app.sandbox.people import SHOWCASE
from tests.journeys.shared_town import own_database
from tests.journeys.town import ADMIN, Town, town

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
MANAGER, OWN_ONLY = SHOWCASE.viewer_of_all, SHOWCASE.viewer_of_own
OTHER = f"/crm/lead/details/{SHOWCASE.other_spelling_lead}/"
CARD = f"/crm/lead/details/{SHOWCASE.lead}/?tab=app-0"
MOST_TABS = 40
PATIENCE_S = 30.0
GLANCES, GLANCE_MS = 600, 50

expect.set_options(timeout=PATIENCE_S * 1_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town with screens; the app is not installed yet: the first story does that."""
    folder = tmp_path_factory.mktemp("browser")
    async with (
        own_database(template_url, "of_browser") as url,
        town(url, folder, size=150, pages=page_routes) as built,
    ):
        yield built


@dataclass
class Visit:
    """A person in front of the portal; ``complaints`` are errors of the console, of the policy, of scripts."""

    acme: Town
    page: Page
    complaints: list[str]

    async def open(self, path: str, user: int) -> Frame:
        """Open a page of the portal and return our frame in it, once it has been fitted."""
        await self.page.goto(f"{self.acme.portal.base_url}{path}{'&' if '?' in path else '?'}user={user}")
        await self.page.wait_for_load_state("networkidle")
        frame = await self.frame()
        await fitted_scroll_bars(frame)
        return frame

    async def frame(self) -> Frame:
        for _ in range(GLANCES):
            for frame in self.page.frames:
                if frame.url.startswith(self.acme.address):
                    await frame.wait_for_load_state()
                    return frame
            await self.page.wait_for_timeout(GLANCE_MS)
        raise AssertionError("our frame never came")

    async def tab_to(self, wanted: Locator) -> None:
        """Press Tab until the element has the focus, as somebody without a mouse does."""
        for _ in range(MOST_TABS):
            if await wanted.evaluate("(node) => node === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError("the keyboard does not reach it")


@asynccontextmanager
async def visit(
    chromium: Browser, acme: Town, *, width: int = 1280, scheme: str = "light", zone: str = "UTC"
) -> AsyncIterator[Visit]:
    size: ViewportSize = {"width": width, "height": 900}
    context = await chromium.new_context(viewport=size, color_scheme=scheme, timezone_id=zone)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_S * 1_000)
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("requestfailed", lambda request: found.append(request.url) if _is_broken(request) else None)
    yield Visit(acme, page, found)
    await context.close()
    assert found == []


def _is_broken(request: Request) -> bool:
    return request.failure != "net::ERR_ABORTED"  # what was under way when the page went elsewhere


async def scroll_bars(frame: Frame) -> list[int]:
    """Return how far the frame could be scrolled, sideways and down."""
    return await frame.evaluate(
        "() => { const d = document.documentElement;"
        " return [d.scrollWidth - d.clientWidth, d.scrollHeight - d.clientHeight] }"
    )


async def fitted_scroll_bars(frame: Frame) -> list[int]:
    """Return the same once the portal has fitted the frame to what it shows, or when it never does."""
    for _ in range(GLANCES):
        if await scroll_bars(frame) == [0, 0]:
            break
        await frame.page.wait_for_timeout(GLANCE_MS)
    return await scroll_bars(frame)


async def test_the_installer_finishes_by_itself_and_the_app_page_tells_the_index(
    chromium: Browser, acme: Town
) -> None:
    async with visit(chromium, acme) as visitor:
        await visitor.page.goto(f"{acme.portal.base_url}/marketplace/app/?user={ADMIN}")
        # The portal's page turns to the installed app by itself; another visit now would cross that turn.
        heading = visitor.page.frame_locator("iframe").locator("h1")
        await expect(heading).to_have_text("Построение индекса вот-вот начнётся")
        await acme.work()
        after = await (await visitor.open("/marketplace/app/", ADMIN)).locator("h1").inner_text()

    assert acme.portal.app is not None and acme.portal.app.installed
    assert after == "Индекс построен и обновляется сам"
    assert len(acme.portal.app.registrations.placements) == len(acme.house.runtime.manifest.placements)


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("user", [MANAGER, OWN_ONLY])
async def test_the_tab_has_no_scroll_bar_of_its_own(
    chromium: Browser, acme: Town, width: int, user: int, tmp_path: Path
) -> None:
    async with visit(chromium, acme, width=width) as visitor:
        frame = await visitor.open(CARD, user)
        await visitor.page.wait_for_timeout(200)
        sideways, down = await fitted_scroll_bars(frame)
        await visitor.page.screenshot(path=tmp_path / "card.png", full_page=True)

    assert (sideways, down) == (0, 0)


async def test_enter_on_a_match_opens_it_in_the_slider(chromium: Browser, acme: Town) -> None:
    async with visit(chromium, acme) as visitor:
        frame = await visitor.open(CARD, MANAGER)

        await frame.locator("button").first.focus()
        await visitor.tab_to(frame.locator(f'a.row__title[href$="{OTHER}"]').first)
        await visitor.page.keyboard.press("Enter")

        heading = visitor.page.frame_locator("dialog.slider iframe").locator("h1")
        await expect(heading).to_have_text("Звонок: остекление балкона")
        await visitor.page.keyboard.press("Escape")
        await expect(visitor.page.locator("dialog.slider")).to_have_count(0)
        assert visitor.page.url.endswith(f"user={MANAGER}")  # the card itself stayed where it was


async def test_a_pair_is_rejected_and_taken_back_by_keyboard(chromium: Browser, acme: Town) -> None:
    async with visit(chromium, acme) as visitor:
        frame = await visitor.open(CARD, MANAGER)
        keyboard, row = visitor.page.keyboard, frame.locator('.row:has(form input[value="lead:102"])').first
        verdict = frame.locator("h1")

        await frame.locator("button").first.focus()
        await visitor.tab_to(row.locator("summary"))
        await keyboard.press("Enter")
        await visitor.tab_to(row.locator("select").first)
        await keyboard.press("ArrowDown")
        await visitor.tab_to(row.get_by_role("button", name="Отметить как разные"))
        await keyboard.press("Enter")
        await expect(verdict).to_have_text("Найдено 6 совпадений")
        assert await verdict.evaluate("(node) => node === document.activeElement")

        box = frame.locator('details[data-keep="rejected"]')
        await visitor.tab_to(box.locator("summary"))
        await keyboard.press("Enter")
        assert "Общий номер" in await box.inner_text()
        await visitor.tab_to(box.get_by_role("button"))
        await keyboard.press("Enter")
        await expect(verdict).to_have_text("Найдено 7 совпадений")


async def test_check_again_swaps_the_answer_without_leaving_the_page(chromium: Browser, acme: Town) -> None:
    async with visit(chromium, acme) as visitor:
        frame = await visitor.open(CARD, MANAGER)
        phone = {"PHONE": [{"VALUE": "+79000000101"}]}
        fresh = acme.portal.create("lead", {"TITLE": "Только что", **phone}, by=MANAGER)
        await acme.deliver()

        await frame.get_by_role("button", name="Проверить ещё раз").click()
        await expect(frame.locator("h1")).to_have_text("Найдено 8 совпадений")

        sideways, down = await fitted_scroll_bars(frame)
        assert (sideways, down) == (0, 0)  # the frame grew with its content
        assert await frame.get_by_role("link", name="Только что").count() == 1
    acme.portal.delete("lead", fresh, by=MANAGER)
    await acme.deliver()


async def test_the_administrator_saves_rules_on_the_app_page(chromium: Browser, acme: Town) -> None:
    async with visit(chromium, acme) as visitor:
        frame = await visitor.open("/marketplace/app/", ADMIN)

        await frame.get_by_label("Номер общий, если записей больше").fill("61")
        await frame.get_by_role("button", name="Сохранить").click()
        await expect(frame.get_by_text("Правила сохранены")).to_be_visible()

        assert await frame.get_by_label("Номер общий, если записей больше").input_value() == "61"
        assert await frame.get_by_label("Контакты").is_checked()
        assert (await scroll_bars(frame))[0] == 0
    assert (await acme.known()).rules["hub_limit"] == 61
    assert (await acme.known()).rules["types"] == ["lead", "contact", "company"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_axe_finds_nothing_wrong(chromium: Browser, acme: Town, scheme: str, language: str) -> None:
    violations = {}
    for user, path in ((MANAGER, CARD), (OWN_ONLY, CARD), (ADMIN, "/marketplace/app/")):
        viewer = acme.portal.users.get(user)
        assert viewer is not None
        viewer.language = language
        async with visit(chromium, acme, scheme=scheme) as visitor:
            frame = await visitor.open(path, user)
            await frame.evaluate(
                "() => document.querySelectorAll('details').forEach((box) => { box.open = true })"
            )
            violations[path, user] = [
                (found["id"], [node["html"] for node in found["nodes"]][:3])
                for found in (await Axe().run(frame))["violations"]
            ]
        viewer.language = "ru"

    assert {key: found for key, found in violations.items() if found} == {}


async def test_a_phone_typed_into_a_new_deal_puts_in_the_client_that_has_it(chromium: Browser, acme: Town):
    contact = acme.portal.create(
        "contact",
        {"NAME": "Нина", "LAST_NAME": "Найдёнова", "PHONE": [{"VALUE": "8 926 555-07-91"}]},
        by=ADMIN,
    )
    await acme.deliver()
    async with visit(chromium, acme) as here:
        await here.page.goto(f"{acme.portal.base_url}/crm/deal/details/0/?user={ADMIN}")
        picker = here.page.locator('[data-picker="contact"]')
        await picker.locator("[data-picker-query]").fill("+7 (926) 5550791")
        await picker.get_by_role("button", name="Найти по телефону или e-mail").click()

        await picker.get_by_role("button", name="Нина Найдёнова").click()

        await expect(picker.locator("[data-picker-chosen]")).to_have_value(str(contact))
        await expect(picker.locator("[data-picker-name]")).to_have_text("Нина Найдёнова")
