"""Frames of the application in the portal's pages: its tabs in cards and its own page.

The page POSTs a form into a frame of another origin; what the form holds is ``SandboxPortal.open_frame``'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from b24app.sandbox.frames import FramePost
from b24app.sandbox.installs import AppInstall, Placement
from b24app.sandbox.pages_screen import Screen, Viewer
from b24app.sandbox.portal import NotInstalled
from b24app.sandbox.wire import Json, as_map, as_text, parse_pairs

APP_TITLE = "b24app"
_PAGE_ONLY = frozenset({"IFRAME", "IFRAME_TYPE", "user"})


@dataclass(frozen=True, slots=True)
class FrameView:
    """A form, the frame it is posted into, and what the page's script must know to serve the frame."""

    post: FramePost
    name: str  # of the frame: DOMAIN|PROTOCOL|APP_SID, where BX24.js looks for them
    sid: str
    user_id: int
    is_admin: bool
    is_installed: bool
    title: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A place of the application in a card."""

    key: str
    title: str
    placement: Placement


def card_tabs(viewer: Viewer, word: str) -> tuple[Tab, ...]:
    """Return the tabs that the application bound to cards of this type; none before it is installed."""
    app = viewer.portal.app
    if app is None or not app.installed or not viewer.user.may_use_app:
        return ()
    code = f"CRM_{word.upper()}_DETAIL_TAB"
    bound = [place for place in app.registrations.placements if place.code == code]
    language = viewer.user.language
    return tuple(Tab(f"app-{at}", title_of_place(place, language), place) for at, place in enumerate(bound))


def open_tab(viewer: Viewer, tab: Tab, record_id: int, path: str) -> FrameView:
    """Open the tab: fresh tokens, and the record's id as the portal gives it, in text."""
    options = {"ID": str(record_id), "URI": path}
    post = viewer.portal.open_frame(viewer.user.id, tab.placement.code, options, tab.placement.handler)
    return frame_of(viewer, post, tab.title)


async def show_app(screen: Screen, request: Request) -> Response:
    """Answer the application's own page: its installer, for administrators, until it is installed."""
    viewer = screen.viewer(request)
    if screen.portal.app is None:
        return screen.notice(request, "no_app", status=404)
    if not viewer.user.may_use_app:
        return screen.notice(request, "access_denied", "app_denied_text", status=403)
    try:
        post = screen.portal.open_frame(viewer.user.id, "DEFAULT", _own_parameters(request))
    except NotInstalled:
        return screen.notice(request, "not_installed", status=403)
    return screen.page(request, "app.html", frame=frame_of(viewer, post, APP_TITLE))


def app_path(app: AppInstall | None) -> str:
    return f"/marketplace/app/{app.id}/" if app else "/marketplace/app/"


def _own_parameters(request: Request) -> dict[str, Json]:
    """Return the page's own parameters less the portal's: they become PLACEMENT_OPTIONS (portal notes, point 6)."""
    pairs = request.query_params.multi_items()
    return parse_pairs((name, value) for name, value in pairs if name not in _PAGE_ONLY)


def title_of_place(place: Placement, language: str) -> str:
    """Return what a place is called in the viewer's language."""
    texts: Mapping[str, Json] = as_map(place.languages.get(language)) or {}
    return as_text(texts.get("TITLE")) or place.title or APP_TITLE


def frame_of(viewer: Viewer, post: FramePost, title: str) -> FrameView:
    """Return the frame for an opening of the application."""
    query = parse_qs(urlsplit(post.url).query)
    domain, protocol, sid = (query[name][-1] for name in ("DOMAIN", "PROTOCOL", "APP_SID"))
    app = viewer.portal.app
    return FrameView(
        post=post,
        name=f"{domain}|{protocol}|{sid}",
        sid=sid,
        user_id=viewer.user.id,
        is_admin=viewer.user.admin,
        is_installed=app is not None and app.installed,
        title=title,
    )
