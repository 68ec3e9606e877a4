import json
from dataclasses import replace

import pytest

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordType, Stage
from b24app.dedupe.rules import MistakeCode, Reveal, RuleMistake, RuleSet, is_in_scope
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, a_record

DAY = 86_400.0
EVERYTHING_CHANGED = RuleSet(
    region="KZ",
    types=frozenset({RecordType.LEAD, RecordType.COMPANY}),
    email_aliases=False,
    hub_limit=20,
    least_grade=Grade.LIKELY,
    stop_list=("+7 701 123-45-67", "*@mail.example", "primer.example"),
    reveal=Reveal.NOTHING,
    look_back_days=365,
    include_closed=False,
)


@pytest.mark.parametrize("rules", [RuleSet(), EVERYTHING_CHANGED])
def test_rules_survive_json(rules: RuleSet) -> None:
    text = json.dumps(rules.to_dict())

    assert RuleSet.from_dict(json.loads(text)) == rules


@pytest.mark.parametrize(
    ("field", "is_same"),
    [("region", False), ("email_aliases", False), ("stop_list", False)]
    + [
        (name, True)
        for name in ("types", "hub_limit", "least_grade", "reveal", "look_back_days", "include_closed")
    ],
)
def test_only_region_mailboxes_and_stop_list_give_records_other_keys(field: str, is_same: bool) -> None:
    changed = replace(RuleSet(), **{field: getattr(EVERYTHING_CHANGED, field)})

    assert changed.gives_same_keys_as(RuleSet()) is is_same


def test_a_missing_field_has_its_default() -> None:
    assert RuleSet.from_dict({}) == RuleSet()
    assert RuleSet.from_dict({"region": "BY"}) == replace(RuleSet(), region="BY")


@pytest.mark.parametrize(
    ("raw", "field", "code", "position"),
    [
        ([], "", MistakeCode.NOT_AN_OBJECT, None),
        ({"regoin": "RU"}, "regoin", MistakeCode.UNKNOWN_FIELD, None),
        ({"region": "XX"}, "region", MistakeCode.UNKNOWN_REGION, None),
        ({"region": "ru"}, "region", MistakeCode.UNKNOWN_REGION, None),
        ({"region": 7}, "region", MistakeCode.WRONG_TYPE, None),
        ({"types": []}, "types", MistakeCode.EMPTY, None),
        ({"types": "lead"}, "types", MistakeCode.WRONG_TYPE, None),
        ({"types": ["lead", 3]}, "types", MistakeCode.WRONG_TYPE, 1),
        ({"types": ["lead", "deal"]}, "types", MistakeCode.UNKNOWN_CHOICE, 1),
        ({"email_aliases": 1}, "email_aliases", MistakeCode.WRONG_TYPE, None),
        ({"hub_limit": 1}, "hub_limit", MistakeCode.OUT_OF_RANGE, None),
        ({"hub_limit": 100_001}, "hub_limit", MistakeCode.OUT_OF_RANGE, None),
        ({"hub_limit": True}, "hub_limit", MistakeCode.WRONG_TYPE, None),
        ({"hub_limit": "50"}, "hub_limit", MistakeCode.WRONG_TYPE, None),
        ({"hub_limit": 2.5}, "hub_limit", MistakeCode.WRONG_TYPE, None),
        ({"least_grade": "sure"}, "least_grade", MistakeCode.UNKNOWN_CHOICE, None),
        ({"least_grade": None}, "least_grade", MistakeCode.WRONG_TYPE, None),
        ({"reveal": "all"}, "reveal", MistakeCode.UNKNOWN_CHOICE, None),
        ({"look_back_days": -1}, "look_back_days", MistakeCode.OUT_OF_RANGE, None),
        ({"include_closed": "N"}, "include_closed", MistakeCode.WRONG_TYPE, None),
        ({"stop_list": "x"}, "stop_list", MistakeCode.WRONG_TYPE, None),
        ({"stop_list": ["112"] * 1_001}, "stop_list", MistakeCode.TOO_MANY, None),
        ({"stop_list": ["112", ""]}, "stop_list", MistakeCode.NOT_A_STOP_ENTRY, 1),
        ({"stop_list": ["*"]}, "stop_list", MistakeCode.NOT_A_STOP_ENTRY, 0),
    ],
)
def test_a_mistake_names_its_field(raw: object, field: str, code: MistakeCode, position: int | None) -> None:
    with pytest.raises(RuleMistake) as mistake:
        RuleSet.from_dict(raw)

    assert (mistake.value.field, mistake.value.code, mistake.value.position) == (field, code, position)


def test_a_mistake_does_not_repeat_what_was_typed() -> None:
    with pytest.raises(RuleMistake) as mistake:
        RuleSet(stop_list=("garbage of Ivan Petrov",))

    assert "Petrov" not in str(mistake.value)


@pytest.mark.parametrize(
    ("rules", "is_shown"),
    [
        (RuleSet(), True),
        (RuleSet(types=frozenset({CONTACT, COMPANY})), False),
        (RuleSet(include_closed=False), False),
        (RuleSet(look_back_days=10), True),
        (RuleSet(look_back_days=9), False),
    ],
)
def test_a_closed_lead_changed_ten_days_ago_is_shown_by_the_rules(rules: RuleSet, is_shown: bool) -> None:
    lead = a_record(LEAD, 1, stage=Stage.LOST, created_at=0.0, modified_at=990 * DAY)

    assert is_in_scope(lead, rules, now=1_000 * DAY) is is_shown


def test_age_counts_from_creation_when_no_change_is_known() -> None:
    rules = RuleSet(look_back_days=5, include_closed=False)

    assert is_in_scope(a_record(LEAD, 1, stage=Stage.IN_WORK, created_at=6 * DAY), rules, now=10 * DAY)
    assert not is_in_scope(a_record(LEAD, 1, created_at=4 * DAY), rules, now=10 * DAY)
    assert is_in_scope(a_record(CONTACT, 1), rules, now=10 * DAY)
