"""crm.duplicate.findbycomm with its caps and gaps, and crm.entity.mergeBatch."""

from typing import Any

import pytest

from b24app.sandbox.portal import SandboxPortal
from tests.sandbox.builders import ADMIN, BLIND, OWNER, Caller, a_portal, phone

NUMBER = "+7 900 000-00-01"


def _carriers(portal: SandboxPortal, **counts: int) -> SandboxPortal:
    for word, count in counts.items():
        for _ in range(count):
            portal.add_record(word, {"PHONE": phone(NUMBER), "ASSIGNED_BY_ID": ADMIN})
    return portal


async def test_differently_written_numbers_are_found_in_all_types() -> None:
    admin = Caller(_carriers(a_portal(), lead=1, contact=2, company=1), ADMIN)

    found = await admin.result("crm.duplicate.findbycomm", type="phone", values=["8 (900) 000-00-01"])

    assert found == {"LEAD": [1], "CONTACT": [1, 2], "COMPANY": [1]}


async def test_a_number_without_its_country_is_another_number() -> None:
    admin = Caller(_carriers(a_portal(), lead=1), ADMIN)

    assert await admin.result("crm.duplicate.findbycomm", type="PHONE", values=["900 000-00-01"]) == []


async def test_twenty_leads_hide_contacts_and_companies() -> None:
    admin = Caller(_carriers(a_portal(), lead=25, contact=1, company=1), ADMIN)

    everywhere = await admin.result("crm.duplicate.findbycomm", type="PHONE", values=[NUMBER])
    contacts = await admin.result(
        "crm.duplicate.findbycomm", type="PHONE", values=[NUMBER], entity_type="contact"
    )

    assert everywhere == {"LEAD": list(range(1, 21))}
    assert contacts == {"CONTACT": [1]}


async def test_only_twenty_values_are_read_and_numbers_fall_out() -> None:
    portal = a_portal()
    portal.add_record("lead", {"PHONE": phone("555000021")})
    admin = Caller(portal, ADMIN)
    values = [f"5550000{number:02}" for number in range(1, 22)]

    assert await admin.result("crm.duplicate.findbycomm", type="PHONE", values=values) == []
    assert await admin.result("crm.duplicate.findbycomm", type="PHONE", values=values[1:]) == {"LEAD": [1]}
    assert await admin.result("crm.duplicate.findbycomm", type="PHONE", values=[555000021]) == []


async def test_emails_are_found_by_their_lower_case() -> None:
    portal = a_portal()
    portal.add_record("company", {"EMAIL": phone("Info@Zerno.Example")})

    found = await Caller(portal, ADMIN).result(
        "crm.duplicate.findbycomm", type="EMAIL", values=["info@zerno.example"]
    )

    assert found == {"COMPANY": [1]}


async def test_records_that_the_user_may_not_read_are_found_all_the_same() -> None:
    portal = _carriers(a_portal(), lead=1)

    found = await Caller(portal, OWNER).result("crm.duplicate.findbycomm", type="PHONE", values=[NUMBER])

    assert found == {"LEAD": [1]}
    assert await Caller(portal, OWNER).result("crm.lead.list") == []


REFUSALS: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "Communication type is not defined."),
    ({"type": "WEB"}, "Communication type 'WEB' is not supported in current context."),
    ({"type": "PHONE"}, "Communication values is not defined."),
    ({"type": "PHONE", "values": NUMBER}, "Communication values is not defined."),
    (
        {"type": "PHONE", "values": [NUMBER], "entity_type": "DEAL"},
        "Deal is not supported in current context.",
    ),
)


@pytest.mark.parametrize(("params", "text"), REFUSALS)
async def test_a_wrong_search_is_refused_with_an_empty_code(params: dict[str, Any], text: str) -> None:
    admin = Caller(a_portal(), ADMIN)

    assert await admin.refusal("crm.duplicate.findbycomm", **params) == (400, "", text)


async def test_without_any_crm_right_the_search_is_refused() -> None:
    blind = Caller(a_portal(), BLIND)

    assert (await blind.refusal("crm.duplicate.findbycomm", type="PHONE", values=["1"]))[
        2
    ] == "Access denied."


async def test_an_index_follows_changes() -> None:
    portal = _carriers(a_portal(), lead=1)
    admin = Caller(portal, ADMIN)
    await admin.result("crm.duplicate.findbycomm", type="PHONE", values=[NUMBER])
    [value] = (await admin.result("crm.lead.get", id=1))["PHONE"]

    await admin.result(
        "crm.lead.update", id=1, fields={"PHONE": [{"ID": value["ID"], "VALUE": "8 900 000-00-02"}]}
    )

    assert await admin.result("crm.duplicate.findbycomm", type="PHONE", values=[NUMBER]) == []
    assert await admin.result("crm.duplicate.findbycomm", type="PHONE", values=["79000000002"]) == {
        "LEAD": [1]
    }


async def _merge(admin: Caller, *ids: int) -> dict[str, Any]:
    found: dict[str, Any] = await admin.result(
        "crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": list(ids)}
    )
    return found


async def test_a_merge_keeps_the_first_fills_gaps_and_joins_values() -> None:
    portal = a_portal()
    portal.add_record("contact", {"NAME": "Анна", "PHONE": phone("8 900 000-00-01"), "ASSIGNED_BY_ID": 1})
    both = [*phone("+7 900 000-00-01"), *phone("+7 900 000-00-02")]
    portal.add_record("contact", {"NAME": "анна", "LAST_NAME": "Белкина", "PHONE": both, "ASSIGNED_BY_ID": 1})
    admin = Caller(portal, ADMIN)

    answer = await _merge(admin, 1, 2)

    kept = await admin.result("crm.contact.get", id=1)
    assert answer == {"STATUS": "SUCCESS", "ENTITY_IDS": [2]}
    assert (kept["LAST_NAME"], [value["VALUE"] for value in kept["PHONE"]]) == (
        "Белкина",
        ["8 900 000-00-01", "+7 900 000-00-02"],
    )
    assert (await admin.refusal("crm.contact.get", id=2))[2] == "Not found"


async def test_different_responsibles_conflict_and_nothing_is_written() -> None:
    portal = a_portal()
    for owner in (ADMIN, OWNER):
        portal.add_record("contact", {"NAME": "Анна", "ASSIGNED_BY_ID": owner})
    admin = Caller(portal, ADMIN)

    assert await _merge(admin, 1, 2) == {"STATUS": "CONFLICT", "ENTITY_IDS": [2]}
    assert len(await admin.result("crm.contact.list")) == 2


async def test_a_merge_without_rights_is_an_error_in_the_status() -> None:
    portal = _carriers(a_portal(), contact=2)

    assert (await _merge(Caller(portal, OWNER), 1, 2))["STATUS"] == "ERROR"
    assert await _merge(Caller(portal, ADMIN), 98, 99) == {"STATUS": "NOT_FOUND"}
    refused = await Caller(portal, ADMIN).refusal(
        "crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [1]}
    )
    assert refused == (400, 0, "The parameter entityIds must contains at least two elements.")
