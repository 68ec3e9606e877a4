"""Groups over all types, the chain that holds each, and what must not join."""

import pytest

from b24app.dedupe.group import (
    LARGE_GROUP,
    DuplicateGroup,
    Grouping,
    KeyHolders,
    Link,
    group_records,
    pair_table,
)
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.record import RecordRef
from tests.dedupe.builders import COMPANY, CONTACT, LEAD

KINDS = {"p": KeyKind.PHONE, "e": KeyKind.EMAIL, "w": KeyKind.WEAK_PHONE, "a": KeyKind.EMAIL_ALIAS}


def key(name: str) -> MatchKey:
    """Return the key "p1": the first phone."""
    return MatchKey(KINDS[name[0]], int(name[1:]))


def refs(*names: str) -> tuple[RecordRef, ...]:
    return tuple(map(RecordRef.parse, names))


def grouped(*, hub_limit: int = 50, rejected: tuple[str, ...] = (), **keys: str) -> Grouping:
    """Group records written as `lead_1="p1 e2"`; a rejected pair is "lead:1 lead:2"."""
    keys_of = {
        RecordRef.parse(name.replace("_", ":")): [key(each) for each in text.split()]
        for name, text in keys.items()
    }
    pairs = [frozenset(refs(*pair.split())) for pair in rejected]
    return group_records(keys_of, hub_limit=hub_limit, rejected=pairs)


def members(grouping: Grouping) -> list[str]:
    return [" ".join(map(str, group.records)) for group in grouping.groups]


def the_group(grouping: Grouping) -> DuplicateGroup:
    (group,) = grouping.groups
    return group


def test_records_of_three_types_hang_together_over_two_values() -> None:
    group = the_group(grouped(lead_1="p1", contact_2="p1 e1", company_3="e1", lead_4="p2"))

    lead, contact, company = refs("lead:1", "contact:2", "company:3")
    assert group.records == (lead, contact, company)
    assert group.chain == (Link(lead, contact, key("p1")), Link(contact, company, key("e1")))
    assert group.keys == (KeyHolders(key("p1"), (lead, contact)), KeyHolders(key("e1"), (contact, company)))
    assert group.number == "lead:1"


def test_the_chain_takes_the_strongest_value_of_a_pair() -> None:
    group = the_group(grouped(lead_1="a1 e1 p1 w1", lead_2="w1 p1 e1 a1"))

    assert group.chain == (Link(*refs("lead:1", "lead:2"), key("p1")),)
    assert [holders.key for holders in group.keys] == [key("p1"), key("e1"), key("a1"), key("w1")]


def test_a_local_number_joins_nobody_but_speaks_for_a_group() -> None:
    alone = grouped(lead_1="w1", lead_2="w1")
    together = grouped(lead_1="w1 p1", lead_2="w1 p1", lead_3="w1")

    assert alone.groups == ()
    assert [holders.key for holders in the_group(together).keys] == [key("p1"), key("w1")]
    assert members(together) == ["lead:1 lead:2"]


def test_a_hub_joins_nobody_and_is_listed_apart() -> None:
    grouping = grouped(hub_limit=2, lead_1="p1 p2", lead_2="p1 p2", lead_3="p1", lead_4="e1", contact_1="e1")

    assert members(grouping) == ["lead:1 lead:2", "lead:4 contact:1"]
    assert grouping.hubs == (KeyHolders(key("p1"), refs("lead:1", "lead:2", "lead:3")),)
    assert all(holders.key != key("p1") for group in grouping.groups for holders in group.keys)


def test_a_value_on_as_many_records_as_the_limit_is_no_hub() -> None:
    grouping = grouped(hub_limit=3, lead_1="p1", lead_2="p1", lead_3="p1")

    assert members(grouping) == ["lead:1 lead:2 lead:3"]
    assert grouping.hubs == ()


def test_a_rejected_pair_is_no_group() -> None:
    grouping = grouped(rejected=("lead:2 lead:1",), lead_1="p1 e1", lead_2="p1 e1")

    assert grouping.groups == ()


def test_a_rejected_pair_that_others_join_is_contested() -> None:
    group = the_group(grouped(rejected=("lead:1 lead:2",), lead_1="p1", lead_2="p1", lead_3="p1"))

    one, two, three = refs("lead:1", "lead:2", "lead:3")
    assert group.chain == (Link(one, three, key("p1")), Link(two, three, key("p1")))
    assert group.contested == ((one, two),)


def test_rejected_pairs_split_the_holders_of_one_value_into_two_groups() -> None:
    apart = ("lead:1 lead:3", "lead:1 lead:4", "lead:2 lead:3", "lead:2 lead:4")

    grouping = grouped(rejected=apart, lead_1="p1 w1", lead_2="p1 w1", lead_3="p1", lead_4="p1 w1")

    assert members(grouping) == ["lead:1 lead:2", "lead:3 lead:4"]
    assert [len(group.keys) for group in grouping.groups] == [2, 1]


def test_a_person_rejected_from_all_others_stays_alone() -> None:
    grouping = grouped(rejected=("lead:1 lead:2", "lead:1 lead:3"), lead_1="p1", lead_2="p1", lead_3="p1")

    assert members(grouping) == ["lead:2 lead:3"]


@pytest.mark.parametrize(
    ("second_value", "bridges"),
    [("", ["lead:2~lead:4"]), ("e9", []), ("a9", [])],
)
def test_one_weak_value_that_holds_a_large_group_is_a_warning(second_value: str, bridges: list[str]) -> None:
    group = the_group(
        grouped(
            lead_1="p1",
            lead_2="p1 a1",
            lead_3=f"p1 {second_value}",
            lead_4="p2 a1",
            lead_5=f"p2 {second_value}",
        )
    )

    assert len(group.records) == LARGE_GROUP
    assert [f"{link.a}~{link.b}" for link in group.weak_bridges] == bridges


def test_a_small_group_held_by_a_weak_value_is_no_warning() -> None:
    assert the_group(grouped(lead_1="a1", lead_2="a1 p1", lead_3="p1")).weak_bridges == ()


def test_the_table_counts_the_pairs_of_every_two_types() -> None:
    grouping = grouped(
        rejected=("lead:1 lead:2",),
        lead_1="p1",
        lead_2="p1",
        lead_3="p1",
        contact_1="p1",
        contact_2="p1",
        lead_9="p9",
        company_9="p9",
    )

    assert pair_table(grouping.groups) == {
        (LEAD, LEAD): 2,
        (LEAD, CONTACT): 6,
        (LEAD, COMPANY): 1,
        (CONTACT, CONTACT): 1,
        (CONTACT, COMPANY): 0,
        (COMPANY, COMPANY): 0,
    }


def test_a_group_of_ten_thousand_records_is_described_and_counted() -> None:
    keys_of = {
        RecordRef(LEAD, number): [key(f"a{number}"), key(f"a{number + 1}")] for number in range(10_000)
    }

    grouping = group_records(keys_of, hub_limit=50)

    group = the_group(grouping)
    assert len(group.chain) == len(group.weak_bridges) == 9_999
    assert pair_table(grouping.groups)[LEAD, LEAD] == 49_995_000
