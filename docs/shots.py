"""Takes the pictures of README and the guides from the demo: ``make shots``. Invented people only.

The first toy portal speaks Russian, the second English, so that what the app writes into a portal fits the picture.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, FrameLocator, Page, async_playwright

from b24app.demo.audit import audit_portal
from b24app.demo.chain import ROBOT, missing_links, set_up_automation
from b24app.demo.stage import Stage, install, stage, wait_until_indexed, wait_until_published
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.repeats import create_repeat

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WIDTH, LEAST_HEIGHT = 1280, 640
LANGUAGES = {"ru": "", "en": ".en"}  # what stands in the picture's name, in the order of the demo's portals
ADMIN, MANAGER, OWN_ONLY = 1, SHOWCASE.viewer_of_all, SHOWCASE.viewer_of_own
CARD = f"/crm/lead/details/{SHOWCASE.lead}/?tab=app-0"
APP = "/marketplace/app/"
REPEATED = (
    ("lead", 201),
    ("contact", SHOWCASE.email_contact),
)  # more repeats, so that the list has some lines
RECORDS = 2_000
CHAIN_WITHIN_S, CALM_S = 120.0, 20.0  # calm: so that the portal's request limit makes nobody wait
PHONE = "8 900 000 01 01"
SETTLED_MS = 1_000  # a frame is fitted to its page by two messages


@dataclass(frozen=True, slots=True)
class Scene:
    """One toy portal, in its language, with a repeat lead in it."""

    portal: SandboxPortal
    language: str
    repeat: int


Act = Callable[[Page], Awaitable[None]]


def _app(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def _section(name: str) -> Act:
    """Return an act that presses a button of the app's own menu."""

    async def press(page: Page) -> None:
        await _app(page).locator(f'.nav__item[formaction="/{name}"]').click()
        await _app(page).locator(f'.nav__item[formaction="/{name}"][aria-current=page]').wait_for()

    return press


async def _open_report(page: Page) -> None:
    await _section("audit")(page)
    await _app(page).locator('form[action="/audit/report"] button').first.click()
    await _app(page).locator(".subnav__item[aria-current=page]").first.wait_for()
    await _app(page).locator("svg").first.wait_for()


async def _open_group(page: Page) -> None:
    await _open_report(page)
    await _app(page).locator('.subnav__item[formaction="/audit/groups"]').click()
    await _app(page).locator("select[name=order]").select_option("severity")
    await _app(page).locator("select[name=pair]").select_option("lead-company")
    await _app(page).locator("select[name=least_size]").select_option("3")
    async with page.expect_response("**/audit/groups"):
        await _app(page).locator(".filters__act").click()
    await page.wait_for_timeout(SETTLED_MS)
    await _app(page).locator('form[action="/audit/group"] button').first.click()
    await _app(page).locator(".sides").first.wait_for()


async def _search_client(page: Page) -> None:
    part = page.locator('[data-picker="contact"]')
    await part.locator("[data-picker-query]").fill(PHONE)
    await part.locator("[data-app-search] button").first.click()
    await part.locator("[data-app-found] [data-client]").first.wait_for()


async def _look(page: Page) -> None:
    if await page.locator("iframe").count():
        await _app(page).locator("main").wait_for()


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who opens what, and what is done before it is taken."""

    name: str
    user_id: int
    path: Callable[[Scene], str]
    act: Act = _look


def _fixed(path: str) -> Callable[[Scene], str]:
    return lambda scene: path


def _repeat(scene: Scene) -> str:
    return f"/crm/lead/details/{scene.repeat}/"


def _robot(scene: Scene) -> str:
    rule = next(rule for rule in scene.portal.automation.rules if rule.robot == ROBOT)
    return f"/crm/lead/automation/rule/?rule={rule.id}"


SHOTS = (
    Shot("lead-card", MANAGER, _fixed(CARD)),
    Shot("lead-card-hidden", OWN_ONLY, _fixed(CARD)),
    Shot("lead-fields", MANAGER, _repeat),
    Shot("client-search", MANAGER, _fixed("/crm/deal/details/0/"), _search_client),
    Shot("robots", ADMIN, _robot),
    Shot("app-page", ADMIN, _fixed(APP)),
    Shot("automation", ADMIN, _fixed(APP), _section("automation")),
    Shot("enquiries", ADMIN, _fixed(APP), _section("enquiries")),
    Shot("connections", ADMIN, _fixed(APP), _section("connections")),
    Shot("audit", ADMIN, _fixed(APP), _open_report),
    Shot("audit-group", ADMIN, _fixed(APP), _open_group),
)


async def prepare(running: Stage, portal: SandboxPortal, language: str) -> Scene:
    """Do what an administrator and a returning client do, and wait until the app is through with it."""
    for user in portal.users.all():
        user.language = language
    await install(running, portal)
    await wait_until_indexed(running, portal)
    await wait_until_published(running, portal)
    await audit_portal(running.house, portal)
    await set_up_automation(running.house, portal)
    await asyncio.sleep(CALM_S)
    repeat = create_repeat(portal, "lead", SHOWCASE.lead)
    with suppress(TimeoutError):
        async with asyncio.timeout(CHAIN_WITHIN_S):
            while missing_links(portal, repeat):
                await asyncio.sleep(0.2)
    if lacking := missing_links(portal, repeat):
        raise RuntimeError(f"the pictures would lack: {lacking}")
    for word, record_id in REPEATED:
        create_repeat(portal, word, record_id)
    return Scene(portal, language, repeat)


async def shoot(browser: Browser, scene: Scene, shot: Shot) -> None:
    """Open one page of the toy portal as one user, and save all of it."""
    page = await browser.new_page(viewport={"width": WIDTH, "height": LEAST_HEIGHT})
    path = shot.path(scene)
    separator = "&" if "?" in path else "?"
    await page.goto(f"{scene.portal.base_url}{path}{separator}user={shot.user_id}")
    await _look(page)
    await shot.act(page)
    await page.wait_for_timeout(SETTLED_MS)
    name = f"{shot.name}{LANGUAGES[scene.language]}.png"
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": WIDTH, "height": max(LEAST_HEIGHT, height)})
    await page.screenshot(path=IMAGES / name)
    await page.close()


async def main() -> None:
    """Run the demo and take every picture."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        async with stage(Path(folder), ports=False, size=RECORDS) as running, async_playwright() as player:
            pairs = zip(running.portals, LANGUAGES, strict=True)
            scenes = [await prepare(running, *pair) for pair in pairs]
            await asyncio.sleep(CALM_S)
            browser = await player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for scene in scenes:
                for shot in SHOTS:
                    await shoot(browser, scene, shot)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
