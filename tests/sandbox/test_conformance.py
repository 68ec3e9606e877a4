"""The sandbox held against the documentation: every method's parameters and the shape of its answer.

``samples/answers.json`` holds, for each method, its page, its documented parameters and the JSON types of the answer
that the page prints.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from b24app.sandbox.rest.registry import TABLE
from tests.sandbox.builders import ADMIN, Caller, a_portal, phone

SAMPLES = json.loads((Path(__file__).parent / "samples" / "answers.json").read_text())
BY_METHOD = {sample["method"]: sample for sample in SAMPLES}
HANDLER = "https://app.example.com/handler"

# Documented keys that are left out: other modules' fields, personal fields that no scope of ours shows, and the
# ``false`` that the page of offline events prints where the portal's source has the event's data.
_OF_TASKS = {
    "action", "checkListTree", "checkListCanAdd", "sprintId", "backlogId", "ufMailMessage", "checklist", "counter",
    "tags", "group", "ufTaskWebdavFiles", "taskRequireResult", "taskHasOpenResult", "taskHasResult", "timeElapsed",
    "timerIsRunningForCurrentUser", "parsedDescription", "lengthDeadline", "subStatus", "auditorsData",
    "accomplicesData",
}  # fmt: skip
NOT_MODELLED = {
    **{f"tasks.task.{action}": _OF_TASKS for action in ("add", "update", "get", "complete", "list")},
    "crm.lead.get": {"IM"},
    "crm.lead.userfield.list": {"ENTITY_TYPE"},
    "event.offline.get": {"EVENT_DATA", "EVENT_ADDITIONAL"},
    "event.offline.list": {"EVENT_DATA", "EVENT_ADDITIONAL"},
    "crm.timeline.comment.get": {"FILES"},
    "crm.timeline.comment.list": {"FILES"},
    "crm.company.get": {
        "ADDRESS_LEGAL", "LAST_COMMUNICATION_TIME", "REG_ADDRESS", "REG_ADDRESS_2", "REG_ADDRESS_CITY",
        "REG_ADDRESS_POSTAL_CODE", "REG_ADDRESS_REGION", "REG_ADDRESS_PROVINCE", "REG_ADDRESS_COUNTRY",
        "REG_ADDRESS_COUNTRY_CODE", "REG_ADDRESS_LOC_ADDR_ID",
    },
    "crm.item.get": {
        "dateCreateShort", "dateModifyShort", "isConvert", "productId", "shortName", "webformId", "login",
        "searchContent", "skype", "icq", "imol", "observers",
    },
    "user.get": {
        "EMAIL", "LAST_LOGIN", "DATE_REGISTER", "TIMESTAMP_X", "LAST_ACTIVITY_DATE", "PERSONAL_WWW",
        "PERSONAL_BIRTHDAY", "PERSONAL_MOBILE", "PERSONAL_CITY", "WORK_PHONE", "UF_EMPLOYMENT_DATE",
    },
    "user.current": {
        "EMAIL", "LAST_LOGIN", "DATE_REGISTER", "LAST_ACTIVITY_DATE", "PERSONAL_BIRTHDAY", "UF_EMPLOYMENT_DATE",
    },
}  # fmt: skip

TOKEN = "<token of a waiting robot>"
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("crm.lead.list", {"filter": {">=ID": 5}, "select": ["*", "UF_*"]}),
    ("crm.lead.get", {"id": 5}),
    ("crm.lead.add", {"fields": {"TITLE": "Заявка"}}),
    ("crm.lead.update", {"id": 5, "fields": {"TITLE": "Другая"}}),
    ("crm.lead.delete", {"id": 6}),
    ("crm.contact.list", {"select": ["ID", "NAME", "LAST_NAME", "EXPORT", "ASSIGNED_BY_ID", "DATE_CREATE", "EMAIL"]}),
    ("crm.contact.get", {"id": 5}),
    ("crm.company.list", {"select": ["ID", "TITLE", "ASSIGNED_BY_ID", "PHONE"]}),
    ("crm.company.get", {"id": 5}),
    ("crm.deal.list", {"select": ["ID", "TITLE", "TYPE_ID", "CATEGORY_ID", "STAGE_ID", "OPPORTUNITY",
                                  "IS_MANUAL_OPPORTUNITY", "ASSIGNED_BY_ID", "DATE_CREATE"]}),
    ("crm.deal.get", {"id": 5}),
    ("crm.item.list", {"entityTypeId": 1, "select": ["id", "assignedById", "stageId", "opportunity", "sourceId",
                                                     "title", "name", "lastName", "isManualOpportunity"]}),
    ("crm.item.get", {"entityTypeId": 1, "id": 5}),
    ("crm.duplicate.findbycomm", {"type": "PHONE", "values": ["8 (900) 000-00-05"], "entity_type": "CONTACT"}),
    ("crm.entity.mergeBatch", {"params": {"entityTypeId": 3, "entityIds": [5, 6]}}),
    ("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE"}, "order": {"SORT": "ASC"}}),
    ("crm.settings.mode.get", {}),
    ("user.get", {"FILTER": {"ID": 1}}),
    ("user.current", {}),
    ("profile", {}),
    ("user.admin", {}),
    ("user.access", {"ACCESS": ["AU"]}),
    ("department.get", {"ID": 5}),
    ("app.info", {}),
    ("app.option.get", {}),
    ("app.option.set", {"options": {"data": "value"}}),
    ("feature.get", {"CODE": "rest_offline_extended"}),
    ("server.time", {}),
    ("scope", {}),
    ("methods", {"scope": "user_brief"}),
    ("method.get", {"name": "user.get"}),
    ("events", {}),
    ("event.bind", {"event": "ONCRMLEADADD", "handler": HANDLER}),
    ("event.get", {}),
    ("event.unbind", {"event": "ONCRMCONTACTADD", "handler": HANDLER}),
    ("event.offline.get", {"clear": 0}),
    ("event.offline.list", {}),
    ("event.offline.clear", {"process_id": "none"}),
    ("event.offline.error", {"process_id": "none"}),
    ("placement.bind", {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": HANDLER}),
    ("placement.get", {}),
    ("placement.unbind", {"PLACEMENT": "CRM_LEAD_DETAIL_TAB"}),
    ("placement.list", {}),
    ("userfieldtype.add", {"USER_TYPE_ID": "other", "HANDLER": "https://app.example.com/other"}),
    ("userfieldtype.list", {}),
    ("userfieldtype.update", {"USER_TYPE_ID": "own", "HANDLER": HANDLER, "TITLE": "x"}),
    ("userfieldtype.delete", {"USER_TYPE_ID": "own"}),
    ("crm.contact.company.items.get", {"id": 5}),
    ("crm.contact.company.items.set", {"id": 5, "items": [{"COMPANY_ID": 5}]}),
    ("crm.contact.company.items.delete", {"id": 5}),
    ("crm.contact.company.add", {"id": 6, "fields": {"COMPANY_ID": 5}}),
    ("crm.contact.company.delete", {"id": 5, "fields": {"COMPANY_ID": 5}}),
    ("crm.company.contact.items.get", {"id": 5}),
    ("crm.company.contact.items.set", {"id": 5, "items": [{"CONTACT_ID": 6}]}),
    ("crm.company.contact.add", {"id": 5, "fields": {"CONTACT_ID": 6}}),
    ("crm.lead.contact.items.get", {"id": 5}),
    ("crm.lead.contact.items.set", {"id": 5, "items": [{"CONTACT_ID": 6}]}),
    ("crm.lead.contact.add", {"id": 5, "fields": {"CONTACT_ID": 6}}),
    ("crm.deal.contact.items.get", {"id": 5}),
    ("crm.lead.userfield.add", {"fields": {"FIELD_NAME": "OTHER", "USER_TYPE_ID": "string"}}),
    ("crm.lead.userfield.list", {"filter": {"LANG": "ru"}}),
    ("crm.lead.userfield.update", {"id": 6001, "fields": {"SORT": 7}}),
    ("crm.lead.userfield.delete", {"id": 6001}),
    ("bizproc.robot.add", {"CODE": "other", "HANDLER": HANDLER, "NAME": "Другой"}),
    ("bizproc.robot.list", {}),
    ("bizproc.robot.update", {"CODE": "own", "FIELDS": {"NAME": "Иной"}}),
    ("bizproc.robot.delete", {"CODE": "own"}),
    ("bizproc.event.send", {"EVENT_TOKEN": TOKEN, "RETURN_VALUES": {"n": 1}}),
    ("bizproc.activity.log", {"EVENT_TOKEN": TOKEN, "LOG_MESSAGE": "жду"}),
    ("crm.automation.trigger.add", {"CODE": "found", "NAME": "Найден"}),
    ("crm.automation.trigger.list", {}),
    ("crm.automation.trigger.execute", {"CODE": "own", "OWNER_TYPE_ID": 1, "OWNER_ID": 5}),
    ("crm.automation.trigger.delete", {"CODE": "own"}),
    ("bizproc.activity.add", {"CODE": "other", "HANDLER": HANDLER, "NAME": "Другая"}),
    ("bizproc.activity.list", {}),
    ("bizproc.activity.update", {"CODE": "step", "FIELDS": {"NAME": "Иная"}}),
    ("bizproc.activity.delete", {"CODE": "step"}),
    ("crm.timeline.comment.add", {"fields": {"ENTITY_ID": 5, "ENTITY_TYPE": "lead", "COMMENT": "текст"}}),
    ("crm.timeline.comment.get", {"id": 999}),
    ("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 5, "ENTITY_TYPE": "lead"}}),
    ("crm.timeline.comment.update", {"id": 999, "fields": {"COMMENT": "иначе"}}),
    ("crm.timeline.comment.delete", {"id": 999, "ownerTypeId": 1, "ownerId": 5}),
    ("crm.timeline.item.pin", {"id": 999, "ownerTypeId": 1, "ownerId": 5}),
    ("crm.timeline.item.unpin", {"id": 1000, "ownerTypeId": 1, "ownerId": 5}),
    ("im.notify.system.add", {"USER_ID": 2, "MESSAGE": "текст"}),
    ("im.notify.personal.add", {"USER_ID": 2, "MESSAGE": "текст"}),
    ("im.notify.delete", {"ID": 12345}),
    ("tasks.task.add", {"fields": {"TITLE": "Позвонить", "RESPONSIBLE_ID": 2, "UF_CRM_TASK": ["L_5"]}}),
    ("tasks.task.get", {"taskId": 3711, "select": ["ID", "TITLE", "DESCRIPTION", "CREATED_BY", "RESPONSIBLE_ID",
                                                   "DEADLINE", "UF_CRM_TASK", "UF_TASK_WEBDAV_FILES", "FAVORITE",
                                                   "DESCRIPTION_IN_BBCODE"]}),
    ("tasks.task.update", {"taskId": 3711, "fields": {"TITLE": "Написать"}}),
    ("tasks.task.list", {"filter": {"UF_CRM_TASK": "L_5"}}),
    ("tasks.task.complete", {"taskId": 3711}),
    ("tasks.task.delete", {"taskId": 3711}),
    ("crm.contact.update", {"id": 5, "fields": {"NAME": "Пётр"}}),
    ("crm.company.update", {"id": 5, "fields": {"TITLE": "Иная"}}),
    ("crm.contact.userfield.add", {"fields": {"FIELD_NAME": "OTHER", "USER_TYPE_ID": "string"}}),
    ("crm.company.userfield.add", {"fields": {"FIELD_NAME": "OTHER", "USER_TYPE_ID": "string"}}),
]  # fmt: skip


_TASK = {
    "TITLE": "Перезвонить", "DEADLINE": "2025-12-31T23:59:59", "RESPONSIBLE_ID": 2, "UF_CRM_TASK": ["L_5"],
    "UF_TASK_WEBDAV_FILES": ["17"], "START_DATE_PLAN": "2025-12-30T10:00:00", "END_DATE_PLAN": "2025-12-31T10:00:00",
    "AUDITORS": ["3"], "ACCOMPLICES": ["4"],
}  # fmt: skip
_LANGUAGES = {"de": {"TITLE": "Dubletten", "DESCRIPTION": "", "GROUP_NAME": ""}}
_OWN_FIELD = {"FIELD_NAME": "OWN", "USER_TYPE_ID": "string", "SETTINGS": {"ROWS": 3, "DEFAULT_VALUE": ""}}


async def _a_lived_in_portal() -> tuple[Caller, str]:
    portal = a_portal()
    admin = Caller(portal, ADMIN)
    everything = {"ID": 5, "NAME": "Иван", "TITLE": "Запись", "ASSIGNED_BY_ID": 1, "OPPORTUNITY": 10}
    portal.add_record("company", {**everything, "PHONE": phone("+7 900 000-00-05")})
    contact_values = {"PHONE": phone("+7 900 000-00-05"), "EMAIL": phone("ivan@pochta.example")}
    portal.add_record("contact", {**everything, **contact_values, "COMPANY_ID": 5})
    portal.add_record("contact", {**everything, "ID": 6})
    portal.add_record("lead", {**everything, **contact_values, "CONTACT_ID": 5})
    for lead_id in range(6, 60):
        portal.add_record("lead", {"ID": lead_id})
    portal.add_record("deal", {**everything, "CONTACT_ID": 5})
    await admin.result("event.bind", event="ONCRMCONTACTADD", handler=HANDLER)
    await admin.result("event.bind", event="ONCRMLEADUPDATE", event_type="offline")
    portal.change("lead", 5, {"TITLE": "Запись"}, by=ADMIN)
    await admin.result(
        "placement.bind", PLACEMENT="CRM_LEAD_DETAIL_TAB", HANDLER=HANDLER, LANG_ALL=_LANGUAGES
    )
    await admin.result("userfieldtype.add", USER_TYPE_ID="own", HANDLER=HANDLER)
    await admin.result("crm.lead.userfield.add", fields=_OWN_FIELD)
    await admin.result("bizproc.robot.add", CODE="own", HANDLER=HANDLER, NAME="Свой", USE_SUBSCRIPTION="Y")
    await admin.result("bizproc.activity.add", CODE="step", HANDLER=HANDLER, NAME="Шаг")
    await admin.result("crm.automation.trigger.add", CODE="own", NAME="Свой")
    portal.timeline.add("lead", 5, "текст", author_id=ADMIN, now=portal.clock.now())
    portal.timeline.pin(portal.timeline.add("lead", 5, "важное", author_id=ADMIN, now=portal.clock.now()))
    portal.bell.ring(ADMIN, "текст", author_id=None, tag="", sub_tag="", app="", at=portal.clock.now())
    portal.tasks.add(_TASK, by=ADMIN, now=portal.clock.now())
    await admin.result("app.option.set", options={"data": "value", "data2": "value2"})
    return admin, portal.run_robot("own", "lead", 5).token


@pytest.mark.parametrize(("method", "params"), REQUESTS, ids=[method for method, _ in REQUESTS])
async def test_an_answer_has_the_documented_shape(method: str, params: dict[str, Any]) -> None:
    admin, token = await _a_lived_in_portal()
    sample = BY_METHOD[method]
    filled = {name: token if value == TOKEN else value for name, value in params.items()}

    status, body = await admin.ask(method, **filled)

    assert status == 200, body
    differences = _differences(sample["answer"], body, "", NOT_MODELLED.get(method, set()))
    assert differences == []
    assert set(sample["time"]) <= set(body["time"])


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["method"] for sample in SAMPLES])
def test_every_documented_parameter_is_known(sample: dict[str, Any]) -> None:
    if sample["method"] == "batch":
        return

    named = TABLE[sample["method"].lower()].named(dict.fromkeys(sample["params"], "x"))

    assert {name.lower() for name in named} == {name.lower() for name in sample["params"]}


def _differences(documented: Any, ours: Any, path: str, left_out: set[str]) -> list[str]:
    if isinstance(documented, dict):
        if not isinstance(ours, dict):
            return [f"{path}: an object is documented"]
        found = []
        for key, below in documented.items():
            if key in left_out:
                continue
            if key not in ours:
                found.append(f"{path}.{key} is missing")
            else:
                found += _differences(below, ours[key], f"{path}.{key}", left_out)
        return found
    if isinstance(documented, list):
        if not isinstance(ours, list):
            return [f"{path}: a list is documented"]
        if documented and not ours:
            return [f"{path}: the list is empty, nothing was compared"]
        return _differences(documented[0], ours[0], f"{path}[0]", left_out) if documented else []
    if documented == "null" or ours is None or _type(ours) == documented:
        return []
    return [f"{path}: {documented} is documented, ours is {_type(ours)}"]


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", dict: "object", list: "list"}[type(value)]
