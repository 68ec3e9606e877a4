"""Tasks, comments and notifications: who may do what, what is found again, what is refused and how."""

from typing import Any

import pytest

from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.quirks import PlanPart
from tests.sandbox.builders import BLIND, COLLEAGUE, OWNER, Caller, a_portal

TASK = {"TITLE": "Перезвонить", "RESPONSIBLE_ID": OWNER, "UF_CRM_TASK": ["L_1", "C_2"]}
ON_LEAD = {"ENTITY_ID": 1, "ENTITY_TYPE": "lead"}


def _a_portal() -> SandboxPortal:
    portal = a_portal()
    portal.add_record("lead", {"ID": 1, "TITLE": "Заявка", "ASSIGNED_BY_ID": OWNER})
    portal.add_record("lead", {"ID": 2, "TITLE": "Другая", "ASSIGNED_BY_ID": OWNER})
    return portal


async def test_a_task_is_found_by_the_record_it_is_bound_to() -> None:
    admin = Caller(_a_portal())
    made = (await admin.result("tasks.task.add", fields=TASK))["task"]
    await admin.result("tasks.task.add", fields={**TASK, "UF_CRM_TASK": ["L_2"]})

    found = await admin.result("tasks.task.list", filter={"UF_CRM_TASK": "L_1"}, select=["ID", "UF_CRM_TASK"])

    assert [(task["id"], task["ufCrmTask"]) for task in found["tasks"]] == [(made["id"], ["L_1", "C_2"])]
    assert "ufCrmTask" not in made


async def test_a_task_is_changed_by_its_creator_and_completed_by_its_responsible() -> None:
    portal = _a_portal()
    creator, responsible, other = Caller(portal), Caller(portal, OWNER), Caller(portal, BLIND)
    task_id = (await creator.result("tasks.task.add", fields=TASK))["task"]["id"]

    assert (await responsible.refusal("tasks.task.update", taskId=task_id, fields={"TITLE": "x"}))[1] == "0"
    assert await other.refusal("tasks.task.delete", taskId=task_id) == (
        400,
        "1048582",
        "No access to delete the task",
    )
    assert await other.result("tasks.task.get", taskId=task_id) == []
    done = (await responsible.result("tasks.task.complete", taskId=task_id))["task"]

    assert (done["status"], done["closedBy"]) == ("5", str(OWNER))
    assert await creator.result("tasks.task.delete", taskId=task_id) == {"task": True}
    assert await creator.result("tasks.task.get", taskId=task_id) == []


TASK_REFUSALS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("tasks.task.add", {}, "100", "Could not find value for parameter {fields} (internal error)"),
    ("tasks.task.add", {"fields": {"RESPONSIBLE_ID": 1}}, "ERROR_CORE", "Task title is not specified<br>"),
    ("tasks.task.add", {"fields": {"TITLE": "x"}}, "ERROR_CORE", "Responsible person not specified<br>"),
    (
        "tasks.task.add",
        {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 77}},
        "ERROR_CORE",
        'User specified in the "Responsible" field not found<br>',
    ),
    ("tasks.task.add", {"fields": {**TASK, "COLOUR": "red"}}, "SANDBOX_UNKNOWN_PARAMETER", ""),
    ("tasks.task.get", {"taskId": "one"}, "0", "wrong task id"),
    ("tasks.task.list", {"order": {"COLOUR": "asc"}}, "0", "Invalid sorting key (internal error)"),
    ("tasks.task.complete", {"taskId": 5}, "0", "Action on the task is not allowed"),
    ("im.notify.system.add", {"MESSAGE": "x"}, "USER_ID_EMPTY", "User ID can't be empty"),
    ("im.notify.system.add", {"USER_ID": 2}, "MESSAGE_EMPTY", "Message can't be empty"),
    ("im.notify.system.add", {"USER_ID": 2, "MESSAGE": "x", "ATTACH": "{"}, "ATTACH_ERROR", ""),
    ("im.notify.delete", {}, "PARAMS_ERROR", "Incorrect params"),
    ("crm.timeline.comment.add", {}, "100", "Could not find value for parameter {fields}"),
    (
        "crm.timeline.comment.add",
        {"fields": {"ENTITY_ID": 9, "ENTITY_TYPE": "lead", "COMMENT": "x"}},
        "OWNER_NOT_FOUND",
        "",
    ),
    ("crm.timeline.comment.add", {"fields": {**ON_LEAD, "COMMENT": " "}}, "INVALID_ARG_VALUE", ""),
    ("crm.timeline.comment.get", {"id": 5}, "", "Not found."),
    ("crm.timeline.comment.update", {"id": 5, "fields": {"COMMENT": "x"}}, "NOT_FOUND", "Not found."),
    ("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 1}}, "", "Access denied."),
    ("crm.timeline.item.pin", {"id": 5}, "100", "Could not find value for parameter {ownerTypeId}"),
)


@pytest.mark.parametrize(("method", "params", "code", "text"), TASK_REFUSALS)
async def test_a_mistake_is_refused_as_documented(
    method: str, params: dict[str, Any], code: str, text: str
) -> None:
    status, given, words = await Caller(_a_portal()).refusal(method, **params)

    assert (status, given) == (400, code)
    assert not text or words == text


async def test_the_pinned_comment_stands_on_top_and_stays_one() -> None:
    portal = _a_portal()
    admin, blind = Caller(portal), Caller(portal, BLIND)
    note = await admin.result("crm.timeline.comment.add", fields={**ON_LEAD, "COMMENT": "Есть повторы"})
    later = await admin.result("crm.timeline.comment.add", fields={**ON_LEAD, "COMMENT": "Звонили"})
    place = {"ownerTypeId": 1, "ownerId": 1}

    assert await admin.result("crm.timeline.item.pin", id=note, **place) is None
    await admin.result("crm.timeline.comment.update", id=note, fields={"COMMENT": "Повторов нет"}, **place)
    listed = await admin.result("crm.timeline.comment.list", filter=ON_LEAD, order={"ID": "DESC"})

    assert [(one.id, one.text) for one in portal.timeline.shown("lead", 1)] == [
        (note, "Повторов нет"),
        (later, "Звонили"),
    ]
    assert [row["ID"] for row in listed] == [str(later), str(note)]
    assert (await blind.refusal("crm.timeline.comment.delete", id=note))[1] == "ACCESS_DENIED"
    assert await admin.result("crm.timeline.comment.delete", id=note, **place) is None
    assert [one.id for one in portal.timeline.shown("lead", 1)] == [later]


async def test_only_three_comments_are_pinned() -> None:
    portal = _a_portal()
    admin = Caller(portal)
    place = {"ownerTypeId": 1, "ownerId": 1}
    for number in range(4):
        made = await admin.result("crm.timeline.comment.add", fields={**ON_LEAD, "COMMENT": f"№ {number}"})
        if number < 3:
            await admin.result("crm.timeline.item.pin", id=made, **place)

    refused = await admin.refusal("crm.timeline.item.pin", id=made, **place)
    elsewhere = await admin.refusal("crm.timeline.item.pin", id=made, ownerTypeId=1, ownerId=2)

    assert refused == (400, "0", "Only three events can be added to favorites")
    assert elsewhere[1] == "NOT_FOUND"


async def test_a_notification_replaces_the_one_with_its_tag() -> None:
    portal = _a_portal()
    admin = Caller(portal)
    await admin.result("im.notify.personal.add", USER_ID=COLLEAGUE, MESSAGE="Первое", TAG="client")
    second = await admin.result("im.notify.system.add", USER_ID=COLLEAGUE, MESSAGE="Второе", TAG="client")

    shown = [(one.id, one.text, one.author_id) for one in portal.bell.of(COLLEAGUE)]

    assert shown == [(second, "Второе", None)]
    assert await admin.result("im.notify.delete", TAG="client") is True
    assert portal.bell.of(COLLEAGUE) == []


@pytest.mark.parametrize(
    ("part", "method", "params"),
    [
        (PlanPart.ROBOTS, "bizproc.robot.list", {}),
        (PlanPart.TRIGGERS, "crm.automation.trigger.list", {}),
        (PlanPart.TASKS, "tasks.task.add", {"fields": TASK}),
        (
            PlanPart.FIELDS,
            "crm.lead.userfield.add",
            {"fields": {"FIELD_NAME": "A", "USER_TYPE_ID": "string"}},
        ),
        (PlanPart.NOTIFICATIONS, "im.notify.system.add", {"USER_ID": 2, "MESSAGE": "x"}),
        (PlanPart.COMMENTS, "crm.timeline.comment.add", {"fields": {**ON_LEAD, "COMMENT": "x"}}),
    ],
)
async def test_a_plan_that_lacks_a_part_refuses_it_alone(
    part: PlanPart, method: str, params: dict[str, Any]
) -> None:
    portal = _a_portal()
    admin = Caller(portal)
    portal.plan.lacks = {part}

    refused = await admin.refusal(method, **params)

    assert refused == (403, "ACCESS_DENIED", "REST API is available only on commercial plans")
    await admin.result("crm.lead.list")
    portal.plan.lacks = set()
    await admin.result(method, **params)


@pytest.mark.parametrize("method", ["tasks.task.list", "im.notify.system.add", "bizproc.robot.list"])
async def test_a_missing_scope_refuses(method: str) -> None:
    admin = Caller(a_portal(scopes=("crm",)))

    assert (await admin.refusal(method))[:2] == (403, "insufficient_scope")
