"""Robots and triggers: bizproc.robot.*, bizproc.activity.*, bizproc.event.send, crm.automation.trigger.*.

Robots and activities of one application share one space of codes (portal-behaviour notes, points 7 and 8).
"""

import re
from collections.abc import Callable, Mapping

from b24app.sandbox.fields import TYPE_WORDS
from b24app.sandbox.installs import Robot
from b24app.sandbox.refusals import Refusal, access_denied, plain
from b24app.sandbox.rest.base import Answer, Call, Handler, Method
from b24app.sandbox.rest.registrations import check_handler
from b24app.sandbox.wire import Json, as_list, as_map, as_text, is_true
from b24app.sandbox.workflows import RobotStep

_CODE = re.compile(r"[A-Za-z0-9.\-_]{1,128}")
_TRIGGER_CODE = re.compile(r"[a-z0-9.\-_]+")
_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
LONGEST_HANDLER = 1000
DOCUMENT_TYPE_PARTS = 3


def _wrong(text: str) -> Refusal:
    return Refusal("ERROR_ACTIVITY_VALIDATION_FAILURE", text)


def _code(call: Call) -> str:
    code = call.text("CODE")
    if not code:
        raise _wrong("Empty activity code!")
    if not _CODE.fullmatch(code):
        raise _wrong("Wrong activity code!")
    return code


def _check(settings: Mapping[str, Json]) -> None:
    if "HANDLER" in settings:
        handler = as_text(settings["HANDLER"])
        if len(handler) > LONGEST_HANDLER:
            raise Refusal("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
        check_handler(handler)
    if "NAME" in settings and not settings["NAME"]:
        raise _wrong("Empty activity NAME!")
    for kind in ("PROPERTIES", "RETURN_PROPERTIES"):
        if kind in settings:
            _check_properties(settings[kind])
    if "DOCUMENT_TYPE" in settings and len(as_list(settings["DOCUMENT_TYPE"]) or ()) != DOCUMENT_TYPE_PARTS:
        raise _wrong("Wrong activity DOCUMENT_TYPE!")
    if is_true(settings.get("USE_PLACEMENT")):
        check_handler(as_text(settings.get("PLACEMENT_HANDLER")))
    if "FILTER" in settings and as_map(settings["FILTER"]) is None:
        raise _wrong("Wrong activity FILTER!")


def _check_properties(raw: Json) -> None:
    properties = as_map(raw)
    if properties is None:
        raise _wrong("Wrong properties array!")
    for key, described in properties.items():
        if not _PROPERTY.fullmatch(key):
            raise _wrong(f"Wrong property key ({key})!")
        if not (as_map(described) or {}).get("Name"):
            raise _wrong(f"Empty property NAME ({key})!")


def _robot_add(call: Call, is_activity: bool) -> Answer:
    if not call.params:
        raise _wrong("Empty data!")
    code = _code(call)
    settings = {"HANDLER": "", "NAME": "", **call.params}
    _check(settings)
    if code in call.app.registrations.robots:
        raise Refusal("ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
    call.app.registrations.robots[code] = Robot(
        code, as_text(settings["HANDLER"]), dict(settings), is_activity
    )
    return Answer(True)


def _robot_update(call: Call, is_activity: bool) -> Answer:
    robot = _robot(call, is_activity)
    fields = as_map(call.params.get("FIELDS"))
    if not fields:
        raise _wrong("No fields to update")
    _check(fields)
    robot.settings.update(fields)
    robot.handler = as_text(robot.settings["HANDLER"])
    return Answer(True)


def _robot_delete(call: Call, is_activity: bool) -> Answer:
    robot = _robot(call, is_activity)
    del call.app.registrations.robots[robot.code]
    return Answer(True)


def _robot_list(call: Call, is_activity: bool) -> Answer:
    robots = call.app.registrations.robots.values()
    return Answer([robot.code for robot in robots if robot.is_activity == is_activity])


def _robot(call: Call, is_activity: bool) -> Robot:
    robot = call.app.registrations.robots.get(_code(call))
    if robot is None or robot.is_activity != is_activity:
        raise Refusal("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    return robot


def _event_send(call: Call) -> Answer:
    """Take a robot's answer: only the token is checked, a step that no longer waits is not told apart."""
    step = call.portal.workflows.steps.get(call.text("EVENT_TOKEN"))
    if step is None:
        raise access_denied()
    step.answers_seen += 1
    if not step.is_waiting:
        if call.portal.quirks.second_event_send == "denied":
            raise access_denied()
        return Answer(True)
    step.messages.append(call.text("LOG_MESSAGE"))
    call.portal.automation.answer(step, _declared(call, step, call.array("RETURN_VALUES")))
    return Answer(True)


def _declared(call: Call, step: RobotStep, values: Mapping[str, Json]) -> dict[str, Json]:
    """Return the values that the robot declared as its results; names come in any case, others are dropped."""
    app = call.portal.app
    robot = app.registrations.robots.get(step.code) if app else None
    results = as_map(robot.settings.get("RETURN_PROPERTIES")) if robot else None
    given = {name.lower(): value for name, value in values.items()}
    return {name: given[name.lower()] for name in results or () if name.lower() in given}


def _activity_log(call: Call) -> Answer:
    step = call.portal.workflows.steps.get(call.text("EVENT_TOKEN"))
    if step is None:
        raise access_denied()
    if not call.text("LOG_MESSAGE"):
        raise Refusal("ERROR_EMPTY_LOG_MESSAGE", "Empty log message!")
    step.messages.append(call.text("LOG_MESSAGE"))
    return Answer(True)


def _trigger_code(call: Call) -> str:
    code = call.text("CODE")
    if not code:
        raise plain("Empty trigger code!")
    if not _TRIGGER_CODE.fullmatch(code):
        raise plain("Wrong trigger code!")
    return code


def _trigger_add(call: Call) -> Answer:
    code, name = _trigger_code(call), call.text("NAME")
    if not name:
        raise plain("Empty trigger name!")
    call.app.registrations.triggers[code] = name
    return Answer(True)


def _trigger_list(call: Call) -> Answer:
    return Answer([{"NAME": name, "CODE": code} for code, name in call.app.registrations.triggers.items()])


def _trigger_execute(call: Call) -> Answer:
    """Note the trigger; neither the record nor rights to it are checked, and the answer is always true."""
    code = _trigger_code(call)
    if code not in call.app.registrations.triggers:
        raise plain(f"Trigger with code {code} is not registered.")
    if call.number("OWNER_TYPE_ID") not in TYPE_WORDS:
        raise plain("Incorrect parameter OWNER_TYPE_ID.")
    if call.number("OWNER_ID") <= 0:
        raise plain("Incorrect parameter OWNER_ID.")
    type_id, record_id = call.number("OWNER_TYPE_ID"), call.number("OWNER_ID")
    call.portal.triggered.append((code, type_id, record_id))
    call.portal.automation.execute_trigger(code, type_id, record_id)
    return Answer(True)


def _trigger_delete(call: Call) -> Answer:
    if call.app.registrations.triggers.pop(_trigger_code(call), None) is None:
        raise plain("Trigger not found")
    return Answer(True)


def _for(handle: Callable[[Call, bool], Answer], is_activity: bool) -> Handler:
    return lambda call: handle(call, is_activity)


_APP = access_denied("Application context required", 400)
_ADMIN = access_denied("Access denied!", 400)
_TRIGGER_APP = access_denied("Access denied! Application context required", 400)
_TRIGGER_ADMIN = access_denied("Access denied! Admin permissions required", 400)
_ROBOT_PARAMS = (
    "CODE",
    "HANDLER",
    "AUTH_USER_ID",
    "USE_SUBSCRIPTION",
    "NAME",
    "DESCRIPTION",
    "PROPERTIES",
    "RETURN_PROPERTIES",
    "DOCUMENT_TYPE",
    "FILTER",
    "USE_PLACEMENT",
    "PLACEMENT_HANDLER",
)
_ROBOTS: tuple[tuple[str, Callable[[Call, bool], Answer], tuple[str, ...]], ...] = (
    ("add", _robot_add, _ROBOT_PARAMS),
    ("update", _robot_update, ("CODE", "FIELDS")),
    ("delete", _robot_delete, ("CODE",)),
    ("list", _robot_list, ()),
)
_TRIGGERS: tuple[tuple[str, Handler, tuple[str, ...]], ...] = (
    ("add", _trigger_add, ("CODE", "NAME")),
    ("list", _trigger_list, ()),
    ("execute", _trigger_execute, ("CODE", "OWNER_TYPE_ID", "OWNER_ID")),
    ("delete", _trigger_delete, ("CODE",)),
)
METHODS = (
    *(
        Method(
            f"bizproc.{kind}.{action}", _for(handle, kind == "activity"), params, ("bizproc",), _APP, _ADMIN
        )
        for kind in ("robot", "activity")
        for action, handle, params in _ROBOTS
    ),
    *(
        Method(f"crm.automation.trigger.{action}", handle, params, ("crm",), _TRIGGER_APP, _TRIGGER_ADMIN)
        for action, handle, params in _TRIGGERS
    ),
    Method("bizproc.event.send", _event_send, ("EVENT_TOKEN", "RETURN_VALUES", "LOG_MESSAGE"), ("bizproc",)),
    Method("bizproc.activity.log", _activity_log, ("EVENT_TOKEN", "LOG_MESSAGE"), ("bizproc",)),
)
