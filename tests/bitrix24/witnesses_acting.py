"""Methods of ``acting.py``: calls, readings and refusals by the documentation's own answers."""

from b24app.bitrix24 import acting, answers, answers_acting
from b24app.bitrix24.errors import AccessDenied, BadRequest, NotFound
from tests.bitrix24.witnesses import Commands, Readings, Refusals

COMMANDS: Commands = {
    command.method: command
    for command in (
        acting.answer_robot("55c1|A51601_82584|secret.part", {"count": "1"}, "Done"),
        acting.change_phones("contact", 43, [{"ID": 7, "VALUE": "+79005550102", "VALUE_TYPE": "WORK"}]),
        acting.change_phones("company", 43, [{"ID": 7, "VALUE": "+79005550102", "VALUE_TYPE": "WORK"}]),
        acting.update_lead(1, {"STATUS_ID": "NEW"}),
        acting.write_user_fields(
            "lead", 1, {"UF_CRM_B24DUP_COUNT": 2}
        ),  # the same method, and one parameter more
        acting.add_contact_to_lead(1, 1010),
        acting.remove_contact_from_lead(1, 1010),
        acting.add_comment("deal", 10, "New comment was added"),
        acting.remove_comment(999),
        acting.newest_comments("deal", 10),
        acting.change_comment(999, "Comment was changed"),
        acting.pin_comment("deal", 10, 999),
        acting.execute_trigger("c5u4m", "deal", 6),
        acting.notify(5, "System notification", "SYSTEM_EVENT_42"),
        acting.add_task(
            title="Task",
            description="Text",
            responsible_id=1,
            bound_to=["L_4"],
            deadline="2025-12-31T23:59:59Z",
        ),
        acting.remove_task(8131),
        acting.tasks({"UF_CRM_TASK": acting.task_binding("lead", 4)}),
    )
}
READINGS: Readings = {
    "bizproc.event.send": (answers.is_done, True),
    "crm.contact.update": (answers.is_done, True),
    "crm.company.update": (answers.is_done, True),
    "crm.lead.update": (answers.is_done, True),
    "crm.lead.contact.add": (answers.is_done, True),
    "crm.lead.contact.delete": (answers.is_done, True),
    "crm.timeline.comment.add": (answers_acting.made_id, 999),
    "crm.timeline.comment.delete": (lambda answer: answer.result, None),
    "crm.timeline.comment.list": (
        answers_acting.comment_texts,
        {999: "New comment was added", 1000: "Test comment"},
    ),
    "crm.timeline.comment.update": (answers_acting.made_id, 999),
    "crm.timeline.item.pin": (lambda answer: answer.result, None),
    "crm.automation.trigger.execute": (answers.is_done, True),
    "im.notify.system.add": (answers_acting.made_id, 12345),
    "tasks.task.add": (answers_acting.made_task, 3711),
    "tasks.task.delete": (lambda answer: answers.row(answer)["task"], True),
    "tasks.task.list": (
        answers_acting.task_texts,
        {8017: "Task description with [B]formatting[/B]"},
    ),
}
REFUSALS: Refusals = {
    "bizproc.event.send": AccessDenied,
    "crm.contact.update": NotFound,
    "crm.company.update": NotFound,
    "crm.lead.update": BadRequest,
    "crm.lead.contact.add": NotFound,
    "crm.lead.contact.delete": NotFound,
    "crm.timeline.comment.add": NotFound,
    "crm.timeline.comment.delete": NotFound,
    "crm.timeline.comment.update": NotFound,
    "crm.timeline.item.pin": NotFound,
    "crm.automation.trigger.execute": BadRequest,
    "im.notify.system.add": BadRequest,
    "tasks.task.add": BadRequest,
    "tasks.task.delete": BadRequest,
    "tasks.task.list": BadRequest,
}
