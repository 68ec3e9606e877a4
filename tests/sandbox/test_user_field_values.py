"""Values of user fields: written by both families of methods, printed, listed with ``UF_*`` and filtered."""

from typing import Any

import pytest

from b24app.sandbox.portal import SandboxPortal
from tests.sandbox.builders import ADMIN, Caller, a_portal

TYPES: dict[str, dict[str, Any]] = {
    "STATUS": {
        "USER_TYPE_ID": "enumeration",
        "LIST": [{"VALUE": "нет", "XML_ID": "none"}, {"VALUE": "дубль"}],
    },
    "LINKS": {"USER_TYPE_ID": "crm", "MULTIPLE": "Y"},
    "BEST": {"USER_TYPE_ID": "crm"},
    "OWNER": {"USER_TYPE_ID": "employee"},
    "AT": {"USER_TYPE_ID": "datetime"},
    "COUNT": {"USER_TYPE_ID": "integer"},
    "SHARED": {"USER_TYPE_ID": "boolean"},
    "REASON": {"USER_TYPE_ID": "string"},
}


async def _a_portal_with_fields() -> tuple[SandboxPortal, Caller, dict[str, str]]:
    portal = a_portal()
    admin = Caller(portal)
    for name, described in TYPES.items():
        await admin.result("crm.lead.userfield.add", fields={"FIELD_NAME": name, **described})
    portal.add_record("lead", {"ID": 1})
    portal.add_record("lead", {"ID": 2})
    rows = await admin.result("crm.lead.userfield.list", filter={"FIELD_NAME": "UF_CRM_STATUS"})
    return portal, admin, {row["VALUE"]: row["ID"] for row in rows[0]["LIST"]}


async def test_every_type_comes_back_as_it_was_written() -> None:
    _, admin, statuses = await _a_portal_with_fields()
    values = {
        "UF_CRM_STATUS": statuses["дубль"],
        "UF_CRM_LINKS": ["L_2", "CO_7"],
        "UF_CRM_BEST": "C_2",
        "UF_CRM_OWNER": "3",
        "UF_CRM_AT": "2026-03-01T10:00:00+00:00",
        "UF_CRM_COUNT": "2",
        "UF_CRM_SHARED": "1",
        "UF_CRM_REASON": "Телефон совпадает",
    }

    await admin.result("crm.lead.update", id=1, fields=values)
    row = (await admin.result("crm.lead.list", filter={"ID": 1}, select=["ID", "UF_*"]))[0]
    item = (await admin.result("crm.item.get", entityTypeId=1, id=1))["item"]

    expected = {**values, "UF_CRM_AT": "2026-03-01T13:00:00+03:00", "UF_CRM_SHARED": True}
    assert {name: row[name] for name in values} == expected
    assert (item["ufCrmCount"], item["ufCrmOwner"], item["ufCrmStatus"]) == (2, 3, int(statuses["дубль"]))
    assert item["ufCrmLinks"] == ["L_2", "CO_7"]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"=UF_CRM_LINKS": "CO_7"}, ["1"]),
        ({"=UF_CRM_COUNT": 2}, ["1"]),
        ({">UF_CRM_COUNT": 2}, []),
        ({"=UF_CRM_OWNER": "3"}, ["1"]),
        ({">=UF_CRM_AT": "2026-03-01T12:59:00+03:00"}, ["1"]),
        ({"=UF_CRM_SHARED": 1}, ["1"]),
        ({"!UF_CRM_LINKS": ""}, ["1"]),
        ({"=UF_CRM_REASON": ""}, ["2"]),
    ],
)
async def test_records_are_found_by_their_user_fields(filter_: dict[str, Any], found: list[str]) -> None:
    portal, admin, _ = await _a_portal_with_fields()
    fields = {"UF_CRM_LINKS": ["L_2", "CO_7"], "UF_CRM_COUNT": 2, "UF_CRM_OWNER": 3, "UF_CRM_SHARED": "1"}
    portal.change("lead", 1, {**fields, "UF_CRM_AT": "2026-03-01T13:00:00", "UF_CRM_REASON": "x"}, by=ADMIN)

    rows = await admin.result("crm.lead.list", filter=filter_, order={"ID": "ASC"})

    assert [row["ID"] for row in rows] == found


async def test_a_blank_value_clears_and_an_unknown_option_is_not_stored() -> None:
    portal, admin, statuses = await _a_portal_with_fields()
    portal.change("lead", 1, {"UF_CRM_LINKS": ["L_2"], "UF_CRM_STATUS": statuses["нет"]}, by=ADMIN)

    await admin.result("crm.lead.update", id=1, fields={"UF_CRM_LINKS": "", "UF_CRM_STATUS": "none"})

    row = await admin.result("crm.lead.get", id=1)
    assert (row["UF_CRM_LINKS"], row["UF_CRM_STATUS"]) == ([], None)


async def test_an_enumeration_keeps_the_ids_of_its_list() -> None:
    _, admin, before = await _a_portal_with_fields()
    field = (await admin.result("crm.lead.userfield.list", filter={"FIELD_NAME": "UF_CRM_STATUS"}))[0]

    changes = [{"ID": before["нет"], "VALUE": "нет повторов"}, {"VALUE": "общий"}]
    await admin.result("crm.lead.userfield.update", id=field["ID"], fields={"LIST": changes})

    after = (await admin.result("crm.lead.userfield.get", id=field["ID"]))["LIST"]
    assert {row["VALUE"]: row["ID"] for row in after}["нет повторов"] == before["нет"]
    assert len({row["ID"] for row in after}) == 3
    assert [row["XML_ID"] for row in after if row["VALUE"] == "нет повторов"] == ["none"]


async def test_two_options_with_one_code_are_refused() -> None:
    _, admin, _ = await _a_portal_with_fields()
    options = [{"VALUE": "а", "XML_ID": "x"}, {"VALUE": "б", "XML_ID": "x"}]
    fields = {"FIELD_NAME": "TWICE", "USER_TYPE_ID": "enumeration", "LIST": options}

    refused = await admin.refusal("crm.lead.userfield.add", fields=fields)

    assert refused == (400, "ERROR_CORE", "List item with XML_ID=x already exists.")


async def test_our_own_write_comes_back_as_an_event() -> None:
    portal, admin, _ = await _a_portal_with_fields()
    await admin.result("event.bind", event="ONCRMLEADUPDATE", handler="https://app.example.com/e")

    await admin.result("crm.lead.update", id=1, fields={"UF_CRM_COUNT": 1})

    assert [call.name for call in portal.events.waiting] == ["ONCRMLEADUPDATE"]


async def test_moving_a_lead_notes_who_closed_it_and_when() -> None:
    portal, admin, _ = await _a_portal_with_fields()

    await admin.result("crm.lead.update", id=1, fields={"STATUS_ID": "JUNK", "ASSIGNED_BY_ID": 2})

    row = await admin.result("crm.lead.get", id=1)
    assert (row["STATUS_SEMANTIC_ID"], row["MOVED_BY_ID"], row["ASSIGNED_BY_ID"]) == ("F", str(ADMIN), "2")
    assert row["DATE_CLOSED"] == row["MOVED_TIME"] != ""
    assert portal.crm.statuses.stages("lead")[-1] == "JUNK"
