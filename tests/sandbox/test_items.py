"""crm.item.*: camel case, numbers, nested filters, and errors where the classic family is silent."""

from typing import Any

import pytest

from tests.sandbox.builders import ADMIN, BLIND, OWNER, Caller, a_portal, phone


async def _three_contacts() -> Caller:
    portal = a_portal()
    for number, name in enumerate(("Анна", "Борис", "Вера"), 1):
        portal.add_record(
            "contact", {"NAME": name, "ASSIGNED_BY_ID": number, "PHONE": phone(f"8 900 {number}")}
        )
    return Caller(portal, ADMIN)


async def test_all_values_come_with_the_star_and_cannot_be_named() -> None:
    admin = await _three_contacts()

    whole = (await admin.result("crm.item.get", entityTypeId=3, id=1))["item"]
    named = (await admin.result("crm.item.list", entityTypeId=3, select=["id", "fm", "phone"]))["items"][0]

    [value] = whole["fm"]
    assert (value["value"], value["typeId"], value["valueType"]) == ("8 900 1", "PHONE", "WORK")
    assert (whole["id"], whole["hasPhone"], whole["companyIds"]) == (1, "Y", [])
    assert named == {"id": 1, "phone": "8 900 1"}


FILTERS: tuple[tuple[dict[str, Any], list[int]], ...] = (
    ({">id": 1}, [2, 3]),
    ({"id": [1, 3]}, [1, 3]),
    ({"@assignedById": [2, 3]}, [2, 3]),
    ({"0": {"logic": "OR", "0": {"name": "Анна"}, "1": {"=%name": "В%"}}}, [1, 3]),
    ({"0": {"logic": "OR", "0": {"name": "Анна"}, "1": {"name": "Вера"}}, ">=assignedById": 2}, [3]),
    ({}, [1, 2, 3]),
)


@pytest.mark.parametrize(("wanted", "ids"), FILTERS, ids=[str(wanted) for wanted, _ in FILTERS])
async def test_a_nested_filter_chooses(wanted: dict[str, Any], ids: list[int]) -> None:
    admin = await _three_contacts()

    found = await admin.result(
        "crm.item.list", entityTypeId=3, filter=wanted, order={"id": "ASC"}, select=["id"]
    )

    assert [item["id"] for item in found["items"]] == ids


REFUSALS: tuple[tuple[dict[str, Any], str, str], ...] = (
    (
        {"filter": {"phone": "1"}},
        "INVALID_ARG_VALUE",
        "Invalid filter: field 'phone' is not allowed in filter",
    ),
    ({"filter": {"ID": 1}}, "INVALID_ARG_VALUE", "Invalid filter: field 'ID' is not allowed in filter"),
    ({"order": {"x": "ASC"}}, "INVALID_ARG_VALUE", "Invalid order: field 'x' is not allowed in order"),
    ({"entityTypeId": 5}, "NOT_FOUND", "SPA not found"),
)


@pytest.mark.parametrize(("params", "code", "text"), REFUSALS)
async def test_what_the_classic_family_ignores_is_an_error_here(
    params: dict[str, Any], code: str, text: str
) -> None:
    admin = await _three_contacts()

    assert await admin.refusal("crm.item.list", **{"entityTypeId": 3, **params}) == (400, code, text)


@pytest.mark.parametrize(("quirk", "expected"), [("absent", None), ("zero", 0)])
async def test_the_total_of_an_uncounted_list_is_absent_or_zero(quirk: Any, expected: int | None) -> None:
    admin = await _three_contacts()
    admin.portal.quirks.item_total_when_uncounted = quirk

    _, body = await admin.ask("crm.item.list", entityTypeId=3, start=-1)

    assert body.get("total") == expected


async def test_missing_and_unreadable_items_are_told_apart() -> None:
    admin = await _three_contacts()
    own = Caller(admin.portal, OWNER)

    assert (await own.refusal("crm.item.get", entityTypeId=3, id=99))[1] == "NOT_FOUND"
    assert (await own.refusal("crm.item.get", entityTypeId=3, id=1))[1] == "ACCESS_DENIED"
    assert [item["id"] for item in (await own.result("crm.item.list", entityTypeId=3))["items"]] == [2]
    assert (await Caller(admin.portal, BLIND).refusal("crm.item.list", entityTypeId=3))[1] == "ACCESS_DENIED"


async def test_user_fields_have_the_documented_names() -> None:
    admin = await _three_contacts()
    for name in ("DIGIT", "TWO_WORDS", "1747309879", "3_DIGIT10"):
        await admin.result("crm.contact.userfield.add", fields={"FIELD_NAME": name, "USER_TYPE_ID": "string"})

    camel = (await admin.result("crm.item.get", entityTypeId=3, id=1))["item"]
    original = (await admin.result("crm.item.get", entityTypeId=3, id=1, useOriginalUfNames="Y"))["item"]

    assert {name for name in camel if name.startswith("uf")} == {
        "ufCrmDigit", "ufCrmTwoWords", "ufCrm_1747309879", "ufCrm_3_DIGIT10"
    }  # fmt: skip
    assert "UF_CRM_TWO_WORDS" in original


async def test_an_added_and_a_deleted_item_answer_as_documented() -> None:
    admin = await _three_contacts()

    added = await admin.result(
        "crm.item.add", entityTypeId=1, fields={"title": "Лид", "stageId": "JUNK", "contactIds": [2]}
    )
    deleted = await admin.result("crm.item.delete", entityTypeId=3, id=3)

    assert (added["item"]["stageSemanticId"], added["item"]["contactIds"]) == ("F", [2])
    assert deleted == []


async def test_a_parameter_in_another_case_is_unknown_here() -> None:
    admin = await _three_contacts()

    assert (await admin.refusal("crm.item.list", ENTITYTYPEID=3))[1] == "SANDBOX_UNKNOWN_PARAMETER"
