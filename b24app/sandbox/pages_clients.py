"""The client picker of new leads and deals: the portal's own clients, and the application's search beside them.

The application's item appears from three characters on and opens its CRM_DETAIL_SEARCH page in a frame, with
``entityTypeName``, ``searchQuery`` and ``URI`` as options (documentation, widgets/crm/detail-search). What the page
finds it gives with ``crmShowFoundEntities``; the browser's part is ``static/sandbox/picker.js``.
"""

from starlette.requests import Request
from starlette.responses import Response

from b24app.sandbox.installs import Placement
from b24app.sandbox.pages_frames import frame_of, title_of_place
from b24app.sandbox.pages_records import LinkView, path_of, title_of
from b24app.sandbox.pages_screen import Screen, Viewer
from b24app.sandbox.rest.conditions import IdBounds
from b24app.sandbox.rest.query import Query, run
from b24app.sandbox.wire import as_int

PLACEMENT = "CRM_DETAIL_SEARCH"
CLIENTS = ("contact", "company")
LEAST_CHARACTERS = 3
MOST_FOUND = 5


async def find_clients(screen: Screen, request: Request) -> Response:
    """Answer the list under the picker's field."""
    viewer, word, text = _asked(screen, request)
    if len(text) < LEAST_CHARACTERS or word not in CLIENTS:
        return screen.page(request, "clients.html", clients=(), places=(), kind=word)
    places = [(at, title_of_place(place, viewer.user.language)) for at, place in enumerate(_places(viewer))]
    return screen.page(
        request, "clients.html", clients=_own_clients(viewer, word, text), places=places, kind=word
    )


async def open_search(screen: Screen, request: Request) -> Response:
    """Answer the frame of the application's search."""
    viewer, word, text = _asked(screen, request)
    at = as_int(request.query_params.get("place"))
    places = _places(viewer)
    if word not in CLIENTS or at >= len(places):
        return screen.notice(request, "not_found", status=404)
    options = {
        "entityTypeName": word.upper(),
        "searchQuery": text,
        "URI": request.query_params.get("uri", ""),
    }
    post = screen.portal.open_frame(viewer.user.id, PLACEMENT, options, places[at].handler)
    frame = frame_of(viewer, post, title_of_place(places[at], viewer.user.language))
    return screen.page(request, "client_frame.html", frame=frame)


def _asked(screen: Screen, request: Request) -> tuple[Viewer, str, str]:
    query = request.query_params
    return screen.viewer(request), query.get("type", ""), query.get("find", "").strip()


def _places(viewer: Viewer) -> list[Placement]:
    app = viewer.portal.app
    if app is None or not app.installed or not viewer.user.may_use_app:
        return []
    return [place for place in app.registrations.placements if place.code == PLACEMENT]


def _own_clients(viewer: Viewer, word: str, text: str) -> tuple[LinkView, ...]:
    """Search names alone, as the picker of a portal does for what is typed."""
    wanted = text.casefold()
    owners = viewer.portal.users.within(viewer.user, viewer.user.may_read(word))
    query = Query(
        IdBounds(), (lambda record: wanted in title_of(viewer, word, record).casefold(),), owners, (), 0
    )
    found = run(viewer.portal.crm.tables[word], query).records[:MOST_FOUND]
    return tuple(LinkView(word, one.id, title_of(viewer, word, one), path_of(word, one.id)) for one in found)
