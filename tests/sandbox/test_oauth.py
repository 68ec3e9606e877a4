"""Tokens: an hour, one portal, one application; refresh tokens that die when used."""

from typing import Any

import pytest

from b24app.sandbox.oauth import ACCESS_LIFE_S, SandboxOAuth
from b24app.sandbox.refusals import Refusal
from tests.sandbox.builders import ADMIN, BOT, OWNER, Caller, StillClock, a_portal


def _renewal(refresh_token: str, **changes: str) -> dict[str, Any]:
    return {
        "grant_type": "refresh_token",
        "client_id": "local.test",
        "client_secret": "secret-of-the-app",
        "refresh_token": refresh_token,
        **changes,
    }


async def test_a_renewal_answers_as_documented_and_the_used_token_is_dead() -> None:
    portal = a_portal()
    assert portal.app
    pair = portal.oauth.issue(portal, portal.app, OWNER)

    answer = portal.oauth.token(_renewal(pair.refresh_token))

    assert answer == {
        "access_token": answer["access_token"],
        "client_endpoint": "https://acme.bitrix24.test/rest/",
        "domain": "oauth.bitrix.test",
        "expires": 1_750_003_600,
        "expires_in": 3600,
        "member_id": "member-one",
        "refresh_token": answer["refresh_token"],
        "scope": "crm,placement,bizproc,user_brief,im,task,department",
        "server_endpoint": "https://oauth.bitrix.test/rest/",
        "status": "L",
        "user_id": OWNER,
    }
    with pytest.raises(Refusal, match="invalid_grant"):
        portal.oauth.token(_renewal(pair.refresh_token))
    assert portal.oauth.token(_renewal(str(answer["refresh_token"])))["user_id"] == OWNER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "guess"}, "invalid_client"),
        ({"client_id": "other"}, "invalid_client"),
        ({"refresh_token": "guess"}, "invalid_grant"),
        ({"refresh_token": ""}, "invalid_request"),
        ({"grant_type": "password"}, "invalid_request"),
    ],
)
async def test_a_wrong_renewal_is_refused(changes: dict[str, str], code: str) -> None:
    portal = a_portal()
    assert portal.app
    pair = portal.oauth.issue(portal, portal.app, OWNER)

    with pytest.raises(Refusal) as refused:
        portal.oauth.token({**_renewal(pair.refresh_token), **changes})

    assert refused.value.code == code
    if code != "invalid_grant":
        assert portal.oauth.token(_renewal(pair.refresh_token))["user_id"] == OWNER


async def test_an_authorization_code_is_good_once_and_for_thirty_seconds() -> None:
    portal = a_portal()
    assert portal.app
    code = portal.oauth.issue_code(portal, portal.app, ADMIN)
    late = portal.oauth.issue_code(portal, portal.app, ADMIN)
    request = _renewal("", grant_type="authorization_code")

    assert portal.oauth.token({**request, "code": code})["user_id"] == ADMIN
    await portal.clock.sleep(31)

    for dead in (code, late):
        with pytest.raises(Refusal, match="invalid_grant"):
            portal.oauth.token({**request, "code": dead})


async def test_an_access_token_expires_after_an_hour() -> None:
    portal = a_portal()
    admin = Caller(portal, ADMIN)
    await portal.clock.sleep(ACCESS_LIFE_S - 1)
    assert (await admin.ask("profile"))[0] == 200

    await portal.clock.sleep(1)

    assert (await admin.refusal("profile"))[:2] == (401, "expired_token")


async def test_tokens_can_be_ended_at_once() -> None:
    admin = Caller(a_portal(), ADMIN)

    assert admin.portal.oauth.expire_access("member-one") == 1

    assert (await admin.refusal("profile"))[1] == "expired_token"


async def test_a_token_of_another_portal_or_none_is_no_authorization() -> None:
    clock = StillClock()
    oauth = SandboxOAuth(clock)
    one = a_portal(clock=clock, oauth=oauth)
    other = a_portal(clock=clock, oauth=oauth, member_id="member-two")
    stranger = Caller(one, ADMIN)
    stranger.token = Caller(other, ADMIN).token

    assert await stranger.refusal("profile") == (401, "NO_AUTH_FOUND", "Wrong authorization data")
    assert (await stranger.refusal("profile", auth=""))[1] == "NO_AUTH_FOUND"


async def test_scopes_are_checked_and_some_methods_need_none() -> None:
    portal = a_portal(scopes=("placement",))
    admin = Caller(portal, ADMIN)

    assert (await admin.refusal("crm.lead.list"))[:2] == (403, "insufficient_scope")
    assert (await admin.refusal("event.bind", event="ONCRMLEADADD", handler="https://a.b/"))[
        1
    ] == "ERROR_EVENT_NOT_FOUND"
    assert (await admin.result("profile"))["ADMIN"] is True
    assert await admin.result("method.get", name="crm.lead.list") == {
        "isExisting": True,
        "isAvailable": False,
    }


async def test_a_user_without_access_to_the_application_is_told_so() -> None:
    portal = a_portal()
    own = Caller(portal, OWNER)
    user = portal.users.get(OWNER)
    assert user
    user.may_use_app = False

    assert (await own.refusal("profile"))[:2] == (403, "user_access_error")


async def test_the_authorization_server_tells_what_a_token_is() -> None:
    portal = a_portal(is_installed=False)
    info = portal.oauth.app_info(Caller(portal, OWNER).token)

    assert info == {
        "client_id": "local.test",
        "scope": "crm,placement,bizproc,user_brief,im,task,department",
        "expires": "2025-06-15T16:06:40+00:00",
        "install": {
            "installed": False,
            "version": "1",
            "status": "L",
            "scope": "crm,placement,bizproc,user_brief,im,task,department",
            "domain": "acme.bitrix24.test",
            "uri": "https://acme.bitrix24.test/",
            "client_endpoint": "https://acme.bitrix24.test/rest/",
            "member_id": "member-one",
            "member_type": "portal",
        },
        "user_id": OWNER,
    }


async def test_bots_are_hidden_and_brief_scope_gives_no_email() -> None:
    admin = Caller(a_portal(), ADMIN)

    rows = await admin.result("user.get")

    assert str(BOT) not in {row["ID"] for row in rows}
    assert all("EMAIL" not in row for row in rows)
    assert [row["ID"] for row in await admin.result("user.get", FILTER={"ID": [1, 3]})] == ["1", "3"]


async def test_an_unknown_method_is_404() -> None:
    admin = Caller(a_portal(), ADMIN)

    assert await admin.refusal("crm.lead.convert") == (404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    assert (await admin.ask("CRM.Lead.List"))[0] == 200
