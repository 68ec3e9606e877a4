"""Tasks of a portal: rows with the documentation's fields and who may see and change them.

Field names: documentation, tasks.task.getFields. How they are printed stands in ``rest.tasks``.
"""

from collections.abc import Mapping
from itertools import count

from b24app.sandbox.fields import Kind
from b24app.sandbox.records import Record, Scalar, parse_time
from b24app.sandbox.users import User
from b24app.sandbox.wire import Json, as_int, as_list, as_text

WAITING, IN_PROGRESS, COMPLETED = 2, 3, 5


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NUMBERS = _words(
    "ID PARENT_ID PRIORITY STATUS GROUP_ID STAGE_ID CREATED_BY RESPONSIBLE_ID CHANGED_BY CLOSED_BY STATUS_CHANGED_BY"
)
_TIMES = _words(
    "CREATED_DATE CHANGED_DATE STATUS_CHANGED_DATE CLOSED_DATE ACTIVITY_DATE DATE_START DEADLINE START_DATE_PLAN "
    "END_DATE_PLAN VIEWED_DATE"
)
_FLAGS = _words(
    "MULTITASK NOT_VIEWED REPLICATE ALLOW_CHANGE_DEADLINE ALLOW_TIME_TRACKING TASK_CONTROL ADD_IN_REPORT "
    "MATCH_WORK_TIME SUBORDINATE FAVORITE IS_MUTED IS_PINNED IS_PINNED_IN_GROUP DESCRIPTION_IN_BBCODE"
)
_TEXTS = _words("TITLE DESCRIPTION MARK GUID XML_ID SITE_ID DURATION_TYPE TIME_ESTIMATE DURATION_PLAN")
LISTS = _words("ACCOMPLICES AUDITORS UF_CRM_TASK UF_TASK_WEBDAV_FILES")
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(_NUMBERS, Kind.NUMBER),
    **dict.fromkeys(_TIMES, Kind.TIME),
    **dict.fromkeys(_FLAGS, Kind.FLAG),
    **dict.fromkeys((*_TEXTS, *LISTS), Kind.TEXT),
}
_FIRST: Mapping[str, Scalar] = {
    **dict.fromkeys(_FLAGS, "N"),
    "SUBORDINATE": "Y",
    "DESCRIPTION_IN_BBCODE": "Y",
    "DESCRIPTION": "",
    "PRIORITY": 1,
    "STATUS": WAITING,
    "GROUP_ID": 0,
    "STAGE_ID": 0,
    "SITE_ID": "s1",
    "DURATION_TYPE": "days",
    "TIME_ESTIMATE": "0",
}


class TaskBook:
    """All tasks of a portal."""

    def __init__(self) -> None:
        self._rows: dict[int, Record] = {}
        self._ids = count(3711)

    def add(self, fields: Mapping[str, Json], *, by: int, now: float) -> Record:
        """Make a task; whoever makes it is its creator unless the fields name another."""
        number = next(self._ids)
        moments = dict.fromkeys(("CREATED_DATE", "CHANGED_DATE", "ACTIVITY_DATE", "STATUS_CHANGED_DATE"), now)
        task = Record(number, {**_FIRST, **moments, "ID": number, "CREATED_BY": by, "CHANGED_BY": by})
        task.fields["GUID"] = f"{{{number:08x}-0000-4000-8000-{number:012x}}}"
        self._rows[number] = task
        self._write(task, fields)
        return task

    def update(self, task: Record, fields: Mapping[str, Json], *, by: int, now: float) -> None:
        """Change a task; a status that changes notes when and by whom."""
        before = task.fields["STATUS"]
        self._write(task, fields)
        task.fields |= {"CHANGED_BY": by, "CHANGED_DATE": now, "ACTIVITY_DATE": now}
        if task.fields["STATUS"] != before:
            done = task.fields["STATUS"] == COMPLETED
            task.fields |= {"STATUS_CHANGED_BY": by, "STATUS_CHANGED_DATE": now}
            task.fields |= {"CLOSED_BY": by if done else None, "CLOSED_DATE": now if done else None}

    def get(self, number: int) -> Record | None:
        return self._rows.get(number)

    def remove(self, number: int) -> None:
        del self._rows[number]

    def all(self) -> list[Record]:
        return list(self._rows.values())

    def bound_to(self, binding: str) -> list[Record]:
        """Return the tasks bound to a CRM record such as ``L_12``, newest first."""
        return [task for task in reversed(self._rows.values()) if binding in _listed(task, "UF_CRM_TASK")]

    def _write(self, task: Record, fields: Mapping[str, Json]) -> None:
        for name, value in fields.items():
            if name != "ID":
                task.fields[name] = _stored(name, value)


def may_see(user: User, task: Record) -> bool:
    """Tell whether the user takes part in the task; administrators see all."""
    return user.admin or str(user.id) in {
        as_text(task.fields.get("CREATED_BY")),
        as_text(task.fields.get("RESPONSIBLE_ID")),
        *_listed(task, "ACCOMPLICES"),
        *_listed(task, "AUDITORS"),
    }


def may_change(user: User, task: Record) -> bool:
    return user.admin or user.id == task.fields.get("CREATED_BY")


def may_complete(user: User, task: Record) -> bool:
    accomplices = _listed(task, "ACCOMPLICES")
    return (
        may_change(user, task) or user.id == task.fields.get("RESPONSIBLE_ID") or str(user.id) in accomplices
    )


def _listed(task: Record, name: str) -> list[str]:
    return [as_text(one) for one in as_list(task.fields.get(name)) or ()]


def _stored(name: str, value: Json) -> Scalar:
    if name in LISTS:
        return [as_text(one) for one in as_list(value) or () if as_text(one)]
    kind = KINDS[name]
    if kind is Kind.NUMBER:
        return as_int(value)
    return parse_time(value) if kind is Kind.TIME else as_text(value)
