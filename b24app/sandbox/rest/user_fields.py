"""crm.{lead,contact,company,deal}.userfield.*: fields that an administrator adds to records.

Names are raised and prefixed; a taken name is ERROR_CORE with a text in the portal's language, so nobody may compare
the text (documentation, crm.lead.userfield.add; portal-behaviour notes, point 9).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import count

from b24app.sandbox.crm import CustomField
from b24app.sandbox.fields import SPECS, RecordSpec
from b24app.sandbox.refusals import Refusal, plain
from b24app.sandbox.rest.base import Answer, Call, Handler, Method
from b24app.sandbox.rest.rights import readable_owners
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text, is_true

TYPES = frozenset(
    {"string", "integer", "double", "boolean", "enumeration", "datetime", "date", "money", "url", "address"}
    | {"file", "employee", "crm_status", "iblock_section", "iblock_element", "crm"}
)
LONGEST_NAME = 50
_LABELS = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE")
_FIXED = frozenset({"ID", "ENTITY_ID", "FIELD_NAME", "USER_TYPE_ID", "MULTIPLE"})
_SORTABLE = ("ID", "FIELD_NAME", "USER_TYPE_ID", "XML_ID", "SORT")
_LANGUAGES = ("ru", "en", "de")


def _add(call: Call, spec: RecordSpec) -> Answer:
    if not call.user.admin:
        raise plain("Access denied.")
    fields = call.array("fields")
    for name in ("USER_TYPE_ID", "FIELD_NAME"):
        if not as_text(fields.get(name)):
            raise plain(f"The '{name}' field is not found.")
    name = _full_name(as_text(fields["FIELD_NAME"]))
    field_type = as_text(fields["USER_TYPE_ID"])
    own_types = _own_types(call)
    if field_type not in TYPES | own_types:
        raise Refusal("ERROR_CORE", "Invalid custom type specified.")
    if name in call.portal.crm.custom_names(spec.word):
        raise Refusal("ERROR_CORE", f"Поле {name} для объекта CRM_{spec.word.upper()} уже существует.")
    number = max(call.portal.crm.custom_fields, default=6000) + 1
    multiple = is_true(fields.get("MULTIPLE")) and field_type != "boolean"
    custom = CustomField(number, spec.word, name, field_type, multiple)
    custom.row = _first_row(custom, fields, call.portal.crm.option_ids)
    call.portal.crm.custom_fields[number] = custom
    return Answer(number)


def _own_types(call: Call) -> set[str]:
    """Return the full codes of the application's own field types; they exist once it is installed."""
    app = call.caller.app
    if app is None or not app.installed:
        return set()
    return {f"rest_{app.id}_{code}" for code in app.registrations.field_types}


def _full_name(given: str) -> str:
    bare = given.upper().removeprefix("UF_CRM_").removeprefix("UF_")
    name = f"UF_CRM_{bare}"
    if len(name) > LONGEST_NAME:
        raise Refusal("ERROR_CORE", f"Field name is too long (more than {LONGEST_NAME} characters).")
    if not re.fullmatch(r"[A-Z0-9_]+", name):
        raise Refusal(
            "ERROR_CORE", "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _."
        )
    return name


def _first_row(custom: CustomField, fields: Mapping[str, Json], ids: "count[int]") -> dict[str, Json]:
    row: dict[str, Json] = {
        "ID": str(custom.id),
        "ENTITY_ID": f"CRM_{custom.word.upper()}",
        "FIELD_NAME": custom.name,
        "USER_TYPE_ID": custom.type,
        "XML_ID": fields.get("XML_ID"),
        "SORT": as_text(fields.get("SORT") or 100),
        "MULTIPLE": "Y" if custom.multiple else "N",
        "MANDATORY": "Y" if is_true(fields.get("MANDATORY")) else "N",
        "SHOW_FILTER": "E" if is_true(fields.get("SHOW_FILTER")) else "N",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "N" if as_text(fields.get("EDIT_IN_LIST")) == "N" else "Y",
        "IS_SEARCHABLE": "N",
        "SETTINGS": fields.get("SETTINGS") or [],
    }
    for label in _LABELS:
        row[label] = _by_language(fields.get(label) or fields.get("LABEL"))
    if custom.type == "enumeration":
        row["LIST"] = _options((), fields.get("LIST"), ids)
    return row


def _options(present: Iterable[Json], raw: Json, ids: "count[int]") -> list[Json]:
    """Return the list of an enumeration after a change: by id, or added; ids are the portal's own."""
    rows = {as_int(row["ID"]): dict(row) for row in map(as_map, present) if row}
    for given in as_list(raw) or ():
        option = as_map(given) or {}
        number = as_int(option.get("ID"))
        if is_true(option.get("DEL")):
            rows.pop(number, None)
            continue
        known = rows.get(number)
        if known is None:
            number = next(ids)
        rows[number] = _option(number, option, known or {})
    codes = [as_text(row["XML_ID"]) for row in rows.values()]
    for code in codes:
        if codes.count(code) > 1:
            raise Refusal("ERROR_CORE", f"List item with XML_ID={code} already exists.")
    return list(rows.values())


def _option(number: int, given: Mapping[str, Json], known: Mapping[str, Json]) -> dict[str, Json]:
    def text(name: str, otherwise: str) -> str:
        return as_text(given.get(name) or known.get(name)) or otherwise

    return {
        "ID": str(number),
        "SORT": text("SORT", "500"),
        "VALUE": text("VALUE", ""),
        "DEF": text("DEF", "N"),
        "XML_ID": text("XML_ID", f"{number:032x}"),
    }


def _by_language(label: Json) -> dict[str, Json]:
    by_language = as_map(label)
    if by_language is not None:
        return {language: by_language.get(language, "") for language in _LANGUAGES}
    return dict.fromkeys(_LANGUAGES, as_text(label))


def _list(call: Call, spec: RecordSpec) -> Answer:
    readable_owners(call, spec.word)
    wanted = dict(call.array("filter"))
    language = as_text(wanted.pop("LANG", ""))
    found = [
        custom
        for custom in call.portal.crm.custom_names(spec.word).values()
        if all(as_text(custom.row.get(name)) == as_text(value) for name, value in wanted.items())
    ]
    for name, way in reversed(list(call.array("order").items())):
        if name in _SORTABLE:
            found.sort(key=partial(_place, name), reverse=as_text(way).upper() == "DESC")
    return Answer([_listed(custom, language) for custom in found], len(found))


def _place(name: str, custom: CustomField) -> tuple[int, str]:
    text = as_text(custom.row.get(name))
    return (as_int(text), "") if name in ("ID", "SORT") else (0, text)


def _listed(custom: CustomField, language: str) -> dict[str, Json]:
    """Return a row of the list: labels come only for the language that was asked for."""
    row = {name: value for name, value in custom.row.items() if name not in _LABELS}
    if language:
        row |= {label: (as_map(custom.row[label]) or {}).get(language) for label in _LABELS}
    return row


def _get(call: Call, spec: RecordSpec) -> Answer:
    readable_owners(call, spec.word)
    return Answer(_found(call, spec).row)


def _update(call: Call, spec: RecordSpec) -> Answer:
    if not call.user.admin:
        raise plain("Access denied.")
    custom = _found(call, spec)
    for name, value in call.array("fields").items():
        if name in custom.row and name not in _FIXED:
            custom.row[name] = _changed(call, custom, name, value)
    return Answer(True)


def _changed(call: Call, custom: CustomField, name: str, value: Json) -> Json:
    if name in _LABELS:
        return _by_language(value)
    if name == "LIST":
        return _options(as_list(custom.row["LIST"]) or (), value, call.portal.crm.option_ids)
    return ("E" if is_true(value) else "N") if name == "SHOW_FILTER" else value


def _delete(call: Call, spec: RecordSpec) -> Answer:
    if not call.user.admin:
        raise plain("Access denied.")
    del call.portal.crm.custom_fields[_found(call, spec).id]
    return Answer(True)


def _found(call: Call, spec: RecordSpec) -> CustomField:
    number = call.record_id()
    custom = call.portal.crm.custom_fields.get(number)
    if custom is None:
        raise Refusal("ERROR_NOT_FOUND", f"The entity with ID '{number}' is not found.")
    if custom.word != spec.word:
        raise plain("Access denied.", 403)
    return custom


_ACTIONS: tuple[tuple[str, Callable[[Call, RecordSpec], Answer], tuple[str, ...]], ...] = (
    ("add", _add, ("fields",)),
    ("list", _list, ("filter", "order")),
    ("get", _get, ("id",)),
    ("update", _update, ("id", "fields")),
    ("delete", _delete, ("id",)),
)


def _for(spec: RecordSpec, handle: Callable[[Call, RecordSpec], Answer]) -> Handler:
    return lambda call: handle(call, spec)


METHODS = tuple(
    Method(f"crm.{spec.word}.userfield.{action}", _for(spec, handle), params, ("crm",))
    for spec in SPECS.values()
    for action, handle, params in _ACTIONS
)
