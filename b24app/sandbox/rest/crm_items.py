"""crm.item: list, get, fields, add, update, delete for leads, deals, contacts and companies.

Here a wrong field is an error, filters nest with OR, and ``total`` of an uncounted list is 0 or absent, as the
portal's quirk says (documentation, crm.item.list).
"""

from collections.abc import Mapping

from b24app.sandbox.custom_values import kind_of_type
from b24app.sandbox.fields import READ_ONLY, SPECS, TYPE_WORDS, RecordSpec
from b24app.sandbox.multifields import from_item_update
from b24app.sandbox.records import Record
from b24app.sandbox.refusals import Refusal
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.rest.conditions import IdBounds, Predicate, predicate, split_key
from b24app.sandbox.rest.item_names import ItemNames, ItemPrinter
from b24app.sandbox.rest.query import Query, Sorting, run
from b24app.sandbox.rest.reading import reader
from b24app.sandbox.rest.rights import may_read, may_write, readable_owners
from b24app.sandbox.users import Breadth, UserKind
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text, is_true

_LINKS = {"contactIds", "companyIds"}


def _spec(call: Call) -> RecordSpec:
    if call.user.kind is UserKind.EXTRANET:
        raise Refusal("allowed_only_intranet_user", "Action is allowed for intranet users only", 403)
    word = TYPE_WORDS.get(call.number("entityTypeId"))
    if word is None:
        raise Refusal("NOT_FOUND", "SPA not found")
    return SPECS[word]


def _names(call: Call, spec: RecordSpec) -> ItemNames:
    original = is_true(call.params.get("useOriginalUfNames"))
    return ItemNames(spec, call.portal.crm.custom_names(spec.word), original_custom=original)


def _list(call: Call) -> Answer:
    spec = _spec(call)
    names = _names(call, spec)
    if call.user.may_read(spec.word) is Breadth.NONE:
        raise Refusal("ACCESS_DENIED", "Access denied.")
    bounds, predicates = _top_filter(call, spec, names)
    start = as_int(call.params.get("start"))
    query = Query(bounds, predicates, readable_owners(call, spec.word), _order(call, spec, names), start)
    page = run(call.portal.crm.tables[spec.word], query)
    select = frozenset(as_text(name) for name in as_list(call.params.get("select")) or ())
    printer = ItemPrinter(call.portal, spec, names, select)
    total = page.total
    if total is None and call.portal.quirks.item_total_when_uncounted == "zero":
        total = 0
    return Answer({"items": [printer.item(record) for record in page.records]}, total, page.next)


def _top_filter(call: Call, spec: RecordSpec, names: ItemNames) -> tuple[IdBounds, tuple[Predicate, ...]]:
    bounds, rest = IdBounds(), {}
    for key, value in call.array("filter").items():
        condition = split_key(key, value)
        tighter = bounds.narrowed(condition) if condition.name == "id" else None
        if tighter is None:
            rest[key] = value
        else:
            bounds = tighter
    return bounds, (_group(call, spec, names, rest),) if rest else ()


def _group(call: Call, spec: RecordSpec, names: ItemNames, group: Mapping[str, Json]) -> Predicate:
    """Build one level of the filter: all of its conditions, or any when ``logic`` says OR."""
    parts: list[Predicate] = []
    for key, value in group.items():
        if key == "logic":
            continue
        below = as_map(value)
        if key.isdigit() and below is not None:
            parts.append(_group(call, spec, names, below))
        else:
            parts.append(_condition(call, spec, names, key, value))
    combine = any if as_text(group.get("logic")).upper() == "OR" else all
    return lambda record: combine(part(record) for part in parts)


def _condition(call: Call, spec: RecordSpec, names: ItemNames, key: str, value: Json) -> Predicate:
    condition = split_key(key, value)
    if condition.name in _LINKS and spec.word in call.portal.crm.links:
        wanted = {as_int(one) for one in as_list(value) or [value]}
        book = call.portal.crm.links[spec.word]
        return lambda record: not wanted.isdisjoint(book.targets(record.id))
    upper = names.upper(condition.name)
    if upper is None:
        raise Refusal(
            "INVALID_ARG_VALUE", f"Invalid filter: field '{condition.name}' is not allowed in filter"
        )
    custom = call.portal.crm.custom_names(spec.word)
    kind = spec.names.get(upper) or kind_of_type(custom[upper].type)
    return predicate(condition, kind, reader(call.portal.crm, spec, upper))


def _order(call: Call, spec: RecordSpec, names: ItemNames) -> tuple[Sorting, ...]:
    columns = []
    for name, way in call.array("order").items():
        upper = names.plain.get(name)
        if upper is None:
            raise Refusal("INVALID_ARG_VALUE", f"Invalid order: field '{name}' is not allowed in order")
        direction = as_text(way).upper()
        if direction not in ("ASC", "DESC"):
            text = f"Invalid order: allowed sort directions are ASC, DESC. But got '{way}' for field '{name}'"
            raise Refusal("INVALID_ARG_VALUE", text)
        read = reader(call.portal.crm, spec, upper)
        columns.append(Sorting(upper, spec.names[upper], read, direction == "DESC"))
    return tuple(columns)


def _get(call: Call) -> Answer:
    spec = _spec(call)
    record = _found(call, spec)
    if not may_read(call, spec.word, record):
        raise Refusal("ACCESS_DENIED", "You do not have permission to view this item")
    return Answer({"item": _item(call, spec, record)})


def _item(call: Call, spec: RecordSpec, record: Record) -> dict[str, Json]:
    return ItemPrinter(call.portal, spec, _names(call, spec), frozenset()).item(record)


def _add(call: Call) -> Answer:
    spec = _spec(call)
    if call.user.may_write(spec.word) is Breadth.NONE:
        raise Refusal("ACCESS_DENIED", "Access denied.")
    fields = _classic_fields(call, spec)
    record_id = call.portal.create(spec.word, fields, by=call.user.id, app_made=call.is_app_made)
    made = call.portal.crm.get(spec.word, record_id)
    return Answer({"item": _item(call, spec, made) if made else None})


def _update(call: Call) -> Answer:
    spec = _spec(call)
    record = _found(call, spec)
    if not may_write(call, spec.word, record):
        raise Refusal("ACCESS_DENIED", "Access denied.")
    fields = _classic_fields(call, spec)
    changed = call.portal.change(spec.word, record.id, fields, by=call.user.id, app_made=call.is_app_made)
    return Answer({"item": _item(call, spec, changed or record)})


def _delete(call: Call) -> Answer:
    spec = _spec(call)
    record = _found(call, spec)
    if not may_write(call, spec.word, record):
        raise Refusal("ACCESS_DENIED", "Access denied.")
    call.portal.delete(spec.word, record.id, by=call.user.id, app_made=call.is_app_made)
    return Answer([])


def _classic_fields(call: Call, spec: RecordSpec) -> dict[str, Json]:
    """Return item fields under their classic names; ``fm`` becomes elements by type."""
    names = _names(call, spec)
    fields: dict[str, Json] = {}
    for name, value in call.array("fields").items():
        upper = names.upper(name)
        if name == "fm":
            fields.update(from_item_update(value))
        elif name in _LINKS:
            fields["CONTACT_IDS" if name == "contactIds" else "COMPANY_IDS"] = value
        elif upper is not None and upper not in READ_ONLY:
            fields[upper] = value
    return fields


def _found(call: Call, spec: RecordSpec) -> Record:
    record = call.portal.crm.get(spec.word, call.number("id"))
    if record is None:
        raise Refusal("NOT_FOUND", "Element not found")
    return record


def _fields(call: Call) -> Answer:
    spec = _spec(call)
    names = _names(call, spec)
    described: dict[str, Json] = {
        name: {
            "type": spec.names[upper].value,
            "isRequired": False,
            "isReadOnly": upper in READ_ONLY,
            "isImmutable": False,
            "isMultiple": False,
            "isDynamic": False,
            "title": upper,
            "upperName": upper,
        }
        for name, upper in names.plain.items()
    }
    for name, upper in names.custom.items():
        described[name] = {"type": call.portal.crm.custom_names(spec.word)[upper].type, "upperName": upper}
    return Answer({"fields": described})


_LIST_PARAMS = ("entityTypeId", "select", "filter", "order", "start", "useOriginalUfNames")
METHODS = (
    Method("crm.item.list", _list, _LIST_PARAMS, ("crm",), is_exact=True),
    Method("crm.item.get", _get, ("entityTypeId", "id", "useOriginalUfNames"), ("crm",), is_exact=True),
    Method("crm.item.add", _add, ("entityTypeId", "fields", "useOriginalUfNames"), ("crm",), is_exact=True),
    Method(
        "crm.item.update",
        _update,
        ("entityTypeId", "id", "fields", "useOriginalUfNames"),
        ("crm",),
        is_exact=True,
    ),
    Method("crm.item.delete", _delete, ("entityTypeId", "id"), ("crm",), is_exact=True),
    Method("crm.item.fields", _fields, ("entityTypeId", "useOriginalUfNames"), ("crm",), is_exact=True),
)
