"""The index as it stands, and as it would stand had nothing ever gone wrong."""

from dataclasses import replace

from b24app.bitrix24.throttle import Priority
from b24app.dedupe.keys import match_keys
from b24app.dedupe.record import RecordRef, RecordType
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.rest.answering import RestDoor, RestRequest
from b24app.services.indexing.records import SELECTED, to_live_record
from b24app.services.portal.context import open_portal
from b24app.store.index_batch import IndexedRecord
from tests.journeys.town import Town

Index = dict[RecordRef, IndexedRecord]
WEBHOOK = (1, "undisturbed")


async def undisturbed(town: Town, portal: SandboxPortal | None = None) -> Index:
    """Return what the portal's records are at rest, read page by page past the network, its faults and limits."""
    chosen = portal or town.portal
    chosen.add_webhook(*WEBHOOK, ("crm",))
    context = await open_portal(town.house.runtime, (await town.known(chosen)).portal_id, Priority.PERSON)
    rows = [(kind, row) for kind in RecordType for row in await _rows(chosen, kind)]
    records = (to_live_record(kind, row).record for kind, row in rows)
    return {
        record.ref: IndexedRecord(
            ref=record.ref,
            keys=match_keys(record, context.rules, context.hashing_key),
            fingerprint=0,
            responsible_id=record.responsible_id,
            stage=record.stage,
            links=record.links,
            created_at=record.created_at,
            modified_at=None,
            read_at=0.0,
        )
        for record in records
    }


async def index_of(town: Town, portal: SandboxPortal | None = None) -> Index:
    """Return the whole index of a portal, without fingerprints, and when it was read or last changed."""
    portal_id = (await town.known(portal)).portal_id
    async with town.house.runtime.store.read(portal_id) as tx:
        refs = [ref for kind in RecordType for ref in await tx.index.unseen_since(float("inf"), kind, 10**6)]
        known = await tx.index.get_many(refs)
    return {
        ref: replace(record, fingerprint=0, read_at=0.0, modified_at=None) for ref, record in known.items()
    }


async def _rows(portal: SandboxPortal, kind: RecordType) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    start: object = 0
    while start is not None:
        asked = {"select": list(SELECTED[kind]), "order": {"ID": "ASC"}, "start": start}
        request = RestRequest(f"crm.{kind.word}.list", asked, webhook=WEBHOOK)  # type: ignore[arg-type]
        answer = await RestDoor(portal).answer(request)
        rows += answer.body["result"]  # type: ignore[arg-type]
        start = answer.body.get("next")
    return rows
