"""Raw CRM fields ↔ ``dedupe.Record``: the only place that knows both vocabularies. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from b24app.bitrix24.answers import to_id
from b24app.dedupe.record import Multifield, PersonName, Record, RecordRef, RecordType, Stage, ValueKind

Raw = Mapping[str, Any]

MULTIFIELDS = {"PHONE": ValueKind.PHONE, "EMAIL": ValueKind.EMAIL}
SEMANTICS = {"P": Stage.IN_WORK, "S": Stage.WON, "F": Stage.LOST}
PERSON_FIELDS = ("NAME", "SECOND_NAME", "LAST_NAME")
COMMON_FIELDS = ("ID", "PHONE", "EMAIL", "ASSIGNED_BY_ID", "DATE_CREATE", "DATE_MODIFY")
SELECTED: Mapping[RecordType, tuple[str, ...]] = {
    RecordType.LEAD: (
        *COMMON_FIELDS, *PERSON_FIELDS, "TITLE", "COMPANY_TITLE", "STATUS_ID", "STATUS_SEMANTIC_ID",
        "COMPANY_ID", "CONTACT_ID",
    ),
    RecordType.CONTACT: (*COMMON_FIELDS, *PERSON_FIELDS, "COMPANY_ID"),
    RecordType.COMPANY: (*COMMON_FIELDS, "TITLE"),
}  # fmt: skip
"""Fields asked of ``crm.*.list``: PHONE and EMAIL come only when named (REST documentation, crm-lead-list)."""


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """A record as just read from the portal: what matching sees, and what only a page shows."""

    record: Record
    title: str
    stage_id: str


def to_live_record(record_type: RecordType, raw: Raw) -> LiveRecord:
    """Translate one row of a classic list."""
    ref = RecordRef(record_type, int(raw["ID"]))
    person = PersonName(*(_text(raw, field) for field in PERSON_FIELDS))
    is_company = record_type is RecordType.COMPANY
    company_title = _text(raw, "TITLE" if is_company else "COMPANY_TITLE")
    record = Record(
        ref=ref,
        multifields=tuple(_multifields(raw)),
        person=PersonName() if is_company else person,
        company_title=company_title,
        responsible_id=to_id(raw.get("ASSIGNED_BY_ID")),
        stage=to_stage(raw.get("STATUS_SEMANTIC_ID")),
        links=_links(record_type, raw),
        created_at=to_timestamp(raw.get("DATE_CREATE")),
        modified_at=to_timestamp(raw.get("DATE_MODIFY")),
    )
    return LiveRecord(record, _title(record_type, raw, person), _text(raw, "STATUS_ID"))


def to_stage(value: object) -> Stage:
    """Return what became of a lead; NONE of whatever else a portal says."""
    return SEMANTICS.get(value.strip(), Stage.NONE) if isinstance(value, str) else Stage.NONE


def to_timestamp(value: object) -> float | None:
    """Return Unix seconds of an ISO date with offset; None for an empty or unreadable one."""
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def _title(record_type: RecordType, raw: Raw, person: PersonName) -> str:
    if record_type is RecordType.CONTACT:
        return " ".join(part for part in (person.first, person.second, person.last) if part)
    return _text(raw, "TITLE")


def _text(raw: Raw, field: str) -> str:
    value = raw.get(field)
    return value.strip() if isinstance(value, str) else ""


def _links(record_type: RecordType, raw: Raw) -> tuple[RecordRef, ...]:
    fields: Sequence[tuple[str, RecordType]] = ()
    if record_type is not RecordType.COMPANY:
        fields = (("COMPANY_ID", RecordType.COMPANY), ("CONTACT_ID", RecordType.CONTACT))
    return tuple(RecordRef(linked, number) for field, linked in fields if (number := to_id(raw.get(field))))


def _multifields(raw: Raw) -> list[Multifield]:
    found = []
    for field, kind in MULTIFIELDS.items():
        rows = raw.get(field)
        for row in rows if isinstance(rows, list) else ():
            value = row.get("VALUE") if isinstance(row, dict) else None
            if isinstance(value, str) and value.strip():
                found.append(Multifield(kind, value))
    return found
