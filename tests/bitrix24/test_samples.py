"""The documentation's own answers, replayed by vcrpy, and what our readers make of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import vcr

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import Answer, Command
from b24app.bitrix24.errors import (
    AccessDenied,
    BadRequest,
    InsufficientScope,
    NotFound,
    PortalGone,
)
from b24app.bitrix24.tokens import AuthorizationServer
from tests.bitrix24.peer import Bench, HandClock

SAMPLES = Path(__file__).parent.parent / "samples"
CASSETTES = SAMPLES / "cassettes"

COMMANDS: dict[str, Command] = {
    command.method: command
    for command in (
        methods.app_info(),
        methods.profile(),
        methods.user_admin(),
        methods.users([1, 3]),
        methods.available_events(),
        methods.registered_events(),
        methods.bind_event("ONCRMLEADADD", "https://app.example/events"),
        methods.unbind_event("ONCRMLEADADD", "https://app.example/events"),
        methods.available_placements(),
        methods.registered_placements(),
        methods.bind_placement("CRM_LEAD_DETAIL_TAB", "https://app.example/tab", titles={"en": "Duplicates"}),
        methods.unbind_placement("CRM_LEAD_DETAIL_TAB", "https://app.example/tab"),
        methods.statuses("DEAL_STAGE"),
        methods.find_by_communication("PHONE", ["+79990001122"], "CONTACT"),
        methods.contacts_of_deal(1),
        methods.contacts_of_lead(1),
        methods.contacts_of_company(1),
        methods.companies_of_contact(1),
        *(methods.get_record(word, 1) for word in methods.FILTER_FIELDS),
        *(
            methods.list_records(word, select=["ID"], filter_by={">ID": 0}, order={"ID": "ASC"})
            for word in methods.FILTER_FIELDS
        ),
    )
}

READINGS = {
    "app.info": (
        answers.app_state,
        answers.AppState(4, "F", is_installed=True, is_payment_expired=False, license="de_ent10000"),
    ),
    "profile": (answers.viewer, answers.Viewer(1, is_admin=True)),
    "user.admin": (answers.is_done, True),
    "event.bind": (answers.is_done, True),
    "placement.bind": (answers.is_done, True),
    "event.unbind": (answers.removed_count, 1),
    "placement.unbind": (answers.removed_count, 4),
    "user.get": (lambda answer: sorted(answers.portal_users(answer)), [1, 3]),
    "events": (lambda answer: {"ONCRMLEADADD", "ONAPPUNINSTALL"} <= answers.codes(answer), True),
    "placement.list": (lambda answer: "CRM_LEAD_DETAIL_TOOLBAR" in answers.codes(answer), True),
    "event.get": (
        lambda answer: [(bound.event, bound.auth_type) for bound in answers.event_handlers(answer)],
        [("ONCRMLEADADD", 0), ("ONCRMLEADADD", 15)],
    ),
    "placement.get": (
        lambda answer: answers.placement_handlers(answer)[0],
        answers.PlacementHandler(
            "CRM_DEAL_LIST_TOOLBAR", "https://app.example/?handler=1", {"de": "Add invoice"}
        ),
    ),
    "crm.status.list": (
        lambda answer: [(stage.id, stage.semantics) for stage in answers.status_list(answer)][-3:],
        [("WON", "S"), ("LOSE", "F"), ("APOLOGY", "F")],
    ),
    "crm.duplicate.findbycomm": (answers.found_ids, {"CONTACT": (275, 2297)}),
    "crm.deal.contact.items.get": (lambda answer: answers.linked_ids(answer, "CONTACT_ID"), (55, 54, 56)),
    "crm.lead.contact.items.get": (lambda answer: answers.linked_ids(answer, "CONTACT_ID"), (1010, 1011)),
    "crm.contact.company.items.get": (lambda answer: answers.linked_ids(answer, "COMPANY_ID"), (7, 8, 9)),
    "crm.company.contact.items.get": (lambda answer: len(answers.linked_ids(answer, "CONTACT_ID")), 3),
    "crm.lead.get": (lambda answer: answers.to_id(answers.row(answer)["ID"]), 123),
    "crm.contact.get": (lambda answer: len(answers.row(answer)["PHONE"]), 2),
    "crm.company.get": (lambda answer: answers.to_id(answers.row(answer)["ID"]), 2909),
    "crm.deal.get": (lambda answer: answers.to_id(answers.row(answer)["ID"]) is not None, True),
    "crm.lead.list": (lambda answer: (len(answers.rows(answer)), answer.total, answer.next), (2, 654, 50)),
    "crm.contact.list": (lambda answer: (len(answers.rows(answer)), answer.total, answer.next), (5, 5, None)),
    "crm.company.list": (lambda answer: answers.rows(answer)[0]["PHONE"][0]["VALUE"], "+79990001122"),
    "crm.deal.list": (lambda answer: len(answers.rows(answer)), 6),
}

REFUSALS = {
    "app.info": AccessDenied,
    "placement.get": BadRequest,
    "placement.bind": BadRequest,
    "placement.unbind": AccessDenied,
    "placement.list": AccessDenied,
    "event.bind": NotFound,
    "event.unbind": AccessDenied,
    "crm.status.list": BadRequest,
    "crm.duplicate.findbycomm": BadRequest,
    "crm.contact.company.items.get": BadRequest,
    "crm.deal.contact.items.get": NotFound,
    "crm.lead.get": NotFound,
    "crm.company.get": NotFound,
    "crm.lead.list": AccessDenied,
}


@asynccontextmanager
async def replay(name: str) -> AsyncIterator[httpx.AsyncClient]:
    recorder = vcr.VCR(record_mode="none", match_on=["method", "scheme", "host", "port", "path"])
    with recorder.use_cassette(str(CASSETTES / f"{name}.yaml")):
        async with httpx.AsyncClient() as http:
            yield http


async def ask(http: httpx.AsyncClient, command: Command) -> Answer:
    return await Bench().client_over(http).call(command.method, command.params)


def test_every_method_we_call_has_an_answer_of_the_documentation():
    recorded = {path.stem for path in CASSETTES.glob("*.yaml") if not path.stem.endswith(".error")}

    assert recorded == methods.METHODS | {"batch", "oauth.token"}
    assert set(COMMANDS) == methods.METHODS
    assert set(READINGS) == methods.METHODS


def test_we_send_no_parameter_that_the_documentation_does_not_name():
    documented = json.loads((SAMPLES / "parameters.json").read_text())

    unknown = {name: set(command.params) - set(documented[name]) for name, command in COMMANDS.items()}

    assert {name: names for name, names in unknown.items() if names} == {}


@pytest.mark.parametrize("method", sorted(READINGS))
async def test_the_documentation_s_answer_is_read(method):
    read, expected = READINGS[method]

    async with replay(method) as http:
        answer = await ask(http, COMMANDS[method])

    assert read(answer) == expected


@pytest.mark.parametrize("method", sorted(REFUSALS))
async def test_the_documentation_s_error_is_told_by_its_class(method):
    async with replay(f"{method}.error") as http:
        with pytest.raises(REFUSALS[method]) as refused:
            await ask(http, COMMANDS[method])

    assert refused.type is REFUSALS[method]
    assert refused.value.method == method


async def test_the_documentation_s_batch_is_read():
    keys = ("get_user", "get_department")

    async with replay("batch") as http:
        done = await Bench().client_over(http).batch({key: Command("user.get") for key in keys})

    assert done.errors == {}
    assert done.get("get_department").total == 1
    assert answers.to_id(answers.row(done.get("get_user"))["ID"]) == 1


async def test_the_documentation_s_refused_batch_is_read():
    keys = ("get_user", "get_department")

    async with replay("batch.error") as http:
        done = await Bench().client_over(http).batch({key: Command("user.get") for key in keys})

    assert done.answers == {}
    assert {type(error) for error in done.errors.values()} == {InsufficientScope}


def server(http: httpx.AsyncClient) -> AuthorizationServer:
    return AuthorizationServer(
        http,
        base_url="https://oauth.bitrix.example",
        client_id="app.sample",
        client_secret="secret",
        clock=HandClock(),
        log=lambda record: None,
    )


async def test_the_documentation_s_renewal_is_read():
    async with replay("oauth.token") as http:
        renewed = await server(http).renew("old")

    assert renewed.pair.refresh_token == "sample-refresh-token"
    assert renewed.origin == "https://app.example"  # the portal; "domain" is the authorization server
    assert renewed.scopes == {"crm", "entity", "im", "task"}
    assert renewed.user_id == 67


async def test_an_unpaid_app_has_lost_the_portal():
    async with replay("oauth.token.error") as http:
        with pytest.raises(PortalGone):
            await server(http).renew("old")
