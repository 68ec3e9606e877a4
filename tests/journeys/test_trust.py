"""Calls that claim to be a portal, a person or a page, and are not: they get nothing."""

import ast
import re
from collections.abc import AsyncIterator
from inspect import getsource
from pathlib import Path

import httpx
import pytest

from b24app.services.portal import access
from tests.conftest import StillClock
from tests.journeys.town import ADMIN, Town, token_of, town

NOW = 1_790_000_000.0
SIZE = 20
VIEWER_OF_ALL, VIEWER_OF_OWN = 2, 6
FORGED = ["", "0" * 32, "токен", "x" * 4000]


@pytest.fixture
async def two(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE, portals=2, clock=StillClock(NOW)) as built:
        for portal in built.portals:
            await built.install(portal)
        await built.work()
        yield built


def an_event(two: Town, name: str = "ONCRMLEADUPDATE", **changed: str) -> dict[str, str]:
    assert two.portal.app is not None
    return {
        "event": name,
        "data[FIELDS][ID]": "101",
        "data[CLEAN]": "1",
        "ts": str(int(NOW)),
        "auth[domain]": two.portal.domain,
        "auth[client_endpoint]": f"{two.portal.base_url}/rest/",
        "auth[member_id]": two.portal.member_id,
        "auth[application_token]": two.portal.app.application_token,
        **changed,
    }


async def post_event(two: Town, form: dict[str, str]) -> httpx.Response:
    return await two.browser.post(two.address + "events", data=form)


async def waiting(two: Town) -> int:
    async with two.house.runtime.store.read((await two.known()).portal_id) as tx:
        return await tx.inbox.count()


async def test_a_true_event_is_taken_in(two: Town):
    answer = await post_event(two, an_event(two))

    assert (answer.status_code, answer.text) == (200, "ok")
    assert await waiting(two) == 1


async def test_an_event_without_the_right_application_token_is_refused_and_forgotten(two: Town):
    other = two.portals[1].app
    assert other is not None
    good = [an_event(two, name) for name in ("ONCRMLEADUPDATE", "ONAPPUPDATE", "ONAPPUNINSTALL")]
    tokens = [*FORGED, other.application_token]
    wrong = [{**form, "auth[application_token]": token} for form in good for token in tokens]
    missing = [
        {key: value for key, value in form.items() if key != "auth[application_token]"} for form in good
    ]

    answers = [await post_event(two, form) for form in [*missing, *wrong]]

    assert {answer.status_code for answer in answers} == {403}
    assert {answer.text for answer in answers} == {"forged"}
    assert await waiting(two) == 0
    assert await two.is_active()
    assert not {"drain_inbox", "register_portal", "index_portal"} & await two.waiting_tasks()


async def test_an_event_of_an_unknown_portal_is_refused(two: Town):
    for member_id in ("f" * 32, "A" * 31 + "1"):
        answer = await post_event(two, an_event(two, **{"auth[member_id]": member_id}))

        assert (answer.status_code, answer.text) == (403, "unknown_portal")
    assert await waiting(two) == 0


def test_application_tokens_are_compared_in_constant_time_only():
    tree = ast.parse(getsource(access))
    compared = [
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    ]

    assert "hmac.compare_digest" in getsource(access._equal)
    assert not [name for name in compared if "token" in name]


async def test_a_widget_with_the_token_of_another_portal_shows_nothing(two: Town):
    victim, attacker = two.portals
    good = victim.open_frame(VIEWER_OF_ALL, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})
    foreign = attacker.open_frame(VIEWER_OF_ALL, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})

    answer = await two.browser.post(good.url, data={**good.form, "AUTH_ID": foreign.form["AUTH_ID"]})

    assert answer.status_code == 403
    assert "/details/" not in answer.text


async def test_a_widget_that_claims_another_portal_shows_nothing(two: Town):
    victim, attacker = two.portals
    frame = attacker.open_frame(VIEWER_OF_ALL, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})
    nameless = {name: value for name, value in frame.form.items() if name != "APPLICATION_TOKEN"}

    for form in (dict(frame.form), nameless):
        answer = await two.browser.post(frame.url, data={**form, "member_id": victim.member_id})

        assert answer.status_code == 403
        assert "/details/" not in answer.text


async def test_a_widget_with_a_wrong_application_token_is_forged(two: Town):
    frame = two.portal.open_frame(VIEWER_OF_ALL, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})
    two.portal.traffic.reset()

    for token in FORGED[1:]:
        answer = await two.browser.post(frame.url, data={**frame.form, "APPLICATION_TOKEN": token})

        assert answer.status_code == 403
    assert two.portal.traffic.requests == 0


async def test_a_widget_without_a_good_access_token_shows_nothing(two: Town):
    frame = two.portal.open_frame(VIEWER_OF_ALL, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})

    for token in ("", "garbage", "0" * 64):
        answer = await two.browser.post(frame.url, data={**frame.form, "AUTH_ID": token})

        assert answer.status_code == 403
        assert "/details/" not in answer.text


async def test_a_viewers_token_does_not_replace_the_installers(two: Town):
    before = await two.tokens()

    await two.open_card(VIEWER_OF_ALL, "lead", 101)
    await two.open(VIEWER_OF_ALL, "DEFAULT")

    assert await two.tokens() == before


async def act(two: Town, path: str, token: str, **fields: str) -> httpx.Response:
    return await two.browser.post(two.address + path, data={"page_token": token, **fields})


NOT_THE_SAME = {"ref": "lead:102", "reason": "different_people", "days": "0"}


async def test_an_act_works_once_and_its_replay_is_outdated(two: Town):
    token = token_of((await two.open_card(VIEWER_OF_ALL, "lead", 101)).text)

    first = await act(two, "widget/reject", token, **NOT_THE_SAME)
    again = await act(two, "widget/reject", token, **NOT_THE_SAME)
    undone = await act(two, "widget/undo", token, ref="lead:102")

    assert first.status_code == 200
    assert [again.status_code, undone.status_code] == [409, 409]


async def test_an_expired_page_does_nothing(two: Town):
    token = token_of((await two.open_card(VIEWER_OF_ALL, "lead", 101)).text)
    two.house.runtime.clock.advance(access.PAGE_TOKEN_LIFE_S + 1)  # type: ignore[attr-defined]

    for path in ("widget/check", "widget/reject", "progress", "settings"):
        assert (await act(two, path, token, **NOT_THE_SAME)).status_code == 409


async def test_a_tampered_page_token_does_nothing(two: Town):
    token = token_of((await two.open_card(VIEWER_OF_ALL, "lead", 101)).text)
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"

    for bad in (token[:middle] + other + token[middle + 1 :], token[:-8], "", "=", "\u0430" * 40):
        answer = await act(two, "widget/check", bad)

        assert answer.status_code in (400, 409)
        assert "/details/" not in answer.text


async def test_a_page_token_shows_its_own_portal_record_and_kind_of_page_alone(two: Town):
    first, second = two.portals
    on_first = token_of((await two.open_card(VIEWER_OF_ALL, "lead", 101)).text)
    second.delete("lead", 102, by=1)

    answer = await act(
        two, "widget/check", on_first, member_id=second.member_id, ID="102", record_id="102", portal_id="2"
    )

    assert answer.status_code == 200
    assert "/crm/lead/details/102/" in answer.text
    assert f"frame-ancestors {first.base_url}" in answer.headers["content-security-policy"]


async def test_the_token_of_an_overview_changes_no_card_and_a_managers_no_setting(two: Town):
    overview = token_of((await two.open(ADMIN, "DEFAULT")).text)
    card = token_of((await two.open_card(VIEWER_OF_ALL, "lead", 101)).text)
    rules = (await two.known()).rules

    of_overview = await act(two, "widget/reject", overview, **NOT_THE_SAME)
    of_manager = await act(two, "settings", card, region="KZ")

    assert of_overview.status_code == 400
    assert of_manager.status_code in (400, 403)
    assert (await two.known()).rules == rules


async def test_who_may_not_read_the_other_record_decides_nothing_about_it(two: Town):
    token = token_of((await two.open_card(VIEWER_OF_OWN, "lead", 101)).text)

    answer = await act(two, "widget/reject", token, **NOT_THE_SAME)

    assert answer.status_code == 403
    async with two.house.runtime.store.read((await two.known()).portal_id) as tx:
        assert await tx.decisions.list(10) == []


async def test_a_token_on_a_page_tells_nothing_of_what_it_seals(two: Town):
    frame = two.portal.open_frame(VIEWER_OF_ALL, "CRM_LEAD_DETAIL_TAB", {"ID": "101"})

    page = (await two.browser.post(frame.url, data=dict(frame.form))).text

    for name in ("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN"):
        assert frame.form[name] not in page
    assert two.portal.member_id not in re.sub(r'value="[^"]*"', "", page)
