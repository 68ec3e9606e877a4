"""The table of all methods this portal has, and the methods that speak about that table.

Names are found in any case, as on a real portal.
"""

from b24app.sandbox.refusals import unknown_method
from b24app.sandbox.rest import (
    bizproc,
    crm_classic,
    crm_duplicates,
    crm_items,
    crm_links,
    field_types,
    notifications,
    offline_events,
    registrations,
    system,
    tasks,
    timeline,
    user_fields,
)
from b24app.sandbox.rest.base import Answer, Call, Caller, Method
from b24app.sandbox.wire import is_true


def _methods(call: Call) -> Answer:
    scope = call.text("scope")
    everything = is_true(call.params.get("full"))
    names = [
        method.name
        for method in TABLE.values()
        if (not scope or scope in method.scopes) and (everything or scope or _is_open(method, call.caller))
    ]
    return Answer(sorted(names))


def _method_get(call: Call) -> Answer:
    method = TABLE.get(call.text("name").lower())
    return Answer(
        {
            "isExisting": method is not None,
            "isAvailable": method is not None and _is_open(method, call.caller),
        }
    )


def _scope(call: Call) -> Answer:
    if is_true(call.params.get("full")):
        return Answer(sorted({scope for method in TABLE.values() for scope in method.scopes}))
    return Answer(sorted(call.caller.scopes))


def _is_open(method: Method, caller: Caller) -> bool:
    return not method.scopes or bool(caller.scopes.intersection(method.scopes))


_OWN = (
    Method("methods", _methods, ("full", "scope")),
    Method("method.get", _method_get, ("name",)),
    Method("scope", _scope, ("full",)),
)
TABLE = {
    method.name.lower(): method
    for methods in (
        _OWN,
        bizproc.METHODS,
        crm_classic.METHODS,
        crm_duplicates.METHODS,
        crm_items.METHODS,
        crm_links.METHODS,
        field_types.METHODS,
        notifications.METHODS,
        offline_events.METHODS,
        registrations.METHODS,
        system.METHODS,
        tasks.METHODS,
        timeline.METHODS,
        user_fields.METHODS,
    )
    for method in methods
}


def find_method(name: str) -> Method:
    """Return the method's row or refuse with 404."""
    method = TABLE.get(name.lower())
    if method is None:
        raise unknown_method()
    return method
