"""Outcomes by tables of cases, and by any order of the input."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import match_keys
from b24app.dedupe.match import ReasonCode
from b24app.dedupe.outcome import MatchKind, Outcome, Status, Surroundings, not_checked, outcomes
from b24app.dedupe.record import Record, RecordRef, RecordType, Stage
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.shared import SharedKind
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, PORTAL_KEY, a_record

RULES = RuleSet()
NOW = 1_790_000_000.0
PHONE, OTHER_PHONE, EMAIL = "+7 900 555-01-01", "+7 900 555-01-02", "anna@acme.example"


def judge(*records: Record, rules: RuleSet = RULES, **given: object) -> dict[str, Outcome]:
    surroundings = Surroundings(
        {record.ref: record for record in records},
        rules,
        PORTAL_KEY,
        NOW,
        **given,  # type: ignore[arg-type]
    )
    return {str(ref): outcome for ref, outcome in outcomes(surroundings).items()}


def names(outcome: Outcome) -> list[str]:
    return [str(match.ref) for match in outcome.matches]


def test_both_sides_of_a_pair_name_each_other():
    typed = a_record(LEAD, 1, phones=("8 (900) 555-01-01",), responsible=4)
    sent = a_record(CONTACT, 2, phones=(PHONE,), emails=(EMAIL,), responsible=5)

    found = judge(typed, sent)

    assert [found["lead:1"].status, found["contact:2"].status] == [Status.DUPLICATE] * 2
    assert (names(found["lead:1"]), names(found["contact:2"])) == (["contact:2"], ["lead:1"])
    assert found["lead:1"].group == found["contact:2"].group == "lead:1"
    assert found["lead:1"].best is not None
    assert found["lead:1"].best.responsible_id == 5
    assert found["lead:1"].best.codes == (ReasonCode.SAME_PHONE,)
    assert (found["lead:1"].count(), found["lead:1"].count(LEAD), found["lead:1"].count(CONTACT)) == (1, 0, 1)


def test_a_record_alone_says_none_and_has_no_group():
    found = judge(
        a_record(LEAD, 1, phones=(PHONE,)), a_record(LEAD, 2, phones=(OTHER_PHONE,)), a_record(LEAD, 3)
    )

    assert {outcome.status for outcome in found.values()} == {Status.NONE}
    assert {outcome.group for outcome in found.values()} == {""}
    assert found["lead:1"].best is None
    assert found["lead:1"].grade is None


def test_a_chain_is_one_group_whoever_is_asked():
    chain = [
        a_record(COMPANY, 9, phones=(PHONE,)),
        a_record(LEAD, 5, phones=(PHONE,), emails=(EMAIL,)),
        a_record(CONTACT, 7, emails=(EMAIL,)),
    ]

    found = judge(*chain)

    assert {outcome.group for outcome in found.values()} == {"lead:5"}
    assert names(found["contact:7"]) == ["lead:5"]


@pytest.mark.parametrize(
    ("order", "best"),
    [
        (tuple(MatchKind), "contact:1"),
        (("company", "contact_with_deal", "company_with_deal", "contact", "lead_in_work", "lead_closed"), "company:3"),
        (("lead_closed", "company", "contact", "lead_in_work", "contact_with_deal", "company_with_deal"), "lead:5"),
        (("contact", "lead_in_work", "lead_closed", "company", "contact_with_deal", "company_with_deal"), "contact:2"),
    ],
)  # fmt: skip
def test_the_best_match_follows_the_administrators_order(order: tuple[str, ...], best: str):
    client, other = a_record(CONTACT, 1, phones=(PHONE,)), a_record(CONTACT, 2, phones=(PHONE,))
    company = a_record(COMPANY, 3, phones=(PHONE,))
    in_work = a_record(LEAD, 4, phones=(PHONE,), stage=Stage.IN_WORK)
    lost = a_record(LEAD, 5, phones=(PHONE,), stage=Stage.LOST)
    asked = a_record(LEAD, 6, phones=(PHONE,), stage=Stage.IN_WORK)

    found = judge(
        client, other, company, in_work, lost, asked,
        best_order=tuple(map(MatchKind, order)), open_deals={client.ref},
    )["lead:6"]  # fmt: skip

    assert str(found.matches[0].ref) == best
    assert found.best == found.matches[0]
    assert found.count() == 5


def test_of_one_kind_the_surer_and_then_the_older_is_best():
    asked = a_record(LEAD, 9, phones=(PHONE,), name="Белкина Анна", created_at=300.0)
    surer = a_record(LEAD, 3, phones=(PHONE,), name="Белкина Анна", created_at=200.0)
    older = a_record(LEAD, 4, phones=(PHONE,), name="Белкина Анна", created_at=100.0)
    unlike = a_record(LEAD, 1, phones=(PHONE,), name="Дроздов Олег", created_at=50.0)

    found = judge(asked, surer, older, unlike)["lead:9"]

    assert names(found) == ["lead:4", "lead:3", "lead:1"]
    assert (found.grade, found.matches[-1].grade) == (Grade.EXACT, Grade.LIKELY)


def test_of_two_made_in_the_same_second_the_later_id_is_the_repeat():
    first, second = (a_record(LEAD, number, phones=(PHONE,), created_at=NOW) for number in (7, 8))

    found = judge(second, first)

    assert found["lead:7"].earlier == ()
    assert [str(match.ref) for match in found["lead:8"].earlier] == ["lead:7"]


def test_shared_data_flag_both_sides_with_each_others_link():
    contact, company = a_record(CONTACT, 1, phones=(PHONE,)), a_record(COMPANY, 2, phones=(PHONE,))

    found = judge(contact, company)

    assert {outcome.status for outcome in found.values()} == {Status.SHARED}
    assert {outcome.shared for outcome in found.values()} == {SharedKind.FOREIGN_COMPANY}
    assert found["contact:1"].partners == (company.ref,)
    assert found["company:2"].partners == (contact.ref,)


def test_an_own_company_is_no_duplicate_and_shares_data_all_the_same():
    contact = a_record(CONTACT, 1, phones=(PHONE,), links=("company:2",))
    company = a_record(COMPANY, 2, phones=(PHONE,))

    found = judge(contact, company)

    assert {outcome.status for outcome in found.values()} == {Status.SHARED}
    assert {outcome.shared for outcome in found.values()} == {SharedKind.OWN_COMPANY}
    assert {outcome.matches for outcome in found.values()} == {()}
    assert {outcome.group for outcome in found.values()} == {""}


def test_a_third_record_makes_shared_data_a_duplicate_too():
    contact, company = a_record(CONTACT, 1, phones=(PHONE,)), a_record(COMPANY, 2, phones=(PHONE,))
    lead = a_record(LEAD, 3, phones=(PHONE,))

    found = judge(contact, company, lead)

    assert {outcome.status for outcome in found.values()} == {Status.DUPLICATE}
    assert found["contact:1"].shared is SharedKind.FOREIGN_COMPANY
    assert (found["lead:3"].shared, found["lead:3"].partners) == (None, ())


def test_hub_values_rejected_pairs_and_unsure_matches_make_no_outcome():
    one, other = a_record(LEAD, 1, phones=(PHONE,)), a_record(LEAD, 2, phones=(PHONE,))
    role = [a_record(LEAD, number, emails=("info@acme.example",)) for number in (3, 4)]
    hubs = match_keys(one, RULES, PORTAL_KEY)

    assert judge(one, other, hubs=hubs, far={one.ref: 1})["lead:1"].status is Status.NONE
    assert judge(one, other, hubs=hubs, far={one.ref: 1})["lead:1"].far == 1
    assert (
        judge(one, other, rejected=frozenset({frozenset((one.ref, other.ref))}))["lead:2"].status
        is Status.NONE
    )
    assert judge(*role)["lead:3"].status is Status.DUPLICATE
    assert judge(*role, rules=RuleSet(least_grade=Grade.LIKELY))["lead:3"].status is Status.NONE


def test_a_record_beyond_the_rules_sees_others_and_is_not_seen():
    closed = a_record(LEAD, 1, phones=(PHONE,), stage=Stage.LOST)
    in_work = a_record(LEAD, 2, phones=(PHONE,), stage=Stage.IN_WORK)

    found = judge(closed, in_work, rules=RuleSet(include_closed=False))

    assert names(found["lead:1"]) == ["lead:2"]
    assert found["lead:2"].status is Status.NONE


def test_an_incomplete_index_says_nothing_else():
    (outcome,) = not_checked([RecordRef(LEAD, 1)], now=NOW).values()

    assert (outcome.status, outcome.count(), outcome.best, outcome.group) == (Status.NOT_CHECKED, 0, None, "")


values = st.sampled_from(["+7 900 555-01-01", "+7 900 555-01-02", "8 900 555 01 01 доб. 3", "555-01-01"])
emails = st.sampled_from(["anna@acme.example", "info@acme.example", "anna+crm@acme.example"])
records = st.builds(
    a_record,
    st.sampled_from(RecordType),
    st.integers(1, 5),
    phones=st.lists(values, max_size=2).map(tuple),
    emails=st.lists(emails, max_size=1).map(tuple),
    name=st.sampled_from(["", "Белкина Анна", "Дроздов Олег"]),
    stage=st.sampled_from([Stage.IN_WORK, Stage.LOST]),
    links=st.sampled_from([(), ("company:1",), ("contact:2",)]),
    created_at=st.sampled_from([None, 100.0, 200.0]),
)


@settings(max_examples=60)
@given(st.lists(records, max_size=9), st.integers(0, 99))
def test_any_order_gives_the_same_and_matches_are_of_one_group(given_records: list[Record], seed: int):
    unique = list({record.ref: record for record in given_records}.values())
    shuffled = Random(seed).sample(unique, len(unique))

    found, again = judge(*unique), judge(*shuffled)

    assert found == again
    for outcome in found.values():
        assert all(found[str(match.ref)].group == outcome.group != "" for match in outcome.matches)
        assert all(outcome.ref in found[str(partner)].partners for partner in outcome.partners)
        assert (outcome.status is Status.NONE) == (not outcome.matches and not outcome.partners)
