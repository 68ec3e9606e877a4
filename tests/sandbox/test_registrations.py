"""What the application sets up: events, placements, field types, robots, triggers; doubles and mistakes are errors."""

from typing import Any

import pytest

from b24app.sandbox.rest.answering import RestDoor, RestRequest
from tests.sandbox.builders import ADMIN, OWNER, Caller, a_portal

URL = "https://app.example.com/handler"
NO_CONTEXT = "Current authorization type is denied for this method Application context required"
ROBOT = {"CODE": "check", "HANDLER": URL, "NAME": "Проверка"}

REFUSALS: tuple[tuple[str, dict[str, Any], int, str, str], ...] = (
    ("event.bind", {"event": "ONNOTHING", "handler": URL}, 400, "ERROR_EVENT_NOT_FOUND", "Event not found"),
    ("event.bind", {"handler": URL}, 400, "ERROR_ARGUMENT", "Argument 'EVENT' is null or empty"),
    ("event.bind", {"event": "ONCRMLEADADD"}, 400, "ERROR_ARGUMENT", "Argument 'HANDLER' is null or empty"),
    ("event.bind", {"event": "ONCRMLEADADD", "handler": "ftp://a.b/"}, 400, "ERROR_UNSUPPORTED_PROTOCOL", ""),
    (
        "event.bind",
        {"event": "ONCRMLEADADD", "handler": "http://intranet/"},
        400,
        "ERROR_WRONG_HANDLER_URL",
        "",
    ),
    ("placement.bind", {"HANDLER": URL}, 400, "ERROR_ARGUMENT", "Argument 'PLACEMENT' is null or empty"),
    ("placement.bind", {"PLACEMENT": "NOWHERE", "HANDLER": URL}, 400, "ERROR_PLACEMENT_NOT_FOUND", ""),
    (
        "placement.bind",
        {"PLACEMENT": "CRM_LEAD_DETAIL_TAB", "HANDLER": URL, "USER_ID": 2},
        200,
        "ERROR_PLACEMENT_USER_MODE",
        "",
    ),
    ("userfieldtype.delete", {"USER_TYPE_ID": "x"}, 400, "ERROR_NOT_FOUND", "User Field Type not found"),
    ("bizproc.robot.add", {}, 400, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Empty data!"),
    ("bizproc.robot.add", {"NAME": "x"}, 400, "ERROR_ACTIVITY_VALIDATION_FAILURE", "Empty activity code!"),
    (
        "bizproc.robot.add",
        {**ROBOT, "CODE": "а"},
        400,
        "ERROR_ACTIVITY_VALIDATION_FAILURE",
        "Wrong activity code!",
    ),
    (
        "bizproc.robot.add",
        {**ROBOT, "NAME": ""},
        400,
        "ERROR_ACTIVITY_VALIDATION_FAILURE",
        "Empty activity NAME!",
    ),
    (
        "bizproc.robot.add",
        {**ROBOT, "HANDLER": "x"},
        400,
        "ERROR_UNSUPPORTED_PROTOCOL",
        "Unsupported handler protocol",
    ),
    (
        "bizproc.robot.add",
        {**ROBOT, "PROPERTIES": {"1a": {"Name": "x"}}},
        400,
        "ERROR_ACTIVITY_VALIDATION_FAILURE",
        "Wrong property key (1a)!",
    ),
    (
        "bizproc.robot.add",
        {**ROBOT, "RETURN_PROPERTIES": {"n": {"Type": "int"}}},
        400,
        "ERROR_ACTIVITY_VALIDATION_FAILURE",
        "Empty property NAME (n)!",
    ),
    ("bizproc.robot.update", {"CODE": "none", "FIELDS": {"NAME": "x"}}, 400, "ERROR_ACTIVITY_NOT_FOUND", ""),
    ("bizproc.event.send", {"EVENT_TOKEN": "forged"}, 403, "ACCESS_DENIED", "Access denied!"),
    ("crm.automation.trigger.add", {"NAME": "x"}, 400, "", "Empty trigger code!"),
    ("crm.automation.trigger.add", {"CODE": "AB", "NAME": "x"}, 400, "", "Wrong trigger code!"),
    ("crm.automation.trigger.add", {"CODE": "ab"}, 400, "", "Empty trigger name!"),
    ("crm.automation.trigger.execute", {"CODE": "ab"}, 400, "", "Trigger with code ab is not registered."),
    ("crm.automation.trigger.delete", {"CODE": "ab"}, 400, "", "Trigger not found"),
)


@pytest.mark.parametrize(("method", "params", "status", "code", "text"), REFUSALS)
async def test_a_mistake_is_refused_as_documented(
    method: str, params: dict[str, Any], status: int, code: str, text: str
) -> None:
    refused = await Caller(a_portal(), ADMIN).refusal(method, **params)

    assert refused[:2] == (status, code)
    assert text in refused[2]


DOUBLES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("event.bind", {"event": "oncrmleadadd", "handler": URL}, "ERROR_CORE"),
    ("event.bind", {"event": "ONCRMLEADADD", "event_type": "offline"}, "ERROR_CORE"),
    ("placement.bind", {"PLACEMENT": "CRM_LEAD_DETAIL_TAB", "HANDLER": URL}, "ERROR_CORE"),
    ("userfieldtype.add", {"USER_TYPE_ID": "own", "HANDLER": URL}, "ERROR_CORE"),
    ("bizproc.robot.add", ROBOT, "ERROR_ACTIVITY_ALREADY_INSTALLED"),
)


@pytest.mark.parametrize(("method", "params", "code"), DOUBLES)
async def test_registering_twice_is_an_error(method: str, params: dict[str, Any], code: str) -> None:
    admin = Caller(a_portal(), ADMIN)

    assert await admin.result(method, **params) is True

    assert (await admin.refusal(method, **params))[1] == code


async def test_robots_and_activities_share_their_codes_and_triggers_are_renamed() -> None:
    admin = Caller(a_portal(), ADMIN)
    await admin.result("bizproc.robot.add", **ROBOT)
    await admin.result("crm.automation.trigger.add", CODE="ab", NAME="Первое")
    await admin.result("crm.automation.trigger.add", CODE="ab", NAME="Второе")

    assert (await admin.refusal("bizproc.activity.add", **ROBOT))[1] == "ERROR_ACTIVITY_ALREADY_INSTALLED"
    assert await admin.result("bizproc.activity.list") == []
    assert await admin.result("bizproc.robot.list") == ["check"]
    assert await admin.result("crm.automation.trigger.list") == [{"NAME": "Второе", "CODE": "ab"}]


async def test_two_handlers_of_one_event_are_listed_and_unbound_apart() -> None:
    admin = Caller(a_portal(), ADMIN)
    await admin.result("event.bind", event="ONCRMLEADADD", handler=URL)
    await admin.result("event.bind", event="ONCRMLEADADD", handler=f"{URL}2")

    count = await admin.result("event.unbind", event="ONCRMLEADADD", handler=URL)

    assert count == {"count": 1}
    assert await admin.result("event.get") == [
        {"event": "ONCRMLEADADD", "handler": f"{URL}2", "auth_type": "0", "offline": 0}
    ]
    assert await admin.result("event.unbind", event="ONCRMLEADADD", handler=URL) == {"count": 0}


async def test_a_user_binds_events_for_himself_only() -> None:
    own = Caller(a_portal(), OWNER)

    await own.result("event.bind", event="ONCRMLEADADD", handler=URL)

    assert (await own.result("event.get"))[0]["auth_type"] == str(OWNER)
    assert (await own.refusal("event.bind", event="ONCRMLEADADD", handler=URL, auth_type=ADMIN))[:2] == (
        403,
        "ACCESS_DENIED",
    )
    assert (await own.refusal("event.bind", event="ONCRMLEADADD", event_type="offline"))[1] == "ACCESS_DENIED"


ADMIN_ONLY = (
    ("placement.bind", 403),
    ("placement.get", 403),
    ("userfieldtype.list", 403),
    ("event.offline.get", 403),
    ("bizproc.robot.list", 400),
    ("crm.automation.trigger.execute", 400),
)


@pytest.mark.parametrize(("method", "status"), ADMIN_ONLY)
async def test_an_ordinary_user_is_refused(method: str, status: int) -> None:
    assert (await Caller(a_portal(), OWNER).refusal(method))[:2] == (status, "ACCESS_DENIED")


APP_ONLY = (
    ("placement.get", 403, "WRONG_AUTH_TYPE", NO_CONTEXT),
    ("placement.list", 403, "WRONG_AUTH_TYPE", NO_CONTEXT),
    ("event.bind", 403, "WRONG_AUTH_TYPE", NO_CONTEXT),
    ("userfieldtype.list", 403, "WRONG_AUTH_TYPE", NO_CONTEXT),
    ("app.info", 400, "ACCESS_DENIED", "Access denied! Application context required"),
    ("bizproc.robot.list", 400, "ACCESS_DENIED", "Application context required"),
    ("crm.automation.trigger.list", 400, "ACCESS_DENIED", "Access denied! Application context required"),
    ("app.option.get", 400, "AccessException", "Application context required"),
)


@pytest.mark.parametrize(("method", "status", "code", "text"), APP_ONLY)
async def test_a_webhook_has_no_application_context(method: str, status: int, code: str, text: str) -> None:
    portal = a_portal()
    portal.add_webhook(ADMIN, "hook-secret", ["crm", "placement", "bizproc"])

    answer = await RestDoor(portal).answer(RestRequest(method, {}, webhook=(ADMIN, "hook-secret")))

    assert (answer.status, answer.body) == (status, {"error": code, "error_description": text})


async def test_a_webhook_reads_with_its_owners_rights_and_a_wrong_secret_does_not() -> None:
    portal = a_portal()
    portal.add_record("lead", {"ASSIGNED_BY_ID": ADMIN})
    portal.add_webhook(OWNER, "hook-secret", ["crm"])
    door = RestDoor(portal)

    read = await door.answer(RestRequest("crm.lead.list", {}, webhook=(OWNER, "hook-secret")))
    guessed = await door.answer(RestRequest("crm.lead.list", {}, webhook=(OWNER, "guess")))

    assert read.body["result"] == []
    assert (guessed.status, guessed.body["error"]) == (401, "NO_AUTH_FOUND")


async def test_an_own_field_type_exists_once_the_application_is_installed() -> None:
    portal = a_portal(is_installed=False)
    admin = Caller(portal, ADMIN)
    await admin.result("userfieldtype.add", USER_TYPE_ID="twins", HANDLER=URL)
    fields = {"FIELD_NAME": "TWINS", "USER_TYPE_ID": "rest_5_twins"}

    assert (await admin.refusal("crm.lead.userfield.add", fields=fields))[
        2
    ] == "Invalid custom type specified."
    portal.install_finish(ADMIN)

    assert await admin.result("crm.lead.userfield.add", fields=fields) == 6001
