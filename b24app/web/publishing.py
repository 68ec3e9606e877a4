"""The form about writing results into records and the order of the best match. Administrators only."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.pages.publishing_settings import save_publishing
from b24app.services.pages.show_automation import show_automation
from b24app.services.portal.access import use_page_token
from b24app.web.calls import FORM_BODY, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(default_response_class=HTMLResponse)


@router.post("/publishing", openapi_extra=FORM_BODY)
async def save(request: Request) -> HTMLResponse:
    """Save whether fields are written and which kind of match is the best."""
    token, fields = await read_act(request)
    await use_page_token(runtime_of(request), token)
    typed = await save_publishing(runtime_of(request), token, fields)
    shown = await show_automation(runtime_of(request), token, publishing=typed)
    return await page_response(request, "pages/automation.html", automation=shown)
