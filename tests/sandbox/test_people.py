"""The seeded portal is the same every time, and its truth holds before an independent reader."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

import pytest

from b24app.sandbox.people import LEAD_STATUSES, SEED_NOW, SHOWCASE, Ref, Seeded, seed
from b24app.sandbox.spellings import NEAR_MISSES, SPELLINGS
from tests.sandbox.people_oracle import carriers_of, read_mailbox
from tests.sandbox.test_people_spellings import INVENTED

CROWD = re.compile(
    r"\+7\d{3}000\d{4}|\+375(29|33)0\d{6}|\+(38050|90500|97150|99890|99555)0\d{6}|\+861380\d{7}"
    r"|\+(996700|37410)0\d{5}"
)


@pytest.fixture(scope="module")
def seeded() -> Seeded:
    return seed(2000)


@pytest.fixture(scope="module")
def carriers(seeded: Seeded) -> dict[str, set[Ref]]:
    return carriers_of(seeded)


def rows_of(seeded: Seeded) -> Iterator[tuple[Ref, dict]]:
    for word, rows in (("lead", seeded.leads), ("contact", seeded.contacts), ("company", seeded.companies)):
        yield from ((Ref(word, row["ID"]), row) for row in rows)


def test_the_same_arguments_give_the_same_portal(seeded: Seeded):
    again = seed(2000)

    assert again == seeded


def test_another_seed_gives_another_portal(seeded: Seeded):
    assert seed(2000, seed=8).leads != seeded.leads


@pytest.mark.parametrize("size", [10, 11, 57, 241, 599, 2000, 2001, 6000])
def test_a_portal_has_exactly_the_asked_size(size: int):
    portal = seed(size)

    ids = Counter(ref for ref, _ in rows_of(portal))
    assert len(ids) == ids.total() == size
    assert len({deal["ID"] for deal in portal.deals}) == len(portal.deals)


@pytest.mark.parametrize("size", [-1, 0, 9])
def test_a_portal_too_small_for_the_showcase_is_refused(size: int):
    with pytest.raises(ValueError, match="10 is the least"):
        seed(size)


@pytest.mark.parametrize("size", [10, 300, 2000, 6000])
def test_exactly_the_expected_pairs_share_a_value(size: int):
    portal = seed(size)
    truth = portal.truth
    apart = {*truth.hubs, *truth.roles}

    found = {
        frozenset(pair)
        for value, refs in carriers_of(portal).items()
        if value not in apart
        for pair in combinations(refs, 2)
    }

    assert found == truth.expected_pairs("exact")


def test_hubs_are_carried_by_the_records_the_truth_names(seeded: Seeded, carriers: dict[str, set[Ref]]):
    assert {value: refs for value, refs in carriers.items() if len(refs) > 50} == seeded.truth.hubs
    assert sorted(len(refs) for refs in seeded.truth.hubs.values()) == [100, 500]
    assert carriers["info@ofis-primer.example"] == seeded.truth.roles["info@ofis-primer.example"]


@pytest.mark.parametrize(
    ("size", "counts"), [(2000, (1, 19, 20, 21, 500)), (6000, (1, 19, 20, 21, 500, 5000))]
)
def test_a_value_is_on_exactly_so_many_records(size: int, counts: tuple[int, ...]):
    portal = seed(size)
    carriers = carriers_of(portal)

    assert sorted(portal.counts) == list(counts)
    for count, (value, lead) in portal.counts.items():
        assert len(carriers[value]) == count
        assert lead in carriers[value]
        assert lead == Ref("lead", dict(SHOWCASE.counts)[count])


def test_near_misses_share_nothing_but_a_hub(seeded: Seeded, carriers: dict[str, set[Ref]]):
    hubs = seeded.truth.hubs.values()

    assert len(seeded.truth.near_misses) >= 60
    assert len(set(seeded.truth.near_misses.values())) >= 40
    for pair in seeded.truth.near_misses:
        sharing = [value for value, refs in carriers.items() if pair <= refs]
        assert all(value in seeded.truth.hubs for value in sharing), sharing
        if sharing:
            assert any(pair <= refs for refs in hubs)


def test_every_row_of_the_tables_for_this_region_is_planted(seeded: Seeded):
    raws = {each["VALUE"] for _, row in rows_of(seeded) for each in (*row["PHONE"], *row["EMAIL"])}

    assert {row.raw for row in SPELLINGS if row.region == "RU"} <= raws
    assert {raw for row in NEAR_MISSES if row.region == "RU" for raw in row[:2]} <= raws
    assert seeded.truth.expected_pairs("hard_spelling") <= seeded.truth.expected_pairs("exact")
    assert len(seeded.truth.expected_pairs("hard_spelling")) >= 60


def test_aliases_are_one_mailbox_and_no_shared_address(seeded: Seeded):
    boxes: dict[str, set[Ref]] = {}
    for ref, row in rows_of(seeded):
        for each in row["EMAIL"]:
            boxes.setdefault(read_mailbox(each["VALUE"]), set()).add(ref)
    joined = {frozenset(pair) for refs in boxes.values() if len(refs) <= 50 for pair in combinations(refs, 2)}
    roles = {frozenset(pair) for refs in seeded.truth.roles.values() for pair in combinations(refs, 2)}

    found = joined - seeded.truth.expected_pairs("exact") - roles

    assert found == seeded.truth.expected_pairs("alias")
    assert len(found) >= 8


def test_classes_of_pairs_divide_the_whole(seeded: Seeded):
    pairs = {kind: seeded.truth.expected_pairs(kind) for kind in (
        "exact", "same_type", "cross_type", "linked", "unlinked", "chain")}  # fmt: skip

    assert pairs["same_type"] | pairs["cross_type"] == pairs["exact"]
    assert pairs["same_type"].isdisjoint(pairs["cross_type"])
    assert pairs["linked"] | pairs["unlinked"] == pairs["cross_type"]
    assert pairs["linked"].isdisjoint(pairs["unlinked"])
    assert pairs["chain"].isdisjoint(pairs["exact"])
    assert all(pairs.values())


def test_an_unknown_class_of_pairs_is_refused(seeded: Seeded):
    with pytest.raises(ValueError, match="there are exact"):
        seeded.truth.expected_pairs("everything")


def test_ends_of_a_chain_share_no_value(seeded: Seeded):
    first, middle, last = seeded.scenes["chain"]

    assert frozenset((first, last)) in seeded.truth.expected_pairs("chain")
    assert {frozenset((first, middle)), frozenset((middle, last))} <= seeded.truth.expected_pairs("exact")


def test_a_value_on_a_contact_and_a_company_is_classed(seeded: Seeded, carriers: dict[str, set[Ref]]):
    kinds = Counter((each.kind, each.same_responsible) for each in seeded.truth.shared)
    rows = dict(rows_of(seeded))

    assert set(kinds) == {
        (kind, same) for kind in ("own_company", "foreign_company", "several") for same in (0, 1)
    }
    for each in seeded.truth.shared:
        own = each.company.id in seeded.links.get(each.contact.id, [])
        bosses = {rows[ref]["ASSIGNED_BY_ID"] for ref in (each.contact, each.company)}
        clients = [ref for ref in carriers.get(each.value, ()) if ref.type != "lead"]
        assert own == (each.kind == "own_company") or each.kind == "several"
        assert each.same_responsible == (len(bosses) == 1)
        assert (len(clients) > 2) == (each.kind == "several") or "@" in each.value


def test_links_are_in_the_rows_and_many_to_many(seeded: Seeded):
    rows = dict(rows_of(seeded))

    assert any(len(companies) > 1 for companies in seeded.links.values())
    for contact, companies in seeded.links.items():
        assert rows[Ref("contact", contact)]["COMPANY_ID"] == companies[0]
        assert all(Ref("company", company) in rows for company in companies)
    for lead in seeded.leads:
        assert lead["CONTACT_ID"] is None or Ref("contact", lead["CONTACT_ID"]) in rows


def test_deals_belong_to_clients(seeded: Seeded):
    rows = dict(rows_of(seeded))

    assert len(seeded.deals) > 10
    assert any(deal["CONTACT_ID"] is None for deal in seeded.deals)
    for deal in seeded.deals:
        assert {Ref("contact", deal["CONTACT_ID"]), Ref("company", deal["COMPANY_ID"])} & rows.keys()
        assert rows[Ref("lead", deal["LEAD_ID"])]["STATUS_ID"] == "CONVERTED"
        assert (deal["CLOSED"] == "Y") == (deal["STAGE_ID"] in ("WON", "LOSE"))


def test_leads_stand_on_every_stage(seeded: Seeded):
    assert {lead["STATUS_ID"] for lead in seeded.leads} == {status["STATUS_ID"] for status in LEAD_STATUSES}


def test_nothing_is_younger_than_the_given_moment(seeded: Seeded):
    for _, row in rows_of(seeded):
        created, modified = (datetime.fromisoformat(row[name]) for name in ("DATE_CREATE", "DATE_MODIFY"))
        assert created <= modified <= SEED_NOW


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        seed(10, seed_now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_every_phone_and_email_is_invented(seeded: Seeded, carriers: dict[str, set[Ref]]):
    for value in carriers:
        if "@" in value:
            assert value.endswith((".example", ".test")) or value.startswith("vydumann"), value
        else:
            assert CROWD.fullmatch(value) or INVENTED.fullmatch(value), value


@pytest.mark.parametrize("size", [10, 2000, 6000])
def test_the_showcase_is_in_every_portal(size: int):
    portal = seed(size)
    rows = dict(rows_of(portal))
    carriers = carriers_of(portal)

    same_phone = {
        ("lead", 101),
        ("lead", 102),
        ("lead", 104),
        ("lead", 105),
        ("contact", 101),
        ("company", 101),
    }
    assert carriers[SHOWCASE.phone] == same_phone
    assert carriers[SHOWCASE.email] == {("lead", 101), ("contact", 102)}
    assert rows[Ref("lead", SHOWCASE.lead)]["TITLE"] == "Заявка с сайта: окна ПВХ"
    assert rows[Ref("contact", 101)]["COMPANY_ID"] == SHOWCASE.own_company != SHOWCASE.company
    assert portal.deals[0]["ID"] == SHOWCASE.deal
    alarm = [each for each in portal.truth.shared if each.value == SHOWCASE.phone]
    assert [(each.kind, each.same_responsible) for each in alarm] == [("foreign_company", False)]
    assert frozenset((Ref("lead", 101), Ref("lead", 103))) in portal.truth.expected_pairs("alias")


def test_colleagues_have_unlike_rights(seeded: Seeded):
    admin, *others = seeded.users
    by_id = {user["ID"]: user for user in seeded.users}

    assert admin["ID"] == 1
    assert [user["ID"] for user in seeded.users if user["ADMIN"]] == [1]
    assert sum(not user["ACTIVE"] for user in others) == 1
    breadths = {breadth for user in seeded.users for breadth in user["RIGHTS"].values()}
    assert breadths == {"ALL", "DEPARTMENT", "OWN", "NONE"}
    assert {row["ASSIGNED_BY_ID"] for _, row in rows_of(seeded)} <= set(by_id)
    assert next(row for row in seeded.leads if row["ID"] == 101)["ASSIGNED_BY_ID"] == SHOWCASE.viewer_of_own
