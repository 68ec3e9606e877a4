"""Robots without a portal: what their inputs may be, and what several clients or values together come to."""

from dataclasses import replace

import pytest

from b24app.bitrix24.incoming_robots import DocumentRef, RobotCall
from b24app.dedupe.enquiry_rules import By, EnquiryRules
from b24app.dedupe.grade import Grade
from b24app.dedupe.match import ReasonCode
from b24app.dedupe.outcome import Outcome, OutcomeMatch, Status, not_checked
from b24app.dedupe.record import Record, RecordRef, RecordType, Stage
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.shared import SharedKind
from b24app.services.robots import check_shared, find_duplicates, repeat_enquiry
from b24app.services.robots.catalogue import ROBOTS
from b24app.services.robots.intake import ANSWER_WITHIN_S, to_kept
from b24app.services.robots.robot import Ended, InputMistake

NOW = 1_790_000_000.0
LEAD, OTHER_LEAD = RecordRef(RecordType.LEAD, 1), RecordRef(RecordType.LEAD, 2)
CONTACT, COMPANY = RecordRef(RecordType.CONTACT, 3), RecordRef(RecordType.COMPANY, 4)


def a_match(
    ref: RecordRef, *codes: ReasonCode, grade: Grade = Grade.EXACT, responsible: int | None = 7
) -> OutcomeMatch:
    return OutcomeMatch(ref, grade, codes or (ReasonCode.SAME_PHONE,), responsible, Stage.NONE, NOW, NOW)


def an_outcome(ref: RecordRef, *matches: OutcomeMatch, partners: tuple[RecordRef, ...] = ()) -> Outcome:
    [nothing] = not_checked([ref], now=NOW).values()
    alone = Status.SHARED if partners else Status.NONE
    return replace(
        nothing,
        status=Status.DUPLICATE if matches else alone,
        matches=matches,
        best=matches[0] if matches else None,
        grade=max((match.grade for match in matches), default=None),
        shared=SharedKind.FOREIGN_COMPANY if partners else None,
        partners=partners,
        group="lead:1" if matches else "",
    )


@pytest.mark.parametrize(
    ("robot", "given", "inputs"),
    [
        ("find_duplicates", {}, {}),
        ("find_duplicates", {"types": (), "closed": ("",), "least_grade": (" ",)}, {}),
        (
            "find_duplicates",
            {
                "types": ("lead", "Company", "lead"),
                "keys": ("phone",),
                "look_back_days": ("0",),
                "closed": ("N",),
                "least_grade": ("likely",),
                "of an older version": ("x",),
            },
            {
                "types": ["company", "lead"],
                "keys": ["phone"],
                "look_back_days": 0,
                "include_closed": False,
                "least_grade": "likely",
            },
        ),
        ("check_shared", {"anything": ("x",)}, {}),
        ("repeat_enquiry", {"by": ("email",), "look_back_days": ("3650",)}, {"by": ["email"], "look_back_days": 3650}),
        ("unify_phones", {}, {"dry_run": False}),
        ("unify_phones", {"dry_run": ("1",)}, {"dry_run": True}),
    ],
)  # fmt: skip
def test_what_is_left_empty_is_left_to_the_settings(robot, given, inputs):
    assert ROBOTS[robot].read_inputs(given) == inputs


@pytest.mark.parametrize(
    ("robot", "given", "name"),
    [
        ("find_duplicates", {"types": ("lead", "deal")}, "types"),
        ("find_duplicates", {"keys": ("name",)}, "keys"),
        ("find_duplicates", {"look_back_days": ("3651",)}, "look_back_days"),
        ("find_duplicates", {"look_back_days": ("-1",)}, "look_back_days"),
        ("find_duplicates", {"look_back_days": ("9" * 40,)}, "look_back_days"),
        ("find_duplicates", {"look_back_days": ("1", "2")}, "look_back_days"),
        ("find_duplicates", {"closed": ("perhaps",)}, "closed"),
        ("find_duplicates", {"least_grade": ("sure",)}, "least_grade"),
        ("repeat_enquiry", {"by": ("both",)}, "by"),
        ("unify_phones", {"dry_run": ("Y", "N")}, "dry_run"),
    ],
)
def test_nonsense_is_refused_by_the_name_of_the_input(robot, given, name):
    with pytest.raises(InputMistake) as refused:
        ROBOTS[robot].read_inputs(given)

    assert refused.value.name == name


def test_only_codes_and_numbers_of_a_call_are_kept():
    call = RobotCall(
        workflow_id="1",
        code="find_duplicates",
        document=DocumentRef("lead", 5),
        event_token="token",
        properties={"types": ("lead",), "note": ("Анна, +7 900 555-01-02",)},
        is_awaited=True,
        timeout_s=None,
        ts=None,
        member_id="m",
        application_token="proof",
        access_token="access",
        user_id=1,
    )

    kept = to_kept("find_duplicates", call, now=NOW)
    wrong = to_kept("find_duplicates", replace(call, properties={"types": ("Анна",)}), now=NOW)
    hurried = to_kept("find_duplicates", replace(call, timeout_s=60, document=None), now=NOW)

    assert (kept.inputs, kept.mistake, kept.deadline) == ({"types": ["lead"]}, None, NOW + ANSWER_WITHIN_S)
    assert (wrong.inputs, wrong.mistake) == ({}, "types")
    assert (hurried.document_type, hurried.deadline) == ("", NOW + 30)
    assert kept.digest == hurried.digest
    assert len(kept.digest) == 32


def test_a_step_changes_the_rules_it_names_and_no_others():
    rules = RuleSet(region="KZ", look_back_days=30, least_grade=Grade.LIKELY)
    enquiry = EnquiryRules(look_back_days=30)

    stepped = find_duplicates.rules_for(rules, {"look_back_days": 0, "keys": ["phone"]})
    asked = repeat_enquiry.rules_for(enquiry, {"by": ["email"]})

    assert stepped == replace(rules, look_back_days=0)
    assert asked == replace(enquiry, by=frozenset({By.EMAIL}))


def test_by_one_kind_of_value_other_matches_are_none():
    by_phone = a_match(OTHER_LEAD, ReasonCode.SAME_WEAK_PHONE, grade=Grade.POSSIBLE)
    by_both = a_match(CONTACT, ReasonCode.SAME_PHONE, ReasonCode.SAME_EMAIL)
    outcome = an_outcome(LEAD, by_both, by_phone)

    emails = find_duplicates.only_by(outcome, frozenset({By.EMAIL}))
    nobody = find_duplicates.only_by(an_outcome(LEAD, by_phone), frozenset({By.EMAIL}))

    assert (emails.matches, emails.best, emails.status) == ((by_both,), by_both, Status.DUPLICATE)
    assert (nobody.matches, nobody.best, nobody.grade) == ((), None, None)
    assert (nobody.status, nobody.group) == (Status.NONE, "")


def test_a_deals_clients_are_no_matches_of_one_another():
    of_contact = an_outcome(CONTACT, a_match(COMPANY), a_match(LEAD))
    of_company = an_outcome(COMPANY, a_match(CONTACT), a_match(OTHER_LEAD), a_match(LEAD))

    answer = find_duplicates.to_answer([of_contact, of_company], (CONTACT, COMPANY), "en")
    alone = find_duplicates.to_answer([an_outcome(CONTACT, a_match(COMPANY))], (CONTACT, COMPANY), "en")

    assert answer.values["matches"] == ["L_1", "L_2"]
    assert (answer.values["count"], answer.values["best_responsible"]) == (2, "user_7")
    assert (alone.values["status"], alone.values["count"], alone.values["best"]) == ("none", 0, "")


def test_one_unchecked_client_means_that_nothing_is_claimed():
    [unchecked] = not_checked([COMPANY], now=NOW).values()

    answer = find_duplicates.to_answer(
        [an_outcome(CONTACT, a_match(LEAD)), unchecked], (CONTACT, COMPANY), "en"
    )

    assert (answer.ended, answer.values) == (Ended.NOT_CHECKED, {})


def test_the_worst_value_is_told_with_its_next_call():
    contact = Record(CONTACT, responsible_id=7, links=(COMPANY,))
    own = Record(COMPANY, responsible_id=7)
    stranger = Record(RecordRef(RecordType.COMPANY, 9), responsible_id=8)

    worst = check_shared.worst_sharing(
        [
            {CONTACT: contact},
            {CONTACT: contact, COMPANY: own},
            {CONTACT: contact, stranger.ref: stranger},
        ],
        {stranger.ref: NOW},
    )
    assert worst is not None
    answer = check_shared.to_answer([an_outcome(CONTACT)], [worst], (CONTACT,))

    assert (answer.values["severity"], answer.values["shared"]) == ("alarm", "foreign_company")
    assert (answer.values["partners"], answer.values["company_ids"]) == (["CO_9"], [9])
    assert (answer.values["receiver"], answer.values["should_receive"]) == ("user_7", "user_8")


def test_values_that_nobody_shares_are_no_sharing():
    assert check_shared.worst_sharing([{CONTACT: Record(CONTACT)}, {}], {}) is None
    assert check_shared.to_answer([an_outcome(CONTACT)], [], (CONTACT,)).values == {"status": "none"}
    assert check_shared.to_answer([], [], (CONTACT,)).ended is Ended.GONE
