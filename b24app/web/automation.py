"""The page of what the app does in a portal by itself, and its forms. Administrators only."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.pages.notice_settings import save_notices
from b24app.services.pages.show_automation import Automation, show_automation
from b24app.services.portal.access import use_page_token
from b24app.web.calls import FORM_BODY, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(default_response_class=HTMLResponse)


async def _response(request: Request, automation: Automation) -> HTMLResponse:
    return await page_response(request, "pages/automation.html", automation=automation)


@router.post("/automation", openapi_extra=FORM_BODY)
async def show(request: Request) -> HTMLResponse:
    """Show what the app does by itself."""
    token, _ = await read_act(request)
    return await _response(request, await show_automation(runtime_of(request), token))


@router.post("/notices", openapi_extra=FORM_BODY)
async def save(request: Request) -> HTMLResponse:
    """Save what is told of changes, and by which means."""
    token, fields = await read_act(request)
    await use_page_token(runtime_of(request), token)
    await save_notices(runtime_of(request), token, fields)
    return await _response(request, await show_automation(runtime_of(request), token, notices_saved=True))
