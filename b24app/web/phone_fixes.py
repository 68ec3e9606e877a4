"""Taking back phones that a robot brought to one form. Administrators only; the list is on the page of automation."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.pages.phone_fix_list import undo_listed_fix
from b24app.services.pages.show_automation import show_automation
from b24app.services.portal.access import use_page_token
from b24app.web.calls import FORM_BODY, one, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(prefix="/phone-fixes", default_response_class=HTMLResponse)


@router.post("/undo", openapi_extra=FORM_BODY)
async def undo(request: Request) -> HTMLResponse:
    """Write the old spellings of one record's phones back, where nobody has changed them since."""
    token, fields = await read_act(request)
    fix_id = one(fields, "fix_id")
    await use_page_token(runtime_of(request), token)
    restored = await undo_listed_fix(runtime_of(request), token, fix_id)
    shown = await show_automation(runtime_of(request), token, restored=restored)
    return await page_response(request, "pages/automation.html", automation=shown)
