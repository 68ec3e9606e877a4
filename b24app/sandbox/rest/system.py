"""Methods about the caller, the application and the portal itself: users, departments, directories, what exists.

Shapes: documentation, pages user.get, user.current, profile, app.info, department.get, crm.status.list.
"""

from b24app.sandbox.records import print_time
from b24app.sandbox.refusals import Refusal, access_denied, plain
from b24app.sandbox.rest.base import Answer, Call, Method
from b24app.sandbox.rest.query import PAGE
from b24app.sandbox.rest.rights import reads_any_crm
from b24app.sandbox.users import User, UserKind
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

USER_SCOPES = ("user", "user_basic", "user_brief")
_LISTED = (UserKind.EMPLOYEE, UserKind.EXTRANET)
_USER_FIELDS = ("ID", "ACTIVE", "NAME", "LAST_NAME", "EMAIL", "UF_DEPARTMENT", "USER_TYPE")


def _user_row(call: Call, user: User) -> dict[str, Json]:
    """Return a user as the granted scope lets him be seen: ``user_brief`` alone gives no e-mail."""
    row: dict[str, Json] = {
        "ID": str(user.id),
        "ACTIVE": user.active,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "SECOND_NAME": "",
        "IS_ONLINE": "N",
        "TIME_ZONE": "",
        "PERSONAL_GENDER": "",
        "WORK_POSITION": user.position,
        "UF_DEPARTMENT": list(user.departments),
        "USER_TYPE": user.kind.value,
    }
    if call.caller.scopes & {"user", "user_basic"}:
        row["EMAIL"] = user.email
    return row


def _user_get(call: Call) -> Answer:
    wanted = dict(as_map(call.params.get("FILTER")) or {})
    wanted |= {name: value for name, value in call.params.items() if name in _USER_FIELDS}
    found = [user for user in call.portal.users.all() if user.kind in _LISTED and _user_fits(user, wanted)]
    if as_text(call.params.get("order")).lower() == "desc":
        found.reverse()
    return _paged([_user_row(call, user) for user in found], call.number("start"))


def _user_fits(user: User, wanted: dict[str, Json]) -> bool:
    values: dict[str, Json] = {"ID": user.id, "ACTIVE": user.active, "NAME": user.name}
    values |= {"LAST_NAME": user.last_name, "EMAIL": user.email, "USER_TYPE": user.kind.value}
    for key, value in wanted.items():
        name = key.lstrip("@=!<>")
        listed = as_list(value)
        options = {as_text(one).casefold() for one in (listed if listed is not None else [value])}
        if name == "UF_DEPARTMENT":
            fits = bool(options & {str(department) for department in user.departments})
        elif name == "NAME_SEARCH":
            fits = _is_called(user, as_text(value))
        elif name == "ACTIVE":
            fits = bool(options & ({"1", "y", "true"} if user.active else {"", "0", "n", "false"}))
        else:
            fits = name not in values or as_text(values[name]).casefold() in options
        if not fits:
            return False
    return True


def _is_called(user: User, text: str) -> bool:
    """Tell whether every word begins a word of the name or the position."""
    own = f"{user.name} {user.last_name} {user.position}".casefold().split()
    return all(any(word.startswith(part) for word in own) for part in text.casefold().split())


def _paged(rows: list[dict[str, Json]], start: int) -> Answer:
    first = max(start, 0) // PAGE * PAGE
    more = first + PAGE if len(rows) > first + PAGE else None
    return Answer(rows[first : first + PAGE], len(rows), more)


def _user_current(call: Call) -> Answer:
    return Answer(_user_row(call, call.user))


def _profile(call: Call) -> Answer:
    user = call.user
    return Answer(
        {
            "ID": str(user.id),
            "ADMIN": user.admin,
            "NAME": user.name,
            "LAST_NAME": user.last_name,
            "PERSONAL_GENDER": "",
            "TIME_ZONE": "",
        }
    )


def _user_admin(call: Call) -> Answer:
    return Answer(call.user.admin)


def _user_access(call: Call) -> Answer:
    codes = {as_text(code) for code in as_list(call.params.get("ACCESS")) or ()}
    return Answer(call.user.admin or bool(codes & {f"U{call.user.id}", "AU"}))


def _department_get(call: Call) -> Answer:
    book = call.portal.users
    names, parents = book.department_names, book.department_parents
    numbers = sorted({number for user in book.all() for number in user.departments} | set(names))
    rows: list[dict[str, Json]] = []
    for number in numbers:
        row: dict[str, Json] = {"ID": str(number), "NAME": names.get(number, f"Отдел {number}"), "SORT": 500}
        parent = parents.get(number, 0 if number == 1 else 1)
        rows.append({**row, "PARENT": str(parent)} if parent else row)
    if "ID" in call.params:
        wanted = {as_int(one) for one in as_list(call.params["ID"]) or [call.params["ID"]]}
        rows = [row for row in rows if as_int(row["ID"]) in wanted]
    return _paged(rows, call.number("START"))


def _app_info(call: Call) -> Answer:
    app = call.app
    return Answer(
        {
            "ID": app.id,
            "CODE": app.code,
            "VERSION": app.version,
            "STATUS": app.status,
            "INSTALLED": app.installed,
            "PAYMENT_EXPIRED": "N",
            "DAYS": None,
            "LANGUAGE_ID": "ru",
            "LICENSE": "ru_pro100",
            "LICENSE_TYPE": "pro100",
            "LICENSE_FAMILY": "pro",
        }
    )


def _option_get(call: Call) -> Answer:
    name = call.text("option")
    return Answer(call.app.options.get(name, "") if name else dict(call.app.options) or [])


def _option_set(call: Call) -> Answer:
    options = call.array("options")
    if not options:
        raise Refusal("ArgumentNullException", "options is empty")
    call.app.options.update(options)
    return Answer(True)


def _feature_get(call: Call) -> Answer:
    if not call.text("CODE"):
        raise Refusal("CODE_EMPTY", "CODE can't be empty")
    return Answer({"value": "Y"})


def _server_time(call: Call) -> Answer:
    return Answer(print_time(call.portal.clock.now()))


def _status_list(call: Call) -> Answer:
    if not reads_any_crm(call):
        raise plain("Access denied.")
    wanted = call.array("filter")
    rows = [row.to_json() for row in call.portal.crm.statuses.rows]
    fitting = [
        row
        for row in rows
        if all(as_text(row.get(name)) == as_text(value) for name, value in wanted.items() if name in row)
    ]
    fitting.sort(key=lambda row: as_int(row["SORT"]))
    return Answer(fitting, len(fitting))


def _mode_get(call: Call) -> Answer:
    return Answer(1)


_NEEDS_CONTEXT = access_denied("Access denied! Application context required", 400)
_NEEDS_APP = Refusal("AccessException", "Application context required")
_NEEDS_ADMIN = Refusal("AccessException", "Administrator authorization required")
_USER_PARAMS = ("sort", "order", "FILTER", "ADMIN_MODE", "select", "IMAGE_RESIZE", "start", *_USER_FIELDS)
METHODS = (
    Method("user.get", _user_get, _USER_PARAMS, USER_SCOPES),
    Method("user.current", _user_current, (), USER_SCOPES),
    Method("user.admin", _user_admin),
    Method("user.access", _user_access, ("ACCESS",)),
    Method("profile", _profile),
    Method(
        "department.get",
        _department_get,
        ("sort", "order", "ID", "NAME", "PARENT", "UF_HEAD", "START"),
        ("department",),
    ),
    Method("app.info", _app_info, without_app=_NEEDS_CONTEXT),
    Method("app.option.get", _option_get, ("option",), without_app=_NEEDS_APP),
    Method("app.option.set", _option_set, ("options",), without_app=_NEEDS_APP, without_admin=_NEEDS_ADMIN),
    Method("feature.get", _feature_get, ("CODE",)),
    Method("server.time", _server_time),
    Method("crm.status.list", _status_list, ("order", "filter"), ("crm",)),
    Method("crm.settings.mode.get", _mode_get, (), ("crm",)),
)
