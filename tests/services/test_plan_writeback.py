"""What is written, kept and told, decided without a portal; and how an outcome is spelt in fields."""

from dataclasses import replace

import pytest

from b24app.bitrix24.answers_fields import UserField
from b24app.dedupe.outcome import MatchKind, Outcome, Surroundings, not_checked, outcomes
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.publishing import PublishingMistake, PublishingOptions
from b24app.services.writeback.plan import changes_of, plan_writeback
from b24app.services.writeback.reason_text import reason_text
from b24app.services.writeback.result_fields import ResultCode, Spelling
from b24app.store.outcomes import StoredOutcome
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, PORTAL_KEY, a_record

NOW = 1_790_000_000.0
PHONE, EMAIL = "+7 900 555-01-01", "anna@acme.example"
STATUSES = {"not_checked": 11, "none": 12, "duplicate": 13, "shared": 14}
GRADES = {"weak": 21, "possible": 22, "likely": 23, "exact": 24}
SHARED = {"own_company": 31, "foreign_company": 32, "several": 33}
ITEMS = {ResultCode.STATUS: STATUSES, ResultCode.GRADE: GRADES, ResultCode.SHARED: SHARED}
FIELDS = {
    code.value: UserField(number, "", is_multiple=code is ResultCode.MATCHES, items=ITEMS.get(code, {}))
    for number, code in enumerate(ResultCode)
}
SPELLING = Spelling(dict.fromkeys(RecordType, FIELDS), "ru")
A, B = RecordRef(LEAD, 1), RecordRef(LEAD, 2)


def judge(*records: Record) -> dict[RecordRef, Outcome]:
    return outcomes(Surroundings({record.ref: record for record in records}, RuleSet(), PORTAL_KEY, NOW))


def a_pair(responsible: int = 5) -> dict[RecordRef, Outcome]:
    return judge(
        a_record(LEAD, 1, phones=(PHONE,), created_at=1.0),
        a_record(LEAD, 2, phones=(PHONE,), created_at=2.0, responsible=responsible),
    )


def published(found: dict[RecordRef, Outcome]) -> dict[RecordRef, StoredOutcome]:
    """Return what is kept when all of it was written before."""
    plan = plan_writeback(found, {}, fresh=list(found), new=[], spelling=SPELLING)
    return {publication.outcome.ref: publication.kept for publication in plan}


def test_a_match_is_spelt_as_the_portal_stores_it():
    contact = a_record(CONTACT, 7, phones=(PHONE,), emails=(EMAIL,), responsible=42)
    found = judge(a_record(LEAD, 1, phones=(PHONE,)), contact, a_record(COMPANY, 9, emails=(EMAIL,)))

    values = SPELLING.values(found[A])

    assert values == {
        ResultCode.STATUS: 13,
        ResultCode.COUNT: 1,
        ResultCode.LEADS: 0,
        ResultCode.CONTACTS: 1,
        ResultCode.COMPANIES: 0,
        ResultCode.MATCHES: ["C_7"],
        ResultCode.BEST: "C_7",
        ResultCode.OWNER: 42,
        ResultCode.GRADE: 24,
        ResultCode.SHARED: "",
        ResultCode.REASON: "Телефон совпадает: 1 контакт",
        ResultCode.CHECKED: "2026-09-21T14:13:20+00:00",
        ResultCode.GROUP: "lead:1",
    }
    assert SPELLING.values(found[RecordRef(CONTACT, 7)])[ResultCode.MATCHES] == ["CO_9", "L_1"]


def test_what_is_gone_is_emptied_and_what_is_not_checked_has_no_counts():
    alone = SPELLING.values(judge(a_record(LEAD, 1, phones=(PHONE,)))[A])
    unchecked = SPELLING.values(not_checked([A], now=NOW)[A])

    assert (alone[ResultCode.STATUS], alone[ResultCode.COUNT], alone[ResultCode.MATCHES]) == (12, 0, [""])
    assert {
        alone[code] for code in (ResultCode.BEST, ResultCode.OWNER, ResultCode.GRADE, ResultCode.REASON)
    } == {""}
    assert (unchecked[ResultCode.STATUS], unchecked[ResultCode.COUNT]) == (11, "")


def test_a_field_or_an_item_that_an_administrator_deleted_stops_no_other():
    without = {code: field for code, field in FIELDS.items() if code != ResultCode.OWNER}
    without[ResultCode.GRADE.value] = replace(FIELDS[ResultCode.GRADE.value], items={})

    values = Spelling(dict.fromkeys(RecordType, without), "en").values(a_pair()[A])

    assert ResultCode.OWNER not in values
    assert values[ResultCode.GRADE] == ""
    assert values[ResultCode.REASON] == "Same phone: 1 lead"


def test_only_what_differs_is_written_and_told():
    found = a_pair()

    again = plan_writeback(found, published(found), fresh=[A, B], new=[], spelling=SPELLING)

    assert again == []


def test_the_time_of_the_check_alone_is_no_difference():
    found = a_pair()
    later = {ref: replace(outcome, checked_at=NOW + 60) for ref, outcome in found.items()}

    assert plan_writeback(later, published(found), fresh=[A], new=[], spelling=SPELLING) == []


def test_another_responsible_of_the_match_is_written_and_no_news():
    found = a_pair(responsible=6)

    (written,) = plan_writeback(found, published(a_pair()), fresh=[B], new=[], spelling=SPELLING)

    assert written.outcome.ref == A
    assert written.write is not None
    assert written.write[ResultCode.OWNER] == 6
    assert written.change is None
    assert written.kept.version == 1


def test_a_new_record_and_its_match_are_told_oldest_first():
    plan = plan_writeback(a_pair(), {}, fresh=[B], new=[B], spelling=SPELLING)

    assert [(change.ref, change.is_new, change.before) for change in changes_of(plan, is_backlog=False)] == [
        (A, False, None),
        (B, True, None),
    ]


def test_a_backlog_writes_old_duplicates_and_tells_nobody():
    plan = plan_writeback(a_pair(), {}, fresh=[], new=[], spelling=SPELLING)

    assert [publication.write is not None for publication in plan] == [True, True]
    assert changes_of(plan, is_backlog=False) == []


def test_a_unique_record_is_written_when_it_changed_and_left_alone_in_a_backlog():
    found = judge(a_record(LEAD, 1, phones=(PHONE,)))

    assert plan_writeback(found, {}, fresh=[], new=[], spelling=SPELLING) == []
    assert len(plan_writeback(found, {}, fresh=[A], new=[], spelling=SPELLING)) == 1


def test_what_is_not_checked_is_written_and_told_to_nobody():
    found = not_checked([A], now=NOW)

    (written,) = plan_writeback(found, published(a_pair()), fresh=[A], new=[], spelling=SPELLING)

    assert written.write is not None
    assert written.change is None


def test_without_fields_outcomes_are_kept_told_and_written_when_there_are_some():
    found = a_pair()
    silent = plan_writeback(found, {}, fresh=[A, B], new=[], spelling=None)
    kept = {publication.outcome.ref: publication.kept for publication in silent}

    later = plan_writeback(found, kept, fresh=[], new=[], spelling=SPELLING)

    assert [publication.write for publication in silent] == [None, None]
    assert len(changes_of(silent, is_backlog=False)) == 2
    assert [publication.write is not None for publication in later] == [True, True]
    assert changes_of(later, is_backlog=False) == []


def test_a_field_made_again_is_filled_again():
    made_again = {**FIELDS, ResultCode.COUNT.value: replace(FIELDS[ResultCode.COUNT.value], id=99)}
    spelling = Spelling(dict.fromkeys(RecordType, made_again), "ru")
    found = a_pair()

    plan = plan_writeback(found, published(found), fresh=[], new=[], spelling=spelling)

    assert len(plan) == 2
    assert spelling.signature() != SPELLING.signature()


def test_a_reason_names_values_and_counts_and_no_person():
    found = judge(
        a_record(LEAD, 1, phones=(PHONE,), emails=(EMAIL,), name="Белкина Анна"),
        *(a_record(LEAD, number, phones=(PHONE,)) for number in (2, 3)),
        a_record(COMPANY, 4, phones=(PHONE,), emails=(EMAIL,)),
        a_record(CONTACT, 5, phones=(PHONE,), name="Белкина Анна"),
    )

    assert reason_text(found[A], "ru") == (
        "Телефон совпадает: 2 лида, 1 контакт, 1 компания; E-mail совпадает: 1 компания"
    )
    assert reason_text(found[RecordRef(CONTACT, 5)], "en").endswith(
        "; A contact and another company share contact data"
    )
    assert reason_text(judge(a_record(LEAD, 1))[A], "ru") == ""


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"write_fields": "yes"}, "write_fields"),
        ({"best_order": "contact"}, "best_order"),
        ({"best_order": ["contact"]}, "best_order"),
        ({"best_order": ["nobody"]}, "best_order"),
        ({"best_order": [*list(MatchKind)[:5], MatchKind.CONTACT_WITH_DEAL]}, "best_order"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_options_that_mean_nothing_are_refused_by_name(raw: dict[str, object], field: str):
    with pytest.raises(PublishingMistake) as refused:
        PublishingOptions.from_dict(raw)

    assert refused.value.field == field


def test_options_come_back_as_they_were():
    options = PublishingOptions(write_fields=False, best_order=tuple(MatchKind)[::-1])

    assert PublishingOptions.from_dict(options.to_dict()) == options
    assert PublishingOptions.from_dict({}) == PublishingOptions()
