"""crm.duplicate.findbycomm with its caps and its missing rights check, and crm.entity.mergeBatch.

Portal-behaviour notes, points 2 and 3: at most 20 values, at most 20 rows per value over all types, no filter by
record, ``[]`` when nothing was found; two records with different responsibles conflict.
"""

from collections.abc import Sequence

from b24app.sandbox.fields import MULTIFIELDS, READ_ONLY, SPECS, TYPE_WORDS, RecordSpec
from b24app.sandbox.native_form import native_phone
from b24app.sandbox.native_index import INDEXED
from b24app.sandbox.records import Record, Scalar
from b24app.sandbox.refusals import Refusal, plain
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.rest.rights import may_read, may_write, reads_any_crm
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

VALUES_READ = 20


def _findbycomm(call: Call) -> Answer:
    if not reads_any_crm(call):
        raise plain("Access denied.")
    kind = call.text("type").upper()
    if not kind:
        raise plain("Communication type is not defined.")
    if kind not in ("PHONE", "EMAIL"):
        raise plain(f"Communication type '{kind}' is not supported in current context.")
    raw = call.params.get("values")
    values = None if isinstance(raw, str) else as_list(raw)
    if not values:
        raise plain("Communication values is not defined.")
    found: dict[str, list[int]] = {}
    for value in _distinct(kind, values)[:VALUES_READ]:
        for word, record_id in call.portal.crm.index.find(kind, value, _words(call)):
            ids = found.setdefault(word.upper(), [])
            if record_id not in ids:
                ids.append(record_id)
    return Answer(found or [])


def _distinct(kind: str, values: Sequence[Json]) -> list[str]:
    """Return texts only, JSON numbers fall out in silence; distinct by normal phone, or by raw e-mail."""
    chosen: dict[str, str] = {}
    for value in values:
        if isinstance(value, str) and value:
            chosen.setdefault(native_phone(value) if kind == "PHONE" else value, value)
    return list(chosen.values())


def _words(call: Call) -> tuple[str, ...]:
    word = call.text("entity_type").lower()
    if word == "deal":
        raise plain("Deal is not supported in current context.")
    return (word,) if word in INDEXED else INDEXED


def _merge_batch(call: Call) -> Answer:
    params = as_map(call.params.get("params")) or {}
    word = TYPE_WORDS.get(as_int(params.get("entityTypeId")))
    if word is None:
        raise Refusal(0, "The parameter entityTypeId is required.")
    ids = [as_int(one) for one in as_list(params.get("entityIds")) or ()]
    if not [one for one in ids if one > 0]:
        raise Refusal(0, "The parameter entityIds does not contains valid elements.")
    if len(ids) < 2:
        raise Refusal(0, "The parameter entityIds must contains at least two elements.")
    records = [record for one in ids if (record := call.portal.crm.get(word, one))]
    if len(records) < 2:
        return Answer({"STATUS": "NOT_FOUND"})
    kept, absorbed = records[0], records[1:]
    status = _merge(call, SPECS[word], kept, absorbed)
    return Answer({"STATUS": status, "ENTITY_IDS": [record.id for record in absorbed]})


def _merge(call: Call, spec: RecordSpec, kept: Record, absorbed: list[Record]) -> str:
    if not may_write(call, spec.word, kept) or not may_read(call, spec.word, kept):
        return "ERROR"
    if not all(may_write(call, spec.word, record) for record in absorbed):
        return "ERROR"
    fields: dict[str, Json] = {}
    for record in absorbed:
        for name in spec.names:
            if name in READ_ONLY or name in _UNMERGED or name == spec.stage_field:
                continue
            mine = fields.get(name) or kept.fields.get(name)
            theirs = record.fields.get(name)
            if _is_empty(mine) and not _is_empty(theirs):
                fields[name] = theirs
            elif not _is_empty(theirs) and not _agree(mine, theirs) and not _is_free(spec, name):
                return "CONFLICT"
    for kind in MULTIFIELDS:
        if added := _new_values(kind, kept, absorbed):
            fields[kind] = added
    by, app_made = call.user.id, call.is_app_made
    call.portal.change(spec.word, kept.id, fields, by=by, app_made=app_made)
    for record in absorbed:
        call.portal.delete(spec.word, record.id, by=by, app_made=app_made)
    return "SUCCESS"


_UNMERGED = frozenset(
    {"OPENED", "EXPORT", "SOURCE_ID", "OPPORTUNITY", "TAX_VALUE", "CONTACT_ID", "COMPANY_ID"}
)


def _is_free(spec: RecordSpec, name: str) -> bool:
    return spec.word == "lead" and name == "TITLE"


def _is_empty(value: "Json | Scalar") -> bool:
    return value is None or value == ""


def _agree(mine: Json, theirs: Json) -> bool:
    def folded(value: Json) -> str:
        return " ".join(as_text(value).strip().rstrip(".").casefold().split())

    return folded(mine) == folded(theirs)


def _new_values(kind: str, kept: Record, absorbed: list[Record]) -> list[Json]:
    def form(value: str) -> str:
        return native_phone(value) if kind == "PHONE" else value.strip().lower()

    seen = {form(one.value) for one in kept.values.get(kind, ())}
    added: list[Json] = []
    for record in absorbed:
        for one in record.values.get(kind, ()):
            if form(one.value) not in seen:
                seen.add(form(one.value))
                added.append({"VALUE": one.value, "VALUE_TYPE": one.value_type})
    return added


METHODS = (
    Method("crm.duplicate.findbycomm", _findbycomm, ("type", "values", "entity_type"), ("crm",)),
    Method("crm.entity.mergeBatch", _merge_batch, ("params",), ("crm",), is_exact=True),
)
