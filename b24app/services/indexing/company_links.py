"""All companies of contacts: a list of contacts tells the primary one alone."""

from collections.abc import Iterable
from dataclasses import replace

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.client import PortalClient
from b24app.dedupe.record import Record, RecordRef, RecordType


async def complete_links(
    client: PortalClient, records: dict[RecordRef, Record], contacts: Iterable[RecordRef]
) -> None:
    """Give the contacts all their companies; one whose question is refused keeps what it has."""
    wanted = sorted(set(contacts))
    batch = await client.batch({str(ref): methods.companies_of_contact(ref.id) for ref in wanted})
    for ref in wanted:
        answer = batch.answers.get(str(ref))
        if answer is not None:
            ids = answers.linked_ids(answer, "COMPANY_ID")
            others = [link for link in records[ref].links if link.type is not RecordType.COMPANY]
            companies = (RecordRef(RecordType.COMPANY, company) for company in ids)
            records[ref] = replace(records[ref], links=(*companies, *others))
