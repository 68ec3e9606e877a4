"""Values of user fields: how each type is stored, compared and printed; several values are a list.

Types: documentation, crm.lead.userfield.add. Bindings keep their prefix (``L_1``, ``C_2``, ``CO_3``); of an
enumeration only the ids of its list are stored.
"""

from collections.abc import Callable, Collection, Mapping

from b24app.sandbox.fields import Kind
from b24app.sandbox.records import Scalar, parse_time, print_time, to_float
from b24app.sandbox.wire import Json, as_int, as_list, as_text, is_true

_KINDS = {
    "integer": Kind.NUMBER,
    "employee": Kind.NUMBER,
    "enumeration": Kind.NUMBER,
    "boolean": Kind.NUMBER,
    "double": Kind.MONEY,
    "datetime": Kind.TIME,
    "date": Kind.DAY,
}


def kind_of_type(field_type: str) -> Kind:
    """Return how values of this type are compared."""
    return _KINDS.get(field_type, Kind.TEXT)


def store(field_type: str, value: Json, *, multiple: bool, options: Collection[int]) -> Scalar:
    """Return a value as it is kept; a blank one is None, of a multiple field an empty list."""
    if not multiple:
        listed = as_list(value)
        return _store_one(field_type, value if listed is None else next(iter(listed), None), options)
    given = as_list(value)
    stored = [_store_one(field_type, one, options) for one in (given if given is not None else [value])]
    return [one for one in stored if one is not None]


def _store_one(field_type: str, value: Json, options: Collection[int]) -> bool | int | float | str | None:
    if field_type == "boolean":
        return is_true(value)
    if value is False or as_text(value) == "":
        return None
    if field_type == "integer":
        return as_int(value)  # 0 is a value here, and a blank one is not
    if field_type == "enumeration":
        return as_int(value) if as_int(value) in options else None
    return _READERS[kind_of_type(field_type)](value)


_READERS: Mapping[Kind, Callable[[Json], int | float | str | None]] = {
    Kind.NUMBER: lambda value: as_int(value) or None,
    Kind.MONEY: to_float,
    Kind.TIME: parse_time,
    Kind.DAY: parse_time,
    Kind.TEXT: as_text,
}


def printed_classic(field_type: str, value: Scalar, *, multiple: bool) -> Json:
    """Return a value as the classic methods print it: text, or a list of texts."""
    if multiple:
        return [as_text(_printed(field_type, one)) for one in as_list(value) or ()]
    return None if value is None else as_text(_printed(field_type, value))


def printed_item(field_type: str, value: Scalar, *, multiple: bool) -> Json:
    """Return a value as crm.item.* prints it: numbers stay numbers."""
    if multiple:
        return [_printed(field_type, one) for one in as_list(value) or ()]
    return _printed(field_type, value)


def _printed(field_type: str, value: Json) -> Json:
    is_time = kind_of_type(field_type) in (Kind.TIME, Kind.DAY)
    return print_time(value) if is_time and isinstance(value, float) else value
