"""Lists, cards and forms of the toy portal's CRM; every change raises the portal's event, as a user made it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from b24app.sandbox.pages_activity import show_tasks, show_timeline
from b24app.sandbox.pages_automation import manual_rules, robot_names
from b24app.sandbox.pages_custom import show_custom
from b24app.sandbox.pages_frames import card_tabs, open_tab
from b24app.sandbox.pages_records import path_of, show_card, show_list
from b24app.sandbox.pages_screen import WORDS, Screen, Viewer, go_to
from b24app.sandbox.records import Record
from b24app.sandbox.users import Breadth
from b24app.sandbox.wire import Json, as_int

EDITABLE = ("PHONE", "EMAIL")
_NEW = {
    "lead": ("TITLE", "NAME", "LAST_NAME", "COMPANY_TITLE", "SOURCE_ID", "CONTACT_ID", "COMPANY_ID"),
    "deal": ("TITLE", "OPPORTUNITY", "CONTACT_ID", "COMPANY_ID"),
}
_NEW_VALUE = "new"
Change: TypeAlias = Callable[[Screen, Request, Viewer, str, Record], Awaitable[Response]]


async def show_records(screen: Screen, request: Request) -> Response:
    """Answer a list, searched by ``find`` and paged by ``page``."""
    word, viewer = request.path_params["word"], screen.viewer(request)
    if word not in WORDS:
        return screen.notice(request, "not_found", status=404)
    if viewer.user.may_read(word) is Breadth.NONE:
        return screen.notice(request, "access_denied", status=403)
    query = request.query_params
    listing = show_list(viewer, word, query.get("find", ""), as_int(query.get("page", "1")))
    return screen.page(request, "list.html", listing=listing, may_add=word in _NEW and viewer.may_add(word))


async def show_record(screen: Screen, request: Request) -> Response:
    """Answer a card with one of its tabs; with the id 0, the form of a new lead or deal."""
    word, record_id, viewer = request.path_params["word"], request.path_params["id"], screen.viewer(request)
    if word in _NEW and record_id == 0:
        return _new_record(screen, request, viewer, word)
    record = screen.portal.crm.get(word, record_id) if word in WORDS else None
    if record is None:
        return screen.notice(request, "not_found", status=404)
    if not viewer.may_read(word, record):
        return screen.notice(request, "access_denied", status=403)
    tabs, wanted = card_tabs(viewer, word), request.query_params.get("tab", "general")
    names = robot_names(viewer, word)
    chosen = next((tab for tab in tabs if tab.key == wanted), None)
    return screen.page(
        request,
        "card.html",
        card=show_card(viewer, word, record),
        custom=show_custom(viewer, word, record),
        timeline=show_timeline(viewer, word, record_id),
        tasks=show_tasks(viewer, word, record_id),
        workflows=[(rule, names.get(rule.robot, rule.robot)) for rule in manual_rules(viewer, word)],
        tabs=tabs,
        tab=wanted if chosen or wanted == "history" else "general",
        frame=open_tab(viewer, chosen, record_id, request.url.path) if chosen else None,
    )


async def add_record(screen: Screen, request: Request) -> Response:
    """Make a lead or deal of the form's fields, responsible is whoever made it."""
    word, viewer = request.path_params["word"], screen.viewer(request)
    if word not in _NEW or not viewer.may_add(word):
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    form = await request.form()
    fields: dict[str, Json] = {name: _text(form, name) for name in _NEW[word] if _text(form, name)}
    for kind in EDITABLE:
        if _text(form, kind):
            fields[kind] = [{"VALUE": _text(form, kind), "VALUE_TYPE": "WORK"}]
    record_id = screen.portal.create(word, {**fields, "ASSIGNED_BY_ID": viewer.user.id}, by=viewer.user.id)
    return go_to(path_of(word, record_id) + _slider_query(request))


async def change_record(screen: Screen, request: Request) -> Response:
    """Store the values of the form: known ids change, emptied ones go, new ones are added."""
    return await _changing(screen, request, _store_values)


async def delete_record(screen: Screen, request: Request) -> Response:
    return await _changing(screen, request, _delete)


def _new_record(screen: Screen, request: Request, viewer: Viewer, word: str) -> Response:
    if not viewer.may_add(word):
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    sources = [row for row in screen.portal.crm.statuses.rows if row.entity_id == "SOURCE"]
    return screen.page(request, "new_record.html", word=word, sources=sources)


async def _changing(screen: Screen, request: Request, change: Change) -> Response:
    word, viewer = request.path_params["word"], screen.viewer(request)
    record = screen.portal.crm.get(word, request.path_params["id"]) if word in WORDS else None
    if record is None:
        return screen.notice(request, "not_found", status=404)
    if not viewer.may_write(word, record):
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    return await change(screen, request, viewer, word, record)


async def _store_values(
    screen: Screen, request: Request, viewer: Viewer, word: str, record: Record
) -> Response:
    form = await request.form()
    fields = {kind: _elements(form, kind, record) for kind in EDITABLE}
    changed = {kind: rows for kind, rows in fields.items() if rows}
    if changed:
        screen.portal.change(word, record.id, changed, by=viewer.user.id)
    return go_to(path_of(word, record.id) + _slider_query(request))


def _elements(form: FormData, kind: str, record: Record) -> list[Json]:
    """Return what the form changes, as elements of a classic update; values left alone are not named."""
    rows: list[Json] = [
        {"ID": value.id, "VALUE": _text(form, f"{kind}-{value.id}")}
        for value in record.values.get(kind, ())
        if f"{kind}-{value.id}" in form and _text(form, f"{kind}-{value.id}") != value.value
    ]
    added = _text(form, f"{kind}-{_NEW_VALUE}")
    return [*rows, {"VALUE": added, "VALUE_TYPE": "WORK"}] if added else rows


async def _delete(screen: Screen, request: Request, viewer: Viewer, word: str, record: Record) -> Response:
    screen.portal.delete(word, record.id, by=viewer.user.id)
    return go_to(f"/crm/{word}/list/{_slider_query(request)}")


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _slider_query(request: Request) -> str:
    return "?IFRAME=Y" if request.query_params.get("IFRAME") == "Y" else ""
