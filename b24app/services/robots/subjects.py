"""Whom a workflow's document is about: a record itself, or the clients of a deal."""

from collections.abc import Mapping, Sequence

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import BatchAnswer, Command
from b24app.bitrix24.errors import NotFound
from b24app.dedupe.outcome import Outcome
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.indexing.refresh import LostRights, refresh_records
from b24app.services.outcomes.find import look_at
from b24app.services.portal.context import PortalContext
from b24app.services.publishing import ask_to_publish
from b24app.services.robots.robot import Ended
from b24app.store.robot_calls import KeptCall

DEAL = "deal"
DOCUMENT_TYPES = frozenset({DEAL, *(kind.word for kind in RecordType)})
WAITING_AT_ONCE = 200  # changes that are worked off before a robot is answered

Subjects = Mapping[bytes, tuple[RecordRef, ...] | Ended]


async def find_subjects(context: PortalContext, calls: Sequence[KeptCall]) -> Subjects:
    """Return the records each call is about, or why there are none."""
    deals = sorted({call.document_id for call in calls if call.document_type == DEAL})
    clients = await _clients(context, deals) if deals else {}
    return {
        call.digest: clients[call.document_id] if call.document_type == DEAL else _itself(call)
        for call in calls
    }


def refs_of(subjects: Subjects) -> list[RecordRef]:
    """Return all records of all calls, each once."""
    return sorted({ref for refs in subjects.values() if not isinstance(refs, Ended) for ref in refs})


async def catch_up(context: PortalContext) -> None:
    """Work off what changed in the portal a moment ago: a robot starts before the event of its record comes."""
    async with context.read() as tx:
        waiting = await tx.inbox.take(WAITING_AT_ONCE)
    if waiting and await refresh_records(context, [named.ref for named in waiting], waiting):
        await ask_to_publish(context.runtime, context.portal.portal_id)


async def find_their_outcomes(
    context: PortalContext, refs: Sequence[RecordRef], rules: RuleSet
) -> dict[RecordRef, Outcome]:
    """Return the outcomes of records that exist; raises LostRights when the app does not see the whole portal."""
    if not refs:
        return {}
    look = await look_at(context, refs, rules)
    if not look.is_admin:
        raise LostRights(method="profile")
    return {ref: look.found[ref] for ref in refs if ref in look.found}


def _itself(call: KeptCall) -> tuple[RecordRef, ...]:
    return (RecordRef(RecordType.parse(call.document_type), call.document_id),)


async def _clients(context: PortalContext, deals: Sequence[int]) -> dict[int, tuple[RecordRef, ...] | Ended]:
    commands: dict[str, Command] = {f"contacts{deal}": methods.contacts_of_deal(deal) for deal in deals}
    commands["deals"] = methods.list_records(
        "deal", select=["ID", "COMPANY_ID"], filter_by={"@ID": list(deals)}
    )
    batch = await context.client.batch(commands)
    companies = {
        answers.to_id(row.get("ID")): answers.to_id(row.get("COMPANY_ID"))
        for row in answers.rows(batch.get("deals"))
    }
    return {
        deal: _of_deal(batch, deal, companies[deal]) if deal in companies else Ended.GONE for deal in deals
    }


def _of_deal(batch: BatchAnswer, deal: int, company: int | None) -> tuple[RecordRef, ...] | Ended:
    try:
        contacts = answers.linked_ids(batch.get(f"contacts{deal}"), "CONTACT_ID")
    except NotFound:
        return Ended.GONE
    refs = [RecordRef(RecordType.CONTACT, contact) for contact in contacts]
    if company is not None:
        refs.append(RecordRef(RecordType.COMPANY, company))
    return tuple(refs) or Ended.NO_CLIENT
