"""How an outcome is spelt in a record's user fields: one place for codes, formats and what "nothing" looks like.

Sources: REST documentation, "data types" (binding ``L_12``), ``crm.lead.update``; ids of list items are each portal's
own. In a batch an empty list can't be spelt, so a field of several values is emptied by one empty value.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from b24app.bitrix24.answers_fields import UserField
from b24app.bitrix24.calls import JSON
from b24app.dedupe.outcome import Outcome, Status
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.writeback.reason_text import reason_text

BINDINGS = {RecordType.LEAD: "L", RecordType.CONTACT: "C", RecordType.COMPANY: "CO"}
EMPTY = ""


class ResultCode(StrEnum):
    """The fields, by their codes in ``install/portal.toml``."""

    STATUS = "UF_CRM_B24DUP_STATUS"
    COUNT = "UF_CRM_B24DUP_COUNT"
    LEADS = "UF_CRM_B24DUP_LEADS"
    CONTACTS = "UF_CRM_B24DUP_CONTACTS"
    COMPANIES = "UF_CRM_B24DUP_COMPANIES"
    MATCHES = "UF_CRM_B24DUP_MATCHES"
    BEST = "UF_CRM_B24DUP_BEST"
    OWNER = "UF_CRM_B24DUP_OWNER"
    GRADE = "UF_CRM_B24DUP_GRADE"
    SHARED = "UF_CRM_B24DUP_SHARED"
    REASON = "UF_CRM_B24DUP_REASON"
    CHECKED = "UF_CRM_B24DUP_CHECKED"
    GROUP = "UF_CRM_B24DUP_GROUP"


PortalFields = Mapping[str, UserField]


@dataclass(frozen=True, slots=True)
class Spelling:
    """What this portal's fields are like, and in which language a reason is told."""

    fields: Mapping[RecordType, PortalFields]
    language: str

    def values(self, outcome: Outcome) -> dict[str, JSON]:
        """Return what has to stand in the record's fields; fields that the portal has not got are left out."""
        present = self.fields[outcome.ref.type]
        return {
            code.value: spell(outcome, present[code], self.language)
            for code, spell in _SPELLINGS.items()
            if code in present
        }

    def hash(self, values: Mapping[str, JSON], record_type: RecordType) -> int:
        """Return a signed hash of what is written and of the fields it is written to, but for the time."""
        lasting = {code: value for code, value in values.items() if code != ResultCode.CHECKED}
        return _hash([lasting, self._marks(record_type)])

    def signature(self) -> int:
        """Return a signed hash of the fields themselves: another one where a field was made again."""
        return _hash([self._marks(record_type) for record_type in sorted(self.fields)])

    def _marks(self, record_type: RecordType) -> list[JSON]:
        return [
            [code, field.id, sorted([name, item] for name, item in field.items.items())]
            for code, field in sorted(self.fields[record_type].items())
            if code in set(ResultCode)
        ]


def binding(ref: RecordRef) -> str:
    """Return how a field of type ``crm`` names a record: ``L_12``, ``CO_4``."""
    return f"{BINDINGS[ref.type]}_{ref.id}"


def _hash(value: JSON) -> int:
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _item(code: str | None, field: UserField) -> JSON:
    return EMPTY if code is None else field.items.get(code, EMPTY)


def _count(record_type: RecordType | None) -> Callable[[Outcome, UserField, str], JSON]:
    def spell(outcome: Outcome, field: UserField, language: str) -> JSON:
        return EMPTY if outcome.status is Status.NOT_CHECKED else outcome.count(record_type)

    return spell


def _links(refs: Iterable[RecordRef]) -> JSON:
    return [binding(ref) for ref in refs] or [EMPTY]


def _responsible(outcome: Outcome, field: UserField, language: str) -> JSON:
    best = outcome.best
    return EMPTY if best is None or best.responsible_id is None else best.responsible_id


def _linked(outcome: Outcome) -> list[RecordRef]:
    """Return the matches, best first, and the record's own company or contact that shares its data."""
    return list(dict.fromkeys((*(match.ref for match in outcome.matches), *outcome.partners)))


_SPELLINGS: Mapping[ResultCode, Callable[[Outcome, UserField, str], JSON]] = {
    ResultCode.STATUS: lambda outcome, field, _: _item(outcome.status.value, field),
    ResultCode.COUNT: _count(None),
    ResultCode.LEADS: _count(RecordType.LEAD),
    ResultCode.CONTACTS: _count(RecordType.CONTACT),
    ResultCode.COMPANIES: _count(RecordType.COMPANY),
    ResultCode.MATCHES: lambda outcome, field, _: _links(_linked(outcome)),
    ResultCode.BEST: lambda outcome, field, _: binding(outcome.best.ref) if outcome.best else EMPTY,
    ResultCode.OWNER: _responsible,
    ResultCode.GRADE: lambda outcome, field, _: _item(outcome.grade.word if outcome.grade else None, field),
    ResultCode.SHARED: lambda outcome, field, _: _item(
        outcome.shared.value if outcome.shared else None, field
    ),
    ResultCode.REASON: lambda outcome, field, language: reason_text(outcome, language),
    ResultCode.CHECKED: lambda outcome, field, _: datetime.fromtimestamp(outcome.checked_at, UTC).isoformat(
        timespec="seconds"
    ),
    ResultCode.GROUP: lambda outcome, field, _: outcome.group,
}
