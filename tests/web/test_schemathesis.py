"""Every route of the OpenAPI description under generated calls: no mistake of ours, nothing of our inside."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from b24app.bootstrap import read_manifest
from tests.conftest import StillClock
from tests.journeys.town import ADMIN, Town, town

NOW = 1_790_000_000.0
DOCUMENTED_5XX = 503
INSIDES = ("Traceback", 'File "/', "sqlalchemy", "asyncpg", "pydantic", "psycopg", "starlette")
FRAMES = ("", "install", "widget/lead", "widget/deal")
FIELDS = (
    "AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID", "SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE",
    "member_id", "status", "PLACEMENT", "PLACEMENT_OPTIONS", "a[b]", "[]", "",
)  # fmt: skip
OPTIONS = st.sampled_from(
    ["{", "[]", "null", "{}", '{"ID":"0"}', '{"ID":-1}', '{"ID":[1]}', '{"ID":"' + "9" * 40]
)
CALM = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],
)


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=10, clock=StillClock(NOW)) as built:
        await built.install()
        yield built


def check(status: int, text: str) -> None:
    assert status < 500 or status == DOCUMENTED_5XX, text
    assert not [inside for inside in INSIDES if inside in text]


def call_every_route(address: str) -> set[str]:
    """Send generated good and bad calls to each operation; returns what was called."""
    schema = schemathesis.openapi.from_url(address + "openapi.json")
    called = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        called.add(f"{operation.method.upper()} {operation.path}")
        has_body = operation.method == "post"  # nothing can be wrong with a call that brings nothing
        for mode in GenerationMode if has_body else [GenerationMode.POSITIVE]:
            _call(operation.as_strategy(generation_mode=mode), address)
    return called


def _call(cases: st.SearchStrategy[Case], address: str) -> None:
    @CALM
    @given(case=cases)
    def call(case: Case) -> None:
        answer = case.call(base_url=address.rstrip("/"))
        check(answer.status_code, answer.text)

    call()


async def test_no_generated_call_makes_a_mistake_of_ours_visible(acme: Town):
    called = await asyncio.to_thread(call_every_route, acme.address)

    assert {f"POST {handler}" for handler in read_manifest().handlers()} <= called
    assert {
        "POST /install",
        "POST /",
        "HEAD /",
        "GET /",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    } <= called


async def test_a_true_frame_call_with_any_field_spoilt_is_answered(acme: Town):
    portal = acme.portal
    frames = {
        path: portal.open_frame(ADMIN, "DEFAULT", {"ID": "101"}, handler=acme.address + path)
        for path in FRAMES
    }

    def call_all() -> None:
        with httpx.Client(timeout=30) as browser:

            @CALM
            @given(
                path=st.sampled_from(FRAMES),
                name=st.sampled_from(FIELDS),
                value=st.text(max_size=40) | OPTIONS,
            )
            def call(path: str, name: str, value: str) -> None:
                spoilt = {**frames[path].form, name: value.encode("utf-8", "replace")}
                answer = browser.post(frames[path].url, data=spoilt)
                check(answer.status_code, answer.text)
                assert "set-cookie" not in answer.headers

            call()

    await asyncio.to_thread(call_all)
