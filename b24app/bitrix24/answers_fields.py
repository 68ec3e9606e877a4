"""Readers of what is registered: user fields with the ids of their list items, codes of steps, names of triggers."""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.bitrix24.answers import rows, to_bool, to_id
from b24app.bitrix24.calls import JSON, Answer
from b24app.bitrix24.errors import UnexpectedAnswer


@dataclass(frozen=True, slots=True)
class UserField:
    """A user field as it is in this portal. ``items``: XML_ID → the id that is written and read as a value."""

    id: int
    type: str
    is_multiple: bool
    items: Mapping[str, int]


def user_fields(answer: Answer) -> dict[str, UserField]:
    """Return a type's user fields by their codes; what has no code or id is left out."""
    found = {}
    for row in rows(answer):
        code, field_id = row.get("FIELD_NAME"), to_id(row.get("ID"))
        if isinstance(code, str) and field_id is not None:
            found[code] = UserField(
                id=field_id,
                type=str(row.get("USER_TYPE_ID")),
                is_multiple=to_bool(row.get("MULTIPLE")),
                items=_items(row.get("LIST")),
            )
    return found


def _items(value: JSON) -> dict[str, int]:
    entries = value if isinstance(value, list) else ()
    return {
        str(entry["XML_ID"]): item_id
        for entry in entries
        if isinstance(entry, dict) and entry.get("XML_ID") and (item_id := to_id(entry.get("ID"))) is not None
    }


def step_codes(answer: Answer) -> frozenset[str]:
    """Return the codes of our robots or activities, spelt as they were registered."""
    if not isinstance(answer.result, list):
        raise UnexpectedAnswer
    return frozenset(code for code in answer.result if isinstance(code, str))


def trigger_names(answer: Answer) -> dict[str, str]:
    """Return our triggers: code → name."""
    return {str(row["CODE"]): str(row.get("NAME", "")) for row in rows(answer) if row.get("CODE")}
