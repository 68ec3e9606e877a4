"""im.notify.*: notifications from the application's user or from the system, and taking them away again."""

from collections.abc import Callable

import orjson

from b24app.sandbox.refusals import Refusal
from b24app.sandbox.rest.base import Answer, Call, Handler, Method
from b24app.sandbox.wire import as_map

LARGEST_ATTACH = 60_000


def _add(call: Call, author_id: int | None) -> Answer:
    user_id, text = call.number("USER_ID"), call.text("MESSAGE")
    if user_id <= 0:
        raise Refusal("USER_ID_EMPTY", "User ID can't be empty")
    if not text:
        raise Refusal("MESSAGE_EMPTY", "Message can't be empty")
    _check_attach(call)
    if call.portal.users.get(user_id) is None:
        return Answer(False)
    made = call.portal.bell.ring(
        user_id,
        text,
        author_id=author_id,
        tag=call.text("TAG"),
        sub_tag=call.text("SUB_TAG"),
        app=_app(call),
        at=call.portal.clock.now(),
    )
    return Answer(made.id)


def _check_attach(call: Call) -> None:
    attach = call.params.get("ATTACH")
    if attach in (None, ""):
        return
    size = len(attach) if isinstance(attach, str) else len(orjson.dumps(attach))
    if size > LARGEST_ATTACH:
        raise Refusal("ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")
    try:
        described = as_map(orjson.loads(attach) if isinstance(attach, str) else attach)
    except orjson.JSONDecodeError:
        described = None
    if described is None:
        raise Refusal("ATTACH_ERROR", "Incorrect attach params")


def _delete(call: Call) -> Answer:
    number, tag, sub_tag = call.number("ID"), call.text("TAG"), call.text("SUB_TAG")
    if not (number or tag or sub_tag):
        raise Refusal("PARAMS_ERROR", "Incorrect params")
    if not _app(call):
        raise Refusal("ACCESS_DENIED", "Access denied! Client ID not specified", 403)
    return Answer(call.portal.bell.delete(number=number, tag=tag, sub_tag=sub_tag, app=_app(call)))


def _app(call: Call) -> str:
    """Name the application whose tags are meant; a webhook says it itself."""
    return call.caller.app.client_id if call.caller.app else call.text("CLIENT_ID")


def _from(author: Callable[[Call], int | None]) -> Handler:
    return lambda call: _add(call, author(call))


_ADD = ("USER_ID", "MESSAGE", "MESSAGE_OUT", "TAG", "SUB_TAG", "ATTACH", "CLIENT_ID")
METHODS = (
    Method("im.notify.personal.add", _from(lambda call: call.user.id), _ADD, ("im",)),
    Method("im.notify.system.add", _from(lambda call: None), _ADD, ("im",)),
    Method("im.notify.delete", _delete, ("ID", "TAG", "SUB_TAG", "CLIENT_ID"), ("im",)),
)
