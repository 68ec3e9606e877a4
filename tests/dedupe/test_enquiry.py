"""Who repeats whom: a table of judgements, and rules that no portal can mean."""

import pytest

from b24app.dedupe.enquiry import Candidate, judge
from b24app.dedupe.enquiry_rules import By, EnquiryRules, Original
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.rules import DAY_S, MistakeCode, RuleMistake

NOW = 1_790_000_000.0
LEAD = 100
PHONE, EMAIL = frozenset({By.PHONE}), frozenset({By.EMAIL})


def a_lead(
    number: int, *, days: float = 10, by: frozenset[By] = PHONE, stage: Stage = Stage.IN_WORK
) -> Candidate:
    return Candidate(RecordRef(RecordType.LEAD, number), by, stage, 5, NOW - days * DAY_S)


def a_contact(number: int, *, days: float = 10, has_open_deal: bool = False) -> Candidate:
    ref = RecordRef(RecordType.CONTACT, number)
    return Candidate(ref, PHONE, Stage.NONE, 6, NOW - days * DAY_S, None, has_open_deal)


ONLY_CLIENTS = EnquiryRules(originals=frozenset({Original.CONTACT, Original.COMPANY}))
CASES = {
    "nobody": ((), EnquiryRules(), None),
    "an earlier lead": ((a_lead(7),), EnquiryRules(), ("lead:7", "phone", 1)),
    "a later lead": ((a_lead(7, days=-1),), EnquiryRules(), None),
    "one of the same moment with a smaller id": (
        (a_lead(99, days=0),),
        EnquiryRules(),
        ("lead:99", "phone", 1),
    ),
    "one of the same moment with a greater id": ((a_lead(101, days=0),), EnquiryRules(), None),
    "a contact made with the lead": ((a_contact(1, days=0),), EnquiryRules(), None),
    "by e-mail where only phones count": ((a_lead(7, by=EMAIL),), EnquiryRules(by=PHONE), None),
    "by both": ((a_lead(7, by=PHONE | EMAIL),), EnquiryRules(), ("lead:7", "both", 1)),
    "by both where one counts": (
        (a_lead(7, by=PHONE | EMAIL),),
        EnquiryRules(by=EMAIL),
        ("lead:7", "email", 1),
    ),
    "too long ago": ((a_lead(7, days=31),), EnquiryRules(look_back_days=30), None),
    "just in time": ((a_lead(7, days=30),), EnquiryRules(look_back_days=30), ("lead:7", "phone", 1)),
    "however long ago": ((a_lead(7, days=9_000),), EnquiryRules(look_back_days=0), ("lead:7", "phone", 1)),
    "lost leads do not count": (
        (a_lead(7, stage=Stage.LOST),),
        EnquiryRules(originals=frozenset({Original.IN_WORK})),
        None,
    ),
    "open work before a newer client": (
        (a_lead(7), a_contact(1, days=2)),
        EnquiryRules(),
        ("lead:7", "phone", 1),
    ),
    "an open deal is open work": (
        (a_lead(7), a_contact(1, days=2, has_open_deal=True)),
        EnquiryRules(),
        ("contact:1", "phone", 1),
    ),
    "a client before a newer closed lead": (
        (a_lead(7, days=1, stage=Stage.WON), a_contact(1)),
        EnquiryRules(),
        ("contact:1", "phone", 1),
    ),
    "the latest of several": (
        (a_lead(7), a_lead(8, days=3), a_lead(9, days=20)),
        EnquiryRules(),
        ("lead:8", "phone", 3),
    ),
    "leads that are no originals are counted": (
        (a_lead(7, stage=Stage.LOST), a_lead(8), a_contact(1)),
        ONLY_CLIENTS,
        ("contact:1", "phone", 2),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_lead_is_judged_by_what_was_there_before_it(case: str):
    candidates, rules, expected = CASES[case]

    verdicts = [judge(LEAD, NOW, some, rules, now=NOW) for some in (candidates, candidates[::-1])]

    told = [one and (str(one.original), one.rule, one.number) for one in verdicts]
    assert told == [expected, expected]


def test_of_two_leads_at_once_exactly_one_is_the_repeat():
    first, second = (RecordRef(RecordType.LEAD, number) for number in (1, 2))

    verdicts = [
        judge(one.id, NOW, [Candidate(other, PHONE, Stage.IN_WORK, 5, NOW)], EnquiryRules(), now=NOW)
        for one, other in ((first, second), (second, first))
    ]

    assert [verdict and verdict.original for verdict in verdicts] == [None, first]


def test_rules_come_back_from_json_as_they_were():
    rules = EnquiryRules(
        is_on=True, by=EMAIL, move=True, move_to="IN_PROCESS", originals=frozenset({Original.WON})
    )

    assert EnquiryRules.from_dict(rules.to_dict()) == rules
    assert EnquiryRules.from_dict({}) == EnquiryRules()


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        ([], "", MistakeCode.NOT_AN_OBJECT),
        ({"colour": 1}, "colour", MistakeCode.UNKNOWN_FIELD),
        ({"is_on": 1}, "is_on", MistakeCode.WRONG_TYPE),
        ({"look_back_days": True}, "look_back_days", MistakeCode.WRONG_TYPE),
        ({"look_back_days": 3_651}, "look_back_days", MistakeCode.OUT_OF_RANGE),
        ({"look_back_days": -1}, "look_back_days", MistakeCode.OUT_OF_RANGE),
        ({"task_days": 366}, "task_days", MistakeCode.OUT_OF_RANGE),
        ({"by": []}, "by", MistakeCode.EMPTY),
        ({"by": ["fax"]}, "by", MistakeCode.UNKNOWN_CHOICE),
        ({"by": "phone"}, "by", MistakeCode.WRONG_TYPE),
        ({"originals": []}, "originals", MistakeCode.EMPTY),
        ({"move": True}, "move_to", MistakeCode.EMPTY),
        ({"move_to": "X" * 51}, "move_to", MistakeCode.UNKNOWN_CHOICE),
    ],
)
def test_rules_that_nobody_can_mean_are_refused_with_the_field(raw: object, field: str, code: MistakeCode):
    with pytest.raises(RuleMistake) as refused:
        EnquiryRules.from_dict(raw)

    assert (refused.value.field, refused.value.code) == (field, code)
