"""The plan of a whole reading: which ids belong together, and which pages go into one request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.record import RecordType
from b24app.services.indexing.reading import REQUEST_ROWS, Bounds, plan_request, plan_spans
from b24app.store.sync_state import Range

LEAD, CONTACT = RecordType.LEAD, RecordType.CONTACT
DENSE = {LEAD: 1.0, CONTACT: 1.0}


def a_range(number: int, rows: int, *, kind: RecordType = LEAD, read: int = 0) -> Range:
    return Range(1, number, kind, 1_000, 1_000 + rows, read, False)


@given(
    first=st.integers(1, 10**6),
    ids=st.integers(1, 3_000_000),
    share=st.floats(0.001, 1.0),
)
def test_every_id_belongs_to_exactly_one_span(first, ids, share):
    bounds = {LEAD: Bounds(first, first + ids - 1, max(1, int(ids * share)))}

    spans = plan_spans(bounds)

    edges = [(span.after_id, span.up_to_id) for span in spans]
    assert edges[0][0] == first - 1
    assert edges[-1][1] == first + ids - 1
    assert all(low < high for low, high in edges)
    assert [high for _, high in edges[:-1]] == [low for low, _ in edges[1:]]


def test_dense_ids_are_cut_into_whole_requests():
    spans = plan_spans({LEAD: Bounds(1, 1_000_000, 1_000_000)})

    sizes = [span.up_to_id - span.after_id for span in spans]
    assert all(size % REQUEST_ROWS == 0 for size in sizes)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == REQUEST_ROWS


def test_where_ids_are_missing_a_span_is_planned_a_little_short_of_its_requests():
    spans = plan_spans({LEAD: Bounds(1, 1_000_000, 500_000)})

    rows = [(span.up_to_id - span.after_id) / 2 for span in spans[:-1]]
    requests = [-(-size // REQUEST_ROWS) for size in rows]
    assert all(size < whole * REQUEST_ROWS for size, whole in zip(rows, requests, strict=True))
    assert sum(rows) > 0.97 * REQUEST_ROWS * sum(requests)


def test_types_take_turns():
    bounds = Bounds(1, 10 * REQUEST_ROWS, 10 * REQUEST_ROWS)

    spans = plan_spans({LEAD: bounds, CONTACT: bounds})

    assert [span.type for span in spans[:4]] == [LEAD, CONTACT, LEAD, CONTACT]


def test_the_longest_rest_goes_first_and_short_ones_fill_the_request():
    free = [a_range(0, 400), a_range(1, 1_900, kind=CONTACT), a_range(2, 500), a_range(3, 100)]

    chains = plan_request(free, DENSE)

    assert [(chain.range.number, chain.pages) for chain in chains] == [(1, 38), (2, 10), (3, 2)]


@pytest.mark.parametrize(
    ("rest", "density", "pages"),
    [
        (a_range(0, 2_500), 1.0, 50),  # certain to the row
        (a_range(0, 1), 1.0, 1),
        (a_range(0, 2_000), 0.5, 22),  # two to spare
        (a_range(0, 10**15), 0.0, 2),  # a sweep looks whether there is anything
        (a_range(0, 10**15, read=100), 0.0, 4),  # and looks further the more there was
        (a_range(0, 10**15, read=9_000), 0.0, 50),
    ],
)
def test_no_more_pages_are_asked_than_should_be_needed(rest, density, pages):
    [chain] = plan_request([rest], {LEAD: density})

    assert chain.pages == pages


def test_nothing_free_is_no_request():
    assert plan_request([], DENSE) == []


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=60))
def test_a_request_is_never_longer_than_fifty_pages(sizes):
    chains = plan_request([a_range(number, rows) for number, rows in enumerate(sizes)], DENSE)

    assert 1 <= sum(chain.pages for chain in chains) <= 50
