"""event.offline.*: rows fetched by the application instead of calls to it; administrators only."""

from b24app.sandbox.refusals import access_denied, app_context_required, missing_argument
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.wire import Json, as_int, as_list, as_text

LIMIT = 50


def _get(call: Call) -> Answer:
    limit = min(call.number("limit") or LIMIT, LIMIT)
    clear = as_text(call.params.get("clear", "1")) not in ("0", "N", "false")
    process_id, rows = call.portal.offline.take(limit, call.text("auth_connector"), clear=clear)
    return Answer({"process_id": process_id, "events": [row.to_json() for row in rows]})


def _list(call: Call) -> Answer:
    rows: list[Json] = [
        {**row.to_json(), "PROCESS_ID": row.process_id, "ERROR": str(int(row.is_error))}
        for row in call.portal.offline.rows
    ]
    return Answer(rows, len(rows))


def _clear(call: Call) -> Answer:
    chosen = _chosen(call)
    call.portal.offline.rows = [row for row in call.portal.offline.rows if row.id not in chosen]
    return Answer(True)


def _error(call: Call) -> Answer:
    chosen = _chosen(call)
    for row in call.portal.offline.rows:
        row.is_error = row.is_error or row.id in chosen
    return Answer(True)


def _chosen(call: Call) -> set[int]:
    if not call.text("process_id"):
        raise missing_argument("process_id")
    rows = call.portal.offline.of_process(call.text("process_id"))
    ids = {as_int(one) for one in as_list(call.params.get("id")) or ()}
    messages = {as_text(one) for one in as_list(call.params.get("message_id")) or ()}
    if not ids and not messages:
        return {row.id for row in rows}
    return {row.id for row in rows if row.id in ids or row.message_id in messages}


_APP = app_context_required()
_ADMIN = access_denied()
_GET = ("filter", "order", "limit", "clear", "process_id", "auth_connector", "error")
METHODS = (
    Method("event.offline.get", _get, _GET, (), _APP, _ADMIN),
    Method("event.offline.list", _list, ("filter", "order", "start", "auth_connector"), (), _APP, _ADMIN),
    Method("event.offline.clear", _clear, ("process_id", "id", "message_id"), (), _APP, _ADMIN),
    Method("event.offline.error", _error, ("process_id", "message_id"), (), _APP, _ADMIN),
)
