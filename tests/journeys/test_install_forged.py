"""Somebody posts to the installer what no portal sent: forms of others' portals, tokens of others' apps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from b24app.sandbox.frames import FramePost
from tests.conftest import StillClock
from tests.journeys.test_install import registered
from tests.journeys.town import ADMIN, Town, town

NOW = 1_790_000_000.0


@pytest.fixture
async def two(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=20, portals=2, clock=StillClock(NOW)) as built:
        yield built


@asynccontextmanager
async def an_open_ear() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Listen on a port of our own; gives host:port and everything that anybody sent there."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


async def send(acme: Town, frame: FramePost, **changed: str) -> httpx.Response:
    return await acme.browser.post(frame.url, data={**frame.form, **changed})


async def test_a_form_that_names_another_portal_is_refused_and_touches_neither(two: Town):
    victim, attacker = two.portals
    await two.install(victim)
    before = await two.tokens(victim)

    answer = await send(two, two.installer_frame(ADMIN, attacker), member_id=victim.member_id)

    assert answer.status_code == 403
    assert await two.tokens(victim) == before
    assert await two.is_unknown(attacker)
    assert not registered(attacker)


async def test_a_token_of_another_application_installs_nothing(two: Town):
    portal = two.portal
    assert portal.app is not None
    foreign = two.oauth.issue(portal, replace(portal.app, client_id="local.somebody.else"), ADMIN)

    answer = await send(
        two, two.installer_frame(ADMIN), AUTH_ID=foreign.access_token, REFRESH_ID=foreign.refresh_token
    )

    assert answer.status_code == 403
    assert await two.is_unknown()


async def test_a_token_nobody_gave_out_installs_nothing(two: Town):
    for token in ["", "garbage", "0" * 64, "a\r\nHost: b", "токен", "'; DROP TABLE portal"]:
        answer = await send(two, two.installer_frame(ADMIN), AUTH_ID=token)

        assert answer.status_code == 403
        assert "text/html" in answer.headers["content-type"]
        assert 'lang="ru"' in answer.text
        assert await two.is_unknown()


async def test_an_expired_token_installs_nothing(two: Town):
    frame = two.installer_frame(ADMIN)
    two.oauth.expire_access()

    answer = await send(two, frame)

    assert answer.status_code == 403
    assert await two.is_unknown()


async def test_addresses_that_a_form_brings_are_never_called(two: Town):
    frame = two.installer_frame(ADMIN)
    query = dict(parse_qsl(httpx.URL(frame.url).query.decode()))

    async with an_open_ear() as (address, heard):
        url = httpx.URL(frame.url).copy_with(query=urlencode({**query, "DOMAIN": address}).encode())
        answer = await two.browser.post(
            str(url), data={**frame.form, "SERVER_ENDPOINT": f"http://{address}/rest/"}
        )
        two.portal.install_finish(ADMIN)
        await two.work()

    assert answer.status_code == 200
    assert heard == []
    assert (await two.known()).origin == two.portal.base_url


async def test_a_known_portal_keeps_its_address_and_tokens_whatever_a_widget_call_claims(two: Town):
    await two.install()
    await two.work()
    before = await two.tokens()
    frame = two.portal.open_frame(2, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})
    query = dict(parse_qsl(httpx.URL(frame.url).query.decode()))

    async with an_open_ear() as (address, heard):
        url = httpx.URL(frame.url).copy_with(query=urlencode({**query, "DOMAIN": address}).encode())
        answer = await two.browser.post(
            str(url), data={**frame.form, "SERVER_ENDPOINT": f"http://{address}/rest/"}
        )

    assert answer.status_code == 200
    assert "/crm/lead/details/102/" in answer.text
    assert heard == []
    assert await two.tokens() == before
    assert (await two.known()).origin == two.portal.base_url


async def test_the_pages_policy_names_the_portal_we_hold_and_not_the_one_claimed(two: Town):
    await two.install()
    frame = two.portal.open_frame(2, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})
    query = dict(parse_qsl(httpx.URL(frame.url).query.decode()))
    claimed = urlencode({**query, "DOMAIN": "evil.example; script-src *"}).encode()

    answer = await two.browser.post(str(httpx.URL(frame.url).copy_with(query=claimed)), data=dict(frame.form))

    policy = answer.headers["content-security-policy"]
    assert f"frame-ancestors {two.portal.base_url}" in policy
    assert "evil.example" not in policy
