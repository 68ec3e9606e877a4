"""userfieldtype.*: the application's own kinds of user field. The same handler twice is an error, as documented."""

from b24app.sandbox.installs import UserFieldType
from b24app.sandbox.refusals import Refusal, access_denied, app_context_required, missing_argument
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.rest.registrations import check_handler
from b24app.sandbox.wire import Json, as_int, as_map


def _type_add(call: Call) -> Answer:
    code, handler = call.text("USER_TYPE_ID"), call.text("HANDLER")
    for name in ("USER_TYPE_ID", "HANDLER"):
        if not call.text(name):
            raise missing_argument(name)
    check_handler(handler)
    types = call.app.registrations.field_types
    if code in types or any(one.handler == handler for one in types.values()):
        raise Refusal("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    types[code] = _field_type(call, code)
    return Answer(True)


def _type_update(call: Call) -> Answer:
    code = call.text("USER_TYPE_ID")
    if not code:
        raise missing_argument("USER_TYPE_ID")
    if code not in call.app.registrations.field_types:
        raise Refusal("ERROR_NOT_FOUND", "User Field Type not found")
    check_handler(call.text("HANDLER"))
    call.app.registrations.field_types[code] = _field_type(call, code)
    return Answer(True)


def _field_type(call: Call, code: str) -> UserFieldType:
    height = as_int((as_map(call.params.get("OPTIONS")) or {}).get("height"))
    return UserFieldType(code, call.text("HANDLER"), call.text("TITLE"), call.text("DESCRIPTION"), height)


def _type_delete(call: Call) -> Answer:
    code = call.text("USER_TYPE_ID")
    if not code:
        raise missing_argument("USER_TYPE_ID")
    if call.app.registrations.field_types.pop(code, None) is None:
        raise Refusal("ERROR_NOT_FOUND", "User Field Type not found")
    return Answer(True)


def _type_list(call: Call) -> Answer:
    rows: list[Json] = [
        {"USER_TYPE_ID": one.code, "HANDLER": one.handler, "TITLE": one.title, "DESCRIPTION": one.description}
        for one in call.app.registrations.field_types.values()
    ]
    return Answer(rows, len(rows))


_APP = app_context_required()
_ADMIN = access_denied()
_PARAMS = ("USER_TYPE_ID", "HANDLER", "TITLE", "DESCRIPTION", "OPTIONS")
METHODS = (
    Method("userfieldtype.add", _type_add, _PARAMS, ("placement",), _APP, _ADMIN),
    Method("userfieldtype.update", _type_update, _PARAMS, ("placement",), _APP, _ADMIN),
    Method("userfieldtype.delete", _type_delete, ("USER_TYPE_ID",), ("placement",), _APP, _ADMIN),
    Method("userfieldtype.list", _type_list, (), ("placement",), _APP, _ADMIN),
)
