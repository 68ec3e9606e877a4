"""The documentation's own answers, replayed by vcrpy, and what our readers make of them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import vcr

from b24app.bitrix24 import answers
from b24app.bitrix24.calls import Answer, Command
from b24app.bitrix24.catalogue import METHODS
from b24app.bitrix24.errors import (
    InsufficientScope,
    PortalGone,
)
from b24app.bitrix24.tokens import AuthorizationServer
from tests.bitrix24 import witnesses_acting, witnesses_reading, witnesses_registering
from tests.bitrix24.peer import Bench, HandClock

SAMPLES = Path(__file__).parent.parent / "samples"
CASSETTES = SAMPLES / "cassettes"

WITNESSES = (witnesses_reading, witnesses_registering, witnesses_acting)
COMMANDS = {name: command for witness in WITNESSES for name, command in witness.COMMANDS.items()}
READINGS = {name: reading for witness in WITNESSES for name, reading in witness.READINGS.items()}
REFUSALS = {name: refusal for witness in WITNESSES for name, refusal in witness.REFUSALS.items()}


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

    assert recorded == METHODS | {"batch", "oauth.token"}
    assert set(COMMANDS) == METHODS
    assert set(READINGS) == METHODS


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
