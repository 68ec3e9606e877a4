"""PHP's bracketed forms, both ways."""

import pytest

from b24app.sandbox.wire import Json, as_int, parse_query, php_array, to_pairs

QUERIES: tuple[tuple[str, dict[str, Json]], ...] = (
    ("", {}),
    ("id=5", {"id": "5"}),
    ("filter[%3EID]=5&filter[STATUS_ID]=NEW", {"filter": {">ID": "5", "STATUS_ID": "NEW"}}),
    ("select[]=ID&select[]=PHONE", {"select": ["ID", "PHONE"]}),
    ("select[0]=ID&select[1]=PHONE", {"select": ["ID", "PHONE"]}),
    ("fields[PHONE][0][VALUE]=1&fields[PHONE][0][VALUE_TYPE]=WORK", {
        "fields": {"PHONE": [{"VALUE": "1", "VALUE_TYPE": "WORK"}]}
    }),
    ("a=$result[x][49][ID]", {"a": "$result[x][49][ID]"}),
    ("empty=", {"empty": ""}),
)  # fmt: skip


@pytest.mark.parametrize(("query", "tree"), QUERIES)
def test_a_query_becomes_the_tree_that_php_makes(query: str, tree: dict[str, Json]) -> None:
    assert parse_query(query) == tree


def test_an_unencoded_less_or_equal_breaks_the_name_as_in_php() -> None:
    assert parse_query("filter[<=ID]=9") == {"filter[<": "ID]=9"}


def test_a_tree_is_written_as_form_fields() -> None:
    tree: dict[str, Json] = {"event": "E", "data": {"FIELDS": {"ID": 7}}, "list": [True, None]}

    assert to_pairs(tree) == [("event", "E"), ("data[FIELDS][ID]", "7"), ("list[0]", "1"), ("list[1]", "")]


@pytest.mark.parametrize(
    ("values", "printed"),
    [({}, []), ({"0": "a", "1": "b"}, ["a", "b"]), ({"1": "b"}, {"1": "b"}), ({"a": 1}, {"a": 1})],
)
def test_an_array_is_printed_as_php_does(values: dict[str, Json], printed: Json) -> None:
    assert php_array(values) == printed


@pytest.mark.parametrize(
    ("value", "number"), [("12abc", 12), ("", 0), (None, 0), ("-3", -3), (True, 1), ("x", 0)]
)
def test_a_number_is_cast_as_php_does(value: Json, number: int) -> None:
    assert as_int(value) == number
