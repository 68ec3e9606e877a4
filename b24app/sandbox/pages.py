"""The toy portal's screen: a small Bitrix24 in the browser, at the portal's real paths.

``SandboxServer(portals, oauth, pages=page_routes)`` serves it. With the seed's truth the cockpit can tell who is who:
``pages=lambda portal: page_routes(portal, seeded.truth)``.

| address | shows |
|---|---|
| /crm/TYPE/list/ | a list of leads, contacts, companies or deals: ``find`` searches titles, ``page`` pages |
| /crm/TYPE/details/ID/ | a card; ``tab`` is general, history or app-0, app-1 … for tabs of the application |
| /crm/lead/details/0/, /crm/deal/details/0/ | the form of a new lead or deal, with the client picker |
| /crm/TYPE/automation/ | stages with robots and triggers; ``rule/`` is a robot's settings |
| /marketplace/app/ | the application's page, or its installer |
| /company/personal/notifications/ | the bell: notifications of whoever looks |
| /sandbox/ | the cockpit: events, requests, truth |
| /bx24.js | the stand-in for BX24.js |

Any page takes ``?user=ID``: who looks from now on.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from b24app.sandbox.bx24_js import script_routes
from b24app.sandbox.pages_activity import complete_task, show_notifications, write_comment
from b24app.sandbox.pages_automation import place_trigger, show_automation, start_workflow
from b24app.sandbox.pages_clients import find_clients, open_search
from b24app.sandbox.pages_cockpit import change_plan, do_in_cockpit, make_repeat, show_cockpit
from b24app.sandbox.pages_crm import add_record, change_record, delete_record, show_record, show_records
from b24app.sandbox.pages_frames import show_app
from b24app.sandbox.pages_records import person_name
from b24app.sandbox.pages_rule import save_rule, show_rule
from b24app.sandbox.pages_screen import Screen, go_to
from b24app.sandbox.pages_texts import LANGUAGES
from b24app.sandbox.people_truth import Truth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.wire import as_int

Answer = Callable[[Screen, Request], Awaitable[Response]]


async def _home(screen: Screen, request: Request) -> Response:
    return go_to("/crm/lead/list/")


async def _person(screen: Screen, request: Request) -> Response:
    person = screen.portal.users.get(request.path_params["id"])
    if person is None:
        return screen.notice(request, "not_found", status=404)
    name = person_name(screen.viewer(request), person.id)
    return screen.page(request, "person.html", person=person, person_name=name)


async def _switch_user(screen: Screen, request: Request) -> Response:
    form = await request.form()
    response = go_to(str(form.get("back", "/")))
    screen.remember(response, as_int(str(form.get("user", ""))))
    return response


async def _switch_language(screen: Screen, request: Request) -> Response:
    form = await request.form()
    if (language := str(form.get("language"))) in LANGUAGES:
        screen.viewer(request).user.language = language
    return go_to(str(form.get("back", "/")))


_PAGES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/", _home),
    ("GET", "/crm/{word}/list/", show_records),
    ("POST", "/crm/{word}/add/", add_record),
    ("GET", "/crm/{word}/details/{id:int}/", show_record),
    ("POST", "/crm/{word}/details/{id:int}/values/", change_record),
    ("POST", "/crm/{word}/details/{id:int}/delete/", delete_record),
    ("POST", "/crm/{word}/details/{id:int}/comment/", write_comment),
    ("POST", "/crm/{word}/details/{id:int}/task/{task:int}/", complete_task),
    ("POST", "/crm/{word}/details/{id:int}/workflow/", start_workflow),
    ("GET", "/crm/{word}/automation/", show_automation),
    ("GET", "/crm/{word}/automation/rule/", show_rule),
    ("POST", "/crm/{word}/automation/rule/", save_rule),
    ("POST", "/crm/{word}/automation/trigger/", place_trigger),
    ("GET", "/crm/clients/", find_clients),
    ("GET", "/crm/clients/search/", open_search),
    ("GET", "/marketplace/app/", show_app),
    ("GET", "/marketplace/app/{id:int}/", show_app),
    ("GET", "/marketplace/view/{code}/", show_app),
    ("GET", "/company/personal/user/{id:int}/", _person),
    ("GET", "/company/personal/notifications/", show_notifications),
    ("GET", "/sandbox/", show_cockpit),
    ("POST", "/sandbox/cockpit/repeat", make_repeat),
    ("POST", "/sandbox/cockpit/plan", change_plan),
    ("POST", "/sandbox/cockpit/{action}", do_in_cockpit),
    ("POST", "/sandbox/user", _switch_user),
    ("POST", "/sandbox/language", _switch_language),
)


def page_routes(portal: SandboxPortal, truth: Truth | None = None) -> list[BaseRoute]:
    """Return the routes of one portal's screen."""
    screen = Screen(portal, truth)
    static = StaticFiles(packages=[("b24app", "static/sandbox")])
    return [
        *(Route(path, _endpoint(screen, answer), methods=[method]) for method, path, answer in _PAGES),
        *script_routes(),
        Mount("/sandbox/static", static),
    ]


def _endpoint(screen: Screen, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await answer(screen, request)

    return endpoint
