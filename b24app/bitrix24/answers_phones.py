"""Reader of a record's phones with the ids of the values, without which none can be changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from b24app.bitrix24.answers import to_id
from b24app.bitrix24.calls import JSON


@dataclass(frozen=True, slots=True)
class PhoneValue:
    """One phone of a record. ``value_type``: WORK, MOBILE, FAX, HOME, PAGER, MAILING or OTHER."""

    id: int
    value: str = field(repr=False)
    value_type: str


def phone_values(row: Mapping[str, JSON]) -> tuple[PhoneValue, ...]:
    """Return the phones of one row of a classic list; a record without phones may have no such key."""
    return tuple(_phones(row.get("PHONE")))


def _phones(rows: JSON) -> Iterator[PhoneValue]:
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        value_id, value, value_type = to_id(row.get("ID")), row.get("VALUE"), row.get("VALUE_TYPE")
        if value_id is not None and isinstance(value, str) and isinstance(value_type, str):
            yield PhoneValue(value_id, value, value_type)
