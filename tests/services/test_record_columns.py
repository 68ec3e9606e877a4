"""Rows as columns are what the same rows are one by one, however their JSON was read."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pytest

from b24app.bitrix24 import listing
from b24app.bitrix24.batches import read_batch
from b24app.bitrix24.calls import Command
from b24app.bitrix24.errors import UnexpectedAnswer
from b24app.bitrix24.listing import ListedRow
from b24app.dedupe.keys import MatchKey, match_keys
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.indexing.record_columns import to_batch, to_moments
from b24app.services.indexing.records import to_live_record, to_timestamp
from b24app.store.arrays import from_links
from b24app.store.index_batch import IndexedBatch

PORTAL_KEY = bytes(range(32))
LEAD: dict[str, Any] = {
    "ID": "12",
    "TITLE": "Заявка с сайта",
    "NAME": " Анна ",
    "SECOND_NAME": None,
    "LAST_NAME": "Примерова",
    "COMPANY_TITLE": "Ромашка",
    "ASSIGNED_BY_ID": "5",
    "STATUS_ID": "NEW",
    "STATUS_SEMANTIC_ID": "P",
    "COMPANY_ID": "7",
    "CONTACT_ID": "9",
    "DATE_CREATE": "2026-03-02T11:18:38+03:00",
    "DATE_MODIFY": "2026-03-02T23:59:59-05:30",
    "PHONE": [{"ID": "1", "VALUE_TYPE": "WORK", "VALUE": "8 (900) 000-11-01", "TYPE_ID": "PHONE"}],
    "EMAIL": [{"ID": "2", "VALUE_TYPE": "WORK", "VALUE": "Anna@gmail.com", "TYPE_ID": "EMAIL"}],
}
ODD: tuple[dict[str, Any], ...] = (
    {"ASSIGNED_BY_ID": None, "COMPANY_ID": None, "CONTACT_ID": "0", "STATUS_SEMANTIC_ID": "F"},
    {"ASSIGNED_BY_ID": 5, "COMPANY_ID": "", "PHONE": [], "STATUS_SEMANTIC_ID": "S"},
    {"PHONE": [{"VALUE": " "}, {"VALUE": None}, {"VALUE": "+7 900 000-11-01"}, {"VALUE": "89000001101, 89000001102"}]},
    {"EMAIL": False, "PHONE": {"0": {"VALUE": "89000001101"}}, "DATE_CREATE": ""},
    {"EMAIL": [{"VALUE": 5}, "anna@mail.example"], "DATE_CREATE": None, "DATE_MODIFY": "yesterday"},
    {"COMPANY_ID": ["7"], "STATUS_SEMANTIC_ID": {"a": 1}, "ASSIGNED_BY_ID": "five"},
    {"DATE_CREATE": "2026-02-30T11:18:38+03:00", "DATE_MODIFY": "2026-03-02T11:18:38"},
)  # fmt: skip


def variants(kind: RecordType) -> list[dict[str, Any]]:
    """Return usual and odd rows of a type, each with an id of its own."""
    rows = [{**LEAD, **odd, "ID": str(number)} for number, odd in enumerate(({}, *ODD), start=1)]
    missing = {
        RecordType.LEAD: (),
        RecordType.CONTACT: ("TITLE", "COMPANY_TITLE", "STATUS_ID", "STATUS_SEMANTIC_ID", "CONTACT_ID"),
        RecordType.COMPANY: ("NAME", "SECOND_NAME", "LAST_NAME", "COMPANY_TITLE", "STATUS_ID",
                             "STATUS_SEMANTIC_ID", "COMPANY_ID", "CONTACT_ID"),
    }[kind]  # fmt: skip
    return [{field: value for field, value in row.items() if field not in missing} for row in rows]


def the_batch(*rows: Mapping[str, Any], kind: RecordType = RecordType.LEAD) -> IndexedBatch:
    return to_batch([(kind, list(map(ListedRow.of, rows)))], RuleSet(), PORTAL_KEY, read_at=1.0)


@pytest.mark.parametrize("kind", RecordType)
def test_rows_as_columns_are_what_they_are_one_by_one(kind: RecordType) -> None:
    rows = variants(kind)

    batch = the_batch(*rows, kind=kind)

    keys = list(
        zip(batch.key_rows.tolist(), batch.key_kinds.tolist(), batch.key_hashes.tolist(), strict=True)
    )
    ends = np.cumsum(batch.link_counts).tolist()
    for number, row in enumerate(rows):
        record = to_live_record(kind, row).record
        own = {MatchKey(each, value) for owner, each, value in keys if owner == number}  # type: ignore[arg-type]
        links = batch.links[ends[number] - batch.link_counts[number] : ends[number]].tolist()
        assert batch.refs()[number] == record.ref
        assert own == match_keys(record, RuleSet(), PORTAL_KEY)
        assert from_links(links) == record.links
        assert (batch.responsibles[number] or None) == record.responsible_id
        assert batch.stages[number] == record.stage
        for moments, moment in (
            (batch.created_at, record.created_at),
            (batch.modified_at, record.modified_at),
        ):
            assert moments[number] == moment or (moment is None and np.isnan(moments[number]))
    assert len(keys) == len(set(keys))
    assert set(batch.read_at.tolist()) == {1.0}


def test_moments_of_many_dates_are_those_of_each() -> None:
    texts = ["2026-03-02T11:18:38+03:00", "2024-02-29T00:00:00-11:45", "2026-12-31T23:59:59+00:00",
             "1999-01-01T00:00:00+14:00", "2026-03-02T11:18:38+03:60", "2026-03-02 11:18:38+03:00",
             "2026-03-02T11:18:38Z", "2026-13-02T11:18:38+03:00", "２026-03-02T11:18:38+03:00", 5, None]  # fmt: skip

    for chosen in ([text for text in texts if "-13-" not in str(text)], texts):
        found = [None if np.isnan(moment) else moment for moment in to_moments(chosen).tolist()]
        assert found == [to_timestamp(text) for text in chosen]


@pytest.mark.parametrize(
    "changed",
    [
        {"PHONE": []},
        {"NAME": "Примерова", "LAST_NAME": "Анна"},
        {"COMPANY_TITLE": "Ромашка 2"},
        {"ASSIGNED_BY_ID": None},
        {"STATUS_SEMANTIC_ID": "F"},
        {"COMPANY_ID": "8"},
        {"CONTACT_ID": None},
    ],
)
def test_a_fingerprint_changes_with_everything_matching_reads(changed: dict[str, Any]) -> None:
    before, after = the_batch(LEAD, {**LEAD, **changed}).fingerprints.tolist()

    assert before != after


def test_a_fingerprint_ignores_what_matching_does_not_read() -> None:
    phones = [{"VALUE": "+7 900 000-11-01"}, {"VALUE": "+79000001102"}]
    changed = {"TITLE": "Другая", "STATUS_ID": "1", "DATE_MODIFY": "2026-04-02T11:18:38+03:00"}

    before, after = the_batch(
        {**LEAD, "PHONE": phones}, {**LEAD, "PHONE": [{"VALUE": "89000001102"}, phones[0]], **changed}
    ).fingerprints.tolist()

    assert before == after


def test_a_companys_title_is_its_name() -> None:
    company = {"ID": "1", "TITLE": "Ромашка"}

    before, after = the_batch(
        company, {**company, "TITLE": "Лютик"}, kind=RecordType.COMPANY
    ).fingerprints.tolist()

    assert before != after


@pytest.mark.parametrize("bad", [None, "", "0", "-1", "twelve", []])
def test_rows_without_an_id_are_no_list(bad: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        the_batch(LEAD, {**LEAD, "ID": bad})


@pytest.mark.parametrize("odd", [{}, *ODD])
def test_rows_are_the_same_read_straight_or_the_general_way(odd: dict[str, Any]) -> None:
    rows = [LEAD, {**LEAD, **odd}]
    body = orjson.dumps(
        {"result": {"result": {"p0": rows, "p1": []}, "result_error": {"p2": {"error": "X"}}}}
    )
    commands = {key: Command("crm.lead.list") for key in ("p0", "p1", "p2")}

    straight = read_batch(listing.loads(body), commands)
    general = read_batch(orjson.loads(body), commands)

    found = [listing.listed_rows(batch.answers["p0"]) for batch in (straight, general)]
    read = [to_batch([(RecordType.LEAD, each)], RuleSet(), PORTAL_KEY, read_at=1.0) for each in found]
    assert read[0].fingerprints.tolist() == read[1].fingerprints.tolist()
    assert read[0].refs() == read[1].refs() == [RecordRef(RecordType.LEAD, 12)] * 2
    assert listing.listed_rows(straight.answers["p1"]) == []
    assert set(straight.errors) == {"p2"}


def test_usual_rows_are_read_straight() -> None:
    body = orjson.dumps(
        {"result": {"result": {"p0": [LEAD]}, "result_error": [], "result_time": []}, "time": {}}
    )

    answer = read_batch(listing.loads(body), {"p0": Command("crm.lead.list")}).answers["p0"]

    assert type(answer.result[0]) is ListedRow  # type: ignore[index,comparison-overlap]


@pytest.mark.parametrize(
    "body", [b'{"error": "expired_token"}', b'{"error": "x", "result": {"result": {}}}', b'{"result": []}']
)
def test_other_answers_are_read_as_they_are(body: bytes) -> None:
    assert listing.loads(body) == orjson.loads(body)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        listing.loads(b"<html>")
