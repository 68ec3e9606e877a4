"""One value on a contact and a company: what it means and who gets the next call, as a note on the tab. Pure."""

from collections.abc import Mapping, Sequence

from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.dedupe.routing import Holder, Routing, next_call
from b24app.dedupe.shared import SharedData, classify_shared
from b24app.services.card.shown import Row, SharedNote


def plan_shared_notes(
    display: str, holders: Sequence[Record], deals: Mapping[RecordRef, float], rows: Mapping[RecordRef, Row]
) -> SharedNote | None:
    """Return the note for one value, or None when no contact and company share it.

    ``deals``: contact or company → the latest change of its open deals, Unix seconds.
    """
    shared = classify_shared(holders)
    if shared is None:
        return None
    routing = next_call([Holder(record, deals.get(record.ref)) for record in holders])
    contact, company = _pair(shared, routing)
    return SharedNote(
        display=display,
        kind=shared.kind,
        severity=shared.severity,
        same_responsible=shared.same_responsible,
        contact=rows[contact],
        company=rows[company],
        receiver=rows[routing.receiver] if routing else None,
        stored_in=tuple(rows[ref] for ref in routing.stored_in) if routing else (),
        should_receive=rows[routing.should_receive] if routing else None,
        is_misrouted=routing is not None and routing.differs,
        is_misfiled=routing is not None and not routing.is_stored_with_receiver,
    )


def _pair(shared: SharedData, routing: Routing | None) -> tuple[RecordRef, RecordRef]:
    """Return the contact and the company to name: those the next call concerns, where there are several."""
    named = (routing.receiver, *routing.stored_in) if routing else ()
    contact = next((ref for ref in named if ref.type is RecordType.CONTACT), shared.contacts[0])
    company = next((ref for ref in named if ref.type is RecordType.COMPANY), shared.companies[0])
    return contact, company
