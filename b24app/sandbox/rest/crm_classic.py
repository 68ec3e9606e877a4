"""crm.lead / contact / company / deal: list, get, add, update, delete, fields, in the classic family's odd ways.

Unknown filter keys are dropped in silence, PHONE comes only when named, a multifield filter is exact and only under its
bare key, everything in rows is a string (documentation, crm.contact.list; portal-behaviour notes, point 4).
"""

from collections.abc import Callable

from b24app.sandbox.crm import CustomField
from b24app.sandbox.custom_values import kind_of_type
from b24app.sandbox.fields import MULTIFIELDS, READ_ONLY, SPECS, Kind, RecordSpec
from b24app.sandbox.records import Record
from b24app.sandbox.refusals import Refusal, plain
from b24app.sandbox.rest.base import Answer, Call, Handler, Method
from b24app.sandbox.rest.conditions import IdBounds, Predicate, predicate, split_key
from b24app.sandbox.rest.query import Query, Sorting, run
from b24app.sandbox.rest.reading import ClassicPrinter, reader
from b24app.sandbox.rest.rights import may_read, may_write, readable_owners
from b24app.sandbox.users import Breadth
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

_MISSING_IN_UPDATE = {"contact": "Contact is not found", "company": "Company is not found"}


def _list(call: Call, spec: RecordSpec) -> Answer:
    owners = readable_owners(call, spec.word)
    bounds, predicates = _filter(call, spec)
    start = as_int(call.params.get("start"))
    query = Query(bounds, predicates, owners, _order(call, spec), start)
    page = run(call.portal.crm.tables[spec.word], query)
    select = [as_text(name) for name in as_list(call.params.get("select")) or ()]
    printer = ClassicPrinter(call.portal, spec, select, in_list=True)
    return Answer([printer.row(record) for record in page.records], page.total or 0, page.next)


def _filter(call: Call, spec: RecordSpec) -> tuple[IdBounds, tuple[Predicate, ...]]:
    bounds, predicates = IdBounds(), []
    custom = call.portal.crm.custom_names(spec.word)
    for key, value in call.array("filter").items():
        condition = split_key(key, value)
        if key in MULTIFIELDS:
            predicates += _exact_value(key, value)
        elif condition.name == "ID" and (tighter := bounds.narrowed(condition)) is not None:
            bounds = tighter
        elif condition.name in spec.names or condition.name in custom:
            kind = spec.names.get(condition.name) or kind_of_type(custom[condition.name].type)
            predicates.append(predicate(condition, kind, reader(call.portal.crm, spec, condition.name)))
    return bounds, tuple(predicates)


def _exact_value(name: str, value: Json) -> list[Predicate]:
    """Compare with the raw stored text; of an array only the first counts, a blank value is no condition."""
    listed = as_list(value)
    wanted = as_text(listed[0] if listed else value)
    if not wanted.strip():
        return []
    return [lambda record: any(one.value == wanted for one in record.values.get(name, ()))]


def _order(call: Call, spec: RecordSpec) -> tuple[Sorting, ...]:
    return tuple(
        Sorting(name, spec.names[name], reader(call.portal.crm, spec, name), as_text(way).lower() == "desc")
        for name, way in call.array("order").items()
        if name in spec.names
    )


def _get(call: Call, spec: RecordSpec) -> Answer:
    record = _found(call, spec)
    if not may_read(call, spec.word, record):
        raise plain("Access denied.")
    return Answer(ClassicPrinter(call.portal, spec, (), in_list=False).row(record))


def _add(call: Call, spec: RecordSpec) -> Answer:
    if call.user.may_write(spec.word) is Breadth.NONE:
        raise plain("Access denied.")
    fields = {name: value for name, value in call.array("fields").items() if name not in READ_ONLY}
    _refuse_wrong_emails(fields.get("EMAIL"))
    record_id = call.portal.create(spec.word, fields, by=call.user.id, app_made=call.is_app_made)
    return Answer(record_id)


def _update(call: Call, spec: RecordSpec) -> Answer:
    record = _found(call, spec, _MISSING_IN_UPDATE.get(spec.word, "Not found"))
    if not may_write(call, spec.word, record):
        raise plain("Access denied.")
    fields = call.array("fields")
    _refuse_wrong_emails(fields.get("EMAIL"))
    call.portal.change(spec.word, record.id, fields, by=call.user.id, app_made=call.is_app_made)
    return Answer(True)


def _delete(call: Call, spec: RecordSpec) -> Answer:
    record = _found(call, spec)
    if not may_write(call, spec.word, record):
        raise plain("Access denied.")
    call.portal.delete(spec.word, record.id, by=call.user.id, app_made=call.is_app_made)
    return Answer(True)


def _fields(call: Call, spec: RecordSpec) -> Answer:
    described: dict[str, Json] = {name: _described(name, kind) for name, kind in spec.names.items()}
    for name, custom in call.portal.crm.custom_names(spec.word).items():
        described[name] = {**_described(name, Kind.TEXT), **_custom(custom, call.user.language)}
    for name in MULTIFIELDS if spec.has_multifields else ():
        described[name] = {**_described(name, Kind.TEXT), "type": "crm_multifield", "isMultiple": True}
    return Answer(described)


def _described(name: str, kind: Kind) -> dict[str, Json]:
    return {
        "type": kind.value,
        "isRequired": False,
        "isReadOnly": name in READ_ONLY,
        "isImmutable": False,
        "isMultiple": False,
        "isDynamic": False,
        "title": name,
    }


def _custom(custom: CustomField, language: str) -> dict[str, Json]:
    """Return what ``fields`` says of a user field: captions in the user's language, the list of an enumeration."""
    caption = as_text((as_map(custom.row.get("EDIT_FORM_LABEL")) or {}).get(language)) or custom.name
    more: dict[str, Json] = {"listLabel": caption, "formLabel": caption, "filterLabel": caption}
    if custom.type == "enumeration":
        more["items"] = [{"ID": str(number), "VALUE": value} for number, value in custom.options.items()]
    return {"type": custom.type, "isDynamic": True, "isMultiple": custom.multiple, **more}


def _found(call: Call, spec: RecordSpec, missing: str = "Not found") -> Record:
    record = call.portal.crm.get(spec.word, call.record_id())
    if record is None:
        raise plain(missing)
    return record


def _refuse_wrong_emails(raw: Json) -> None:
    for element in as_list(raw) or ():
        text = as_text(element.get("VALUE")) if isinstance(element, dict) else ""
        if text and "@" not in text:
            raise Refusal("ERROR_CORE", "The field Work e-mail contains an invalid address")


def _for(spec: RecordSpec, handle: Callable[[Call, RecordSpec], Answer]) -> Handler:
    return lambda call: handle(call, spec)


_ACTIONS: tuple[tuple[str, Callable[[Call, RecordSpec], Answer], tuple[str, ...]], ...] = (
    ("list", _list, ("select", "filter", "order", "start")),
    ("get", _get, ("id",)),
    ("add", _add, ("fields", "params")),
    ("update", _update, ("id", "fields", "params")),
    ("delete", _delete, ("id",)),
    ("fields", _fields, ()),
)
METHODS = tuple(
    Method(f"crm.{spec.word}.{action}", _for(spec, handle), params, ("crm",))
    for spec in SPECS.values()
    for action, handle, params in _ACTIONS
)
