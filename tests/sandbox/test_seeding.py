"""A whole seed goes into a portal: records under their numbers, links, people with their rights, no events."""

from b24app.sandbox import people
from b24app.sandbox.limits import SandboxLimits
from tests.sandbox.builders import ADMIN, Caller, a_portal


async def test_a_seed_is_loaded_as_it_was_planned() -> None:
    portal = a_portal(limits=SandboxLimits.none())
    seeded = people.seed(300, seed=3)

    portal.load(seeded)

    admin = Caller(portal, ADMIN)
    for word, rows in (("lead", seeded.leads), ("contact", seeded.contacts), ("company", seeded.companies)):
        _, body = await admin.ask(f"crm.{word}.list", select=["ID"])
        assert body["total"] == len(rows)
    contact_id, companies = next((one, several) for one, several in seeded.links.items() if several)
    links = await admin.result("crm.contact.company.items.get", id=contact_id)
    assert [row["COMPANY_ID"] for row in links] == companies
    assert (await admin.result("crm.contact.get", id=contact_id))["COMPANY_ID"] == str(companies[0])
    assert portal.events.waiting == []


async def test_the_seeds_people_read_what_their_rights_say() -> None:
    portal = a_portal()
    seeded = people.seed(300, seed=3)
    portal.load(seeded)
    own = next(user for user in seeded.users if user["RIGHTS"]["lead"] == "OWN" and user["ACTIVE"])

    rows = await Caller(portal, own["ID"]).result("crm.lead.list", select=["ASSIGNED_BY_ID"])

    assert {row["ASSIGNED_BY_ID"] for row in rows} <= {str(own["ID"])}
    expected = [lead for lead in seeded.leads if lead["ASSIGNED_BY_ID"] == own["ID"]]
    assert len(rows) == min(len(expected), 50)


async def test_a_new_deal_is_among_the_open_ones() -> None:
    portal = a_portal()
    deal = portal.create("deal", {"TITLE": "Новая сделка"}, by=ADMIN)

    rows = await Caller(portal, ADMIN).result("crm.deal.list", filter={"CLOSED": "N"}, select=["ID"])

    assert [row["ID"] for row in rows] == [str(deal)]
