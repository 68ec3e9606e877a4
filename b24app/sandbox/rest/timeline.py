"""crm.timeline.comment.* and crm.timeline.item.pin/unpin, by the tables of their pages in the documentation.

Inside ``fields`` an unknown key is the sandbox's own error; files are accepted and not kept.
"""

from collections.abc import Mapping

from b24app.sandbox.fields import SPECS, TYPE_WORDS
from b24app.sandbox.records import Record, print_time
from b24app.sandbox.refusals import Refusal, plain, unknown_parameter
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.rest.query import PAGE
from b24app.sandbox.rest.rights import may_read, may_write
from b24app.sandbox.timeline import Comment, TooManyPinned
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

_SORTABLE = ("ID", "CREATED", "AUTHOR_ID")


def _add(call: Call) -> Answer:
    fields = _fields(call, "crm.timeline.comment.add", {"ENTITY_ID", "ENTITY_TYPE", "COMMENT", "FILES"})
    word = as_text(fields.get("ENTITY_TYPE")).lower()
    record = _owner(call, word, as_int(fields.get("ENTITY_ID")))
    text = _text(fields)
    author_id, now = call.user.id, call.portal.clock.now()
    return Answer(call.portal.timeline.add(word, record.id, text, author_id=author_id, now=now).id)


def _get(call: Call) -> Answer:
    comment = call.portal.timeline.get(call.record_id())
    if comment is None:
        raise plain("Not found.")
    if not may_write(call, comment.word, _record(call, comment)):
        raise plain("Access denied.")
    return Answer(_row(comment))


def _update(call: Call) -> Answer:
    fields = _fields(call, "crm.timeline.comment.update", {"COMMENT", "FILES"})
    comment = _comment(call)
    comment.text = _text(fields)
    return Answer(comment.id)


def _delete(call: Call) -> Answer:
    call.portal.timeline.remove(_comment(call).id)
    return Answer(None)


def _list(call: Call) -> Answer:
    wanted = call.array("filter")
    word, record_id = as_text(wanted.get("ENTITY_TYPE")).lower(), as_int(wanted.get("ENTITY_ID"))
    record = call.portal.crm.get(word, record_id) if word in SPECS else None
    if record is None or not may_read(call, word, record):
        raise plain("Access denied.")
    comments = call.portal.timeline.of(word, record_id)
    for name, way in reversed(list(call.array("order").items())):
        if name in _SORTABLE:
            comments.sort(key=_SORTING[name], reverse=as_text(way).upper() == "DESC")
    first = call.number("start") // PAGE * PAGE
    select = [as_text(name) for name in as_list(call.params.get("select")) or ()]
    rows = [_selected(_row(comment), select) for comment in comments[first : first + PAGE]]
    return Answer(rows, len(comments), first + PAGE if len(comments) > first + PAGE else None)


_SORTING = {
    "ID": lambda comment: comment.id,
    "CREATED": lambda comment: comment.created,
    "AUTHOR_ID": lambda comment: comment.author_id,
}


def _pin(call: Call) -> Answer:
    comment = _bound_comment(call)
    try:
        call.portal.timeline.pin(comment)
    except TooManyPinned:
        raise Refusal("0", "Only three events can be added to favorites") from None
    return Answer(None)


def _unpin(call: Call) -> Answer:
    comment = _bound_comment(call)
    if not comment.is_pinned:
        raise Refusal("CAN_NOT_CHANGE_PINNED", "Unable to perform the operation")
    comment.is_pinned = False
    return Answer(None)


def _fields(call: Call, method: str, known: set[str]) -> Mapping[str, Json]:
    fields = as_map(call.params.get("fields"))
    if not fields:
        raise _missing("fields")
    for name in fields:
        if name not in known:
            raise unknown_parameter(method, f"fields.{name}")
    return fields


def _text(fields: Mapping[str, Json]) -> str:
    text = as_text(fields.get("COMMENT"))
    if not text.strip():
        raise Refusal("INVALID_ARG_VALUE", "Empty comment message.")
    return text


def _comment(call: Call) -> Comment:
    """Return the comment that ``id`` names, within the owner if one is named."""
    if call.number("id") <= 0:
        raise _missing("id")
    comment = call.portal.timeline.get(call.number("id"))
    if call.params.get("ownerTypeId") or call.params.get("ownerId"):
        word = TYPE_WORDS.get(call.number("ownerTypeId"), "")
        owner = _owner(call, word, call.number("ownerId"))
        if comment is not None and (comment.word, comment.record_id) != (word, owner.id):
            comment = None
    if comment is None:
        raise Refusal("NOT_FOUND", "Not found.")
    if not may_write(call, comment.word, _record(call, comment)):
        raise Refusal("ACCESS_DENIED", "Access denied.")
    return comment


def _bound_comment(call: Call) -> Comment:
    for name in ("id", "ownerTypeId", "ownerId"):
        if call.params.get(name) in (None, ""):
            raise _missing(name)
    return _comment(call)


def _owner(call: Call, word: str, record_id: int) -> Record:
    record = call.portal.crm.get(word, record_id) if word in SPECS else None
    if record is None:
        raise Refusal("OWNER_NOT_FOUND", "Owner was not found")
    if not may_write(call, word, record):
        raise Refusal("ACCESS_DENIED", "Access denied.")
    return record


def _record(call: Call, comment: Comment) -> Record:
    record = call.portal.crm.get(comment.word, comment.record_id)
    if record is None:
        raise Refusal("NOT_FOUND", "Not found.")
    return record


def _missing(name: str) -> Refusal:
    return Refusal("100", f"Could not find value for parameter {{{name}}}")


def _row(comment: Comment) -> dict[str, Json]:
    return {
        "ID": str(comment.id),
        "ENTITY_ID": str(comment.record_id),
        "ENTITY_TYPE": comment.word,
        "CREATED": print_time(comment.created),
        "COMMENT": comment.text,
        "AUTHOR_ID": str(comment.author_id),
        "FILES": {},
    }


def _selected(row: dict[str, Json], select: list[str]) -> dict[str, Json]:
    return {name: value for name, value in row.items() if name in select} if select else row


_OWNED = ("id", "ownerTypeId", "ownerId")
METHODS = (
    Method("crm.timeline.comment.add", _add, ("fields",), ("crm",), is_exact=True),
    Method("crm.timeline.comment.get", _get, ("id",), ("crm",)),
    Method(
        "crm.timeline.comment.update",
        _update,
        ("id", "fields", "ownerTypeId", "ownerId"),
        ("crm",),
        is_exact=True,
    ),
    Method("crm.timeline.comment.delete", _delete, _OWNED, ("crm",), is_exact=True),
    Method("crm.timeline.comment.list", _list, ("select", "filter", "order", "start"), ("crm",)),
    Method("crm.timeline.item.pin", _pin, _OWNED, ("crm",), is_exact=True),
    Method("crm.timeline.item.unpin", _unpin, _OWNED, ("crm",), is_exact=True),
)
