"""Commands that must not be built, and readers of odd values."""

import pytest

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import Answer, Command
from b24app.bitrix24.errors import UnexpectedAnswer


@pytest.mark.parametrize("key", ["UF_UNKNOWN", ">NO_SUCH", "id", "", ">PHONE", "%EMAIL", "STAGE_ID"])
def test_a_filter_that_portals_would_drop_in_silence_is_refused(key):
    with pytest.raises(methods.FilterMistake):
        methods.list_records("lead", select=["ID"], filter_by={key: 1})


@pytest.mark.parametrize("key", ["ID", ">ID", "<=ID", "@ID", ">=DATE_MODIFY", "!=STATUS_ID", "PHONE"])
def test_a_filter_of_known_fields_passes(key):
    assert methods.list_records("lead", select=["ID"], filter_by={key: 1}).params["filter"] == {key: 1}


def test_lists_are_not_counted_unless_asked():
    assert methods.list_records("company", select=["ID"]).params["start"] == -1


def test_users_are_asked_for_fifty_at_a_time():
    commands = methods.users_in_parts([*range(1, 121), 1, 2])

    assert [len(command.params["FILTER"]["ID"]) for command in commands] == [50, 50, 20]


def test_more_than_a_portal_reads_is_refused():
    with pytest.raises(ValueError, match="twenty"):
        methods.find_by_communication("EMAIL", ["a"] * 21, "LEAD")
    with pytest.raises(ValueError, match="fifty"):
        methods.users(range(51))


@pytest.mark.parametrize(
    ("method", "is_reading"),
    [
        ("crm.lead.list", True),
        ("profile", True),
        ("crm.duplicate.findbycomm", True),
        ("event.bind", False),
        ("placement.unbind", False),
        ("event.offline.get", False),
    ],
)
def test_only_reading_methods_may_be_asked_twice(method, is_reading):
    assert Command(method).is_reading == is_reading


@pytest.mark.parametrize(
    ("value", "record_id"),
    [
        ("12", 12),
        (12, 12),
        (" 12 ", 12),
        ("0", None),
        (0, None),
        ("", None),
        (None, None),
        (True, None),
        ("x", None),
    ],
)
def test_an_id_has_many_spellings(value, record_id):
    assert answers.to_id(value) == record_id


@pytest.mark.parametrize("value", [True, "1", 1, "Y"])
def test_a_yes_has_four_spellings(value):
    assert answers.to_bool(value)


@pytest.mark.parametrize("value", [False, "0", 0, "N", "", None, []])
def test_everything_else_is_a_no(value):
    assert not answers.to_bool(value)


def test_the_primary_link_comes_first():
    links = [
        {"COMPANY_ID": 8, "IS_PRIMARY": "N"},
        {"COMPANY_ID": "7", "IS_PRIMARY": "Y"},
        {"COMPANY_ID": "0"},
    ]

    assert answers.linked_ids(Answer(links), "COMPANY_ID") == (7, 8)


def test_nothing_found_is_a_list_and_reads_as_nothing():
    assert answers.found_ids(Answer([])) == {}


@pytest.mark.parametrize(
    "read", [answers.rows, answers.row, answers.codes, answers.viewer, answers.portal_users]
)
def test_an_answer_of_another_shape_is_unexpected(read):
    with pytest.raises(UnexpectedAnswer):
        read(Answer("text"))
