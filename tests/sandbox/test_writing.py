"""Adding, changing and deleting records through the classic and the universal methods."""

from typing import Any

import pytest

from tests.sandbox.builders import ADMIN, BLIND, COLLEAGUE, OWNER, Caller, a_portal, phone


async def _with_two_phones() -> tuple[Caller, list[str]]:
    admin = Caller(a_portal(), ADMIN)
    await admin.result("crm.contact.add", fields={"NAME": "Анна", "PHONE": [*phone("111"), *phone("222")]})
    return admin, [value["ID"] for value in (await admin.result("crm.contact.get", id=1))["PHONE"]]


async def _phones(admin: Caller) -> list[str]:
    return [value["VALUE"] for value in (await admin.result("crm.contact.get", id=1)).get("PHONE", [])]


async def test_an_added_record_gets_the_next_number_and_its_defaults() -> None:
    admin = Caller(a_portal(), ADMIN)

    first = await admin.result("crm.lead.add", fields={"TITLE": "Первый", "PHONE": phone("8 900")})
    second = await admin.result("crm.lead.add", fields={"TITLE": "Второй", "ID": 99})

    lead = await admin.result("crm.lead.get", id=first)
    assert (first, second) == (1, 2)
    assert (lead["STATUS_ID"], lead["STATUS_SEMANTIC_ID"], lead["HAS_PHONE"]) == ("NEW", "P", "Y")
    assert (lead["ASSIGNED_BY_ID"], lead["DATE_CREATE"]) == ("1", "2025-06-15T18:06:40+03:00")


async def test_a_phone_is_changed_by_its_id_and_others_stay() -> None:
    admin, (first, _) = await _with_two_phones()

    assert (
        await admin.result("crm.contact.update", id=1, fields={"PHONE": [{"ID": first, "VALUE": "333"}]})
        is True
    )

    assert await _phones(admin) == ["333", "222"]


@pytest.mark.parametrize("element", [{"DELETE": "Y", "VALUE": "111"}, {"VALUE": ""}, {}], ids=str)
async def test_a_phone_goes_by_delete_by_an_empty_value_and_by_its_bare_id(element: dict[str, str]) -> None:
    admin, (first, _) = await _with_two_phones()

    await admin.result("crm.contact.update", id=1, fields={"PHONE": [{"ID": first, **element}]})

    assert await _phones(admin) == ["222"]


async def test_a_phone_without_an_id_is_added() -> None:
    admin, _ = await _with_two_phones()

    await admin.result("crm.contact.update", id=1, fields={"PHONE": phone("333")})

    assert await _phones(admin) == ["111", "222", "333"]


async def test_an_item_update_wants_a_type_in_every_value() -> None:
    admin, (first, second) = await _with_two_phones()

    changes = {
        first: {"value": "999"},
        second: {"typeId": "PHONE", "value": ""},
        "n0": {"typeId": "PHONE", "value": "5"},
    }
    await admin.result("crm.item.update", entityTypeId=3, id=1, fields={"fm": changes})

    assert await _phones(admin) == ["111", "5"]


async def test_a_wrong_email_is_an_error_of_the_core() -> None:
    admin = Caller(a_portal(), ADMIN)

    refused = await admin.refusal("crm.lead.add", fields={"EMAIL": phone("no-at-sign")})

    assert refused[:2] == (400, "ERROR_CORE")


async def test_read_only_and_unknown_fields_are_ignored() -> None:
    admin, _ = await _with_two_phones()

    await admin.result(
        "crm.contact.update", id=1, fields={"HAS_PHONE": "N", "NO_SUCH": "x", "DATE_CREATE": "2001-01-01"}
    )

    contact = await admin.result("crm.contact.get", id=1)
    assert (contact["HAS_PHONE"], contact["DATE_CREATE"][:4]) == ("Y", "2025")


WRITE_RIGHTS: tuple[tuple[int, dict[str, Any], bool], ...] = (
    (ADMIN, {"ASSIGNED_BY_ID": OWNER}, True),
    (OWNER, {"ASSIGNED_BY_ID": OWNER}, True),
    (OWNER, {"ASSIGNED_BY_ID": COLLEAGUE}, False),
    (COLLEAGUE, {"ASSIGNED_BY_ID": OWNER}, True),
    (COLLEAGUE, {"ASSIGNED_BY_ID": ADMIN}, False),
    (BLIND, {"ASSIGNED_BY_ID": OWNER}, False),
)


@pytest.mark.parametrize(("user", "fields", "allowed"), WRITE_RIGHTS)
@pytest.mark.parametrize("action", ["update", "delete"])
async def test_a_user_changes_what_his_rights_cover(
    user: int, fields: dict[str, Any], allowed: bool, action: str
) -> None:
    portal = a_portal()
    portal.add_record("lead", fields)
    params: dict[str, Any] = {"id": 1, "fields": {"TITLE": "Новое"}} if action == "update" else {"id": 1}

    _, body = await Caller(portal, user).ask(f"crm.lead.{action}", **params)

    assert body.get("result", body.get("error_description")) == (True if allowed else "Access denied.")


async def test_a_deleted_record_is_gone_everywhere_and_its_number_is_not_given_again() -> None:
    admin, _ = await _with_two_phones()

    await admin.result("crm.contact.delete", id=1)
    added = await admin.result("crm.contact.add", fields={"NAME": "Другая"})

    assert await admin.refusal("crm.contact.get", id=1) == (400, "", "Not found")
    assert await admin.result("crm.duplicate.findbycomm", type="PHONE", values=["111"]) == []
    assert added == 2


async def test_user_fields_are_prefixed_unique_and_typed() -> None:
    admin = Caller(a_portal(), ADMIN)
    fields = {"FIELD_NAME": "uf_count", "USER_TYPE_ID": "integer", "LABEL": "Счёт", "SHOW_FILTER": "Y"}

    number = await admin.result("crm.lead.userfield.add", fields=fields)

    [row] = await admin.result("crm.lead.userfield.list", filter={"FIELD_NAME": "UF_CRM_COUNT", "LANG": "ru"})
    assert (row["ID"], row["EDIT_FORM_LABEL"], row["SHOW_FILTER"]) == (str(number), "Счёт", "E")
    assert "EDIT_FORM_LABEL" not in (await admin.result("crm.lead.userfield.list"))[0]
    assert (await admin.refusal("crm.lead.userfield.add", fields=fields))[:2] == (400, "ERROR_CORE")
    assert await admin.result("crm.contact.userfield.list") == []


USER_FIELD_REFUSALS: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"FIELD_NAME": "A"}, "", "The 'USER_TYPE_ID' field is not found."),
    ({"USER_TYPE_ID": "string"}, "", "The 'FIELD_NAME' field is not found."),
    ({"FIELD_NAME": "A", "USER_TYPE_ID": "nothing"}, "ERROR_CORE", "Invalid custom type specified."),
    (
        {"FIELD_NAME": "A" * 44, "USER_TYPE_ID": "string"},
        "ERROR_CORE",
        "Field name is too long (more than 50 characters).",
    ),
    (
        {"FIELD_NAME": "А-Я", "USER_TYPE_ID": "string"},
        "ERROR_CORE",
        "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.",
    ),
)


@pytest.mark.parametrize(("fields", "code", "text"), USER_FIELD_REFUSALS)
async def test_a_wrong_user_field_is_refused(fields: dict[str, str], code: str, text: str) -> None:
    admin = Caller(a_portal(), ADMIN)

    assert await admin.refusal("crm.lead.userfield.add", fields=fields) == (400, code, text)


async def test_only_administrators_make_user_fields() -> None:
    portal = a_portal()

    refused = await Caller(portal, OWNER).refusal("crm.lead.userfield.add", fields={"FIELD_NAME": "A"})

    assert refused == (400, "", "Access denied.")
