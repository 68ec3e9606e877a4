"""Clients of other people, unmodified, against the served sandbox: the official SDK and fast-bitrix24."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from b24pysdk import Client
from b24pysdk.credentials import BitrixApp, BitrixToken, OAuthEventData, OAuthPlacementData, OAuthWorkflowData
from b24pysdk.errors import BitrixAPIInsufficientScope, BitrixAPINotFound
from fast_bitrix24 import BitrixAsync

from b24app.clock import SystemClock
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import SandboxServer
from b24app.sandbox.wire import to_pairs
from tests.sandbox.builders import ADMIN, OWNER, Caller, a_portal, phone
from tests.sandbox.connect_proxy import connect_proxy

T = TypeVar("T")
SDK_OAUTH_HOST = "oauth.bitrix24.tech"
NEW_ADDRESS = "acme-new.bitrix24.test"
LEADS = 2_130


def _with_leads() -> SandboxPortal:
    clock = SystemClock()
    portal = a_portal(clock=clock, oauth=SandboxOAuth(clock))
    for number in range(1, LEADS + 1):
        portal.add_record("lead", {"TITLE": f"Лид {number}", "PHONE": phone(f"+7900{number:07}")})
    return portal


@pytest.fixture
async def secure(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SandboxPortal]:
    portal = _with_leads()
    names = (NEW_ADDRESS, SDK_OAUTH_HOST)
    async with SandboxServer([portal], portal.oauth, is_secure=True, host_names=names) as served:
        ports = {SDK_OAUTH_HOST: urlsplit(served.oauth).port, NEW_ADDRESS: urlsplit(portal.base_url).port}
        async with connect_proxy(ports) as proxy:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(served.certificate))
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
            yield portal


def _token(portal: SandboxPortal, user_id: int = ADMIN) -> BitrixToken:
    assert portal.app
    pair = portal.oauth.issue(portal, portal.app, user_id)
    app = BitrixApp(client_id=portal.app.client_id, client_secret=portal.app.client_secret)
    return BitrixToken(
        domain=portal.domain, auth_token=pair.access_token, refresh_token=pair.refresh_token, bitrix_app=app
    )


async def _apart(work: Callable[[], T]) -> T:
    """Run the blocking client in a thread, because the portal it talks to lives in this loop."""
    return await asyncio.wait_for(asyncio.to_thread(work), 30)


async def test_the_official_client_reads_lists_by_pages_and_by_batches(secure: SandboxPortal) -> None:
    client = Client(_token(secure))

    paged = await _apart(lambda: list(client.crm.lead.list(select=["ID", "PHONE"]).as_list().result))
    fast = await _apart(lambda: list(client.crm.lead.list(select=["ID", "PHONE"]).as_list_fast().result))

    assert (
        [row["ID"] for row in paged]
        == [row["ID"] for row in fast]
        == [str(one) for one in range(1, LEADS + 1)]
    )
    assert fast[-1]["PHONE"][0]["VALUE"] == f"+7900{LEADS:07}"


async def test_the_official_client_writes_reads_and_batches(secure: SandboxPortal) -> None:
    client = Client(_token(secure))

    made = await _apart(lambda: client.crm.lead.add(fields={"TITLE": "Новый"}).result)
    title = await _apart(lambda: client.crm.lead.get(bitrix_id=made).result["TITLE"])
    requests = {"one": client.crm.lead.get(bitrix_id=1), "me": client.profile()}
    batch = await _apart(lambda: client.call_batch(requests).result)

    assert (made, title) == (LEADS + 1, "Новый")
    assert (batch.result["one"]["TITLE"], batch.result["me"]["ADMIN"]) == ("Лид 1", True)


async def test_the_official_client_renews_an_expired_token_and_asks_what_it_is(secure: SandboxPortal) -> None:
    token = _token(secure, OWNER)
    secure.oauth.expire_access()

    me = await _apart(lambda: Client(token).profile().result)
    info = await _apart(lambda: token.get_app_info().result)

    assert (me["ID"], secure.oauth.renewals) == (str(OWNER), 1)
    assert (info.client_id, info.user_id, info.install.member_id) == ("local.test", OWNER, "member-one")


async def test_the_official_client_follows_a_renamed_portal(secure: SandboxPortal) -> None:
    token = _token(secure)
    secure.rename(NEW_ADDRESS)

    me = await _apart(lambda: Client(token).profile().result)

    assert (me["ID"], token.domain) == ("1", NEW_ADDRESS)


async def test_the_official_client_knows_our_refusals(secure: SandboxPortal) -> None:
    token = _token(secure)
    assert secure.app

    with pytest.raises(BitrixAPINotFound):
        await _apart(lambda: token.call_method("crm.lead.convert"))
    secure.app.scopes = ("placement",)
    with pytest.raises(BitrixAPIInsufficientScope):
        await _apart(lambda: token.call_method("crm.lead.get", {"id": 1}))


async def test_the_official_client_reads_our_frames_events_and_robot_calls() -> None:
    portal = a_portal()
    admin = Caller(portal, ADMIN)
    await admin.result("event.bind", event="ONCRMLEADADD", handler="https://a.example/e")
    await admin.result("bizproc.robot.add", CODE="check", HANDLER="https://a.example/r", NAME="x")
    portal.create("lead", {}, by=ADMIN)
    portal.create("lead", {}, by=None)
    portal.run_robot("check", "lead", 1, {"depth": "2"})
    calls = [dict(to_pairs(call.form)) for call in portal.events.waiting]
    post = portal.open_frame(OWNER, "DEFAULT", {"from": "menu"})

    frame = OAuthPlacementData.from_dict({**dict(parse_qsl(urlsplit(post.url).query)), **post.form})
    acted, automatic = (OAuthEventData.from_dict(call) for call in calls[:2])
    robot = OAuthWorkflowData.from_dict(calls[2])

    assert (frame.member_id, frame.domain, frame.placement_options) == (
        "member-one",
        portal.domain,
        {"from": "menu"},
    )
    assert (acted.event, acted.is_system, automatic.is_system) == ("ONCRMLEADADD", False, True)
    assert (robot.code, robot.use_subscription, robot.properties) == ("check", True, {"depth": "2"})


async def test_fast_bitrix24_reads_everything_and_renews_its_token() -> None:
    portal = _with_leads()
    portal.quirks.ignored_parameters = frozenset({"__order"})  # its own mark in batches
    issued: list[str] = []

    async def new_token() -> str:
        issued.append(Caller(portal, ADMIN).token)
        return issued[-1]

    async with SandboxServer([portal], portal.oauth):
        client = BitrixAsync(f"{portal.base_url}/rest/", token_func=new_token, verbose=False)
        leads: list[dict[str, Any]] = await client.get_all("crm.lead.list", {"select": ["ID", "PHONE"]})
        portal.oauth.expire_access()
        by_id = await client.get_by_ID("crm.lead.get", [1, 2, 3])
        made = await client.call("crm.lead.add", [{"fields": {"TITLE": f"Новый {one}"}} for one in range(3)])

    assert sorted(int(lead["ID"]) for lead in leads) == list(range(1, LEADS + 1))
    assert {row["TITLE"] for row in by_id.values()} == {"Лид 1", "Лид 2", "Лид 3"}
    assert sorted(made) == [LEADS + 1, LEADS + 2, LEADS + 3]
    assert len(issued) == 2
