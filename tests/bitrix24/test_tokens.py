"""The authorization server: what is sent where, what is believed, what is refused."""

from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from b24app.bitrix24.errors import (
    AppRefused,
    PortalGone,
    PortalUnreachable,
    TokenExpired,
    TokenRejected,
    UnexpectedAnswer,
)
from b24app.bitrix24.origins import OriginRefused, portal_origin
from b24app.bitrix24.tokens import AuthorizationServer, Grant, TokenPair
from tests.bitrix24.peer import HandClock

SECRETS = ("s3cret", "refresh-1", "access-1", "refresh-2", "access-2")
RENEWAL = {
    "access_token": "access-2",
    "refresh_token": "refresh-2",
    "expires_in": "3600",
    "member_id": "abc",
    "client_endpoint": "https://acme.bitrix24.example/rest/",
    "domain": "oauth.example",
    "scope": "crm,placement bizproc",
    "user_id": 7,
}
OWNER = {
    "result": {
        "client_id": "app.1",
        "user_id": 7,
        "scope": "crm,placement",
        "install": {
            "installed": True,
            "version": 4,
            "status": "L",
            "member_id": "abc",
            "client_endpoint": "https://acme.bitrix24.example/rest/",
        },
    }
}


class Oauth:
    """Answers with what it was given, one after the other."""

    def __init__(self, *replies: tuple[int, Any]) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.log: list[Any] = []
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        self.server = AuthorizationServer(
            http,
            base_url="https://oauth.example/",
            client_id="app.1",
            client_secret="s3cret",
            clock=HandClock(1000.0),
            log=self.log.append,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, body = self.replies.pop(0)
        return httpx.Response(status, json=body)


async def test_a_renewal_sends_its_secrets_in_a_form_and_no_address():
    oauth = Oauth((200, RENEWAL))

    renewed = await oauth.server.renew("refresh-1")

    request = oauth.requests[0]
    assert (request.method, str(request.url)) == ("POST", "https://oauth.example/oauth/token/")
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["app.1"],
        "client_secret": ["s3cret"],
        "refresh_token": ["refresh-1"],
    }
    assert renewed.pair == TokenPair("access-2", "refresh-2", 4600.0)
    assert renewed.origin == "https://acme.bitrix24.example"
    assert renewed.scopes == {"crm", "placement", "bizproc"}
    assert not any(secret in f"{renewed!r} {oauth.log!r}" for secret in SECRETS)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("invalid_grant", PortalGone), ("PAYMENT_REQUIRED", PortalGone), ("invalid_client", AppRefused)],
)
@pytest.mark.parametrize("status", [200, 400, 401])
async def test_a_refused_renewal_is_told_by_its_code_whatever_the_status(code, refusal, status):
    oauth = Oauth((status, {"error": code, "error_description": ""}))

    with pytest.raises(refusal):
        await oauth.server.renew("refresh-1")


async def test_a_renewal_is_never_sent_twice():
    oauth = Oauth((502, {}), (200, RENEWAL))

    with pytest.raises(PortalUnreachable):
        await oauth.server.renew("refresh-1")

    assert len(oauth.requests) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": ""},
        {"refresh_token": None},
        {"expires_in": "soon"},
        {"client_endpoint": "http://acme.bitrix24.example/rest/"},
        {"client_endpoint": "https://127.0.0.1/rest/"},
        {"member_id": 5},
    ],
)
async def test_a_renewal_with_a_wrong_part_is_not_believed(wrong):
    oauth = Oauth((200, RENEWAL | wrong))

    with pytest.raises(UnexpectedAnswer):
        await oauth.server.renew("refresh-1")


async def test_the_owner_of_a_token_is_asked_without_the_token_in_the_address():
    oauth = Oauth((200, OWNER))

    owner = await oauth.server.owner_of("access-1")

    assert str(oauth.requests[0].url) == "https://oauth.example/rest/app.info"
    assert parse_qs(oauth.requests[0].content.decode()) == {"auth": ["access-1"]}
    assert (owner.client_id, owner.member_id, owner.user_id) == ("app.1", "abc", 7)
    assert (owner.origin, owner.installed, owner.version) == ("https://acme.bitrix24.example", True, 4)


async def test_a_server_that_reads_no_form_is_asked_as_the_documentation_prints():
    oauth = Oauth((401, {"error": "NO_AUTH_FOUND", "error_description": ""}), (200, OWNER))

    owner = await oauth.server.owner_of("access-1")

    assert owner.member_id == "abc"
    assert oauth.requests[1].method == "GET"


@pytest.mark.parametrize(
    ("code", "refusal"), [("expired_token", TokenExpired), ("invalid_token", TokenRejected)]
)
async def test_a_token_that_is_no_good_has_no_owner(code, refusal):
    oauth = Oauth(*[(401, {"error": code, "error_description": ""})] * 2)

    with pytest.raises(refusal):
        await oauth.server.owner_of("access-1")


def test_tokens_do_not_show_in_representations():
    shown = f"{TokenPair('access-1', 'refresh-1', 5.0)!r} {Grant('https://a.example', 'access-1')!r}"

    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://acme.bitrix24.ru/rest/", "https://acme.bitrix24.ru"),
        ("acme.bitrix24.ru", "https://acme.bitrix24.ru"),
        ("ACME.Bitrix24.ru:443", "https://acme.bitrix24.ru"),
        ("https://crm.firma.com", "https://crm.firma.com"),
    ],
)
def test_a_portal_s_address_becomes_its_origin(url, origin):
    assert portal_origin(url, allow_insecure=False) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://acme.bitrix24.ru/rest/",
        "https://127.0.0.1/rest/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.0x1/",
        "https://[::1]/",
        "https://localhost/",
        "https://db.local/",
        "https://10.0.0.5/",
        "https://169.254.169.254/",
        "https://intranet/",
        "https://acme.bitrix24.ru:8080/",
        "https://user@acme.bitrix24.ru/",
        "https://acme.bitrix24.ru@evil.example/",
        "https://acme.bitrix24.ru\\@evil.example/",
        "https://acme bitrix24.ru/",
        "ftp://acme.bitrix24.ru/",
        "javascript:alert(1)",
        "https://acme..ru/",
        "https://acme.ru:99999/",
    ],
)
def test_an_address_that_can_not_be_a_portal_s_is_refused(url):
    with pytest.raises(OriginRefused) as refused:
        portal_origin(url, allow_insecure=False)

    assert not url or url not in str(refused.value)


def test_the_demo_may_live_on_loopback_with_a_port():
    assert portal_origin("http://127.0.0.1:8301/rest/", allow_insecure=True) == "http://127.0.0.1:8301"
    with pytest.raises(OriginRefused):
        portal_origin("ftp://127.0.0.1", allow_insecure=True)
