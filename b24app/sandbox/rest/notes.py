"""What the application writes for people: timeline comments and notifications. They are kept in ``portal.notes``."""

from b24app.sandbox.fields import SPECS
from b24app.sandbox.refusals import Refusal
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.rest.rights import may_write
from b24app.sandbox.wire import Json, as_int, as_map, as_text


def _comment_add(call: Call) -> Answer:
    fields = as_map(call.params.get("fields"))
    if fields is None:
        raise Refusal("100", "Could not find value for parameter {fields}")
    word = as_text(fields.get("ENTITY_TYPE"))
    record = call.portal.crm.get(word, as_int(fields.get("ENTITY_ID"))) if word in SPECS else None
    if record is None:
        raise Refusal("OWNER_NOT_FOUND", "Owner was not found")
    if not may_write(call, word, record):
        raise Refusal("ACCESS_DENIED", "Access denied.")
    if not as_text(fields.get("COMMENT")).strip():
        raise Refusal("INVALID_ARG_VALUE", "Empty comment message.")
    return _kept(call, {"kind": "comment", "to": f"{word}:{record.id}", "text": as_text(fields["COMMENT"])})


def _notify(call: Call) -> Answer:
    user_id, text = call.number("USER_ID"), call.text("MESSAGE")
    if not user_id:
        raise Refusal("USER_ID_EMPTY", "User ID can't be empty")
    if not text:
        raise Refusal("MESSAGE_EMPTY", "Message can't be empty")
    if call.portal.users.get(user_id) is None:
        return Answer(False)
    tag = call.text("TAG")
    if tag:
        call.portal.notes = [note for note in call.portal.notes if note.get("tag") != tag]
    return _kept(call, {"kind": "notification", "to": f"user:{user_id}", "text": text, "tag": tag})


def _kept(call: Call, note: dict[str, Json]) -> Answer:
    number = max((as_int(one["id"]) for one in call.portal.notes), default=998) + 1
    call.portal.notes.append({"id": number, "by": call.user.id, **note})
    return Answer(number)


_NOTIFY = ("USER_ID", "MESSAGE", "MESSAGE_OUT", "TAG", "SUB_TAG", "ATTACH", "CLIENT_ID")
METHODS = (
    Method("crm.timeline.comment.add", _comment_add, ("fields",), ("crm",), is_exact=True),
    Method("im.notify.system.add", _notify, _NOTIFY, ("im",)),
    Method("im.notify.personal.add", _notify, _NOTIFY, ("im",)),
)
