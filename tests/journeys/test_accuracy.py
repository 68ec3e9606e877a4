"""Precision and recall of a whole portal, measured where they count: in the index a portal was read into.

The truth is the sandbox's own register of who was given which value (b24app/sandbox/people_truth.py); nothing of the
matcher has touched it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
import pytest_asyncio

from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordType
from b24app.sandbox.people import Ref, Seeded, seed
from b24app.sandbox.spellings import NEAR_MISSES, SPELLINGS
from tests.journeys.seen import SeenPage
from tests.journeys.shared_town import installed_town, own_database
from tests.journeys.town import ADMIN, Town, town

HUB_LIMIT = 50
SAMPLE = 25  # cards opened besides
STRONG = (KeyKind.PHONE, KeyKind.EMAIL)
Group = frozenset[Ref]


@dataclass(frozen=True)
class Indexed:
    """The index by key: who holds it."""

    groups: dict[tuple[int, int], Group]

    @classmethod
    async def read(cls, built: Town) -> "Indexed":
        """Read the table itself, past every decision of the app."""
        portal_id = (await built.known()).portal_id
        held: defaultdict[tuple[int, int], set[Ref]] = defaultdict(set)
        for row in await built.rows(
            "SELECT kind, hash, type, id FROM record_key WHERE portal_id = $1", portal_id
        ):
            held[row["kind"], row["hash"]].add(Ref(RecordType(row["type"]).word, row["id"]))
        return cls({key: frozenset(refs) for key, refs in held.items()})

    def shared(self, *kinds: KeyKind) -> set[Group]:
        """Return the groups of two or more that share a key of these kinds."""
        return {refs for (kind, _), refs in self.groups.items() if kind in kinds and len(refs) > 1}

    def pairs(self, *kinds: KeyKind) -> set[frozenset[Ref]]:
        """Return the pairs joined by a key of these kinds, hubs left out."""
        return pairs_of(refs for refs in self.shared(*kinds) if len(refs) <= HUB_LIMIT)


def pairs_of(groups: Iterable[Group]) -> set[frozenset[Ref]]:
    return {frozenset(pair) for refs in groups for pair in combinations(refs, 2)}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=[7, 11], ids=["seed 7", "seed 11"])
def people(request: pytest.FixtureRequest) -> Seeded:
    return seed(2_000, seed=request.param)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, people: Seeded
) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("accuracy"), people=people) as built:
        yield built


async def test_the_index_joins_those_who_are_one_customer_and_nobody_else(
    acme: Town, people: Seeded, capsys: pytest.CaptureFixture[str]
) -> None:
    index, truth = await Indexed.read(acme), people.truth

    roles, aliases = pairs_of(truth.roles.values()), truth.expected_pairs("alias")
    strong, weak = index.pairs(*STRONG) - roles, index.shared(KeyKind.WEAK_PHONE)
    found_aliases = index.pairs(KeyKind.EMAIL_ALIAS) - index.pairs(*STRONG)
    exact = truth.expected_pairs("exact")
    hubs = {refs for refs in index.shared(*STRONG) if len(refs) > HUB_LIMIT}
    table = [
        (word, truth.expected_pairs(word), strong & truth.expected_pairs(word))
        for word in ("exact", "same_type", "cross_type", "linked", "unlinked", "hard_spelling")
    ]

    say(capsys, f"{'pairs':>14}  true  found  recall", *(_line(*row) for row in table))
    say(
        capsys,
        f"precision {len(strong & exact) / len(strong):.4f}, joined by mistake {len(strong - exact)}",
        f"aliases {len(found_aliases & aliases)}/{len(aliases)}, near misses joined"
        f" {len(near_misses_joined(index, people))}/{len(truth.near_misses)}, hubs {len(hubs)}/{len(truth.hubs)}",
    )
    assert strong <= exact  # precision 1.0
    assert all(len(found) >= 0.995 * len(true) > 0 for _, true, found in table)
    assert strong >= truth.expected_pairs("hard_spelling")
    assert found_aliases == aliases
    assert hubs == set(truth.hubs.values())
    assert weak == set(truth.weak)
    assert len(truth.near_misses) >= 60
    assert not near_misses_joined(index, people)


def near_misses_joined(index: Indexed, people: Seeded) -> set[frozenset[Ref]]:
    return people.truth.near_misses.keys() & index.pairs(*KeyKind)


def _line(word: str, true: set[frozenset[Ref]], found: set[frozenset[Ref]]) -> str:
    return f"{word:>14}  {len(true):4}  {len(found):5}  {len(found) / len(true):.4f}"


async def test_a_card_lists_the_direct_matches_that_the_truth_knows(acme: Town, people: Seeded) -> None:
    truth = people.truth
    expected: defaultdict[Ref, set[Ref]] = defaultdict(set)
    for one, other in [*truth.expected_pairs("exact"), *truth.expected_pairs("alias")]:
        expected[one].add(other)
        expected[other].add(one)
    crowded = {ref for refs in (*truth.hubs.values(), *truth.roles.values(), *truth.weak) for ref in refs}
    chosen = sorted(expected.keys() - crowded)[:: max(1, len(expected) // SAMPLE)]

    for ref in chosen:
        page = SeenPage((await acme.open_card(ADMIN, ref.type, ref.id)).text)
        relatives = {Ref(*each) for each in page.relatives()}
        assert page.matches().keys() | relatives == expected[ref], ref
        assert all(truth.are_linked(frozenset((ref, each))) for each in relatives), ref


async def test_every_spelling_of_every_region_finds_its_plain_number(
    template_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with own_database(template_url, "spellings") as url, town(url, tmp_path, size=10) as built:
        odd = {add_lead(built, row.raw): row for row in SPELLINGS}
        plain = {number: add_lead(built, number) for row in SPELLINGS for number in row.e164}
        near = {(add_lead(built, row.raw_a), add_lead(built, row.raw_b)): row for row in NEAR_MISSES}
        await built.install()

        missed, joined = [], []
        for region in sorted({row.region for row in SPELLINGS}):
            await built.set_rules(region=region)
            pairs = (await Indexed.read(built)).pairs(*KeyKind)
            for ref, row in odd.items():
                wanted = {frozenset((ref, plain[number])) for number in row.e164}
                missed += [row] if row.region == region and not wanted <= pairs else []
            joined += [row for pair, row in near.items() if row.region == region and frozenset(pair) in pairs]

    say(
        capsys,
        f"spellings found {len(SPELLINGS) - len(missed)}/{len(SPELLINGS)},"
        f" near misses joined {len(joined)}/{len(NEAR_MISSES)}",
    )
    assert missed == []
    assert joined == []


def add_lead(built: Town, value: str) -> Ref:
    field = "EMAIL" if "@" in value else "PHONE"
    fields = {"TITLE": "Лид", field: [{"VALUE": value, "VALUE_TYPE": "WORK"}]}
    return Ref("lead", built.portal.add_record("lead", fields))


def say(capsys: pytest.CaptureFixture[str], *lines: str) -> None:
    """Print figures past pytest's capture: they are what this file is for."""
    with capsys.disabled():
        print("", *lines, sep="\n  ")  # noqa: T201
