"""An audit through a webhook, against the truth as it was planted: nothing of the matcher has touched that."""

from collections.abc import AsyncIterator, Iterable
from itertools import combinations
from typing import Any

import pytest
import pytest_asyncio

from b24app.sandbox.people import Ref, Seeded, seed
from tests.audit.portal_by_webhook import refs, served

SIZE = 2_000
Group = frozenset[Ref]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=[7, 11], ids=["seed 7", "seed 11"])
def people(request: pytest.FixtureRequest) -> Seeded:
    return seed(SIZE, seed=request.param)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def audit(tmp_path_factory: pytest.TempPathFactory, people: Seeded) -> AsyncIterator[dict[str, Any]]:
    async with served(people) as portal:
        yield await portal.audit_to_json(tmp_path_factory.mktemp("audit"))


async def test_the_groups_are_what_hangs_together_in_the_truth(audit: dict[str, Any], people: Seeded) -> None:
    truth = people.truth
    joints = [*truth.by_value.values(), *truth.roles.values(), *truth.alias_pairs]

    found = {refs(group["records"]) for group in audit["groups"]}

    assert found == components(joints)


async def test_every_value_of_a_group_is_one_that_was_planted_on_its_records(
    audit: dict[str, Any], people: Seeded
) -> None:
    truth = people.truth
    exact = truth.expected_pairs("exact")
    planted = exact | pairs_of([*truth.roles.values(), *truth.weak]) | set(truth.alias_pairs)

    found = pairs_of(refs(key["records"]) for group in audit["groups"] for key in group["keys"])

    assert found <= planted  # precision 1.0
    assert len(found & exact) >= 0.995 * len(exact) > 0
    assert not found & truth.near_misses.keys()


async def test_hubs_are_listed_apart_and_join_nobody(audit: dict[str, Any], people: Seeded) -> None:
    found = {refs(hub["records"]) for hub in audit["hubs"]}

    assert found == set(people.truth.hubs.values())


async def test_shared_contact_data_is_what_was_planted(audit: dict[str, Any], people: Seeded) -> None:
    truth = people.truth
    mixed = [
        holders
        for holders in (*truth.by_value.values(), *truth.roles.values())
        if {"contact", "company"} <= {ref.type for ref in holders}
    ]
    groups_with = {
        refs(group["records"]): group["shared"] for group in audit["groups"] if group["shared"] is not None
    }

    assert audit["totals"]["shared_contact_data"] == len(mixed) > 0
    assert all(any(holders <= group for group in groups_with) for holders in mixed)
    assert all(any(holders <= group for holders in mixed) for group in groups_with)
    kinds = {frozenset((shared.contact, shared.company)): shared.kind for shared in truth.shared}
    for group, shared in groups_with.items():
        inside = [kind for pair, kind in kinds.items() if pair <= group]
        assert len(inside) != 1 or shared["kind"] == inside[0], group


async def test_the_totals_are_those_of_the_groups(audit: dict[str, Any], people: Seeded) -> None:
    totals, groups = audit["totals"], [refs(group["records"]) for group in audit["groups"]]
    crossing = sum(
        {a.type, b.type} == {"lead", "contact"} for group in groups for a, b in combinations(group, 2)
    )

    assert audit["coverage"] == {
        "lead": {"read": len(people.leads), "total": len(people.leads)},
        "contact": {"read": len(people.contacts), "total": len(people.contacts)},
        "company": {"read": len(people.companies), "total": len(people.companies)},
    }
    assert totals["records"] == SIZE
    assert totals["groups"] == len(groups)
    assert totals["records_in_groups"] == sum(map(len, groups))
    assert totals["by_pair"]["lead-contact"] == crossing > 0
    assert sum(totals["by_pair"].values()) == len(pairs_of(groups))


def pairs_of(groups: Iterable[Group]) -> set[Group]:
    return {frozenset(pair) for holders in groups for pair in combinations(holders, 2)}


def components(joints: Iterable[Group]) -> set[Group]:
    """Merge by brute force whatever overlaps."""
    merged: list[set[Ref]] = []
    for joint in joints:
        touching = [group for group in merged if group & joint]
        merged = [group for group in merged if not group & joint]
        merged.append(set(joint).union(*touching))
    return {frozenset(group) for group in merged}
