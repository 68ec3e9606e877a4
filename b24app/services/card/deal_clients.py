"""A deal's clients: whose matches its tab shows. One request tells who they are and what they carry."""

from collections.abc import Sequence
from dataclasses import dataclass

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import BatchAnswer, Command
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.services.indexing.records import to_live_record
from b24app.services.portal.access import Refused
from b24app.services.portal.context import PortalContext

CONTACTS_AHEAD = 5  # contacts read together with the list of them; a deal seldom has more


@dataclass(frozen=True, slots=True)
class DealClients:
    """The contacts, and the company. ``records`` are those the viewer may read; None: too many to tell yet."""

    refs: tuple[RecordRef, ...]
    records: tuple[Record, ...] | None


async def read_deal_clients(context: PortalContext, deal_id: int) -> DealClients:
    """Return the clients of a deal; raises Refused when the viewer may not read the deal."""
    batch = await context.client.batch(_commands(deal_id))
    deals = answers.rows(batch.get("deal"))
    if not deals:
        raise Refused("no_access", 403)
    contacts = answers.linked_ids(batch.get("contacts"), "CONTACT_ID")
    company = answers.to_id(deals[0].get("COMPANY_ID"))
    refs = [RecordRef(RecordType.CONTACT, contact) for contact in contacts]
    if company is not None:
        refs.append(RecordRef(RecordType.COMPANY, company))
    if len(contacts) > CONTACTS_AHEAD:
        return DealClients(tuple(refs), None)
    return DealClients(tuple(refs), _records(batch, refs))


def _commands(deal_id: int) -> dict[str, Command]:
    ahead = {
        f"contact{place}": methods.get_record("contact", f"$result[contacts][{place}][CONTACT_ID]")
        for place in range(CONTACTS_AHEAD)
    }
    return {
        "deal": methods.list_records(
            "deal", select=["ID", "COMPANY_ID", "CONTACT_ID"], filter_by={"@ID": [deal_id]}
        ),
        "contacts": methods.contacts_of_deal(deal_id),
        "company": methods.get_record("company", "$result[deal][0][COMPANY_ID]"),
        **ahead,
    }


def _records(batch: BatchAnswer, refs: Sequence[RecordRef]) -> tuple[Record, ...]:
    """Translate what was read ahead; commands for clients that are not there have failed, and may."""
    found = []
    for key, answer in batch.answers.items():
        if key.startswith(("contact", "company")) and key != "contacts":
            record_type = RecordType.COMPANY if key == "company" else RecordType.CONTACT
            found.append(to_live_record(record_type, answers.row(answer)).record)
    return tuple(record for record in found if record.ref in refs)
