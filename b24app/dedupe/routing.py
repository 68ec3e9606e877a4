"""Who gets the next call from a number, where the portal will store it, and who should have got it.

The portal's order is from the notes on portal behaviour, section 11:

- of several contacts (or companies): the one with the most recently modified open deal, else the lowest id;
- leads only if neither a contact nor a company was found, only those in work, the latest modified first;
- the call goes to: contact, then lead, then company;
- it is stored in the company, and in the contact too only if that company is its primary one; without a
  company in the contact; in the lead only if nothing else was found.

Who should get it, by our own rule, the first that applies:

1. the contact or company with the most recently modified open deal: somebody is selling to it right now; 2.
without any open deal, the lead in work that was modified last: somebody is working on it, and the portal
passes it over; 3. without such a lead, the contact with the lowest id whose primary company carries the
number too: the two belong together; 4. otherwise whom the portal chose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from b24app.dedupe.record import Record, RecordRef, RecordType, Stage


class IgnoredCode(StrEnum):
    """Why the call is not stored with a record that carries the number."""

    OLDER_DEAL = "older_deal"  # another one of its type has a more recently modified open deal
    HIGHER_ID = "higher_id"  # no deal decides; another one of its type is older
    OTHER_COMPANY = "other_company"  # the contact is shown the call, but the company keeps it
    LEAD_BEHIND_CLIENT = "lead_behind_client"  # a contact or company exists
    LEAD_CLOSED = "lead_closed"  # converted or junk
    LEAD_MODIFIED_EARLIER = "lead_modified_earlier"


@dataclass(frozen=True, slots=True)
class Holder:
    """A record that carries the number; `open_deal_modified_at` of its open deals is the latest, unix seconds."""

    record: Record
    open_deal_modified_at: float | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A record in whose history the call will be missing, and why."""

    ref: RecordRef
    code: IgnoredCode


@dataclass(frozen=True, slots=True)
class Routing:
    """What happens to the next call.

    `differs`: the call goes to another responsible than it should. `should_receive` may be another record
    of the same responsible; then nobody is hurt.
    """

    receiver: RecordRef
    stored_in: tuple[RecordRef, ...]
    ignored: tuple[Ignored, ...]
    should_receive: RecordRef
    differs: bool

    @property
    def is_stored_with_receiver(self) -> bool:
        """Tell whether the call shows up in the history of the record that gets it."""
        return self.receiver in self.stored_in


def next_call(holders: Sequence[Holder]) -> Routing | None:
    """Return where the next call goes, or None when nobody gets it (no holders, or closed leads only)."""
    contact = _best_client(holders, RecordType.CONTACT)
    company = _best_client(holders, RecordType.COMPANY)
    lead = _best_lead(holders) if contact is None and company is None else None
    receiver = contact or lead or company
    if receiver is None:
        return None
    stored_in = _bindings(contact, company, lead)
    should_receive = _who_should(holders, receiver)
    return Routing(
        receiver=receiver.record.ref,
        stored_in=stored_in,
        ignored=tuple(_ignored(holders, (contact, company, lead), stored_in)),
        should_receive=should_receive.record.ref,
        differs=should_receive.record.responsible_id != receiver.record.responsible_id,
    )


def _of_type(holders: Iterable[Holder], record_type: RecordType) -> list[Holder]:
    return [holder for holder in holders if holder.record.ref.type is record_type]


def _best_client(holders: Iterable[Holder], record_type: RecordType) -> Holder | None:
    return min(_of_type(holders, record_type), key=_client_rank, default=None)


def _best_lead(holders: Iterable[Holder]) -> Holder | None:
    leads = _of_type(holders, RecordType.LEAD)
    in_work = (lead for lead in leads if lead.record.stage is Stage.IN_WORK)
    return min(in_work, key=lambda lead: (-(lead.record.modified_at or 0.0), lead.record.ref), default=None)


def _client_rank(holder: Holder) -> tuple[bool, float, RecordRef]:
    deal_at = holder.open_deal_modified_at
    return deal_at is None, -(deal_at or 0.0), holder.record.ref


def _primary_company(contact: Record) -> RecordRef | None:
    companies = (link for link in contact.links if link.type is RecordType.COMPANY)
    return next(companies, None)


def _bindings(contact: Holder | None, company: Holder | None, lead: Holder | None) -> tuple[RecordRef, ...]:
    """Return where the call is stored: a company drops the contact that is not its own."""
    if company is None:
        client = contact or lead
        return () if client is None else (client.record.ref,)
    if contact is not None and _primary_company(contact.record) == company.record.ref:
        return contact.record.ref, company.record.ref
    return (company.record.ref,)


def _who_should(holders: Sequence[Holder], receiver: Holder) -> Holder:
    clients = [holder for holder in holders if holder.record.ref.type is not RecordType.LEAD]
    in_deal = [client for client in clients if client.open_deal_modified_at is not None]
    if in_deal:
        return min(in_deal, key=_client_rank)
    lead = _best_lead(holders)
    if lead is not None:
        return lead
    companies = {holder.record.ref for holder in _of_type(holders, RecordType.COMPANY)}
    at_home = [
        holder
        for holder in _of_type(holders, RecordType.CONTACT)
        if _primary_company(holder.record) in companies
    ]
    return min(at_home, key=_client_rank, default=receiver)


def _ignored(
    holders: Iterable[Holder], best: tuple[Holder | None, ...], stored_in: tuple[RecordRef, ...]
) -> Iterable[Ignored]:
    winners = {holder.record.ref.type: holder for holder in best if holder is not None}
    for holder in sorted(holders, key=lambda holder: holder.record.ref):
        ref = holder.record.ref
        if ref not in stored_in:
            yield Ignored(ref, _why_ignored(holder, winners.get(ref.type)))


def _why_ignored(holder: Holder, winner: Holder | None) -> IgnoredCode:
    if holder.record.ref.type is RecordType.LEAD:
        if holder.record.stage is not Stage.IN_WORK:
            return IgnoredCode.LEAD_CLOSED
        return IgnoredCode.LEAD_BEHIND_CLIENT if winner is None else IgnoredCode.LEAD_MODIFIED_EARLIER
    if winner is None or winner.record.ref == holder.record.ref:
        return IgnoredCode.OTHER_COMPANY
    return IgnoredCode.HIGHER_ID if winner.open_deal_modified_at is None else IgnoredCode.OLDER_DEAL
