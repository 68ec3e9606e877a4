"""How phones and e-mails of a record change: by the id of the value, as the classic update does it.

Documentation, crm.contact.update: an element with an id and a value changes it; with an empty value,
DELETE=Y or the bare id it goes; without an id it is added; what is not mentioned stays.
"""

from collections.abc import Iterable, Mapping
from itertools import count

from b24app.sandbox.fields import MULTIFIELDS
from b24app.sandbox.records import ContactValue
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text, is_true

DEFAULT_TYPE = "WORK"


def new_values(raw: Json, ids: "count[int]") -> tuple[ContactValue, ...]:
    """Read the values of a record that is being made; a bare text counts as one value."""
    if isinstance(raw, str):
        raw = [{"VALUE": raw}]
    made: list[ContactValue] = []
    for element in as_list(raw) or ():
        row = as_map(element) or {}
        text = as_text(row.get("VALUE")).strip()
        if text:
            made.append(ContactValue(next(ids), text, as_text(row.get("VALUE_TYPE")) or DEFAULT_TYPE))
    return tuple(made)


def changed_values(
    present: tuple[ContactValue, ...], raw: Json, ids: "count[int]"
) -> tuple[ContactValue, ...]:
    """Return the values after a classic update with these elements."""
    after = {value.id: value for value in present}
    for element in as_list(raw) or ():
        row = as_map(element) or {}
        text = as_text(row.get("VALUE")).strip()
        known = after.get(as_int(row.get("ID")))
        if known is None:
            for value in new_values([row], ids):
                after[value.id] = value
        elif is_true(row.get("DELETE")) or not text:
            del after[known.id]
        else:
            value_type = as_text(row.get("VALUE_TYPE")) or known.value_type
            after[known.id] = ContactValue(known.id, text, value_type)
    return tuple(after.values())


def from_item_update(raw: Json) -> dict[str, list[Json]]:
    """Turn ``fm`` of crm.item.update into classic elements; without ``typeId`` one does nothing.

    Documentation, tutorial "how to change e-mail or phone": numeric keys change or delete, other keys add.
    """
    changes: dict[str, list[Json]] = {}
    for key, element in _elements(raw):
        row = as_map(element)
        if row is None or not as_text(row.get("typeId")):
            continue
        changes.setdefault(as_text(row.get("typeId")), []).append(
            {"ID": key, "VALUE": row.get("value"), "VALUE_TYPE": row.get("valueType")}
        )
    return {kind: rows for kind, rows in changes.items() if kind in MULTIFIELDS}


def _elements(raw: Json) -> Iterable[tuple[str, Json]]:
    if isinstance(raw, Mapping):
        return raw.items()
    return (("", element) for element in as_list(raw) or ())
