"""An administrator chooses people, departments and sources by name, and opens what changed since the last audit."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.repeats import create_repeat
from tests.journeys.audit_desk import group_of, journal, post, run_id
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANAGER_OF_OWN = SHOWCASE.viewer_of_own
WHOLE_PORTAL = {"name": "", "budget": "60", "types[]": ["lead", "contact", "company"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town whose portal has been audited once."""
    async with installed_town(template_url, tmp_path_factory.mktemp("choices"), size=60) as built:
        assert (await post(built, "start", **WHOLE_PORTAL)).status_code == 200
        await built.work()
        yield built


async def test_people_departments_and_sources_are_chosen_by_name(acme: Town) -> None:
    form = {
        "find": "start",
        "name": "Казань",
        "types[]": ["lead"],
        "departments[]": ["6", "77"],
        "sources[]": "WEB",
    }
    journal_before = await acme.rows("SELECT count(*) AS n FROM journal")

    found = await post(
        acme, "find", **form, responsibles_query="менедж", **{"responsibles[]": ["8", "404", "Ы"]}
    )
    nobody = await post(acme, "find", find="access", people_query="Неттакой")
    unknown = await post(acme, "find", find="portal")
    foreign = await post(acme, "find", MANAGER_OF_OWN, find="start", responsibles_query="менедж")

    start = found.text.split('action="/audit/start"')[1].split("</form>")[0]
    assert boxes(start, "responsibles[]") == [
        ("8", True, "Никита Громов Стажёр"),
        ("404", True, "Сотрудник № 404 нет в портале"),
        ("Ы", True, "Сотрудник № Ы нет в портале"),
        ("3", False, "Олег Дроздов Менеджер по продажам"),
        ("4", False, "Ирина Соколовская Старший менеджер"),
        ("5", False, "Тимур Ахметшин Менеджер по продажам"),
        ("6", False, "Павел Ершов Менеджер по продажам"),
        ("9", False, "Елена Бортникова Менеджер по продажам (уволена) уже не работает"),
    ]
    assert boxes(start, "departments[]")[:3] == [
        ("77", True, "Отдел № 77 нет в портале"), ("1", False, "Компания «Пример»"), ("7", False, "Поддержка")
    ]  # fmt: skip
    assert ("6", True, "Отдел продаж, Казань") in boxes(start, "departments[]")
    assert [value for value, is_ticked, _ in boxes(start, "sources[]") if is_ticked] == ["WEB"]
    assert 'value="Казань"' in start
    assert "Никого не найдено" in nobody.text
    assert (found.status_code, unknown.status_code, foreign.status_code) == (200, 400, 403)
    assert await acme.rows("SELECT count(*) AS n FROM journal") == journal_before


def boxes(html: str, name: str) -> list[tuple[str, bool, str]]:
    """Return the value, the tick and the words of the boxes of a field."""
    found = re.findall(rf'name="{re.escape(name)}" value="([^"]*)"( checked)?>(.*?)</label>', html)
    return [(value, bool(ticked), re.sub(r"<[^>]+>", "", words)) for value, ticked, words in found]


async def test_who_was_looked_for_and_not_ticked_is_no_order_for_everybody(acme: Town) -> None:
    ordered = await journal(acme, "audit.order")

    refused = await post(
        acme, "start", name="", budget="60", responsibles_query="дроздов", **{"types[]": ["lead"]}
    )

    assert refused.status_code == 422
    assert "отметьте кого-нибудь из найденных" in refused.text
    assert ("3", False, "Олег Дроздов Менеджер по продажам") in boxes(refused.text, "responsibles[]")
    assert await journal(acme, "audit.order") == ordered


async def test_without_the_rights_to_see_them_ids_are_typed_and_the_form_says_why(acme: Town) -> None:
    app = acme.portal.app
    scopes, app.scopes = app.scopes, ("crm", "placement", "bizproc")

    number, run = await group_of(acme, "lead", SHOWCASE.lead), await run_id(acme)
    page = await post(acme, "find", find="start", **{"responsibles[]": "3, 8", "departments[]": "6"})
    group = await post(acme, "group", run_id=run, group=number)

    app.scopes = scopes
    assert page.status_code == 200
    assert 'name="responsibles[]" value="3, 8"' in page.text
    assert 'name="departments[]" value="6"' in page.text
    assert "Портал не показывает приложению сотрудников" in page.text
    assert "нужно право «Структура компании»" in page.text
    assert ("WEB", False, "Веб-сайт") in boxes(page.text, "sources[]")
    assert "поэтому выбрать некого" in group.text
    assert [value for value, _, _ in boxes(group.text, "user")] == [""]


async def test_a_receiver_is_looked_for_by_name_and_must_work_here(acme: Town) -> None:
    number, run = await group_of(acme, "lead", SHOWCASE.lead), await run_id(acme)

    found = await post(
        acme, "receiver", run_id=run, group=number, user="", due="2030-02-28", user_query="громов"
    )
    chosen = await post(acme, "receiver", run_id=run, group=number, user="8", due="", user_query="калинина")
    gone = await post(acme, "receiver", run_id=run, group=number, user="", due="", user_query="бортникова")
    forgotten = await post(acme, "hand", run_id=run, group=number, user="", due="", user_query="громов")
    dismissed = await post(acme, "hand", run_id=run, group=number, user="9", due="")
    foreign = await post(acme, "receiver", MANAGER_OF_OWN, run_id=run, group=number, user="", user_query="г")

    assert ("8", False, "Никита Громов Стажёр") in boxes(found.text, "user")
    assert 'value="2030-02-28"' in found.text
    assert boxes(chosen.text, "user")[1:3] == [
        ("8", True, "Никита Громов Стажёр"), ("2", False, "Мария Калинина Руководитель продаж")
    ]  # fmt: skip
    assert "Никого не найдено" in gone.text
    assert [answer.status_code for answer in (forgotten, dismissed, foreign)] == [422, 422, 403]
    assert "отметьте сотрудника, который работает" in forgotten.text


async def test_tiles_open_what_changed_since_the_last_audit(acme: Town) -> None:
    first = await run_id(acme)
    pair = await acme.rows(
        "SELECT m.group_no, m.id FROM audit_member m JOIN audit_group g USING (portal_id, run_id, group_no) "
        "WHERE g.size = 2 AND g.leads = 2 ORDER BY 1, 2 LIMIT 2"
    )
    acme.portal.delete("lead", pair[0]["id"], by=ADMIN)
    create_repeat(acme.portal, "lead", SHOWCASE.lead)
    for title in ("Первая", "Вторая"):
        acme.portal.create("lead", {"TITLE": title, "PHONE": [{"VALUE": "+7 900 000-77-66"}]}, by=3)
    await acme.deliver()
    before = await post(acme, "groups", run_id=first, change="solved")
    await post(acme, "start", **WHOLE_PORTAL)
    await acme.work()
    second = await run_id(acme)

    report = (await post(acme, "report", run_id=second)).text
    solved = (await post(acme, "groups", run_id=second, change="solved")).text
    filtered = (await post(acme, "groups", run_id=second, change="solved", pair="company-company")).text
    new = (await post(acme, "groups", run_id=second, change="new")).text
    grown = (await post(acme, "groups", run_id=second, change="grown")).text
    group = (await post(acme, "group", run_id=first, group=str(pair[0]["group_no"]))).text

    tiles = dict(re.findall(r'name="change" value="(\w+)"( disabled)?>', report))
    assert tiles == {"new": "", "grown": "", "reopened": " disabled", "solved": ""}
    assert rows_of(solved) == [(first, str(pair[0]["group_no"]))]
    assert rows_of(filtered) == []
    assert [run for run, _ in rows_of(new)] == [second]
    assert "Первая" in new
    assert rows_of(grown) == [(second, await group_of(acme, "lead", SHOWCASE.lead, second))]
    assert "Группа решена" in group
    assert "Ещё 1 запись вам не видна или удалена" in group
    assert "Прошлого аудита с этими условиями нет" in before.text

    await acme.rows("UPDATE audit_run SET checkpoint = '{\"forgotten\": 1}' WHERE run_id = $1", int(first))
    report = (await post(acme, "report", run_id=second)).text
    gone = await post(acme, "groups", run_id=second, change="solved")

    assert ("solved", " disabled") in re.findall(r'name="change" value="(\w+)"( disabled)?>', report)
    assert (gone.status_code, rows_of(gone.text)) == (200, [])
    assert "его группы уже удалены" in gone.text


def rows_of(page: str) -> list[tuple[str, str]]:
    """Return run and number of the listed groups, as their buttons post them."""
    listed = page.split('class="block__head"')[-1]
    return re.findall(
        r'name="run_id" value="(\d+)">\s*<input type="hidden" name="way"[^>]*>\s*'
        r'<button class="group__title" name="group" value="(\d+)"',
        listed,
    )


async def test_a_manager_knows_his_groups_by_his_own_records_and_others_by_what_the_rules_reveal(
    acme: Town,
) -> None:
    for keeper in (
        2,
        3,
        4,
        5,
        MANAGER_OF_OWN,
    ):  # his own is the last of them, and the others' he may not read
        one_phone = {"PHONE": [{"VALUE": "+79005551234", "VALUE_TYPE": "WORK"}]}
        acme.portal.create(
            "lead", {"TITLE": f"Лид {keeper}", "ASSIGNED_BY_ID": keeper, **one_phone}, by=keeper
        )
    await acme.deliver()
    await post(acme, "start", **WHOLE_PORTAL)
    await acme.work()

    told = (await post(acme, "mine", MANAGER_OF_OWN, order="size")).text
    await acme.set_rules(reveal="exists")
    kept_back = (await post(acme, "mine", MANAGER_OF_OWN, order="size")).text
    await acme.set_rules(reveal="responsible")

    assert told.count('class="group"') == kept_back.count('class="group"') > 0
    assert "Запись недоступна" not in told
    assert f">Лид {MANAGER_OF_OWN}<" in told
    assert "Олег Дроздов" in told
    assert "Олег Дроздов" not in kept_back
