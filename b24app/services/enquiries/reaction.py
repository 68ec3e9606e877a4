"""What new leads have to do with repeat enquiries: they are noted, in the transaction that stores their outcome."""

from collections.abc import Sequence

from b24app.dedupe.record import RecordType
from b24app.services.enquiries.rules import read_enquiry_rules
from b24app.services.outcomes.change import OutcomeChange
from b24app.services.portal.context import PortalContext
from b24app.store.database import Transaction

NEW_LEAD_S = 86_400.0  # so long a lead that repeats nothing may turn out to: events come late


async def note_new_leads(context: PortalContext, tx: Transaction, changes: Sequence[OutcomeChange]) -> None:
    """Note new leads to be judged, and once more those that became somebody's match while they were new."""
    if not (await read_enquiry_rules(tx)).is_on:
        return
    now = context.now()
    leads = [change for change in changes if change.ref.type is RecordType.LEAD]
    await tx.enquiries.plan([change.ref.id for change in leads if change.is_new], now)
    known = [change.ref.id for change in leads if not change.is_new]
    await tx.enquiries.plan_again(known, since=now - NEW_LEAD_S)
