"""Ask before creating: an administrator makes a key, a program asks with it, and learns ids and nothing else."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from b24app.services.check import CheckAnswer
from b24app.services.pages.api_keys import BURST, MAX_KEYS, USE_NOTED_EVERY_S
from b24app.web.api import MAX_QUESTIONS
from tests.conftest import StillClock
from tests.journeys.test_trust import act
from tests.journeys.town import ADMIN, Town, token_of, town

NOW = 1_790_000_000.0
MANAGER = 2
PHONE, SPELT = "+79265550011", "8 (926) 555-00-11"
EMAIL, ALIAS = "lone.wolf@gmail.com", "lonewolf+crm@gmail.com"
KEY = re.compile(r"b24_[\w-]{43}")


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=20, clock=StillClock(NOW)) as built:
        built.portal.change("lead", 101, {"PHONE": [{"VALUE": PHONE}]}, by=MANAGER)
        built.portal.change("contact", 101, {"EMAIL": [{"VALUE": EMAIL}]}, by=MANAGER)
        built.portal.change("company", 101, {"PHONE": [{"VALUE": PHONE}]}, by=MANAGER)
        await built.install()
        await built.work()
        yield built


async def keys_page(acme: Town, path: str, user: int = ADMIN, **fields: str) -> httpx.Response:
    """Open the app's page as this user, and post one of its forms for keys."""
    token = token_of((await acme.open(user, "DEFAULT")).text)
    return await act(acme, f"keys/{path}", token, **fields)


async def make_key(acme: Town, name: str = "Форма на сайте") -> str:
    found = KEY.search((await keys_page(acme, "create", name=name)).text)
    assert found is not None
    return found[0]


async def ask(acme: Town, key: str, **question: object) -> httpx.Response:
    return await acme.browser.post(
        acme.address + "api/v1/check", json=question, headers={"Authorization": f"Bearer {key}"}
    )


async def answer_to(acme: Town, key: str, **question: object) -> dict[str, Any]:
    answer = await ask(acme, key, **question)
    assert answer.status_code == 200, answer.text
    TypeAdapter(CheckAnswer).validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


def refs(answer: dict[str, Any]) -> list[str]:
    return [f"{match['type']}:{match['id']}" for match in answer["matches"]]


async def test_a_program_finds_the_client_in_every_type_and_spelling(acme: Town):
    key = await make_key(acme)

    answer = await answer_to(acme, key, phones=[SPELT], emails=[ALIAS])

    assert (answer["verdict"], answer["grade"], answer["complete"]) == ("duplicate", "exact", True)
    assert refs(answer) == ["lead:101", "company:101", "contact:101"]
    assert [match["grade"] for match in answer["matches"]] == ["exact", "exact", "possible"]
    assert answer["matches"][0]["reasons"] == [{"kind": "phone", "value_index": 0}]
    assert answer["matches"][2]["reasons"] == [{"kind": "email_alias", "value_index": 0}]
    assert (answer["total"], answer["truncated"], answer["hubs"]) == (3, False, [])
    assert answer["checked_at"] == "2026-09-21T14:13:20Z"
    assert answer["index_as_of"] <= answer["checked_at"]


async def test_the_answer_says_no_name_and_no_value_and_the_portal_is_not_asked(acme: Town):
    key = await make_key(acme)
    acme.portal.traffic.reset()

    answer = await ask(acme, key, phones=[SPELT], emails=[EMAIL])

    assert acme.portal.traffic.requests == 0
    for said in (PHONE[2:], "gmail", "TITLE", acme.portal.member_id, acme.portal.domain):
        assert said not in answer.text
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


async def test_what_nobody_has_is_none_and_what_is_no_value_is_told(acme: Town):
    key = await make_key(acme)

    nobody = await answer_to(acme, key, phones=["+7 926 555-00-99", "call me"])
    nothing = await answer_to(acme, key, phones=["call me"])

    assert (nobody["verdict"], nobody["grade"], nobody["matches"]) == ("none", None, [])
    assert nobody["not_compared"] == [{"kind": "phone", "value_index": 1}]
    assert nothing["verdict"] == "unknown", "nothing was compared"


async def test_types_and_exclusion_narrow_the_answer(acme: Town):
    key = await make_key(acme)

    companies = await answer_to(acme, key, phones=[PHONE], types=["company"])
    others = await answer_to(acme, key, phones=[PHONE], exclude="lead:101")

    assert (refs(companies), companies["types"]) == (["company:101"], ["company"])
    assert refs(others) == ["company:101"]


async def test_none_is_never_said_of_an_index_that_is_not_complete(acme: Town):
    key = await make_key(acme)
    portal_id = (await acme.known()).portal_id
    acme.portal.change("lead", 102, {"PHONE": [{"VALUE": "+79265550099"}]}, by=MANAGER)
    await acme.portal.events.deliver_all()

    waiting = await answer_to(acme, key, phones=["+79265550099"])
    await acme.work()
    worked_off = await answer_to(acme, key, phones=["+79265550099"])
    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.portal.mark_indexed(None)
    indexing = await answer_to(acme, key, phones=["+79265550098"])

    assert (waiting["verdict"], waiting["complete"]) == ("unknown", False)
    assert refs(worked_off) == ["lead:102"]
    assert (indexing["verdict"], indexing["complete"], indexing["index_as_of"]) == ("unknown", False, None)


async def test_many_questions_at_once_are_answered_as_if_each_were_asked_alone(acme: Town):
    key = await make_key(acme)
    questions: list[dict[str, object]] = [
        {"phones": [SPELT], "emails": [ALIAS]},
        {"phones": ["+7 926 555-00-99", "call me"]},
        {"phones": [PHONE], "types": ["company"]},
        {"phones": [PHONE], "exclude": "lead:101"},
        {"phones": [SPELT], "emails": [ALIAS]},
    ]

    alone = [await answer_to(acme, key, **question) for question in questions]
    acme.portal.traffic.reset()
    together = await ask_many(acme, key, questions)
    mistaken = await ask_many(acme, key, [*questions, {"phones": []}])
    too_many = await ask_many(acme, key, questions[:1] * (MAX_QUESTIONS + 1))

    assert together.json() == {"answers": alone}
    assert acme.portal.traffic.requests == 0
    assert (mistaken.status_code, mistaken.json()["details"][0]["field"]) == (422, "questions.5")
    assert (too_many.status_code, too_many.json()["error"]) == (422, "invalid")
    assert (await ask_many(acme, "b24_" + "x" * 43, questions)).status_code == 401


async def ask_many(acme: Town, key: str, questions: list[dict[str, object]]) -> httpx.Response:
    return await acme.browser.post(
        acme.address + "api/v1/checks",
        json={"questions": questions},
        headers={"Authorization": f"Bearer {key}"},
    )


async def test_the_portals_rules_hold(acme: Town):
    key = await make_key(acme)
    await acme.set_rules(types=["lead"], stop_list=[EMAIL], hub_limit=2)
    for lead in (102, 103):
        acme.portal.change("lead", lead, {"PHONE": [{"VALUE": PHONE}]}, by=MANAGER)
    await acme.deliver()

    answer = await answer_to(acme, key, phones=[PHONE], emails=[EMAIL])
    elsewhere = await answer_to(acme, key, phones=[PHONE], types=["company"])

    assert (answer["verdict"], answer["grade"]) == ("weak", "weak"), "four records have it: a hub"
    assert refs(answer) == ["lead:101", "lead:102", "lead:103"]
    assert answer["hubs"] == [{"kind": "phone", "value_index": 0}]
    assert answer["not_compared"] == [{"kind": "email", "value_index": 0}]
    assert (elsewhere["verdict"], elsewhere["types"]) == ("unknown", [])


async def test_a_key_is_shown_once_kept_as_a_hash_and_written_into_the_journal(acme: Town):
    page = await keys_page(acme, "create", name="  Касса   в зале ")
    key = KEY.findall(page.text)[0]
    journal = (await acme.open(ADMIN, "DEFAULT")).text
    again = (await act(acme, "connections", token_of(journal))).text

    rows = await acme.rows("SELECT * FROM api_key /* all portals */")

    assert key not in again
    assert again.count("Касса в зале") == 2, "in the list, on its button"
    assert journal.count("Касса в зале") == 1
    assert len(rows) == 1
    assert not any(key.encode() in bytes(value) for value in rows[0].values() if isinstance(value, bytes))
    assert "Касса".encode() not in rows[0]["name_sealed"]


async def test_a_revoked_key_opens_nothing_from_that_moment(acme: Town):
    key, other = await make_key(acme), await make_key(acme, "Телефония")
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)
    page = (await act(acme, "connections", token)).text
    key_id = re.findall(r'name="key_id" value="(\d+)"', page)[0]

    revoked = await keys_page(acme, "revoke", key_id=key_id)
    again = await keys_page(acme, "revoke", key_id=key_id)

    assert [revoked.status_code, again.status_code] == [200, 200]
    assert [(await ask(acme, text, phones=[PHONE])).status_code for text in (key, other)] == [401, 200]


async def test_only_an_administrator_makes_and_revokes_keys_and_each_page_once(acme: Town):
    await make_key(acme)
    token = token_of((await acme.open(ADMIN, "DEFAULT")).text)
    of_manager = token_of((await acme.open_card(MANAGER, "lead", 101)).text)

    made = await act(acme, "keys/create", of_manager, name="Мой")
    first = await act(acme, "keys/create", token, name="Раз")
    replayed = await act(acme, "keys/create", token, name="Два")
    malformed = await keys_page(acme, "revoke", key_id="1 OR 1=1")

    assert [made.status_code, first.status_code, replayed.status_code] == [403, 200, 409]
    assert malformed.status_code == 400
    assert len(await acme.rows("SELECT * FROM api_key /* all portals */")) == 2
    of_manager = (await acme.open(MANAGER, "DEFAULT")).text
    assert 'formaction="/connections"' not in of_manager
    assert (await act(acme, "connections", token_of(of_manager))).status_code == 403


async def test_a_key_needs_a_name_and_there_are_twenty_at_most(acme: Town):
    nameless = await keys_page(acme, "create", name="   ")
    wordy = await keys_page(acme, "create", name="ы" * 65)
    async with acme.house.runtime.store.begin((await acme.known()).portal_id) as tx:
        for number in range(MAX_KEYS - 1):
            await tx.api_keys.add(bytes([number]), f"Программа {number}", created_by=ADMIN, at=NOW)
    await make_key(acme, "Двадцатая")
    one_more = await keys_page(acme, "create", name="Лишняя")

    assert [nameless.status_code, wordy.status_code, one_more.status_code] == [422, 422, 422]
    assert "их уже 20" in html.unescape(one_more.text)
    assert 'value="Лишняя"' in one_more.text
    assert not KEY.search(one_more.text)


async def test_a_key_speaks_for_its_own_portal_alone(database_url: str, tmp_path: Path):
    async with town(database_url, tmp_path, size=10, portals=2, clock=StillClock(NOW)) as two:
        two.portals[1].change("lead", 105, {"PHONE": [{"VALUE": PHONE}]}, by=MANAGER)
        for portal in two.portals:
            await two.install(portal)
        await two.work()

        answer = await answer_to(two, await make_key(two), phones=[PHONE])

    assert (answer["verdict"], answer["matches"]) == ("none", [])


async def test_a_key_of_a_blocked_portal_is_told_so_and_works_again_afterwards(acme: Town):
    key = await make_key(acme)
    portal_id = (await acme.known()).portal_id
    await block(acme, portal_id, is_blocked=True)

    blocked = await ask(acme, key, phones=[PHONE])
    await block(acme, portal_id, is_blocked=False)
    later = await ask(acme, key, phones=[PHONE])

    assert (blocked.status_code, blocked.json()["error"]) == (403, "portal_closed")
    assert later.status_code == 200


async def block(acme: Town, portal_id: int, *, is_blocked: bool) -> None:
    status = type((await acme.known()).status)("blocked" if is_blocked else "active")
    async with acme.house.runtime.store.begin(portal_id) as tx:
        await tx.portal.set_status(status)


@pytest.mark.parametrize("clean", [True, False])
async def test_a_key_dies_with_the_app_in_its_portal(acme: Town, clean: bool):
    key = await make_key(acme)
    acme.portal.uninstall(clean=clean)
    await acme.portal.events.deliver_all()
    await acme.work()

    assert (await ask(acme, key, phones=[PHONE])).status_code == 401


async def test_the_page_tells_when_a_key_was_last_used_within_the_hour(acme: Town):
    key = await make_key(acme)
    await ask(acme, key, phones=[PHONE])
    acme.house.runtime.clock.advance(USE_NOTED_EVERY_S / 2)  # type: ignore[attr-defined]
    await ask(acme, key, phones=[PHONE])

    (row,) = await acme.rows("SELECT last_used_at FROM api_key /* all portals */")

    assert row["last_used_at"] == NOW


async def test_who_asks_too_fast_is_told_when_to_come_back(acme: Town):
    key, other = await make_key(acme), await make_key(acme, "Телефония")

    answers = await asyncio.gather(*(ask(acme, key, phones=["+7"]) for _ in range(int(BURST) + 1)))
    refused = [answer for answer in answers if answer.status_code == 429]
    elsewhere = await ask(acme, other, phones=["+7"])
    acme.house.runtime.clock.advance(1)  # type: ignore[attr-defined]
    later = await ask(acme, key, phones=["+7"])

    assert len(refused) == 1
    assert (refused[0].json()["error"], refused[0].headers["retry-after"]) == ("too_fast", "1")
    assert [elsewhere.status_code, later.status_code] == [200, 200]
