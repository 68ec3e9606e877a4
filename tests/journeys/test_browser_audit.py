"""A file of an audit in the portal's frame, in Chromium: ordered, followed, downloaded and opened."""

import re
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Frame, async_playwright, expect
from python_calamine import CalamineWorkbook

from b24app.sandbox.pages import page_routes
from b24app.sandbox.people import SHOWCASE
from tests.journeys.audit_desk import group_of, post, run_id
from tests.journeys.shared_town import own_database
from tests.journeys.test_audit_kill import build_gates, closed_gate
from tests.journeys.test_audit_runs import an_audit
from tests.journeys.test_browser_card import CHROMIUM, FLAGS, Visit, visit
from tests.journeys.town import ADMIN, Town, town

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FAR_EAST = "Asia/Vladivostok"
FORMULA = '=HYPERLINK("https://evil.example","Анна")'
CARD_LINK = (
    r'HYPERLINK\("{origin}/crm/(?:lead|contact|company)/details/\d+/","(?:лид|контакт|компания) \d+"\)'
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town with screens whose portal has been audited once."""
    folder = tmp_path_factory.mktemp("browser_audit")
    async with (
        own_database(template_url, "of_browser_audit") as url,
        town(url, folder, size=150, pages=page_routes) as built,
    ):
        await built.install()
        await built.work()
        built.portal.change("lead", SHOWCASE.lead, {"TITLE": FORMULA}, by=ADMIN)
        await build_gates(built)
        await an_audit(built)
        yield built


async def test_an_administrator_orders_a_workbook_sees_it_grow_and_downloads_it(acme: Town, tmp_path: Path):
    members = (await acme.rows("SELECT count(*) AS n FROM audit_member"))[0]["n"]

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        async with visit(browser, acme, zone=FAR_EAST) as visitor:
            frame = await open_report(visitor)
            files = frame.locator('[data-part="files"]')
            async with closed_gate(acme, "writing"):
                await files.get_by_role("button", name="Подготовить XLSX").click()
                await expect(files.get_by_text(f"Записано 0 из {members}, 0 %")).to_be_visible()
                await expect(files.get_by_role("progressbar")).to_have_attribute("max", str(members))
            await expect(files.get_by_text("Ссылка действует до")).to_be_visible()
            async with visitor.page.expect_download() as awaited:
                await files.get_by_role("button", name="Скачать").click()
            download = await awaited.value
            await download.save_as(tmp_path / "taken.xlsx")
            assert re.fullmatch(r"audit-\d+\.xlsx", download.suggested_filename)
            assert await files.is_visible(), "the page stays where it was"
        await browser.close()

    rows = CalamineWorkbook.from_path(tmp_path / "taken.xlsx").get_sheet_by_name("Записи").to_python()
    formulas = formulas_of(tmp_path / "taken.xlsx")
    link = re.compile(CARD_LINK.format(origin=re.escape(acme.portal.base_url)))
    assert len(rows) == members + 1
    row = next(row for row in rows if row[1:3] == ["лид", float(SHOWCASE.lead)])
    assert row[4] == FORMULA
    assert abs(row[11] - created_by_wall(acme, FAR_EAST)) < timedelta(seconds=1)
    assert len(formulas) == members
    assert [formula for formula in formulas if not link.fullmatch(formula)] == []


async def test_hours_are_those_of_the_readers_time_zone_and_a_day_is_the_same_everywhere(acme: Town):
    run = await run_id(acme)
    number = await group_of(acme, "lead", SHOWCASE.lead)
    handed = await post(acme, "hand", run_id=run, group=number, user=str(ADMIN), due="2030-01-31")
    assert handed.status_code == 200

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        async with visit(browser, acme, zone=FAR_EAST) as visitor:
            frame = await open_report(visitor)
            await frame.get_by_role("button", name="Мои дубликаты", exact=True).click()
            await expect(frame.get_by_text("срок 31 янв. 2030")).to_be_visible()
            await frame.get_by_role("button", name="Аудиты", exact=True).click()
            schedule = frame.locator("details", has_text="Как часто")
            await schedule.locator("summary").click()
            await expect(schedule.get_by_text("Дни и часы – по времени")).to_contain_text(FAR_EAST)
            await schedule.get_by_label("Как часто").select_option("day")
            await schedule.get_by_role("button", name="Сохранить расписание").click()
            await expect(frame.get_by_text("Следующий запуск")).to_contain_text("03:00")
        async with visit(browser, acme, zone="Europe/Moscow") as visitor:
            frame = await open_report(visitor)
            await frame.get_by_role("button", name="Аудиты", exact=True).click()
            await expect(frame.get_by_text("Следующий запуск")).to_contain_text("20:00")
        await browser.close()


def created_by_wall(acme: Town, zone: str) -> datetime:
    """Return what a clock there showed when the lead was created."""
    lead = acme.portal.crm.get("lead", SHOWCASE.lead)
    assert lead is not None
    return datetime.fromtimestamp(float(str(lead.fields["DATE_CREATE"])), ZoneInfo(zone)).replace(tzinfo=None)


async def open_report(visitor: Visit) -> Frame:
    """Go from the app's page to the report of the latest audit, as a person does."""
    frame = await visitor.open("/marketplace/app/", ADMIN)
    await frame.get_by_role("button", name="Аудит", exact=True).click()
    await frame.get_by_role("button", name="Аудит", exact=True).nth(1).click()
    await expect(frame.locator('[data-part="files"]')).to_be_visible()
    return frame


def formulas_of(path: Path) -> list[str]:
    """Return every formula that a table program would find in the package."""
    with zipfile.ZipFile(path) as package:
        parts = [package.read(name).decode() for name in package.namelist()]
    return [unescape(formula) for part in parts for formula in re.findall(r"<f>(.*?)</f>", part)]
