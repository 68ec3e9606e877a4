"""Names of fields in the universal family (crm.item.*), and records printed in its manner.

Rules for user fields: documentation, crm/universal/index. ``fm`` cannot be selected by name, only with ``*``.
"""

import re

from b24app.sandbox.crm import CustomField
from b24app.sandbox.custom_values import printed_item
from b24app.sandbox.fields import Kind, RecordSpec
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.records import Record, Scalar, print_time
from b24app.sandbox.rest.reading import boolean_as, reader
from b24app.sandbox.wire import Json, as_text, is_true

_SPECIAL = {
    "ID": "id",
    "DATE_CREATE": "createdTime",
    "DATE_MODIFY": "updatedTime",
    "CREATED_BY_ID": "createdBy",
    "MODIFY_BY_ID": "updatedBy",
    "MOVED_BY_ID": "movedBy",
    "STATUS_ID": "stageId",
    "STATUS_SEMANTIC_ID": "stageSemanticId",
}
_ZERO_LINKS = frozenset({"companyId", "contactId"})
_FIRST_VALUES = {
    "phone": ("PHONE", ""),
    "email": ("EMAIL", ""),
    "phoneMobile": ("PHONE", "MOBILE"),
    "phoneWork": ("PHONE", "WORK"),
    "phoneMailing": ("PHONE", "MAILING"),
    "emailHome": ("EMAIL", "HOME"),
    "emailWork": ("EMAIL", "WORK"),
    "emailMailing": ("EMAIL", "MAILING"),
}
_LINK_LISTS = {"contact": "companyIds", "lead": "contactIds", "deal": "contactIds"}


def camel(name: str) -> str:
    head, *rest = name.lower().split("_")
    return head + "".join(part.capitalize() for part in rest)


def item_name(name: str) -> str:
    return _SPECIAL.get(name) or camel(name)


def custom_item_name(name: str) -> str:
    """``UF_CRM_1747`` → ``ufCrm_1747``, ``UF_CRM_3_DIGIT`` → ``ufCrm3Digit``, mixed parts keep underscores."""
    parts = name.removeprefix("UF_CRM_").split("_")
    if any(re.search(r"[A-Z]", part) and re.search(r"[0-9]", part) for part in parts):
        return "ufCrm_" + "_".join(parts)
    if parts[-1].isdigit():
        return "ufCrm" + "".join(part.capitalize() for part in parts[:-1]) + "_" + parts[-1]
    return "ufCrm" + "".join(part.capitalize() for part in parts)


class ItemNames:
    """Both directions of one type's names."""

    def __init__(self, spec: RecordSpec, custom: dict[str, CustomField], *, original_custom: bool) -> None:
        self.plain = {item_name(name): name for name in spec.names}
        self.custom = {name if original_custom else custom_item_name(name): name for name in custom}

    def upper(self, name: str) -> str | None:
        """Return the classic name of an item field, None when there is no such field."""
        return self.plain.get(name) or self.custom.get(name)


class ItemPrinter:
    """Prints records of one type as items."""

    def __init__(
        self, portal: SandboxPortal, spec: RecordSpec, names: ItemNames, select: frozenset[str]
    ) -> None:
        everything = not select or "*" in select
        self._portal = portal
        self._spec = spec
        self._has_all = everything
        self._select = select
        self._custom_fields = portal.crm.custom_names(spec.word)
        self._plain = [
            (name, spec.names[upper], reader(portal.crm, spec, upper))
            for name, upper in names.plain.items()
            if everything or name in select or name == "id"
        ]
        self._custom = [
            (name, self._custom_fields[upper])
            for name, upper in names.custom.items()
            if everything or name in select
        ]

    def item(self, record: Record) -> dict[str, Json]:
        row: dict[str, Json] = {name: _printed(name, read(record), kind) for name, kind, read in self._plain}
        for name, custom in self._custom:
            value = record.fields.get(custom.name)
            row[name] = self._custom_value(custom, value)
        if self._spec.has_multifields:
            self._add_values(row, record)
        links = _LINK_LISTS.get(self._spec.word)
        if links and (self._has_all or links in self._select):
            row[links] = self._portal.crm.links[self._spec.word].targets(record.id)
        if self._has_all:
            row["entityTypeId"] = self._spec.type_id
        return row

    def _custom_value(self, custom: CustomField, value: Scalar) -> Json:
        if custom.type == "boolean":
            return boolean_as(self._portal.quirks.boolean_fields, is_true(value))
        return printed_item(custom.type, value, multiple=custom.multiple)

    def _add_values(self, row: dict[str, Json], record: Record) -> None:
        for name, (kind, value_type) in _FIRST_VALUES.items():
            if self._has_all or name in self._select:
                values = record.values.get(kind, ())
                found = (one.value for one in values if not value_type or one.value_type == value_type)
                row[name] = next(found, "")
        if self._has_all:
            row["fm"] = [
                {"id": one.id, "valueType": one.value_type, "value": one.value, "typeId": kind}
                for kind, values in record.values.items()
                for one in values
            ]


def _printed(name: str, value: Scalar, kind: Kind) -> Json:
    if kind in (Kind.TIME, Kind.DAY):
        return print_time(value) if isinstance(value, float) else None
    if kind is Kind.NUMBER:
        return 0 if value is None and name in _ZERO_LINKS else value
    if kind is Kind.MONEY:
        return value or 0
    if kind is Kind.FLAG:
        return as_text(value) or "N"
    return value
