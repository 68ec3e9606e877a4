"""An administrator audits the portal on its pages: orders, reads, parts and hands over groups, takes files away."""

import io
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from python_calamine import CalamineWorkbook

from b24app.sandbox.people import SHOWCASE
from tests.journeys.audit_desk import group_of, journal, post, run_id
from tests.journeys.seen import SeenPage
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANAGER_OF_ALL = SHOWCASE.viewer_of_all
MANAGER_OF_OWN = SHOWCASE.viewer_of_own
FORMULA = '=HYPERLINK("https://evil.example","Анна")'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town whose portal has been audited once."""
    async with installed_town(template_url, tmp_path_factory.mktemp("audits"), size=150) as built:
        built.portal.change("lead", SHOWCASE.lead, {"TITLE": FORMULA}, by=ADMIN)
        answer = await post(
            built, "start", name="Весь портал", **{"types[]": ["lead", "contact", "company"]}, budget="60"
        )
        assert answer.status_code == 200, answer.text
        await built.work()
        yield built


async def test_the_summary_tells_the_figures_that_were_stored(acme: Town) -> None:
    groups, records = (await acme.rows("SELECT count(*), sum(size) FROM audit_group"))[0]
    opened = await journal(acme, "audit.opened.report")

    page = (await post(acme, "report", run_id=await run_id(acme))).text
    sheet = (await post(acme, "print", run_id=await run_id(acme))).text

    assert f'<dd class="figure__number">{groups}</dd>' in page
    assert f'<dd class="figure__number">{records}</dd>' in page
    assert f"Найдено групп дублей: {groups}," in sheet
    assert re.search(r"<time datetime=[^>]* data-day", sheet)  # a night's audit is of the reader's day
    assert "/static/app.js" in sheet
    assert await journal(acme, "audit.opened.report") == opened + 2


async def test_a_group_is_read_with_the_viewers_own_rights(acme: Town) -> None:
    number = await group_of(acme, "lead", SHOWCASE.lead)
    run = await run_id(acme)

    whole = (await post(acme, "group", run_id=run, group=number)).text
    own = (await post(acme, "group", MANAGER_OF_OWN, run_id=run, group=number)).text

    assert f"/crm/company/details/{SHOWCASE.company}/" in whole
    assert "не видн" not in whole
    assert f"/crm/company/details/{SHOWCASE.company}/" not in own
    assert f"Компания № {SHOWCASE.company}" not in own
    assert re.search(r"Ещё \d+ запис\w+ вам не видн", own)
    assert re.search(r'href="[^"]+/crm/lead/merge/\?id=\d+(,\d+)+"', whole)


async def test_a_manager_sees_his_groups_and_nothing_about_the_whole_portal(acme: Town) -> None:
    run = await run_id(acme)
    mine = (await post(acme, "", MANAGER_OF_OWN)).text
    foreign = await acme.rows(
        "SELECT group_no FROM audit_group WHERE NOT (responsibles @> ARRAY[$1::bigint])", MANAGER_OF_OWN
    )

    refused = [
        (await post(acme, path, MANAGER_OF_OWN, run_id=run, kind="csv")).status_code
        for path in ("report", "groups", "hubs", "print", "export", "start", "schedule", "access")
    ]
    other = await post(acme, "group", MANAGER_OF_OWN, run_id=run, group=str(foreign[0]["group_no"]))

    assert "Мои дубликаты" in mine
    assert mine.count('class="group"') == await own_count(acme)
    assert refused == [403] * 8
    assert other.status_code == 403


async def own_count(acme: Town) -> int:
    found = await acme.rows(
        "SELECT count(*) AS n FROM audit_group WHERE responsibles @> ARRAY[$1::bigint]", MANAGER_OF_OWN
    )
    return min(25, found[0]["n"])


async def test_filters_and_pages_show_each_group_once(acme: Town) -> None:
    run = await run_id(acme)
    wanted = [row["group_no"] for row in await acme.rows("SELECT group_no FROM audit_group WHERE size >= 3")]
    seen: list[str] = []
    turn, pages = "", 0

    while pages < 20:
        page = (await post(acme, "groups", run_id=run, order="size", least_size="3", turn=turn)).text
        seen += re.findall(r'name="group" value="(\d+)"', page)
        pages += 1
        forth = re.search(r'name="turn" value="([^"]+)">Дальше', page)
        if forth is None:
            break
        turn = forth[1]

    assert sorted(map(int, seen)) == sorted(wanted)
    assert (await post(acme, "groups", run_id=run, order="colour")).status_code == 400


async def test_a_group_leads_back_to_the_list_it_was_opened_from(acme: Town) -> None:
    run = await run_id(acme)
    listed = await post(acme, "groups", run_id=run, order="newest", grade="exact")
    way = SeenPage(listed.text).form("/audit/group")["way"]

    opened = await post(acme, "group", run_id=run, group=await group_of(acme, "lead", SHOWCASE.lead), way=way)
    searched = await post(
        acme, "receiver", run_id=run, group=await group_of(acme, "lead", SHOWCASE.lead), way=way
    )
    again = await post(acme, "back", way=way)
    foreign = await post(acme, "back", MANAGER_OF_OWN, way=way)
    mine = await post(acme, "back", MANAGER_OF_OWN, way="order=size&own=1")
    odd = await post(acme, "back", way="&".join(f"a{number}=1" for number in range(99)))

    for page in (opened, searched):
        assert SeenPage(page.text).form("/audit/back")["way"] == way
    assert list(re.findall(r'<option value="(\w+)" selected', again.text)) == ["newest", "exact"]
    assert (foreign.status_code, mine.status_code, odd.status_code) == (403, 200, 400)


async def test_a_group_is_handed_to_a_known_person_with_a_date(acme: Town) -> None:
    number, run = await group_of(acme, "lead", SHOWCASE.lead), await run_id(acme)

    unknown = await post(acme, "hand", run_id=run, group=number, user="999999", due="")
    wrong = await post(acme, "hand", run_id=run, group=number, user=str(MANAGER_OF_ALL), due="tomorrow")
    over = await post(acme, "hand", run_id=run, group=number, user=str(MANAGER_OF_ALL), due="2025-01-31")
    assert (over.status_code, "Срок уже прошёл" in over.text) == (422, True)
    nobody = await post(acme, "hand", run_id=run, group=number, user="", due="2030-01-31")
    assert (nobody.status_code, "Кому поручить" in nobody.text) == (422, True)
    handed = await post(acme, "hand", run_id=run, group=number, user=str(MANAGER_OF_ALL), due="2030-01-31")

    assert (unknown.status_code, wrong.status_code, handed.status_code) == (422, 422, 200)
    kept = (await acme.rows("SELECT handed_to, due_at FROM audit_group WHERE group_no = $1", int(number)))[0]
    assert kept["handed_to"] == MANAGER_OF_ALL
    assert 'value="2030-01-31"' in handed.text
    await acme.work()
    told = [one.text for one in acme.portal.bell.of(MANAGER_OF_ALL)]
    assert [
        text
        for text in told
        if "поручена группа" in text and re.search(r"31 января 2030\sг\. Откройте", text)
    ]
    seen = (await acme.open(ADMIN, "DEFAULT")).text
    assert re.search(r"Группа поручена.*?пусто.*?Мария Калинина, 2030-01-31, \w+:\d+", seen, re.DOTALL)


async def test_a_record_called_no_duplicate_leaves_the_next_audits_group(acme: Town) -> None:
    refs = await acme.rows(
        "SELECT m.group_no, m.type, m.id FROM audit_member m JOIN audit_group g USING (portal_id, run_id, group_no) "
        "WHERE g.size = 2 AND g.leads = 2 AND g.severity = 0 ORDER BY 1, 3 LIMIT 2"
    )
    number = str(refs[0]["group_no"])

    answer = await post(
        acme, "reject", run_id=await run_id(acme), group=number, ref=f"lead:{refs[0]['id']}",
        reason="different_people", days="0",
    )  # fmt: skip

    assert answer.status_code == 200
    assert "A и B отмечены как разные" in answer.text
    decided = await acme.rows(
        "SELECT 1 FROM rejection WHERE a_id = $1 AND b_id = $2", refs[0]["id"], refs[1]["id"]
    )
    assert len(decided) == 1


async def take_file(acme: Town, kind: str) -> bytes:
    """Order a file, wait until it is written, and open it."""
    run = await run_id(acme)
    await acme.rows("DELETE FROM throttle")  # the stories before used up what a portal allows
    page = (await post(acme, "export", run_id=run, kind=kind, time_zone="")).text
    for _ in range(1_000):
        if 'name="export_id"' in page.split('class="file"')[1]:
            break
        assert "Файл не дописан" not in page.split('class="file"')[1]
        page = (await post(acme, "files", run_id=run)).text
    number = re.search(r'name="export_id" value="(\d+)"', page)
    assert number is not None
    answer = await post(acme, "download", run_id=run, export_id=number[1])
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


async def test_a_workbook_has_every_member_with_live_values_and_no_formula_of_anybody(acme: Town) -> None:
    members = (await acme.rows("SELECT count(*) AS n FROM audit_member"))[0]["n"]

    content = await take_file(acme, "xlsx")

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = book.get_sheet_by_name("Записи").to_python()
    assert book.sheet_names == ["Сводка", "Записи", "Группы", "Общие контакты", "Массовые значения"]
    assert len(rows) == members + 1
    shown = next(row for row in rows if row[1:3] == ["лид", float(SHOWCASE.lead)])
    assert shown[4] == FORMULA  # as a text: the writer knows formulas for our own links alone
    assert "900" in shown[6]
    assert (
        len(book.get_sheet_by_name("Группы").to_python())
        == (await acme.rows("SELECT count(*) AS n FROM audit_group"))[0]["n"] + 1
    )


async def test_a_table_is_neutralised_and_rests_sealed(acme: Town) -> None:
    content = (await take_file(acme, "csv")).decode("utf-8-sig")

    rested = b"".join(row["piece"] for row in await acme.rows("SELECT piece FROM export_piece"))
    assert "'=HYPERLINK(" in content
    assert all(not line.startswith(("=", "+", "-", "@")) for line in content.splitlines())
    assert not re.search(r";[=+@-]", content.replace(";-;", ""))
    for planted in ("Белкин", "anna.belkina", "900000"):
        assert planted in content
        assert planted.encode() not in rested
    assert await journal(acme, "audit.export") >= 1
    assert await journal(acme, "audit.opened.file") >= 1


async def test_a_file_opens_for_its_owner_alone_and_dies_after_a_day(acme: Town) -> None:
    await take_file(acme, "csv")
    number = str((await acme.rows("SELECT max(export_id) AS n FROM export"))[0]["n"])
    await post(acme, "access", people=str(MANAGER_OF_ALL), named_departments="")

    foreign = await post(acme, "download", MANAGER_OF_ALL, export_id=number)
    await acme.rows("UPDATE export SET dies_at = dies_at - 86400")
    dead = await post(acme, "download", export_id=number)

    assert (foreign.status_code, dead.status_code) == (403, 404)


async def test_a_form_with_a_mistake_keeps_what_was_typed(acme: Town) -> None:
    wrong = await post(acme, "start", name="Отдел", **{"types[]": ["lead"]}, responsibles="Анна", budget="60")
    kept = await post(
        acme, "schedule", every="week", weekday="4", monthday="1", hour="5", budget="40", told="",
        **{"types[]": ["lead"]},
    )  # fmt: skip

    assert wrong.status_code == 422
    assert 'value="Анна"' in wrong.text
    assert "ID через запятую" in wrong.text
    assert "Следующий запуск" in kept.text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"hour": "24"}, "Час запуска"),
        ({"hour": ""}, "Час запуска"),
        ({"monthday": "31"}, "число месяца от 1 до 28"),
        ({"every": "never again"}, "как часто"),
        ({"from_hour": "22"}, "укажите оба"),
    ],
)
async def test_a_mistake_in_a_schedule_is_told_in_words(acme: Town, wrong: dict[str, str], told: str) -> None:
    right = {
        "every": "month",
        "monthday": "1",
        "hour": "5",
        "budget": "40",
        "types[]": "lead",
        "time_zone": "UTC",
    }

    page = await post(acme, "schedule", **{**right, **wrong})

    assert page.status_code == 422
    assert told in page.text


async def test_a_schedule_looks_at_whom_it_was_told_to(acme: Town) -> None:
    whom = {"types[]": ["lead"], "responsibles[]": [str(MANAGER_OF_ALL)], "departments[]": ["1"]}

    sought = await post(
        acme, "find", find="schedule", every="day", responsibles_query="громов", budget="60", **whom
    )
    wrong = await post(
        acme,
        "schedule",
        every="day",
        hour="3",
        budget="60",
        responsibles_query="громов",
        **{"types[]": ["lead"]},
    )
    kept = await post(acme, "schedule", every="day", hour="3", budget="60", time_zone="Asia/Omsk", **whom)

    assert "Громов" in sought.text
    assert wrong.status_code == 422
    assert kept.status_code == 200
    option = (await acme.rows("SELECT value FROM option WHERE name = 'audit_schedule'"))[0]["value"]
    schedule = json.loads(option)
    assert schedule["zone"] == "Asia/Omsk"
    assert (schedule["scope"]["responsibles"], schedule["scope"]["departments"]) == ([MANAGER_OF_ALL], [1])


async def test_other_rules_are_tried_before_they_hold(acme: Town) -> None:
    rules = {
        "types[]": ["lead", "contact", "company"],
        "look_back_days": "0",
        "include_closed": "1",
        "email_aliases": "1",
    }

    tried = await post(acme, "simulate", hub_limit="2", **rules)
    wrong = await post(acme, "simulate", hub_limit="1", **rules)

    lost = re.search(r"Исчезнет</dt>\s*<dd[^>]*>(\d+)", tried.text)
    assert lost is not None
    assert int(lost[1]) > 0
    assert "Исчезнут, например" in tried.text
    assert wrong.status_code == 422
