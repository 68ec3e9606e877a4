"""A value on 1, 19, 20, 21, 500 and 5,000 records: exact totals, each record on one page, two requests at most."""

from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from b24app.sandbox.people import SHOWCASE, Ref, Seeded, seed
from b24app.sandbox.users import Breadth, User
from tests.journeys.seen import SeenPage
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL, SIZE = 2_000, 6_000  # the least that hold a value on 500 records, on 5,000
TYPES = ("lead", "contact", "company")
REQUESTS = 2


@pytest.fixture(scope="module")
def people() -> Seeded:
    return seed(SIZE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, people: Seeded
) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("totals"), people=people) as built:
        yield built


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def small(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("small"), size=SMALL) as built:
        yield built


class Visit:
    """A manager with one tab open, who turns pages; every answer's requests to the portal are counted."""

    def __init__(self, acme: Town, user: int = ADMIN) -> None:
        self._acme = acme
        self._user = user
        self.requests: list[int] = []
        self.page: SeenPage

    async def open(self, ref: Ref) -> SeenPage:
        return await self._note(self._acme.open_card(self._user, ref.type, ref.id))

    async def turn(self, word: str, number: int) -> SeenPage:
        fields = {"page_token": self.page.token, "type": word, "page": str(number)}
        return await self._note(self._acme.browser.post(f"{self._acme.address}widget/page", data=fields))

    async def _note(self, asking) -> SeenPage:  # type: ignore[no-untyped-def]
        before = self._acme.portal.traffic.requests
        answer: httpx.Response = await asking
        assert answer.status_code == 200
        self.requests.append(self._acme.portal.traffic.requests - before)
        self.page = SeenPage(answer.text)
        return self.page


def others(people: Seeded, ref: Ref, user_reads: frozenset[int] | None = None) -> dict[str, set[Ref]]:
    """Return by type who shares any value with a record: from the register, not from the app."""
    truth = people.truth
    groups = (*truth.by_value.values(), *truth.hubs.values(), *truth.roles.values(), *truth.weak)
    found = {other for group in groups if ref in group for other in group} | {
        other for pair in truth.expected_pairs("alias") if ref in pair for other in pair
    }
    rows = {word: {row["ID"]: row for row in rows} for word, rows in tables(people).items()}
    return {
        word: {
            other
            for other in found - {ref}
            if other.type == word
            and (user_reads is None or rows[word][other.id]["ASSIGNED_BY_ID"] in user_reads)
        }
        for word in TYPES
    }


def tables(people: Seeded) -> dict[str, list[dict[str, object]]]:
    return {"lead": people.leads, "contact": people.contacts, "company": people.companies}  # type: ignore[dict-item]


@pytest.mark.parametrize("count", [1, 19, 20, 21, 500])
async def test_the_total_is_exact_and_every_record_is_on_one_page(small: Town, count: int) -> None:
    people = seed(SMALL)
    opened = people.counts[count][1]
    expected = others(people, opened)
    visit = Visit(small)

    page = await visit.open(opened)

    assert sum(map(len, expected.values())) == count - 1
    assert {word: page.total(word) for word in TYPES} == {word: len(refs) for word, refs in expected.items()}
    for word in TYPES:
        seen = Counter(row.ref for row in page.rows(word))
        for number in range(2, page.page_count(word) + 1):
            seen.update(row.ref for row in (await visit.turn(word, number)).rows(word))
        assert set(seen) == expected[word]
        assert set(seen.values()) <= {1}
    assert max(visit.requests) <= REQUESTS


async def test_every_page_of_five_thousand_holds_its_twenty_records(acme: Town, people: Seeded) -> None:
    opened = people.counts[5_000][1]
    expected = {word: sorted(refs) for word, refs in others(people, opened).items()}
    visit = Visit(acme)

    page = await visit.open(opened)

    assert sum(map(len, expected.values())) == 4_999
    assert {word: page.total(word) for word in TYPES} == {word: len(refs) for word, refs in expected.items()}
    for word in TYPES:
        last = page.page_count(word)
        assert last == -(-len(expected[word]) // 20)
        for number in sorted({2, min(26, last), last}):  # 26: where the second slice of the portal begins
            shown = [row.ref for row in (await visit.turn(word, number)).rows(word)]
            assert shown == expected[word][20 * (number - 1) : 20 * number], (word, number)
    assert max(visit.requests) <= REQUESTS


async def test_a_hub_opens_with_one_request_and_shows_twenty_rows_of_each_type(
    acme: Town, people: Seeded
) -> None:
    visit = Visit(acme)

    page = await visit.open(people.counts[500][1])
    await visit.open(people.counts[5_000][1])

    assert visit.requests == [1, 1]
    assert [len(page.rows(word)) for word in TYPES] == [20, 20, 20]
    assert "Значение стоит на многих записях" in page.text
    assert {row.grade for row in page.rows("lead")} == {"weak"}


async def test_a_page_beyond_the_last_is_the_last(acme: Town, people: Seeded) -> None:
    visit = Visit(acme)
    await visit.open(people.counts[21][1])

    page = await visit.turn("lead", 9_999)

    assert [row.ref for row in page.rows("lead")] == [
        row.ref for row in (await visit.turn("lead", page.page_count("lead"))).rows("lead")
    ]


async def test_a_manager_is_told_the_total_of_what_he_may_read(small: Town) -> None:
    people = seed(SMALL)
    opened = people.counts[500][1]
    user = next(row["ASSIGNED_BY_ID"] for row in people.leads if row["ID"] == opened.id)
    small.portal.users.add(User(id=user, rights=dict.fromkeys(TYPES, Breadth.OWN)))
    expected = others(people, opened, frozenset({user}))
    visit = Visit(small, user)

    page = await visit.open(opened)

    assert 0 < len(expected["lead"]) < len(others(people, opened)["lead"])
    assert {word: page.total(word) for word in TYPES} == {word: len(refs) for word, refs in expected.items()}
    for word in TYPES:
        seen = [row.ref for row in page.rows(word)]
        for number in range(2, page.page_count(word) + 1):
            seen += [row.ref for row in (await visit.turn(word, number)).rows(word)]
        assert sorted(seen) == sorted(expected[word])


async def test_a_limit_above_every_value_keeps_the_totals_true(acme: Town, people: Seeded) -> None:
    opened = people.counts[5_000][1]
    expected = {word: len(refs) for word, refs in others(people, opened).items()}
    await acme.set_rules(hub_limit=100_000)

    page = await Visit(acme).open(opened)

    assert {word: page.total(word) for word in TYPES} == expected
    assert SHOWCASE.lead not in {row.ref[1] for row in page.rows("contact")}
