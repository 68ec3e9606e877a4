"""The API's door: who may ask, what a question may be, and what is answered to everything else, always in JSON."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from b24app.services.pages.api_keys import KEY_CHARACTERS
from b24app.web.api import BODY_LIMIT_BYTES, MAX_LENGTH, MAX_VALUES
from tests.conftest import StillClock
from tests.journeys.test_check_api import make_key
from tests.journeys.town import Town, town
from tests.web.test_routes import closed_database

NOW = 1_790_000_000.0
SECRET_VALUE = "+79265550011"
QUESTION = {"phones": [SECRET_VALUE]}


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=10, clock=StillClock(NOW)) as built:
        await built.install()
        await built.work()
        yield built


async def post(acme: Town, key: str, content: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return await acme.browser.post(acme.address + "api/v1/check", content=content, headers=headers)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer b24_", "Bearer " + "b24_".ljust(KEY_CHARACTERS, "x"), "Basic YTpi", "Bearer é"],
)
async def test_without_a_good_key_nothing_is_answered(acme: Town, authorization: str):
    headers = {"Authorization": authorization.encode()} if authorization else {}

    answer = await acme.browser.post(acme.address + "api/v1/check", json=QUESTION, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


QUESTIONS: dict[str, tuple[object, str]] = {
    "nothing": ({}, ""),
    "empty lists": ({"phones": [], "emails": []}, ""),
    "too many": ({"phones": ["1"] * (MAX_VALUES + 1)}, "phones"),
    "too many together": ({"phones": ["1"] * MAX_VALUES, "emails": ["a@b.example"]}, ""),
    "too long": ({"phones": ["1" * (MAX_LENGTH + 1)]}, "phones.0"),
    "a number": ({"phones": [79265550011]}, "phones.0"),
    "no list": ({"phones": SECRET_VALUE}, "phones"),
    "unknown field": ({**QUESTION, "names": ["Иван"]}, "names"),
    "unknown type": ({**QUESTION, "types": ["deal"]}, "types.0"),
    "no type": ({**QUESTION, "types": []}, "types"),
    "no record": ({**QUESTION, "exclude": "lead:0"}, "exclude"),
    "a list": ([QUESTION], ""),
}


async def test_a_question_that_cannot_be_read_is_told_where_and_nothing_is_repeated(acme: Town):
    key = await make_key(acme)

    for name, (question, field) in QUESTIONS.items():
        answer = await post(acme, key, json.dumps(question).encode())

        assert (answer.status_code, answer.json()["error"]) == (422, "invalid"), name
        assert answer.json()["details"][0]["field"] == field, name
        assert SECRET_VALUE[1:] not in answer.text


@pytest.mark.parametrize("content", [b"", b"phones=1", b"\xff\xfe", b'{"phones": ["\\ud800"]}', b"[" * 9_000])
async def test_what_is_no_json_is_invalid(acme: Town, content: bytes):
    answer = await post(acme, await make_key(acme), content)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


async def test_the_largest_question_is_answered_and_a_larger_body_is_not_read(acme: Town):
    key = await make_key(acme)

    largest = await post(acme, key, json.dumps({"emails": ["🙂" * MAX_LENGTH] * MAX_VALUES}).encode())
    larger = await post(acme, key, b" " * (BODY_LIMIT_BYTES + 1))

    assert largest.status_code == 200
    assert (larger.status_code, larger.json()["error"]) == (413, "too_large")


async def test_another_method_or_address_below_the_api_is_refused_in_json(acme: Town):
    wrong = await acme.browser.get(acme.address + "api/v1/check")
    unknown = await acme.browser.get(acme.address + "api/v2/check")

    assert [wrong.status_code, wrong.json()["error"]] == [405, "not_allowed"]
    assert [unknown.status_code, unknown.json()["error"]] == [404, "not_found"]


async def test_without_the_database_the_api_says_so_and_asks_to_come_back(acme: Town):
    key = await make_key(acme)

    async with closed_database(acme):
        answer = await post(acme, key, json.dumps(QUESTION).encode())

    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert answer.headers["retry-after"].isdigit()


async def test_the_description_names_the_key_the_question_and_every_answer(acme: Town):
    described = (await acme.browser.get(acme.address + "openapi.json")).json()

    operation = described["paths"]["/api/v1/check"]["post"]
    question = operation["requestBody"]["content"]["application/json"]["schema"]

    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert operation["security"] == [{"HTTPBearer": []}]
    assert question["additionalProperties"] is False
    assert set(question["properties"]) == {"phones", "emails", "types", "exclude"}
    assert set(operation["responses"]) == {"200", "401", "403", "413", "422", "429", "503"}
    answer = described["components"]["schemas"]["CheckAnswer"]["properties"]
    assert set(answer) >= {"verdict", "grade", "complete", "matches", "total", "truncated", "hubs"}
