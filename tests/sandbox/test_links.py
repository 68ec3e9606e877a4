"""Links between contacts and companies, leads, deals: rows of numbers, a primary one that is mirrored."""

from b24app.sandbox.portal import SandboxPortal
from tests.sandbox.builders import ADMIN, OWNER, Caller, a_portal


def _portal() -> SandboxPortal:
    portal = a_portal()
    for word in ("company", "contact", "lead", "deal"):
        for _ in range(3):
            portal.add_record(word, {"ASSIGNED_BY_ID": ADMIN})
    return portal


async def test_set_replaces_and_the_first_becomes_primary() -> None:
    admin = Caller(_portal(), ADMIN)

    await admin.result("crm.contact.company.items.set", id=1, items=[{"COMPANY_ID": 3}, {"COMPANY_ID": 2}])

    rows = await admin.result("crm.contact.company.items.get", id=1)
    assert [(row["COMPANY_ID"], row["SORT"], row["IS_PRIMARY"]) for row in rows] == [
        (3, 10, "Y"),
        (2, 20, "N"),
    ]
    assert (await admin.result("crm.contact.get", id=1))["COMPANY_ID"] == "3"


async def test_a_link_is_added_once_and_can_take_over_as_primary() -> None:
    admin = Caller(_portal(), ADMIN)
    await admin.result("crm.contact.company.add", id=1, fields={"COMPANY_ID": 1})

    again = await admin.result("crm.contact.company.add", id=1, fields={"COMPANY_ID": 1})
    added = await admin.result("crm.contact.company.add", id=1, fields={"COMPANY_ID": 2, "IS_PRIMARY": "Y"})

    assert (again, added) == (False, True)
    assert (await admin.result("crm.contact.get", id=1))["COMPANY_ID"] == "2"


async def test_a_link_is_read_from_the_companys_side_too() -> None:
    admin = Caller(_portal(), ADMIN)
    await admin.result("crm.company.contact.items.set", id=1, items=[{"CONTACT_ID": 1}, {"CONTACT_ID": 2}])

    dropped = await admin.result("crm.company.contact.delete", id=1, fields={"CONTACT_ID": 1})

    assert dropped is True
    assert [row["CONTACT_ID"] for row in await admin.result("crm.company.contact.items.get", id=1)] == [2]
    assert (await admin.result("crm.contact.get", id=1))["COMPANY_ID"] is None
    assert (await admin.result("crm.contact.get", id=2))["COMPANY_ID"] == "1"


async def test_leads_and_deals_have_contacts() -> None:
    admin = Caller(_portal(), ADMIN)

    await admin.result("crm.lead.contact.items.set", id=1, items=[{"CONTACT_ID": 2}, {"CONTACT_ID": 3}])
    await admin.result("crm.deal.contact.add", id=1, fields={"CONTACT_ID": 1})
    await admin.result("crm.lead.contact.items.delete", id=2)

    assert [row["CONTACT_ID"] for row in await admin.result("crm.lead.contact.items.get", id=1)] == [2, 3]
    assert (await admin.result("crm.deal.get", id=1))["CONTACT_ID"] == "1"
    assert (await admin.result("crm.lead.get", id=1))["IS_RETURN_CUSTOMER"] == "Y"


async def test_a_deleted_company_leaves_its_contacts() -> None:
    admin = Caller(_portal(), ADMIN)
    await admin.result("crm.contact.company.items.set", id=1, items=[{"COMPANY_ID": 1}, {"COMPANY_ID": 2}])

    await admin.result("crm.company.delete", id=1)

    rows = await admin.result("crm.contact.company.items.get", id=1)
    assert [(row["COMPANY_ID"], row["IS_PRIMARY"]) for row in rows] == [(2, "Y")]
    assert (await admin.result("crm.contact.get", id=1))["COMPANY_ID"] == "2"


async def test_company_id_of_an_update_becomes_the_primary_link() -> None:
    admin = Caller(_portal(), ADMIN)
    await admin.result("crm.contact.company.items.set", id=1, items=[{"COMPANY_ID": 1}])

    await admin.result("crm.contact.update", id=1, fields={"COMPANY_ID": 2})

    rows = await admin.result("crm.contact.company.items.get", id=1)
    assert [(row["COMPANY_ID"], row["IS_PRIMARY"]) for row in rows] == [(2, "Y"), (1, "N")]


async def test_refusals_differ_by_method_as_on_their_pages() -> None:
    portal = _portal()
    admin, own = Caller(portal, ADMIN), Caller(portal, OWNER)
    text = "The parameter ownerEntityID is invalid or not defined."

    assert await admin.refusal("crm.contact.company.items.get", id=0) == (200, "", text)
    assert await admin.refusal("crm.company.contact.items.get", id=0) == (400, "", text)
    assert (await admin.refusal("crm.lead.contact.items.get", id=99))[1] == "NOT_FOUND"
    assert await admin.refusal("crm.deal.contact.items.get", id=99) == (400, "", "Not found.")
    assert (await own.refusal("crm.contact.company.items.get", id=1))[1] == "ACCESS_DENIED"
    assert (await admin.refusal("crm.contact.company.add", id=1, fields={"COMPANY_ID": 99}))[2].endswith(
        "is not valid."
    )
