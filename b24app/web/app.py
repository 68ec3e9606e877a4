"""The web application: routes, the headers of every answer, and one table: exception → status and text."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from b24app import __version__
from b24app.bitrix24.errors import (
    AccessDenied,
    Bitrix24Error,
    PortalBusy,
    PortalGone,
    TokenExpired,
    TokenRejected,
)
from b24app.bitrix24.forms import MalformedCall
from b24app.bitrix24.origins import OriginRefused, portal_origin
from b24app.logs import logger
from b24app.services.portal.access import Refused
from b24app.services.portal.context import Runtime, StoreUnavailable, UnknownPortal
from b24app.web import (
    api,
    api_keys,
    audit,
    audit_files,
    automation,
    connections,
    enquiries,
    operations,
    pages,
    phone_fixes,
    portal_calls,
    publishing,
    robots,
    search,
    widget,
)
from b24app.web.background import Background
from b24app.web.calls import BodyTooLarge
from b24app.web.pages import page_response
from b24app.web.templating import Pages

log = logger(__name__)

PLAIN_ROUTES = ("/events", robots.PREFIX, "/healthz", "/readyz", "/metrics")  # read by machines
RETRY_AFTER_S = 5

REFUSALS: tuple[tuple[type[Exception], int, str], ...] = (
    (MalformedCall, 400, "malformed"),
    (BodyTooLarge, 413, "malformed"),
    (PortalBusy, 503, "portal_busy"),
    (PortalGone, 403, "portal_gone"),
    (TokenExpired, 403, "no_access"),
    (TokenRejected, 403, "no_access"),
    (AccessDenied, 403, "no_access"),
    (UnknownPortal, 403, "unknown_portal"),
    (StoreUnavailable, 503, "internal"),
    (Bitrix24Error, 502, "portal_busy"),
)
"""The first row that fits decides; what fits none is a mistake of ours: 500."""


def create_app(runtime: Runtime, *, static_version: str = __version__) -> FastAPI:
    """Build the application around what bootstrap made."""
    app = FastAPI(title="b24app", version=__version__, docs_url=None, redoc_url=None)
    app.state.runtime = runtime
    app.state.background = Background()
    app.state.pages = Pages(static_version=static_version, bx24_js_url=runtime.bx24_js_url)
    for module in (
        pages,
        audit,
        audit_files,
        automation,
        phone_fixes,
        publishing,
        connections,
        enquiries,
        api_keys,
        widget,
        portal_calls,
        search,
        robots,
        api,
        operations,
    ):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=str(files("b24app") / "static")), name="static")
    for kind, *_ in REFUSALS:
        app.add_exception_handler(kind, answer_refusal)
    for kind, *_ in api.ERRORS:
        app.add_exception_handler(kind, answer_refusal)
    app.add_exception_handler(Refused, answer_refusal)
    app.add_exception_handler(HTTPException, answer_refusal)
    app.middleware("http")(add_headers)
    return app


async def answer_refusal(request: Request, error: Exception) -> Response:
    """Say what happened and what to do, in the caller's language."""
    is_api = request.url.path.startswith(api.PREFIX)
    status, reason = api.judge(error)[:2] if is_api else _judge(error)
    if status >= 500 and not isinstance(error, Bitrix24Error):
        log.error("request failed", path=request.url.path, error=type(error).__name__, exc_info=error)
    else:
        log.info("request refused", path=request.url.path, status=status, error_code=reason)
    if is_api:
        return api.refuse(error)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    if request.url.path.startswith(PLAIN_ROUTES):
        return PlainTextResponse(reason, status_code=status, headers=headers)
    answer: HTMLResponse = await page_response(
        request,
        _refusal_page(request, reason),
        status=status,
        state="not_admin",
        code=reason,
        reason=reason,
    )
    answer.headers.update(headers)
    return answer


def _refusal_page(request: Request, reason: str) -> str:
    """Return the page that tells it; the client search gets an answer without anybody found."""
    if request.url.path == search.PATH:
        return search.TEMPLATE
    return "install/install.html" if reason == "not_admin" else "pages/refusal.html"


def _judge(error: Exception) -> tuple[int, str]:
    if isinstance(error, Refused):
        return error.status, error.reason
    if isinstance(error, HTTPException):
        return error.status_code, "not_found" if error.status_code == 404 else "malformed"
    return next(
        ((status, reason) for kind, status, reason in REFUSALS if isinstance(error, kind)), (500, "internal")
    )


async def add_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add what every answer carries: no cookies, no sniffing, a strict policy, and who may frame the page."""
    try:
        response = await call_next(request)
    except Exception as error:  # noqa: BLE001 - a mistake of ours is logged, and answered like everything else
        response = await answer_refusal(request, error)
    runtime: Runtime = request.app.state.runtime
    response.headers["Content-Security-Policy"] = _policy(runtime, _frame_ancestor(request, runtime))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _frame_ancestor(request: Request, runtime: Runtime) -> str:
    """Return the portal we hold; a refusal before that may be framed by the address the call claims."""
    held: str = getattr(request.state, "frame_origin", "")
    claimed: str = getattr(request.state, "claimed_address", "")
    if held or not claimed:
        return held or "'none'"
    try:
        return portal_origin(claimed, allow_insecure=runtime.allow_insecure)
    except OriginRefused:
        return "'none'"


def _policy(runtime: Runtime, ancestor: str) -> str:
    script = urlsplit(runtime.bx24_js_url)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {script.scheme}://{script.netloc}",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {ancestor}",
        )
    )
