"""tasks.task.add / get / update / delete / list / complete (version 2), by the tables of their pages.

Inside ``fields`` and ``filter`` an unknown name is the sandbox's own error. A missing task and one that the caller may
not see are told apart nowhere: ``get`` gives an empty array, the others refuse.
"""

from collections.abc import Mapping
from functools import partial

from b24app.sandbox.fields import Kind
from b24app.sandbox.records import Record, Scalar, print_time
from b24app.sandbox.refusals import Refusal, unknown_parameter
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.rest.conditions import Predicate, predicate, split_key
from b24app.sandbox.rest.item_names import camel
from b24app.sandbox.rest.query import PAGE
from b24app.sandbox.tasks import COMPLETED, KINDS, LISTS, may_change, may_complete, may_see
from b24app.sandbox.users import User
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

_STATUSES = range(1, 8)
_FILTERS = {"REAL_STATUS": "STATUS", "ACCOMPLICE": "ACCOMPLICES", "AUDITOR": "AUDITORS"}
_UNSORTABLE = frozenset({*LISTS, "STATUS", "DESCRIPTION", "GUID", "XML_ID", "PARENT_ID", "STAGE_ID"})
_NULLS = (
    *(
        "commentsCount",
        "serviceCommentsCount",
        "forkedByTemplateId",
        "timeSpentInLogs",
        "forumTopicId",
        "forumId",
    ),
    *("exchangeModified", "exchangeId", "sorting", "durationFact", "flowId"),
)


def _add(call: Call) -> Answer:
    fields = _fields(call, "tasks.task.add")
    if not as_text(fields.get("TITLE")).strip():
        raise _wrong("Task title is not specified")
    if not as_int(fields.get("RESPONSIBLE_ID")):
        raise _wrong("Responsible person not specified")
    _check(call, fields)
    task = call.portal.tasks.add(fields, by=call.user.id, now=call.portal.clock.now())
    return Answer({"task": _printed(call, task)})


def _get(call: Call) -> Answer:
    number = _number(call)
    select = _select(call)
    task = call.portal.tasks.get(number)
    if task is None or not may_see(call.user, task):
        return Answer([])
    return Answer({"task": _printed(call, task, select)})


def _update(call: Call) -> Answer:
    number = _number(call)
    fields = _fields(call, "tasks.task.update")
    task = call.portal.tasks.get(number)
    if task is None or not may_change(call.user, task):
        raise Refusal("0", "Action on the task is not allowed (internal error)")
    _check(call, fields)
    if as_int(fields.get("PARENT_ID")) == number:
        raise _wrong("Cannot bind the node to itself")
    call.portal.tasks.update(task, fields, by=call.user.id, now=call.portal.clock.now())
    return Answer({"task": _printed(call, task)})


def _complete(call: Call) -> Answer:
    task = call.portal.tasks.get(_number(call))
    if task is None or not may_complete(call.user, task):
        raise Refusal("0", "Action on the task is not allowed")
    call.portal.tasks.update(task, {"STATUS": COMPLETED}, by=call.user.id, now=call.portal.clock.now())
    return Answer({"task": _printed(call, task)})


def _delete(call: Call) -> Answer:
    number = _number(call)
    task = call.portal.tasks.get(number)
    if task is None or not may_change(call.user, task):
        raise Refusal("1048582", "No access to delete the task")
    call.portal.tasks.remove(number)
    return Answer({"task": True})


def _list(call: Call) -> Answer:
    conditions = [_condition(key, value) for key, value in call.array("filter").items()]
    tasks = [
        task
        for task in call.portal.tasks.all()
        if may_see(call.user, task) and all(fits(task) for fits in conditions)
    ]
    order = call.array("order") or {"ID": "desc"}
    for name, way in reversed(list(order.items())):
        if name not in KINDS or name in _UNSORTABLE:
            raise Refusal("0", "Invalid sorting key (internal error)")
        tasks.sort(key=partial(_sort_key, name), reverse=as_text(way).lower() == "desc")
    first = call.number("start") // PAGE * PAGE
    select = _select(call)
    rows = [_printed(call, task, select) for task in tasks[first : first + PAGE]]
    return Answer({"tasks": rows}, len(tasks), first + PAGE if len(tasks) > first + PAGE else None)


def _condition(key: str, value: Json) -> Predicate:
    condition = split_key(key, value)
    name = _FILTERS.get(condition.name, condition.name)
    if name not in KINDS:
        raise unknown_parameter("tasks.task.list", f"filter.{key}")
    if name in LISTS:
        wanted = {as_text(one) for one in as_list(value) or [value]}
        return lambda task: not wanted.isdisjoint(_texts(task, name))
    return predicate(condition, KINDS[name], lambda task: task.fields.get(name))


def _texts(task: Record, name: str) -> list[str]:
    return [as_text(one) for one in as_list(task.fields.get(name)) or ()]


def _sort_key(name: str, task: Record) -> tuple[float, str]:
    value = task.fields.get(name)
    return (value, "") if isinstance(value, int | float) else (0.0, as_text(value).casefold())


# --- what came in


def _number(call: Call) -> int:
    """Return the task's number; missing and wrong ones have their own refusals."""
    if call.params.get("taskId") in (None, ""):
        raise Refusal(
            "100", "CTaskItem All parameters in the constructor must have real class type (internal error)"
        )
    number = call.number("taskId")
    if number <= 0:
        raise Refusal("0", "wrong task id")
    return number


def _fields(call: Call, method: str) -> Mapping[str, Json]:
    fields = as_map(call.params.get("fields"))
    if not fields:
        raise Refusal("100", "Could not find value for parameter {fields} (internal error)")
    for name in fields:
        if name not in KINDS:
            raise unknown_parameter(method, f"fields.{name}")
    return fields


def _check(call: Call, fields: Mapping[str, Json]) -> None:
    if "RESPONSIBLE_ID" in fields and call.portal.users.get(as_int(fields["RESPONSIBLE_ID"])) is None:
        raise _wrong('User specified in the "Responsible" field not found')
    if "STATUS" in fields and as_int(fields["STATUS"]) not in _STATUSES:
        raise _wrong("Incorrect status")
    if as_int(fields.get("PARENT_ID")) and call.portal.tasks.get(as_int(fields["PARENT_ID"])) is None:
        raise _wrong('Task specified in the "Parent Task" field not found')


def _wrong(text: str) -> Refusal:
    return Refusal("ERROR_CORE", f"{text}<br>")


def _select(call: Call) -> frozenset[str]:
    """Return the names to print, empty for all; user fields come only when they are named."""
    given = call.params.get("select")
    names = as_list(given)
    if given is not None and not names:
        text = "Invalid value {} to match with parameter {select}. Should be value of type array. (internal error)"
        raise Refusal("100", text)
    return frozenset(as_text(name) for name in names or ())


# --- what goes out


def _printed(call: Call, task: Record, select: frozenset[str] = frozenset()) -> dict[str, Json]:
    everything = not select or "*" in select
    row: dict[str, Json] = {
        camel(name): _value(task.fields.get(name), kind, is_list=name in LISTS)
        for name, kind in KINDS.items()
        if name in select or name == "ID" or (everything and not name.startswith("UF_"))
    }
    if everything:
        row |= dict.fromkeys(_NULLS)
        row |= {"outlookVersion": "1", "newCommentsCount": 0, "checklist": []}
        row |= {"accomplicesData": [], "auditorsData": []}
        row["action"] = {
            "complete": may_complete(call.user, task) and task.fields["STATUS"] != COMPLETED,
            "edit": may_change(call.user, task),
            "remove": may_change(call.user, task),
        }
    row["group"] = []
    for name, field in (("creator", "CREATED_BY"), ("responsible", "RESPONSIBLE_ID")):
        if everything or field in select:
            row[name] = _person(call.portal.users.get(as_int(task.fields.get(field))))
    return row


def _person(user: User | None) -> dict[str, Json]:
    if user is None:
        return {}
    return {
        "id": str(user.id),
        "name": f"{user.name} {user.last_name}".strip(),
        "link": f"/company/personal/user/{user.id}/",
        "icon": "/bitrix/images/tasks/default_avatar.png",
        "workPosition": user.position,
    }


def _value(value: Scalar, kind: Kind, *, is_list: bool) -> Json:
    if is_list:
        return value if isinstance(value, list) else []
    if value is None:
        return None
    if kind is Kind.TIME:
        return print_time(value) if isinstance(value, float) else None
    return as_text(value)


_TASK = ("taskId",)
METHODS = (
    Method("tasks.task.add", _add, ("fields",), ("task",)),
    Method("tasks.task.get", _get, (*_TASK, "select"), ("task",)),
    Method("tasks.task.update", _update, (*_TASK, "fields"), ("task",)),
    Method("tasks.task.delete", _delete, _TASK, ("task",)),
    Method("tasks.task.complete", _complete, _TASK, ("task",)),
    Method("tasks.task.list", _list, ("order", "filter", "select", "params", "start"), ("task",)),
)
