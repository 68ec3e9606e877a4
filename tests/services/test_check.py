"""What a question means in keys, and how sure each answer is when nothing but the value is known."""

import pytest

from b24app.dedupe.keys import MatchKey, keyed_values
from b24app.dedupe.match import Grade
from b24app.dedupe.record import RecordRef
from b24app.dedupe.rules import RuleSet
from b24app.services.card.candidates import Candidate, Candidates
from b24app.services.check import Asked, CheckQuestion, CheckReason, ValueRef, judge, read_values
from tests.dedupe.builders import LEAD, PORTAL_KEY, a_record

RULES = RuleSet()
PHONE, SPELT, IN_OFFICE = "+79265550011", "8 (926) 555-00-11", "8 495 123-45-67 доб. 4"
BOX, ALIAS = "lonewolf@gmail.com", "lone.wolf+crm@gmail.com"


def asked(phones: tuple[str, ...] = (), emails: tuple[str, ...] = (), rules: RuleSet = RULES) -> Asked:
    return read_values(CheckQuestion(phones, emails), rules, PORTAL_KEY)


def keys(phones: tuple[str, ...] = (), emails: tuple[str, ...] = ()) -> frozenset[MatchKey]:
    record = a_record(LEAD, 1, phones=phones, emails=emails)
    return frozenset(value.key for value in keyed_values(record, RULES, PORTAL_KEY))


def holder(ref: str, shared: frozenset[MatchKey]) -> Candidate:
    return Candidate(RecordRef.parse(ref), shared, None, (), None)


def found(*near: Candidate, hubs: frozenset[MatchKey] = frozenset()) -> Candidates:
    return Candidates(near, (), {}, hubs)


@pytest.mark.parametrize(
    ("phones", "emails", "holds", "grade", "kind"),
    [
        ((SPELT,), (), keys((PHONE,)), "exact", "phone"),
        ((), ("Ivan@Example.com",), keys((), ("ivan@example.com",)), "exact", "email"),
        ((), (ALIAS,), keys((), (BOX,)), "possible", "email_alias"),
        ((), ("info@example.com",), keys((), ("info@example.com",)), "weak", "email"),
        (("12345",), (), keys(("12345",)), "weak", "weak_phone"),
        ((IN_OFFICE,), (), keys(("+74951234567",)), "possible", "phone"),
    ],
    ids=["phone", "email", "mailbox", "role", "local number", "unknown extension"],
)
def test_a_value_alone_gives_the_grade_of_unknown_names(
    phones: tuple[str, ...], emails: tuple[str, ...], holds: frozenset[MatchKey], grade: str, kind: str
):
    question = asked(phones, emails)

    (match,) = judge(question, found(holder("lead:7", holds & set(question.by_key))), RULES)

    assert (match.type, match.id, match.grade) == ("lead", 7, grade)
    assert match.reasons == (CheckReason(kind, 0),)  # type: ignore[arg-type]


def test_an_address_that_is_shared_itself_needs_no_mailbox_as_a_reason():
    question = asked(emails=(ALIAS,))

    (match,) = judge(question, found(holder("contact:2", frozenset(question.by_key))), RULES)

    assert (match.grade, match.reasons) == ("exact", (CheckReason("email", 0),))


def test_a_value_of_many_is_weak_and_one_of_few_beside_it_is_not():
    question = asked((PHONE,), (BOX,))
    hub = keys((PHONE,))

    matches = judge(
        question, found(holder("lead:1", hub), holder("lead:2", frozenset(question.by_key)), hubs=hub), RULES
    )

    assert [(match.id, match.grade) for match in matches] == [(2, "exact"), (1, "weak")]


def test_matches_below_the_least_grade_and_the_excluded_record_are_left_out():
    question = asked((PHONE, "12345"))
    sure, unsure = holder("lead:1", keys((PHONE,))), holder("company:2", keys(("12345",)))
    strict = RuleSet(least_grade=Grade.POSSIBLE)

    assert [match.id for match in judge(question, found(sure, unsure), strict)] == [1]
    assert [match.id for match in judge(question, found(sure, unsure), RULES, exclude="lead:1")] == [2]


def test_one_number_in_two_spellings_is_a_reason_for_both():
    question = asked((PHONE, SPELT))

    (match,) = judge(question, found(holder("lead:1", keys((PHONE,)))), RULES)

    assert match.reasons == (CheckReason("phone", 0), CheckReason("phone", 1))


def test_what_gives_no_key_is_named_by_its_place_and_never_by_its_value():
    stopped = RuleSet(stop_list=(PHONE,))

    question = asked((PHONE, "nobody", "+79265550012"), ("", BOX), stopped)

    assert question.not_compared == (ValueRef("phone", 0), ValueRef("phone", 1), ValueRef("email", 0))
    assert PHONE not in repr(CheckQuestion((PHONE,), (BOX,)))
