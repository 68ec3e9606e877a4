"""Shared contact data: one phone or e-mail on contacts and companies at once, and how bad that is.

Between one contact and one company:

| contact and company        | same responsible | different responsible |
|----------------------------|------------------|-----------------------|
| linked: its own company    | INFO             | WARNING               |
| not linked: a foreign one  | WARNING          | ALARM                 |

With more than one contact or company (SEVERAL) the worst pair of a contact and a company counts, and it is
never less than a WARNING: who gets the call is decided by chance. Contacts among themselves, or companies,
are ordinary duplicates and no shared contact data; leads are not looked at. A hub (a switchboard, info@) is
its own matter and is not asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import product

from b24app.dedupe.record import Record, RecordRef, RecordType


class SharedKind(StrEnum):
    """Who shares the value."""

    OWN_COMPANY = "own_company"
    FOREIGN_COMPANY = "foreign_company"
    SEVERAL = "several"


class Severity(IntEnum):
    """How much it may hurt; a higher one is worse."""

    INFO = 1
    WARNING = 2
    ALARM = 3

    @property
    def word(self) -> str:
        """Return "info", "warning" or "alarm"."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class SharedData:
    """One value's holders, classed. `same_responsible` is over all of them."""

    kind: SharedKind
    severity: Severity
    same_responsible: bool
    contacts: tuple[RecordRef, ...]
    companies: tuple[RecordRef, ...]


_SEVERITY = {
    (True, True): Severity.INFO,
    (True, False): Severity.WARNING,
    (False, True): Severity.WARNING,
    (False, False): Severity.ALARM,
}  # (linked, same responsible)


def classify_shared(holders: Sequence[Record]) -> SharedData | None:
    """Return what it means that these records carry one value, or None: no contact or no company among them."""
    contacts = _of_type(holders, RecordType.CONTACT)
    companies = _of_type(holders, RecordType.COMPANY)
    if not contacts or not companies:
        return None
    worst = max(_pair_severity(contact, company) for contact, company in product(contacts, companies))
    is_pair = len(contacts) == len(companies) == 1
    responsibles = {record.responsible_id for record in (*contacts, *companies)}
    return SharedData(
        kind=_pair_kind(contacts[0], companies[0]) if is_pair else SharedKind.SEVERAL,
        severity=worst if is_pair else max(worst, Severity.WARNING),
        same_responsible=len(responsibles) == 1 and None not in responsibles,
        contacts=tuple(contact.ref for contact in contacts),
        companies=tuple(company.ref for company in companies),
    )


def are_linked(contact: Record, company: Record) -> bool:
    """Tell whether the contact belongs to the company, as its primary one or any other."""
    return company.ref in contact.links or contact.ref in company.links


def _of_type(holders: Sequence[Record], record_type: RecordType) -> list[Record]:
    by_ref = {record.ref: record for record in holders if record.ref.type is record_type}
    return [by_ref[ref] for ref in sorted(by_ref)]


def _pair_kind(contact: Record, company: Record) -> SharedKind:
    return SharedKind.OWN_COMPANY if are_linked(contact, company) else SharedKind.FOREIGN_COMPANY


def _pair_severity(contact: Record, company: Record) -> Severity:
    has_same = contact.responsible_id is not None and contact.responsible_id == company.responsible_id
    return _SEVERITY[are_linked(contact, company), has_same]
