"""Takes the pictures of README and the guides from the demo: ``make shots``. Invented people only."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, async_playwright

from b24app.demo import SHOWCASE, Stage, install, stage, wait_until_indexed

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
SIZE = {"width": 1280, "height": 1180}
CARD = f"/crm/lead/details/{SHOWCASE.lead}/?tab=app-0"
ADMIN, MANAGER, OWN_ONLY = 1, SHOWCASE.viewer_of_all, SHOWCASE.viewer_of_own
SHOTS = (
    ("lead-card.png", MANAGER, "ru", CARD, "light"),
    ("lead-card.en.png", MANAGER, "en", CARD, "light"),
    ("lead-card-hidden.png", OWN_ONLY, "ru", CARD, "light"),
    ("lead-card-hidden.en.png", OWN_ONLY, "en", CARD, "light"),
    ("app-page.png", ADMIN, "ru", "/marketplace/app/", "light"),
    ("app-page.en.png", ADMIN, "en", "/marketplace/app/", "light"),
)


async def shoot(browser: Browser, running: Stage, shot: tuple[str, int, str, str, str]) -> None:
    """Open one page of the toy portal as one user, and save what is seen."""
    name, user_id, language, path, scheme = shot
    user = running.portal.users.get(user_id)
    if user is None:
        raise LookupError(f"user {user_id} is not in the demo")
    user.language = language
    page = await browser.new_page(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
    separator = "&" if "?" in path else "?"
    await page.goto(f"{running.portal.base_url}{path}{separator}user={user_id}")
    frame = page.frame_locator("iframe")
    await frame.locator("main").wait_for()
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=IMAGES / name)
    await page.close()


async def main() -> None:
    """Run the demo and take every picture."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        async with stage(Path(folder), ports=False) as running, async_playwright() as player:
            await install(running, running.portal)
            await wait_until_indexed(running, running.portal)
            browser = await player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for shot in SHOTS:
                await shoot(browser, running, shot)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
