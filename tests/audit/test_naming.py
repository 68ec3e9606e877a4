"""What the names of a group say, who gets the next call and what to change; and one run beside the next."""

import numpy as np
import pytest

from b24app.dedupe.grade import Grade
from b24app.dedupe.key_table import pack_refs
from b24app.dedupe.keys import match_keys
from b24app.dedupe.record import Record, RecordRef
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.shared import Severity, SharedKind
from b24app.services.audit.run.compare_runs import compare_runs
from b24app.services.audit.run.naming import Judged, judge_group, shared_keys, sharers
from b24app.store.audit_sums import MemberColumns
from b24app.store.audit_values import Change, NameGrade
from b24app.store.index_batch import IndexedRecord
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, PORTAL_KEY, a_record
from tests.store.audits import a_group
from tests.store.builders import NOON, a_lead

RULES = RuleSet()
YEAR = 365 * 86_400.0
PHONE, MAIL = ("+7 912 000-00-07",), ("anna@mail.example",)


def indexed(record: Record) -> IndexedRecord:
    keys = match_keys(record, RULES, PORTAL_KEY)
    return IndexedRecord(record.ref, keys, 1, record.responsible_id, record.stage, (), None, None, NOON)


def judged(*records: Record, deals: dict[RecordRef, float] | None = None) -> Judged:
    known = {record.ref: indexed(record) for record in records}
    keys = shared_keys(known, known, frozenset())
    live = {record.ref: record for record in records}
    return judge_group(a_group(grade=Grade.POSSIBLE), keys, live, deals or {}, RULES, PORTAL_KEY)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"name": "Петрова Анна"}, {"name": "Петрова Аня"}, NameGrade.SAME),
        ({"name": "Петрова Анна"}, {"name": "Кузнецов Олег"}, NameGrade.DIFFERENT),
        ({"name": "Петрова Анна"}, {}, NameGrade.UNKNOWN),
        (
            {"name": "Петрова Анна", "created_at": NOON - YEAR, "modified_at": NOON - YEAR},
            {"name": "Кузнецов Олег", "created_at": NOON},
            NameGrade.PASSED_ON,
        ),
        (
            {"name": "Петрова Анна", "created_at": NOON - YEAR, "modified_at": NOON - 1},
            {"name": "Кузнецов Олег", "created_at": NOON},
            NameGrade.DIFFERENT,
        ),
        (
            {"name": "Петрова Анна", "created_at": NOON - YEAR, "emails": MAIL},
            {"name": "Кузнецов Олег", "created_at": NOON, "emails": MAIL},
            NameGrade.DIFFERENT,
        ),
    ],
)
def test_names_tell_one_person_from_two_and_from_a_number_passed_on(one, other, expected):
    found = judged(a_record(LEAD, 1, phones=PHONE, **one), a_record(LEAD, 2, phones=PHONE, **other))

    assert found.graded.name_grade is expected
    assert found.graded.grade is (
        Grade.LIKELY if expected in (NameGrade.DIFFERENT, NameGrade.PASSED_ON) else Grade.EXACT
    )
    assert (found.graded.name_score is None) == (not other.get("name"))


def test_the_score_is_that_of_the_weakest_link_a_group_needs():
    third = a_record(LEAD, 3, emails=MAIL, name="Кузнецов Олег")
    found = judged(
        a_record(LEAD, 1, phones=PHONE, name="Петрова Анна"),
        a_record(LEAD, 2, phones=PHONE, emails=MAIL, name="Петрова Аня"),
        third,
    )

    assert found.graded.name_grade is NameGrade.DIFFERENT
    assert judged(third).graded.name_score is None


def test_members_that_are_gone_count_no_more():
    there, gone = a_record(LEAD, 1, phones=PHONE), a_record(LEAD, 2, phones=PHONE)
    known = {record.ref: indexed(record) for record in (there, gone)}

    found = judge_group(
        a_group(grade=Grade.POSSIBLE),
        shared_keys(known, known, frozenset()),
        {there.ref: there},
        {},
        RULES,
        PORTAL_KEY,
    )

    assert (found.graded.grade, found.shared) == (Grade.POSSIBLE, ())


def test_hubs_are_no_shared_value():
    records = [a_record(LEAD, number, phones=PHONE) for number in (1, 2)]
    known = {record.ref: indexed(record) for record in records}
    hub = next(iter(known[records[0].ref].keys))

    assert shared_keys(known, known, frozenset({hub})) == ()


def test_companies_and_deals_are_read_of_those_who_share_a_value_across_types():
    lead, contact, company = (a_record(kind, 1, phones=PHONE) for kind in (LEAD, CONTACT, COMPANY))
    others = [a_record(kind, number, emails=MAIL) for kind, number in ((LEAD, 2), (CONTACT, 2), (CONTACT, 3))]
    known = {record.ref: indexed(record) for record in (lead, contact, company, *others)}

    found = sharers(shared_keys(known, known, frozenset()))

    assert found == ({contact.ref}, {company.ref})


@pytest.mark.parametrize(
    ("linked", "same", "kind", "severity", "advice"),
    [
        (True, True, SharedKind.OWN_COMPANY, Severity.INFO, "nothing"),
        (True, False, SharedKind.OWN_COMPANY, Severity.WARNING, "give_to_seller"),
        (False, True, SharedKind.FOREIGN_COMPANY, Severity.WARNING, "link_contact"),
        (False, False, SharedKind.FOREIGN_COMPANY, Severity.ALARM, "settle_owner"),
    ],
)
def test_shared_contact_data_say_who_gets_the_call_and_what_to_change(linked, same, kind, severity, advice):
    contact = a_record(CONTACT, 1, phones=PHONE, links=("company:2",) if linked else ())
    company = a_record(COMPANY, 2, phones=PHONE, responsible=1 if same else 9)

    found = judged(contact, company, deals={company.ref: NOON})

    (value,) = found.shared
    assert (value.shared_kind, value.severity, value.advice) == (kind, severity, advice)
    assert (value.receiver, value.should_receive) == (contact.ref, company.ref)
    assert value.is_misrouted is not same
    assert (found.graded.shared_kind, found.graded.severity) == (kind, severity)


def test_several_sharers_are_to_be_merged_first_and_an_email_calls_nobody():
    found = judged(
        a_record(CONTACT, 1, emails=MAIL),
        a_record(CONTACT, 2, emails=MAIL),
        a_record(COMPANY, 3, emails=MAIL),
    )

    (value,) = found.shared
    assert (value.value_kind, value.advice, value.receiver) == ("email", "merge_first", None)


def members(*groups: tuple[int, ...]) -> MemberColumns:
    """Leads by group; the place of a group is its number."""
    pairs = sorted((one, number) for number, leads in enumerate(groups) for one in leads)
    return MemberColumns(
        np.array([number for _, number in pairs], np.int64), pack_refs([a_lead(one) for one, _ in pairs])
    )


@pytest.mark.parametrize(
    ("before", "after", "changes", "solved"),
    [
        ([(1, 2)], [(1, 2)], [Change.SAME], ()),
        ([(1, 2)], [(1, 2, 3)], [Change.GROWN], ()),
        ([(1, 2), (3, 4)], [(1, 2, 3, 4)], [Change.GROWN], ()),
        ([(1, 2, 3)], [(1, 2)], [Change.SHRUNK], ()),
        ([(1, 2, 3, 4)], [(1, 2), (3, 4)], [Change.SHRUNK, Change.SHRUNK], ()),
        ([(1, 2)], [(2, 3)], [Change.NEW], (0,)),
        ([(1, 2), (5, 6)], [], [], (0, 1)),
        ([], [(1, 2)], [Change.NEW], ()),
    ],
)
def test_a_run_beside_the_one_before(before, after, changes, solved):
    found = compare_runs(members(*before), members(*after))

    assert list(found.changes.values()) == changes
    assert found.solved == solved
