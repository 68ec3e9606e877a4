"""The app's own pages: the installer, the overview with its settings, and what a stranger sees."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from b24app.services.installation.install import install_portal
from b24app.services.pages.settings import SettingsForm, save_settings
from b24app.services.pages.show_overview import OverviewRequest, show_overview
from b24app.services.portal.access import use_page_token, verify_frame
from b24app.services.portal.context import portal_origin_of
from b24app.texts import language_of
from b24app.web.calls import FORM_BODY, read_act, read_frame, runtime_of
from b24app.web.templating import Pages

router = APIRouter(default_response_class=HTMLResponse)


async def page_response(
    request: Request, template: str, *, status: int = 200, **values: object
) -> HTMLResponse:
    """Render a page for the portal of this request; the headers let that portal alone frame it."""
    pages: Pages = request.app.state.pages
    portal_id = getattr(request.state, "portal_id", None)
    if portal_id is not None:
        request.state.frame_origin = await portal_origin_of(runtime_of(request), portal_id)
    origin = getattr(request.state, "frame_origin", "")
    language = language_of(getattr(request.state, "language", None) or _readers_language(request))
    html = pages.render(template, language=language, portal_origin=origin, **values)
    return HTMLResponse(html, status_code=status)


def _readers_language(request: Request) -> str:
    """Return what the browser prefers: for calls that do not say, such as those with an outdated page token."""
    return request.headers.get("accept-language", "")[:2]


@router.post("/install", openapi_extra=FORM_BODY)
async def install(request: Request) -> HTMLResponse:
    """Install the app into the portal whose administrator opened the installer; the page then finishes it."""
    call = await read_frame(request)
    installed = await install_portal(runtime_of(request), call)
    request.state.portal_id = installed.portal.portal_id
    return await page_response(request, "install/install.html", state="done", installed=installed)


@router.post("/", openapi_extra=FORM_BODY)
async def open_app(request: Request) -> HTMLResponse:
    """Show the app's own page inside a portal."""
    runtime = runtime_of(request)
    call = await read_frame(request)
    portal = await verify_frame(runtime, call)
    request.state.portal_id = portal.portal_id
    asked = OverviewRequest(
        portal.portal_id, call.language, call.access_token or "", call.refresh_token, call.expires_in_s
    )
    overview = await show_overview(runtime, asked)
    return await page_response(request, "pages/overview.html", overview=overview)


@router.post("/progress", openapi_extra=FORM_BODY)
async def refresh_progress(request: Request) -> HTMLResponse:
    """Show the app's page again, with the indexing where it is now."""
    token, _ = await read_act(request)
    overview = await show_overview(runtime_of(request), OverviewRequest.again(token))
    return await page_response(request, "pages/overview.html", overview=overview)


@router.post("/settings", openapi_extra=FORM_BODY)
async def change_settings(request: Request) -> HTMLResponse:
    """Save the matching rules; administrators only."""
    runtime = runtime_of(request)
    token, fields = await read_act(request)
    await use_page_token(runtime, token)
    outcome = await save_settings(runtime, token, SettingsForm.read(fields))
    overview = await show_overview(runtime, OverviewRequest.again(token), outcome)
    return await page_response(
        request, "pages/overview.html", overview=overview, status=422 if outcome.form.mistake else 200
    )


@router.get("/")
async def about(request: Request) -> HTMLResponse:
    """Say what this is to whoever opens the address outside a portal."""
    return await page_response(request, "pages/about.html")


@router.head("/")
async def probe() -> Response:
    """Answer the Market's probe of the application's address."""
    return Response()
