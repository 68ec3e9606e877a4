"""One portal's screen: who looks at it, in which language, and how a page is put together.

The user is chosen with ``?user=6`` or the switcher and kept in a cookie: this is a toy, nobody signs in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from b24app.sandbox.pages_texts import LANGUAGES, texts_for
from b24app.sandbox.people_truth import Truth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.records import Record
from b24app.sandbox.users import Breadth, User, UserKind
from b24app.sandbox.wire import as_int

WORDS = {"lead": "leads", "contact": "contacts", "company": "companies", "deal": "deals"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-src http: https:; form-action http: https:; "
        "frame-ancestors 'self'; base-uri 'none'; object-src 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, what they may read and change, and the words they read."""

    portal: SandboxPortal
    user: User
    texts: Mapping[str, str]

    def may_read(self, word: str, record: Record) -> bool:
        return self._covers(self.user.may_read(word), record)

    def may_write(self, word: str, record: Record) -> bool:
        return self._covers(self.user.may_write(word), record)

    def may_add(self, word: str) -> bool:
        return self.user.may_write(word) is not Breadth.NONE

    def _covers(self, breadth: Breadth, record: Record) -> bool:
        owners = self.portal.users.within(self.user, breadth)
        return owners is None or record.fields.get("ASSIGNED_BY_ID") in owners


class Screen:
    """The pages of one portal; ``truth`` is known when the portal was seeded."""

    def __init__(self, portal: SandboxPortal, truth: Truth | None = None) -> None:
        self.portal = portal
        self.truth = truth
        self.cookie = f"sandbox_user_{portal.member_id}"
        self._templates = Environment(
            loader=PackageLoader("b24app", "templates/sandbox"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def colleagues(self) -> list[User]:
        """Return who can be looked as: active people, no bots."""
        kinds = (UserKind.EMPLOYEE, UserKind.EXTRANET)
        return [user for user in self.portal.users.all() if user.active and user.kind in kinds]

    def viewer(self, request: Request) -> Viewer:
        """Return the chosen user, or the first administrator."""
        chosen = request.query_params.get("user") or request.cookies.get(self.cookie, "")
        people = self.colleagues()
        known = next((user for user in people if user.id == as_int(chosen)), None)
        user = known or next((user for user in people if user.admin), people[0])
        return Viewer(self.portal, user, texts_for(user.language))

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """Render a page for whoever looks; ``?user=`` is remembered."""
        viewer = self.viewer(request)
        html = self._templates.get_template(template).render(
            t=viewer.texts,
            viewer=viewer,
            people=self.colleagues(),
            words=WORDS,
            languages=LANGUAGES,
            language=viewer.user.language if viewer.user.language in LANGUAGES else "en",
            domain=self.portal.domain,
            path=request.url.path,
            address=f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path,
            is_embedded=is_embedded(request),
            bell_count=len(self.portal.bell.of(viewer.user.id)),
            **values,
        )
        response = HTMLResponse(html, status, dict(_HEADERS))
        if "user" in request.query_params:
            self.remember(response, viewer.user.id)
        return response

    def notice(self, request: Request, name: str, text: str = "", *, status: int = 200) -> Response:
        """Render a page that only says something, such as that access is denied."""
        return self.page(request, "notice.html", status=status, name=name, text=text or f"{name}_text")

    def remember(self, response: Response, user_id: int) -> None:
        response.set_cookie(self.cookie, str(user_id), httponly=True, samesite="lax")


def is_embedded(request: Request) -> bool:
    """Tell whether the page stands in a slider of another page; the parameter is Bitrix24's own."""
    return request.query_params.get("IFRAME") == "Y"


def go_to(path: str) -> Response:
    """Send the browser on after a form; only to a path of this portal."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\"))
    return RedirectResponse(path if is_own else "/", 303)
