"""Reading one field of a record, as it is compared and as the classic methods print it: everything a string.

Shapes: documentation, answers of crm.lead.get, crm.contact.get and their lists.
"""

from collections.abc import Callable, Iterable

from b24app.sandbox.crm import Crm, CustomField
from b24app.sandbox.custom_values import printed_classic
from b24app.sandbox.fields import MULTIFIELDS, Kind, RecordSpec
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.records import Record, Scalar, print_time
from b24app.sandbox.wire import Json, as_text, is_true

_HAS = {"HAS_PHONE": "PHONE", "HAS_EMAIL": "EMAIL", "HAS_IMOL": "IM"}
_ZERO_IN_LEAD_LISTS = frozenset({"COMPANY_ID", "CONTACT_ID"})


def reader(crm: Crm, spec: RecordSpec, name: str) -> Callable[[Record], Scalar]:
    """Return how to read a field, those that are computed included."""
    if name == "ID":
        return lambda record: record.id
    if name in _HAS:
        kind = _HAS[name]
        return lambda record: "Y" if record.values.get(kind) else "N"
    if name == spec.semantic_field:
        return lambda record: crm.semantics(spec, record)
    if name == "IS_RETURN_CUSTOMER":
        return lambda record: (
            "Y" if record.fields.get("COMPANY_ID") or record.fields.get("CONTACT_ID") else "N"
        )
    return lambda record: record.fields.get(name)


class ClassicPrinter:
    """Prints records of one type with the fields that a select asked for."""

    def __init__(
        self, portal: SandboxPortal, spec: RecordSpec, select: Iterable[str], *, in_list: bool
    ) -> None:
        custom = portal.crm.custom_names(spec.word)
        wanted = set(select)
        everything = not wanted or "*" in wanted
        plain = [name for name in spec.names if everything or name in wanted or name == "ID"]
        self._plain = [(name, spec.names[name], reader(portal.crm, spec, name)) for name in plain]
        self._custom = [
            field for name, field in custom.items() if "UF_*" in wanted or name in wanted or not in_list
        ]
        self._multi = [name for name in MULTIFIELDS if name in wanted or not in_list]
        self._booleans = portal.quirks.boolean_fields
        self._zeros = _ZERO_IN_LEAD_LISTS if in_list and spec.word == "lead" else frozenset[str]()

    def row(self, record: Record) -> dict[str, Json]:
        """Return the record as it is sent; a multifield without values has no key at all."""
        row: dict[str, Json] = {}
        for name, kind, read in self._plain:
            printed = _printed(read(record), kind)
            row[name] = "0" if printed is None and name in self._zeros else printed
        for custom in self._custom:
            row[custom.name] = self._custom_value(custom, record.fields.get(custom.name))
        for name in self._multi:
            values = record.values.get(name)
            if values:
                row[name] = [
                    {"ID": str(one.id), "VALUE_TYPE": one.value_type, "VALUE": one.value, "TYPE_ID": name}
                    for one in values
                ]
        return row

    def _custom_value(self, custom: CustomField, value: Scalar) -> Json:
        if custom.type == "boolean":
            return boolean_as(self._booleans, is_true(value))
        return printed_classic(custom.type, value, multiple=custom.multiple)


def boolean_as(style: str, value: bool) -> Json:
    """Print a boolean user field as the portal at hand does: true, "1" or "Y"."""
    if style == "json":
        return value
    return ("1" if value else "0") if style == "digits" else ("Y" if value else "N")


def _printed(value: Scalar, kind: Kind) -> Json:
    if kind in (Kind.TIME, Kind.DAY):
        return print_time(value) if isinstance(value, float) else ""
    if kind is Kind.MONEY:
        return f"{value or 0:.2f}" if isinstance(value, float) or value is None else as_text(value)
    if kind is Kind.FLAG:
        return as_text(value) or "N"
    return None if value is None else as_text(value)
