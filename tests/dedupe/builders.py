"""Valid records, one difference per call."""

from __future__ import annotations

from b24app.dedupe.record import Multifield, PersonName, Record, RecordRef, RecordType, Stage, ValueKind

PORTAL_KEY = b"a portal's key of 32 bytes, made."

LEAD, CONTACT, COMPANY = RecordType.LEAD, RecordType.CONTACT, RecordType.COMPANY


def a_record(
    record_type: RecordType,
    number: int,
    *,
    phones: tuple[str, ...] = (),
    emails: tuple[str, ...] = (),
    name: str = "",
    company: str = "",
    responsible: int | None = 1,
    stage: Stage = Stage.NONE,
    links: tuple[str, ...] = (),
    modified_at: float | None = None,
    created_at: float | None = None,
) -> Record:
    """Return a record; `name` is "Last First Second", `links` are like "company:7"."""
    last, first, second = (*name.split(), "", "", "")[:3]
    return Record(
        ref=RecordRef(record_type, number),
        multifields=(
            *(Multifield(ValueKind.PHONE, phone) for phone in phones),
            *(Multifield(ValueKind.EMAIL, email) for email in emails),
        ),
        person=PersonName(first=first, second=second, last=last),
        company_title=company,
        responsible_id=responsible,
        stage=stage,
        links=tuple(RecordRef.parse(link) for link in links),
        created_at=created_at,
        modified_at=modified_at,
    )
