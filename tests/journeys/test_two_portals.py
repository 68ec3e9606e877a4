"""Two portals on one host, told apart by their port alone, with the same records: they never meet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import StillClock
from tests.journeys.indexes import index_of, undisturbed
from tests.journeys.test_trust import NOT_THE_SAME, act
from tests.journeys.town import Town, token_of, town

NOW = 1_790_000_000.0
SIZE = 30
MANAGER, OTHER_MANAGER = 2, 3
TAB = "CRM_LEAD_DETAIL_TAB"


@pytest.fixture
async def two(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path, size=SIZE, portals=2, clock=StillClock(NOW)) as built:
        for portal in built.portals:
            await built.install(portal)
        await built.work()
        yield built


async def test_the_same_number_has_other_keys_in_each_portal(two: Town):
    first, second = [await index_of(two, portal) for portal in two.portals]

    assert set(first) == set(second)
    keys = [{key for record in index.values() for key in record.keys} for index in (first, second)]
    assert keys[0]
    assert not keys[0] & keys[1]


async def test_a_change_in_one_portal_leaves_the_other_as_it_was(two: Town):
    first, second = two.portals
    before = await index_of(two, second)
    first.delete("lead", 102, by=MANAGER)
    first.change("lead", 103, {"PHONE": [{"VALUE": "+7 900 000-01-01"}]}, by=MANAGER)

    await first.events.deliver_all()
    await two.work()

    assert await index_of(two, second) == before
    assert await index_of(two, first) == await undisturbed(two, first)
    assert "/crm/lead/details/102/" not in (await two.open(MANAGER, TAB, 101, first)).text
    assert "/crm/lead/details/102/" in (await two.open(MANAGER, TAB, 101, second)).text


async def test_a_decision_in_one_portal_is_none_in_the_other(two: Town):
    first, second = two.portals
    token = token_of((await two.open(MANAGER, TAB, 101, first)).text)

    assert (await act(two, "widget/reject", token, **NOT_THE_SAME)).status_code == 200

    counts = []
    for portal in (first, second):
        async with two.house.runtime.store.read((await two.known(portal)).portal_id) as tx:
            counts.append(len(await tx.decisions.list(10)))
    assert counts == [1, 0]


async def test_a_card_is_framed_by_its_own_portal_and_asks_only_there(two: Town):
    for portal, other in (two.portals, two.portals[::-1]):
        other.traffic.reset()

        answer = await two.open(MANAGER, TAB, 101, portal)

        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["frame-ancestors"] == portal.base_url
        assert other.traffic.requests == 0
        script = two.house.runtime.bx24_js_url  # one address for all portals, in reality Bitrix24's own
        assert other.domain not in answer.text.replace(script, "")


async def test_uninstalling_one_portal_leaves_the_other_whole(two: Town):
    first, second = two.portals
    first.uninstall(clean=True)

    await first.events.deliver_all()

    assert await two.is_unknown(first)
    assert await two.is_active(second)
    assert await index_of(two, second) == await undisturbed(two, second)
    assert "/crm/lead/details/102/" in (await two.open(MANAGER, TAB, 101, second)).text


async def test_two_people_open_cards_of_both_portals_at_once_and_see_their_own(two: Town):
    first, second = two.portals
    first.change("lead", 102, {"TITLE": "Только в первом"}, by=MANAGER)
    second.change("lead", 102, {"TITLE": "Только во втором"}, by=MANAGER)

    pages = [
        (await two.open(user, TAB, 101, portal)).text
        for user, portal in ((MANAGER, first), (OTHER_MANAGER, second), (MANAGER, second), (MANAGER, first))
    ]

    assert ["Только в первом" in page for page in pages] == [True, False, False, True]
    assert ["Только во втором" in page for page in pages] == [False, True, True, False]
