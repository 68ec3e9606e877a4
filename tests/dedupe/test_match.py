from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.keys import match_keys
from b24app.dedupe.match import Grade, Match, Reason, ReasonCode, compare, is_shown
from b24app.dedupe.names import NameEffect
from b24app.dedupe.record import Record
from b24app.dedupe.rules import RuleSet
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, PORTAL_KEY, a_record

RULES = RuleSet()
IVAN, VANYA, ANNA = "Иванов Иван", "Ivanov Vanya", "Орлова Анна"


def matched(a: Record, b: Record, rules: RuleSet = RULES) -> Match:
    """Return the match of two records that have one."""
    match = compare(a, b, rules, PORTAL_KEY)
    assert match is not None
    return match


def grades(
    shared_a: dict[str, tuple[str, ...]], shared_b: dict[str, tuple[str, ...]]
) -> tuple[Grade, Grade, Grade]:
    """Return the grade with the same names, with unknown ones, and with different ones."""
    one = a_record(LEAD, 1, name=IVAN, **shared_a)
    return tuple(
        matched(one, a_record(CONTACT, 2, name=name, **shared_b)).grade for name in (VANYA, "", ANNA)
    )


@pytest.mark.parametrize(
    ("shared_a", "shared_b", "expected"),
    [
        ({"phones": ("89123456789",)}, {"phones": ("+7 912 345-67-89",)}, "exact exact likely"),
        ({"phones": ("89123456789 доб. 5",)}, {"phones": ("+7 912 345-67-89",)}, "exact exact likely"),
        ({"phones": ("89123456789 доб. 5",)}, {"phones": ("89123456789 доб. 5",)}, "exact exact likely"),
        ({"phones": ("89123456789 доб. 5",)}, {"phones": ("89123456789 доб. 6",)}, "likely possible weak"),
        ({"emails": ("ivan@primer.example",)}, {"emails": ("IVAN@primer.example",)}, "exact exact likely"),
        ({"emails": ("i.van@gmail.com",)}, {"emails": ("ivan+x@gmail.com",)}, "likely possible possible"),
        ({"emails": ("ivan@mail,ru",)}, {"emails": ("ivan@mail,ru",)}, "likely possible possible"),
        ({"emails": ("info@primer.example",)}, {"emails": ("info@primer.example",)}, "possible weak weak"),
        ({"phones": ("123-45-67",)}, {"phones": ("1234567",)}, "possible weak weak"),
    ],
)
def test_what_is_shared_and_the_names_make_the_grade(
    shared_a: dict[str, tuple[str, ...]], shared_b: dict[str, tuple[str, ...]], expected: str
) -> None:
    assert [grade.word for grade in grades(shared_a, shared_b)] == expected.split()


@pytest.mark.parametrize("name", [VANYA, "", ANNA])
def test_a_hub_value_is_weak_whatever_the_names(name: str) -> None:
    one = a_record(LEAD, 1, name=IVAN, phones=("89123456789",))
    other = a_record(CONTACT, 2, name=name, phones=("89123456789",))

    match = compare(one, other, RULES, PORTAL_KEY, hubs=match_keys(one, RULES, PORTAL_KEY))

    assert match is not None
    assert match.grade is Grade.WEAK
    assert match.reasons[0].is_hub


def test_a_reason_carries_what_a_manager_reads() -> None:
    one = a_record(LEAD, 1, phones=("8 (912) 345-67-89 доб. 5",))
    other = a_record(COMPANY, 2, phones=("+7 912 345 67 89",))

    (reason,) = matched(one, other).reasons

    assert reason == Reason(
        code=ReasonCode.SAME_PHONE,
        key=reason.key,
        display="+7 912 345-67-89",
        raw_a="8 (912) 345-67-89 доб. 5",
        raw_b="+7 912 345 67 89",
        extension_a="5",
        extension_b=None,
        native=False,
        is_role=False,
        is_hub=False,
        is_valid=True,
        grade=Grade.EXACT,
    )
    assert not reason.has_two_extensions


@pytest.mark.parametrize(
    ("raw_a", "raw_b", "is_native"),
    [
        ("8 (912) 345-67-89", "+7 912 345 67 89", True),
        ("912 345 67 89", "+7 912 345 67 89", False),
        ("8 (912) 345-67-89 доб. 5", "8 (912) 345-67-89 доб. 5", True),
        ("89261234567, 89123456789", "89123456789", False),
    ],
)
def test_a_match_says_whether_bitrix24_finds_it_too(raw_a: str, raw_b: str, is_native: bool) -> None:
    match = matched(a_record(LEAD, 1, phones=(raw_a,)), a_record(CONTACT, 1, phones=(raw_b,)))

    assert match.native is is_native


def test_records_without_a_shared_value_never_match_by_name() -> None:
    one = a_record(LEAD, 1, name=IVAN, company="ООО Ромашка", phones=("89123456789",))
    other = a_record(LEAD, 2, name=IVAN, company="ООО Ромашка", phones=("89123456788",))

    assert compare(one, other, RULES, PORTAL_KEY) is None
    assert compare(a_record(LEAD, 1, name=IVAN), a_record(LEAD, 2, name=IVAN), RULES, PORTAL_KEY) is None


def test_a_record_is_no_match_of_itself() -> None:
    record = a_record(LEAD, 1, phones=("89123456789",))

    assert compare(record, replace(record, company_title="renamed"), RULES, PORTAL_KEY) is None


def test_an_equal_address_is_not_an_alias_as_well() -> None:
    one, other = (a_record(LEAD, number, emails=("ivan@gmail.com",)) for number in (1, 2))

    assert [reason.code for reason in matched(one, other).reasons] == [ReasonCode.SAME_EMAIL]


def test_of_several_spellings_the_one_that_speaks_most_for_the_match_counts() -> None:
    one = a_record(LEAD, 1, phones=("89123456789 доб. 6", "89123456789 доб. 5"))
    other = a_record(LEAD, 2, phones=("+7 912 345-67-89 доб. 5",))

    (reason,) = matched(one, other).reasons

    assert reason.raw_a == "89123456789 доб. 5"
    assert reason.grade is Grade.EXACT


def test_the_best_reason_comes_first_and_more_reasons_score_higher() -> None:
    one = a_record(LEAD, 1, phones=("123-45-67", "89123456789"), emails=("info@primer.example",))
    by_all = matched(
        one, a_record(LEAD, 2, phones=("89123456789", "1234567"), emails=("info@primer.example",))
    )
    by_phone = matched(one, a_record(LEAD, 3, phones=("89123456789",)))

    assert [reason.code for reason in by_all.reasons] == [
        ReasonCode.SAME_PHONE,
        ReasonCode.SAME_EMAIL,
        ReasonCode.SAME_WEAK_PHONE,
    ]
    assert by_all.grade is by_phone.grade is Grade.EXACT
    assert by_all.score > by_phone.score


def test_more_alike_names_score_higher_within_a_grade() -> None:
    one = a_record(LEAD, 1, name=IVAN, phones=("89123456789",))
    same = matched(one, a_record(LEAD, 2, name=IVAN, phones=("89123456789",)))
    unknown = matched(one, a_record(LEAD, 2, phones=("89123456789",)))

    assert (same.name_similarity, same.name_effect) == (100, NameEffect.SAME)
    assert (unknown.name_similarity, unknown.name_effect) == (None, NameEffect.UNKNOWN)
    assert same.score > unknown.score


def test_the_rules_say_which_grades_are_shown() -> None:
    match = matched(a_record(LEAD, 1, phones=("123-45-67",)), a_record(LEAD, 2, phones=("123-45-67",)))

    assert is_shown(match, RULES)
    assert not is_shown(match, replace(RULES, least_grade=Grade.POSSIBLE))


def test_a_stop_listed_value_makes_no_match() -> None:
    one, other = (a_record(LEAD, number, phones=("8 800 555-35-35",)) for number in (1, 2))

    assert compare(one, other, replace(RULES, stop_list=("88005553535",)), PORTAL_KEY) is None


PHONES = st.lists(
    st.sampled_from(
        ("89123456789", "+7 912 345-67-89 доб. 5", "9123456789 #6", "123-45-67", "8 926 123-45-67/8")
    ),
    max_size=3,
)
EMAILS = st.lists(
    st.sampled_from(
        ("i.van@gmail.com", "ivan+a@gmail.com", "info@primer.example", "ivan@mail,ru", "IVAN@gmail.com")
    ),
    max_size=3,
)
RECORDS = st.builds(
    lambda kind, number, phones, emails, name: a_record(
        kind, number, phones=tuple(phones), emails=tuple(emails), name=name
    ),
    st.sampled_from((LEAD, CONTACT, COMPANY)),
    st.integers(1, 3),
    PHONES,
    EMAILS,
    st.sampled_from(("", IVAN, VANYA, ANNA)),
)


@given(a=RECORDS, b=RECORDS)
def test_it_does_not_matter_who_is_compared_with_whom(a: Record, b: Record) -> None:
    there, back = compare(a, b, RULES, PORTAL_KEY), compare(b, a, RULES, PORTAL_KEY)

    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert (there.grade, there.score, there.name_effect) == (back.grade, back.score, back.name_effect)
        assert [reason.key for reason in there.reasons] == [reason.key for reason in back.reasons]
        assert [reason.native for reason in there.reasons] == [reason.native for reason in back.reasons]


@given(a=RECORDS, b=RECORDS)
def test_a_match_is_a_shared_key_and_its_score_follows_its_grade(a: Record, b: Record) -> None:
    match = compare(a, b, RULES, PORTAL_KEY)

    shared = match_keys(a, RULES, PORTAL_KEY) & match_keys(b, RULES, PORTAL_KEY)
    assert (match is not None) == (bool(shared) and a.ref != b.ref)
    if match is not None:
        assert {reason.key for reason in match.reasons} <= shared
        assert match.grade == max(reason.grade for reason in match.reasons)
        assert (
            {1: 10, 2: 40, 3: 65, 4: 85}[match.grade]
            <= match.score
            <= {1: 25, 2: 55, 3: 80, 4: 100}[match.grade]
        )
