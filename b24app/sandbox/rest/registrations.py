"""event.* and placement.*: what the application sets up for itself.

Doubles are errors (portal-behaviour notes, point 5). Handler addresses are checked as the portal does, except that
loopback is allowed: the sandbox lives there.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from b24app.sandbox.installs import EventHandler, Placement
from b24app.sandbox.refusals import Refusal, access_denied, app_context_required, missing_argument
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.wire import Json, as_map, as_text, is_true

CRM_EVENTS = tuple(
    f"ONCRM{word}{what}"
    for word in ("LEAD", "CONTACT", "COMPANY", "DEAL")
    for what in ("ADD", "UPDATE", "DELETE")
)
APP_EVENTS = ("ONAPPUNINSTALL", "ONAPPINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT", "ONAPPTEST", "ONOFFLINEEVENT")
EVENT_SCOPES = dict.fromkeys(CRM_EVENTS, "crm") | dict.fromkeys(APP_EVENTS, "")
_CRM_PLACES = tuple(
    f"CRM_{word}_{place}"
    for word in ("LEAD", "DEAL", "CONTACT", "COMPANY")
    for place in ("DETAIL_TAB", "DETAIL_TOOLBAR", "DETAIL_ACTIVITY", "LIST_MENU", "LIST_TOOLBAR")
)
PLACES = (
    *_CRM_PLACES,
    "CRM_DETAIL_SEARCH",
    "LEFT_MENU",
    "REST_APP_URI",
    "PAGE_BACKGROUND_WORKER",
    "USERFIELD_TYPE",
)
_ONLY_ONE = frozenset({"REST_APP_URI", "PAGE_BACKGROUND_WORKER"})


def check_handler(url: str) -> None:
    """Refuse an address that the portal would not call."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise Refusal("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
    host = parts.hostname or ""
    if host == "localhost" or "." in host or _is_loopback(host):
        return
    raise Refusal("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _event_bind(call: Call) -> Answer:
    event, is_offline = _event_name(call), call.text("event_type").lower() == "offline"
    if event not in EVENT_SCOPES or EVENT_SCOPES[event] not in ("", *call.caller.scopes):
        raise Refusal("ERROR_EVENT_NOT_FOUND", "Event not found")
    auth_type = call.number("auth_type")
    if is_offline and not call.user.admin:
        raise access_denied("Access denied! Offline events binding requires administrator access rights")
    handler = call.text("handler")
    if not is_offline:
        if not handler:
            raise missing_argument("HANDLER")
        check_handler(handler)
    if not call.user.admin:
        if auth_type not in (0, call.user.id):
            raise access_denied(
                "Access denied! Event binding with AUTH_TYPE requires administrator access rights"
            )
        auth_type = call.user.id
    bound = EventHandler(
        call.portal.next_handler_id(),
        event,
        handler,
        auth_type,
        is_offline,
        as_text(call.params.get("auth_connector")),
    )
    if any(_same(bound, other) for other in call.app.registrations.events):
        raise Refusal("ERROR_CORE", "Unable to set event handler: Handler already binded")
    call.app.registrations.events.append(bound)
    return Answer(True)


def _event_name(call: Call) -> str:
    event = call.text("event").upper()
    if not event:
        raise missing_argument("EVENT")
    return event


def _same(one: EventHandler, other: EventHandler) -> bool:
    return (one.event, one.handler, one.auth_type, one.is_offline, one.connector) == (
        other.event,
        other.handler,
        other.auth_type,
        other.is_offline,
        other.connector,
    )


def _event_unbind(call: Call) -> Answer:
    event, handler = _event_name(call), call.text("handler")
    is_offline = call.text("event_type").lower() == "offline"
    if is_offline and not call.user.admin:
        raise access_denied("Access denied! Offline events unbinding requires administrator access rights")
    if not is_offline and not handler:
        raise missing_argument("HANDLER")
    events = call.app.registrations.events
    gone = [
        one
        for one in events
        if one.event == event
        and one.is_offline == is_offline
        and (is_offline or one.handler == handler)
        and ("auth_type" not in call.params or one.auth_type == call.number("auth_type"))
        and (call.user.admin or one.auth_type == call.user.id)
    ]
    for one in gone:
        events.remove(one)
    return Answer({"count": len(gone)})


def _event_get(call: Call) -> Answer:
    rows: list[Json] = []
    for one in call.app.registrations.events:
        row: dict[str, Json] = {
            "event": one.event,
            "auth_type": str(one.auth_type),
            "offline": int(one.is_offline),
        }
        rows.append(row if one.is_offline else {**row, "handler": one.handler})
    return Answer(rows)


def _events(call: Call) -> Answer:
    scope = call.text("SCOPE")
    names = [
        name
        for name, needed in EVENT_SCOPES.items()
        if (not scope or needed in ("", scope)) and needed in ("", *call.caller.scopes)
    ]
    return Answer(names)


def _placement_bind(call: Call) -> Answer:
    code, handler = _place(call), call.text("HANDLER")
    if not handler:
        raise missing_argument("HANDLER")
    if code not in PLACES or (code.startswith("CRM_") and "crm" not in call.caller.scopes):
        raise Refusal("ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    check_handler(handler)
    placements = call.app.registrations.placements
    if code in _ONLY_ONE and any(place.code == code for place in placements):
        raise Refusal("ERROR_PLACEMENT_MAX_COUNT", "Placement max count", 200)
    if call.number("USER_ID") and code != "PAGE_BACKGROUND_WORKER":
        raise Refusal("ERROR_PLACEMENT_USER_MODE", "User mode is not available", 200)
    if any((place.code, place.handler) == (code, handler) for place in placements):
        raise Refusal("ERROR_CORE", "Unable to set placement handler: Handler already binded")
    placements.append(
        Placement(
            code,
            handler,
            call.text("TITLE"),
            call.text("DESCRIPTION"),
            as_map(call.params.get("LANG_ALL")) or {},
            as_map(call.params.get("OPTIONS")) or {},
            call.number("USER_ID"),
        )
    )
    return Answer(True)


def _place(call: Call) -> str:
    code = call.text("PLACEMENT").upper()
    if not code:
        raise missing_argument("PLACEMENT")
    return code


def _placement_unbind(call: Call) -> Answer:
    code, handler = _place(call), call.text("HANDLER")
    placements = call.app.registrations.placements
    gone = [one for one in placements if one.code == code and handler in ("", one.handler)]
    for one in gone:
        placements.remove(one)
    return Answer({"count": len(gone)})


def _placement_get(call: Call) -> Answer:
    return Answer(
        [
            {
                "placement": one.code,
                "userId": one.user_id,
                "handler": one.handler,
                "options": dict(one.options) or [],
                "title": one.title,
                "description": one.description,
                "langAll": dict(one.languages) or [],
            }
            for one in call.app.registrations.placements
        ]
    )


def _placement_list(call: Call) -> Answer:
    has_crm = "crm" in call.caller.scopes or is_true(call.params.get("FULL"))
    return Answer([code for code in PLACES if has_crm or not code.startswith("CRM_")])


_APP = app_context_required()
_ADMIN = access_denied()
_PLACE = ("placement",)
METHODS = (
    Method(
        "event.bind",
        _event_bind,
        ("event", "handler", "auth_type", "event_type", "auth_connector", "options"),
        without_app=_APP,
    ),
    Method("event.unbind", _event_unbind, ("event", "handler", "auth_type", "event_type"), without_app=_APP),
    Method("event.get", _event_get, without_app=_APP),
    Method("events", _events, ("SCOPE", "FULL"), without_app=_APP),
    Method(
        "placement.bind",
        _placement_bind,
        ("PLACEMENT", "HANDLER", "TITLE", "DESCRIPTION", "GROUP_NAME", "LANG_ALL", "OPTIONS", "USER_ID"),
        _PLACE,
        _APP,
        _ADMIN,
    ),
    Method("placement.unbind", _placement_unbind, ("PLACEMENT", "HANDLER", "USER_ID"), _PLACE, _APP, _ADMIN),
    Method("placement.get", _placement_get, (), _PLACE, _APP, _ADMIN),
    Method("placement.list", _placement_list, ("SCOPE", "FULL"), _PLACE, _APP),
)
