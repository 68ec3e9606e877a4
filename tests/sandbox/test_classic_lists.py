"""crm.lead / contact / company / deal lists and gets: strings, silent filters, pages, rights."""

from typing import Any

import pytest

from tests.sandbox.builders import ADMIN, BLIND, COLLEAGUE, OWNER, Caller, a_portal, phone


def _with_leads(count: int, **fields: Any) -> Caller:
    portal = a_portal()
    for number in range(1, count + 1):
        portal.add_record("lead", {"TITLE": f"Лид {number}", "ASSIGNED_BY_ID": 1, **fields})
    return Caller(portal, ADMIN)


async def test_phones_come_only_when_they_are_named() -> None:
    admin = _with_leads(1, PHONE=phone("+7 900 000-00-01"))

    everything = await admin.result("crm.lead.list", select=["*", "UF_*"])
    named = await admin.result("crm.lead.list", select=["ID", "PHONE", "EMAIL"])

    assert "PHONE" not in everything[0]
    [value] = named[0]["PHONE"]
    assert (value["VALUE"], value["VALUE_TYPE"], value["TYPE_ID"]) == ("+7 900 000-00-01", "WORK", "PHONE")
    assert isinstance(value["ID"], str)


async def test_a_record_without_phones_has_no_key_for_them() -> None:
    admin = _with_leads(1)

    [row] = await admin.result("crm.lead.list", select=["PHONE", "HAS_PHONE"])

    assert row == {"ID": "1", "HAS_PHONE": "N"}


async def test_everything_in_a_row_is_text_or_null() -> None:
    admin = _with_leads(1)

    [row] = await admin.result("crm.lead.list")

    assert {type(value) for value in row.values()} <= {str, type(None)}
    assert row["COMPANY_ID"] == "0"
    assert (await admin.result("crm.lead.get", id=1))["COMPANY_ID"] is None


async def test_unknown_filter_keys_are_dropped_in_silence() -> None:
    admin = _with_leads(3)

    rows = await admin.result("crm.lead.list", filter={"NO_SUCH_FIELD": "x", "=PHONE": "x", "logic": "OR"})

    assert len(rows) == 3


async def test_an_unknown_parameter_is_never_silent() -> None:
    admin = _with_leads(1)

    assert await admin.refusal("crm.lead.list", filters={}) == (
        400,
        "SANDBOX_UNKNOWN_PARAMETER",
        "crm.lead.list has no parameter 'filters'",
    )


@pytest.mark.parametrize("spelling", ["filter", "FILTER", "arFilter"])
async def test_parameters_are_known_in_their_documented_spellings(spelling: str) -> None:
    admin = _with_leads(3)

    rows = await admin.result("crm.lead.list", **{spelling: {"ID": 2}})

    assert [row["ID"] for row in rows] == ["2"]


FILTERS: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({">ID": 3}, ["4", "5"]),
    ({">=ID": "4", "<ID": 5}, ["4"]),
    ({"<=ID": 2}, ["1", "2"]),
    ({"@ID": [2, "5", 99]}, ["2", "5"]),
    ({"ID": [1, 3]}, ["1", "3"]),
    ({"!@ID": [2, 3, 4]}, ["1", "5"]),
    ({"!ID": 1}, ["2", "3", "4", "5"]),
    ({">ID": ""}, ["1", "2", "3", "4", "5"]),
    ({"=TITLE": "иван 2"}, ["2"]),
    ({"%TITLE": "ВАН"}, ["1", "2"]),
    ({"=%TITLE": "Иван%"}, ["1", "2"]),
    ({"!%TITLE": "ван"}, ["3", "4", "5"]),
    ({"!=TITLE": "Пётр 3"}, ["1", "2", "4", "5"]),
    ({"STATUS_SEMANTIC_ID": "F"}, ["5"]),
    ({"HAS_PHONE": "Y"}, ["1", "3"]),
    ({"PHONE": "8 900 000-00-01"}, ["1"]),
    ({"PHONE": "+79000000001"}, []),
    ({"PHONE": ["8 900 000-00-01", "8 900 000-00-03"]}, ["1"]),
    ({"PHONE": "  "}, ["1", "2", "3", "4", "5"]),
    ({">DATE_MODIFY": "2025-03-01T00:00:00+03:00"}, ["3", "4", "5"]),
    ({">=DATE_CREATE": "2025-02-01 10:00:00", "<DATE_CREATE": "2025-04-01"}, ["2", "3"]),
    ({">OPPORTUNITY": 25}, ["3", "4", "5"]),
    ({"ASSIGNED_BY_ID": "2"}, ["2", "4"]),
)


@pytest.mark.parametrize(("wanted", "ids"), FILTERS, ids=[str(wanted) for wanted, _ in FILTERS])
async def test_a_filter_chooses(wanted: dict[str, Any], ids: list[str]) -> None:
    portal = a_portal()
    titles = ["Иван 1", "Иван 2", "Пётр 3", "", "Глеб"]
    for number, title in enumerate(titles, 1):
        portal.add_record(
            "lead",
            {
                "TITLE": title,
                "OPPORTUNITY": number * 10,
                "ASSIGNED_BY_ID": 1 + (number % 2 == 0),
                "STATUS_ID": "JUNK" if number == 5 else "NEW",
                "PHONE": phone(f"8 900 000-00-0{number}") if number in (1, 3) else [],
                "DATE_CREATE": f"2025-0{number}-01T10:00:00+03:00",
                "DATE_MODIFY": f"2025-0{number}-02T10:00:00+03:00",
            },
        )

    rows = await Caller(portal, ADMIN).result(
        "crm.lead.list", filter=wanted, order={"ID": "ASC"}, select=["ID"]
    )

    assert [row["ID"] for row in rows] == ids


async def test_pages_are_fifty_and_start_is_rounded_down() -> None:
    admin = _with_leads(120)

    _, first = await admin.ask("crm.lead.list", select=["ID"])
    _, second = await admin.ask("crm.lead.list", select=["ID"], start=70)
    _, last = await admin.ask("crm.lead.list", select=["ID"], start="100")

    assert (len(first["result"]), first["total"], first["next"]) == (50, 120, 50)
    assert (second["result"][0]["ID"], second["next"]) == ("51", 100)
    assert (len(last["result"]), "next" in last) == (20, False)


async def test_start_minus_one_counts_nothing() -> None:
    admin = _with_leads(120)

    _, body = await admin.ask(
        "crm.lead.list", select=["ID"], order={"ID": "ASC"}, filter={">ID": 60}, start=-1
    )

    assert (len(body["result"]), body["result"][0]["ID"], body["total"], "next" in body) == (
        50,
        "61",
        0,
        False,
    )


async def test_an_order_may_go_down_and_by_another_field() -> None:
    portal = a_portal()
    for name in ("Борис", "анна", "Вера"):
        portal.add_record("contact", {"NAME": name})
    admin = Caller(portal, ADMIN)

    by_name = await admin.result("crm.contact.list", order={"NAME": "desc"}, select=["NAME"])
    by_id = await admin.result("crm.contact.list", order={"ID": "DESC"}, select=["ID"], start=-1)

    assert [row["NAME"] for row in by_name] == ["Вера", "Борис", "анна"]
    assert [row["ID"] for row in by_id] == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("user", "ids"),
    [(ADMIN, ["1", "2", "3"]), (OWNER, ["2"]), (COLLEAGUE, ["2", "3"])],
    ids=["admin", "own", "dep"],
)
async def test_a_list_is_cut_in_silence_to_what_the_user_may_read(user: int, ids: list[str]) -> None:
    portal = a_portal()
    for owner in (ADMIN, OWNER, COLLEAGUE):
        portal.add_record("company", {"TITLE": "Компания", "ASSIGNED_BY_ID": owner})

    _, body = await Caller(portal, user).ask("crm.company.list", select=["ID"])

    assert ([row["ID"] for row in body["result"]], body["total"]) == (ids, len(ids))


async def test_without_any_right_to_the_type_a_list_is_refused() -> None:
    portal = a_portal()

    assert await Caller(portal, BLIND).refusal("crm.lead.list") == (400, "", "Access denied.")


async def test_a_single_record_is_missing_or_refused_with_an_empty_code() -> None:
    portal = a_portal()
    portal.add_record("lead", {"ASSIGNED_BY_ID": ADMIN})
    own = Caller(portal, OWNER)

    assert await own.refusal("crm.lead.get", id=1) == (400, "", "Access denied.")
    assert await own.refusal("crm.lead.get", id=77) == (400, "", "Not found")
    assert await own.refusal("crm.lead.get", id="x") == (400, "", "ID is not defined or invalid.")


async def test_a_list_parameter_that_is_no_array_is_refused() -> None:
    admin = _with_leads(1)

    assert await admin.refusal("crm.lead.list", filter="ID") == (400, "", "Parameter 'filter' must be array.")


@pytest.mark.parametrize(("style", "printed"), [("json", True), ("digits", "1"), ("letters", "Y")])
async def test_a_boolean_user_field_comes_in_the_portals_own_way(style: Any, printed: Any) -> None:
    admin = _with_leads(1)
    admin.portal.quirks.boolean_fields = style
    await admin.result("crm.lead.userfield.add", fields={"FIELD_NAME": "HAS_TWIN", "USER_TYPE_ID": "boolean"})
    await admin.result("crm.lead.update", id=1, fields={"UF_CRM_HAS_TWIN": "1"})

    [row] = await admin.result("crm.lead.list", select=["UF_*"])

    assert row["UF_CRM_HAS_TWIN"] == printed


async def test_a_million_records_are_read_by_id_without_looking_at_them_all() -> None:
    made: list[int] = []

    def make(record_id: int) -> dict[str, Any]:
        made.append(record_id)
        return {"NAME": f"N{record_id}", "PHONE": phone(f"+7{record_id:010}")}

    portal = a_portal()
    portal.crm.load_lazily("contact", range(1, 1_000_001), make)
    admin = Caller(portal, ADMIN)

    wanted = {">ID": 500_000, "<=ID": 500_070}
    first = await admin.result(
        "crm.contact.list", filter=wanted, order={"ID": "ASC"}, select=["PHONE"], start=-1
    )
    _, counted = await admin.ask("crm.contact.list", select=["ID"])

    assert (first[0]["ID"], first[-1]["ID"], first[0]["PHONE"][0]["VALUE"]) == (
        "500001",
        "500050",
        "+70000500001",
    )
    assert counted["total"] == 1_000_000
    assert len(made) == 100
