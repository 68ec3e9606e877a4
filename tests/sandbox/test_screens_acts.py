"""Result fields, timeline, tasks, bell, automation and the client picker on the toy portal's pages."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from b24app.sandbox.automation_rules import Act, Condition, NextStep, Rule, Test, TriggerPlace
from b24app.sandbox.bb_code import Piece, pieces_of
from b24app.sandbox.installs import Placement
from b24app.sandbox.pages import page_routes
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.quirks import PlanPart
from b24app.sandbox.server import create_portal_app
from tests.sandbox.builders import ADMIN, OWNER, Caller, a_portal, phone

APP = "http://127.0.0.1:9"
ROBOT: dict[str, Any] = {
    "CODE": "find", "HANDLER": f"{APP}/robot", "NAME": {"ru": "Найти дубликаты", "en": "Find duplicates"},
    "DESCRIPTION": {"ru": "Ищет по телефону", "en": "Searches by phone"},
    "PROPERTIES": {
        "types": {
            "Name": {"ru": "Где искать", "en": "Where to search"}, "Type": "select", "Multiple": "Y",
            "Options": {"lead": "Лиды", "contact": "Контакты"},
        },
        "days": {"Name": {"ru": "За сколько дней", "en": "How many days"}, "Type": "int", "Default": "30"},
    },
    "RETURN_PROPERTIES": {"status": {"Name": {"ru": "Статус", "en": "Status"}}},
    "FILTER": {"INCLUDE": [["crm", "CCrmDocumentLead"]]},
}  # fmt: skip
FIELDS = {
    "STATUS": ("enumeration", "Дубликаты: статус", {"LIST": [{"VALUE": "Есть дубликаты"}]}),
    "BEST": ("crm", "Лучшее совпадение", {"MULTIPLE": "Y"}),
    "OWNER": ("employee", "Ответственный за лучшее", {}),
    "AT": ("datetime", "Проверено", {}),
}


@pytest.fixture
async def portal() -> SandboxPortal:
    made = a_portal()
    admin = Caller(made)
    made.events.is_held = True
    for name, (kind, label, more) in FIELDS.items():
        labels = {"ru": label, "en": f"{name} in English"}
        fields = {"FIELD_NAME": name, "USER_TYPE_ID": kind, "EDIT_FORM_LABEL": labels, **more}
        await admin.result("crm.lead.userfield.add", fields=fields)
    await admin.result("bizproc.robot.add", **ROBOT)
    await admin.result(
        "bizproc.activity.add", CODE="step", HANDLER=f"{APP}/robot", NAME={"ru": "Шаг", "en": "Step"}
    )
    await admin.result("crm.automation.trigger.add", CODE="found", NAME="Найден дубликат")
    made.add_record("company", {"ID": 3, "TITLE": "Тайная", "ASSIGNED_BY_ID": ADMIN})
    made.add_record("contact", {"ID": 4, "NAME": "Ян", "ASSIGNED_BY_ID": OWNER, "PHONE": phone("112")})
    made.add_record("lead", {"ID": 5, "TITLE": "Окна", "ASSIGNED_BY_ID": OWNER})
    return made


@pytest.fixture
async def browser(portal: SandboxPortal) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_portal_app(portal, page_routes(portal)))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://acme.bitrix24.test", follow_redirects=True
    ) as client:
        yield client


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


async def test_a_card_shows_the_applications_fields_in_the_viewers_language(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    status = next(iter(portal.crm.custom_names("lead")["UF_CRM_STATUS"].options))
    values = {"UF_CRM_STATUS": status, "UF_CRM_BEST": ["C_4", "CO_3", "CO_99"], "UF_CRM_OWNER": OWNER}
    portal.change("lead", 5, {**values, "UF_CRM_AT": "2026-03-01T10:00:00"}, by=ADMIN)

    russian = _text((await browser.get(f"/crm/lead/details/5/?user={OWNER}")).text)
    portal.users.get(OWNER).language = "en"  # type: ignore[union-attr]
    card = (await browser.get(f"/crm/lead/details/5/?user={OWNER}")).text

    assert "Дубликаты: статус Есть дубликаты Лучшее совпадение Контакт Ян Скрытая запись CO_99" in russian
    assert "Ответственный за лучшее Олег Свой Проверено 01.03.2026 10:00" in russian
    assert "STATUS in English" in card and 'href="/crm/contact/details/4/"' in card
    assert "/crm/company/details/3/" not in card and "Тайная" not in card


async def test_the_timeline_shows_the_pinned_note_first_and_no_markup_of_a_comment(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    note = portal.timeline.add("lead", 5, "[b]Есть[/b] дубликат", author_id=ADMIN, now=1.0)
    portal.timeline.pin(note)

    await browser.post(f"/crm/lead/details/5/comment/?user={OWNER}", data={"text": "Звонил <i>клиенту</i>"})
    card = (await browser.get("/crm/lead/details/5/")).text

    assert re.findall(r'data-comment="(\d+)"', card) == [str(note.id), str(note.id + 1)]
    assert "<b>Есть</b> дубликат" in card and "Закреплено" in card
    assert "&lt;i&gt;клиенту" in card and "<i>" not in card


async def test_a_task_is_completed_in_the_card_by_who_may(portal: SandboxPortal, browser: httpx.AsyncClient):
    fields = {"TITLE": "Перезвонить", "RESPONSIBLE_ID": OWNER, "UF_CRM_TASK": ["L_5"]}
    task = portal.tasks.add(fields, by=ADMIN, now=1.0)

    card = (await browser.get(f"/crm/lead/details/5/?user={OWNER}")).text
    done = (await browser.post(f"/crm/lead/details/5/task/{task.id}/")).text

    assert "Перезвонить" in card and "Завершить" in card
    assert "Выполнена" in done and "Завершить" not in done


async def test_the_bell_counts_and_shows_what_is_meant_for_the_viewer(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    text = "Клиент [url=/crm/lead/details/5/]написал снова[/url]"
    portal.bell.ring(OWNER, text, author_id=None, tag="", sub_tag="", app="x", at=1.0)

    mine = (await browser.get(f"/company/personal/notifications/?user={OWNER}")).text
    others = (await browser.get(f"/company/personal/notifications/?user={ADMIN}")).text

    assert '<a href="/crm/lead/details/5/">написал снова</a>' in mine and "data-bell-count>1<" in mine
    assert "написал снова" not in others and "data-bell-count" not in others


async def test_a_robots_settings_are_a_form_in_the_viewers_language(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    portal.users.get(ADMIN).language = "en"  # type: ignore[union-attr]

    page = (await browser.get("/crm/lead/automation/rule/?stage=NEW&robot=find")).text
    of_deals = await browser.get("/crm/deal/automation/rule/?stage=NEW&robot=find")

    shown = _text(page)
    assert "Find duplicates" in shown and "Searches by phone" in shown and "Where to search" in shown
    assert re.findall(r'name="in-(\w+)"', page) == ["types", "days"] and 'value="30"' in page
    assert re.findall(r'<option value="(lead|contact)"', page) == ["lead", "contact"]
    assert of_deals.status_code == 404


async def test_the_saved_form_is_the_rule_that_runs(portal: SandboxPortal, browser: httpx.AsyncClient):
    form = {
        "id": "0", "stage": "NEW", "robot": "find", "in-types": ["lead", "contact"], "in-days": "7", "timeout_s": "60",
        "result": "status", "test": "equal", "value": "duplicate",
        "then-act": ["comment", "move", ""], "then-value": ["Повтор", "JUNK", ""],
        "otherwise-act": ["", "", ""], "otherwise-value": ["", "", ""],
    }  # fmt: skip

    refused = await browser.post(f"/crm/lead/automation/rule/?user={OWNER}", data=form)
    saved = await browser.post(f"/crm/lead/automation/rule/?user={ADMIN}", data=form)

    steps = (NextStep(Act.COMMENT, "Повтор"), NextStep(Act.MOVE, "JUNK"))
    condition = Condition("status", Test.EQUAL, "duplicate")
    properties = {"types": ["lead", "contact"], "days": "7"}
    expected = Rule("lead", "NEW", "find", properties, condition, steps, timeout_s=60, id=1)
    assert refused.status_code == 403 and portal.automation.rules == [expected]
    assert "/crm/lead/automation/rule/?rule=1" in saved.text

    changed = (await browser.get("/crm/lead/automation/rule/?rule=1")).text
    await browser.post(f"/crm/lead/automation/rule/?user={ADMIN}", data={**form, "id": "1", "remove": "Y"})

    assert changed.count("selected") == 6 and portal.automation.rules == []


async def test_a_trigger_is_put_on_a_stage_and_the_page_tells_what_happened(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    await browser.post("/crm/lead/automation/trigger/", data={"stage": "PROCESSED", "code": "found"})
    portal.automation.execute_trigger("found", 1, 5)

    page = _text((await browser.get("/crm/lead/automation/")).text)

    assert portal.automation.places == [TriggerPlace("lead", "PROCESSED", "found")]
    assert "Триггер Найден дубликат" in page
    assert "сработал триггер found" in page and "передвинута на стадию PROCESSED" in page


async def test_a_workflow_is_started_by_hand_from_a_contacts_card(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    portal.automation.add_rule(Rule("contact", "", "step"))

    card = (await browser.get("/crm/contact/details/4/")).text
    await browser.post("/crm/contact/details/4/workflow/", data={"rule": "1"})

    assert "Шаг" in card
    assert [(step.code, step.record_id) for step in portal.workflows.steps.values()] == [("step", 4)]


async def test_the_picker_finds_clients_and_opens_the_applications_search(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    place = Placement(
        "CRM_DETAIL_SEARCH", f"{APP}/search", "Search", languages={"ru": {"TITLE": "По телефону"}}
    )
    portal.the_app().registrations.placements.append(place)
    portal.add_record("contact", {"ID": 6, "NAME": "Янина", "ASSIGNED_BY_ID": ADMIN})

    short = (await browser.get(f"/crm/clients/?type=contact&find=ян&user={OWNER}")).text
    found = (await browser.get("/crm/clients/?type=contact&find=яни")).text
    of_admin = (await browser.get(f"/crm/clients/?type=contact&find=яни&user={ADMIN}")).text
    path = f"/crm/clients/search/?type=contact&find=8 900&place=0&uri=/crm/deal/details/0/&user={OWNER}"
    frame = (await browser.get(path)).text

    assert "По телефону" not in short and "По телефону" in found
    assert "Янина" not in found and 'data-id="6"' in of_admin
    assert f'action="{APP}/search?' in frame and "CRM_DETAIL_SEARCH" in frame
    for part in ("entityTypeName", "CONTACT", "searchQuery", "8 900", "/crm/deal/details/0/"):
        assert part in frame


async def test_a_new_deal_gets_the_chosen_client(portal: SandboxPortal, browser: httpx.AsyncClient):
    form = await browser.get("/crm/deal/details/0/")
    await browser.post("/crm/deal/add/", data={"TITLE": "Окна", "CONTACT_ID": "4", "COMPANY_ID": ""})

    assert "data-client-picker" in form.text
    assert portal.crm.links["deal"].targets(1) == [4]


async def test_the_cockpit_makes_a_repeat_tells_its_chain_and_changes_the_plan(
    portal: SandboxPortal, browser: httpx.AsyncClient
):
    made = await browser.post("/sandbox/cockpit/repeat", data={"record": "contact:4"})
    await browser.post("/sandbox/cockpit/plan", data={"lacks": ["robots", "tasks"]})
    cockpit = (await browser.get("/sandbox/")).text

    lead = portal.crm.get("lead", 6)
    assert lead is not None and lead.values["PHONE"][0].value == "112"
    assert 'data-what="created"' in made.text
    assert portal.plan.lacks == {PlanPart.ROBOTS, PlanPart.TASKS}
    assert cockpit.count("checked>") == 2


def test_tags_of_a_comment_become_pieces_and_never_a_script():
    text = "[b]Клиент[/b]: [url=/crm/lead/details/5/]лид[/url], [url=javascript:x]тут[/url] [i]и[/i]"

    assert pieces_of(text) == (
        Piece("Клиент", is_bold=True),
        Piece(": "),
        Piece("лид", "/crm/lead/details/5/"),
        Piece(", "),
        Piece("тут"),
        Piece(" "),
        Piece("и"),
    )
