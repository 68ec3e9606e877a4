"""Frames, the installFinish gate, updates, uninstalling, renaming; robots that wait."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.portal import NotInstalled, SandboxPortal
from b24app.sandbox.refusals import Refusal
from tests.sandbox.builders import ADMIN, COLLEAGUE, OWNER, Caller, a_portal

URL = "https://app.example.com/events"
RETURNS = {"n": {"Name": "Сколько", "Type": "int"}}


async def _with_handlers(*events: str) -> SandboxPortal:
    portal = a_portal()
    admin = Caller(portal, ADMIN)
    for event in events:
        await admin.result("event.bind", event=event, handler=URL)
    return portal


def _forms(portal: SandboxPortal) -> list[Any]:
    return [call.form for call in portal.events.waiting]


def test_a_frame_gets_what_the_documentation_says() -> None:
    portal = a_portal()
    assert portal.app

    post = portal.open_frame(OWNER, "DEFAULT")

    query = dict(parse_qsl(urlsplit(post.url).query))
    assert (query["DOMAIN"], query["PROTOCOL"], query["LANG"]) == ("acme.bitrix24.test", "1", "ru")
    assert len(query["APP_SID"]) == 32
    assert post.url.startswith("http://127.0.0.1:9/?")
    assert {name: value for name, value in post.form.items() if name not in ("AUTH_ID", "REFRESH_ID")} == {
        "AUTH_EXPIRES": "3600",
        "SERVER_ENDPOINT": "https://oauth.bitrix.test/rest/",
        "APPLICATION_TOKEN": portal.app.application_token,
        "APPLICATION_SCOPE": "crm,placement,bizproc,user_brief,im,task,department",
        "member_id": "member-one",
        "status": "L",
        "PLACEMENT": "DEFAULT",
    }
    assert portal.oauth.grant_of(post.form["AUTH_ID"]).user_id == OWNER


async def test_a_tab_gets_its_options_as_json_text() -> None:
    portal = a_portal()
    await Caller(portal, ADMIN).result(
        "placement.bind", PLACEMENT="CRM_LEAD_DETAIL_TAB", HANDLER=f"{URL}?a=1"
    )

    post = portal.open_frame(OWNER, "CRM_LEAD_DETAIL_TAB", {"ID": "7"})

    assert post.url.startswith(f"{URL}?a=1&DOMAIN=")
    assert json.loads(post.form["PLACEMENT_OPTIONS"]) == {"ID": "7"}
    with pytest.raises(NotInstalled):
        portal.open_frame(OWNER, "CRM_DEAL_DETAIL_TAB", {"ID": "7"})


async def test_until_install_finish_nothing_is_shown_or_sent() -> None:
    portal = a_portal(is_installed=False)
    admin = Caller(portal, ADMIN)
    await admin.result("placement.bind", PLACEMENT="CRM_LEAD_DETAIL_TAB", HANDLER=URL)
    await admin.result("event.bind", event="ONCRMLEADADD", handler=URL)
    await admin.result("event.bind", event="ONAPPINSTALL", handler=URL)

    portal.create("lead", {}, by=ADMIN)

    assert portal.open_frame(ADMIN).url.startswith("http://127.0.0.1:9/install?")
    for user, place in ((OWNER, "DEFAULT"), (ADMIN, "CRM_LEAD_DETAIL_TAB")):
        with pytest.raises(NotInstalled):
            portal.open_frame(user, place)
    assert (await admin.result("app.info"))["INSTALLED"] is False
    assert portal.events.waiting == []

    assert (portal.install_finish(COLLEAGUE), portal.install_finish(ADMIN)) == (False, True)
    portal.create("lead", {}, by=ADMIN)

    assert [form["event"] for form in _forms(portal)] == ["ONAPPINSTALL", "ONCRMLEADADD"]
    assert "refresh_token" in _forms(portal)[0]["auth"]
    assert portal.open_frame(OWNER, "CRM_LEAD_DETAIL_TAB").url.startswith(URL)


async def test_an_update_drops_registrations_opens_the_installer_and_says_so() -> None:
    portal = await _with_handlers("ONAPPUPDATE", "ONCRMLEADADD")
    admin = Caller(portal, ADMIN)
    await admin.result("bizproc.robot.add", CODE="check", HANDLER=URL, NAME="x")
    assert portal.app
    old_token = portal.app.application_token

    portal.update_app(2, by=ADMIN, new_token=True)

    [form] = _forms(portal)
    assert (form["event"], form["data"]) == (
        "ONAPPUPDATE",
        {"VERSION": "2", "PREVIOUS_VERSION": "1", "LANGUAGE_ID": "ru"},
    )
    assert form["auth"]["application_token"] == portal.app.application_token != old_token
    assert {"access_token", "refresh_token"} <= set(form["auth"])
    assert (await admin.result("event.get"), await admin.result("placement.get")) == ([], [])
    assert await admin.result("bizproc.robot.list") == []
    assert portal.open_frame(ADMIN).url.startswith("http://127.0.0.1:9/install?")


@pytest.mark.parametrize(("clean", "sent"), [(True, "1"), (False, "0")])
async def test_an_uninstall_kills_tokens_and_brings_none(clean: bool, sent: str) -> None:
    portal = await _with_handlers("ONAPPUNINSTALL")
    assert portal.app
    pair = portal.oauth.issue(portal, portal.app, ADMIN)
    admin = Caller(portal, ADMIN)

    portal.uninstall(clean=clean)

    [form] = _forms(portal)
    assert form["data"] == {"LANGUAGE_ID": "ru", "CLEAN": sent}
    assert set(form["auth"]) == {
        "domain",
        "server_endpoint",
        "client_endpoint",
        "member_id",
        "application_token",
    }
    assert (await admin.refusal("profile"))[1] == "NO_AUTH_FOUND"
    with pytest.raises(Refusal):
        portal.oauth.token({"grant_type": "refresh_token", "refresh_token": pair.refresh_token})


async def test_user_fields_outlive_the_application() -> None:
    portal = a_portal()
    await Caller(portal, ADMIN).result(
        "crm.lead.userfield.add", fields={"FIELD_NAME": "A", "USER_TYPE_ID": "string"}
    )

    portal.uninstall(clean=True)
    portal.add_app(a_portal(oauth=SandboxOAuth(portal.clock)).app)  # type: ignore[arg-type]

    assert len(await Caller(portal, ADMIN).result("crm.lead.userfield.list")) == 1


async def test_a_robot_calls_its_handler_and_waits_for_one_answer() -> None:
    portal = a_portal()
    admin = Caller(portal, ADMIN)
    await admin.result(
        "bizproc.robot.add",
        CODE="check",
        HANDLER=URL,
        NAME="x",
        USE_SUBSCRIPTION="Y",
        RETURN_PROPERTIES=RETURNS,
    )

    step = portal.run_robot("check", "lead", 456, {"depth": 2})

    [form] = _forms(portal)
    assert form["document_id"] == ["crm", "CCrmDocumentLead", "LEAD_456"]
    assert (form["event_token"], form["use_subscription"], form["properties"]) == (
        step.token,
        "Y",
        {"depth": 2},
    )
    assert {"refresh_token", "application_token", "user_id"} <= set(form["auth"])
    assert await admin.result("bizproc.event.send", EVENT_TOKEN=step.token, RETURN_VALUES={"n": "1"}) is True
    assert (step.is_waiting, step.answer) == (False, {"n": "1"})


@pytest.mark.parametrize(("quirk", "status"), [("true", 200), ("denied", 403)])
async def test_a_second_answer_of_a_robot_is_true_or_denied(quirk: Any, status: int) -> None:
    portal = a_portal()
    portal.quirks.second_event_send = quirk
    admin = Caller(portal, ADMIN)
    await admin.result(
        "bizproc.robot.add",
        CODE="check",
        HANDLER=URL,
        NAME="x",
        USE_SUBSCRIPTION="Y",
        RETURN_PROPERTIES=RETURNS,
    )
    token = portal.run_robot("check", "lead", 1).token
    await admin.result("bizproc.event.send", event_token=token, return_values={"n": "1"})

    answered, _ = await admin.ask("bizproc.event.send", event_token=token, return_values={"n": "2"})

    assert answered == status
    assert portal.workflows.steps[token].answer == {"n": "1"}
