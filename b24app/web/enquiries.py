"""The page of repeat enquiries: its rules, what was done, and taking it back. Administrators only."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.pages.enquiry_acts import EnquiryForm, save_enquiry_rules, undo_effect, undo_enquiry
from b24app.services.pages.show_enquiries import show_enquiries
from b24app.services.portal.access import PageToken, use_page_token
from b24app.web.calls import FORM_BODY, one, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(prefix="/enquiries", default_response_class=HTMLResponse)


async def _response(
    request: Request, token: PageToken, *, page: str = "1", form: EnquiryForm | None = None
) -> HTMLResponse:
    shown = await show_enquiries(runtime_of(request), token, page=page, form=form)
    status = 422 if shown.mistake is not None else 200
    return await page_response(request, "pages/enquiries.html", enquiries=shown, status=status)


@router.post("", openapi_extra=FORM_BODY)
async def show(request: Request) -> HTMLResponse:
    """Show the rules and one page of enquiries judged repeats."""
    token, fields = await read_act(request)
    return await _response(request, token, page=fields.get("page", ["1"])[0])


@router.post("/rules", openapi_extra=FORM_BODY)
async def save(request: Request) -> HTMLResponse:
    """Save the rules."""
    token, fields = await read_act(request)
    await use_page_token(runtime_of(request), token)
    form = await save_enquiry_rules(runtime_of(request), token, EnquiryForm.read(fields))
    return await _response(request, token, form=form)


@router.post("/undo", openapi_extra=FORM_BODY)
async def undo(request: Request) -> HTMLResponse:
    """Take back everything that was done for one enquiry."""
    token, fields = await read_act(request)
    lead_id, page = one(fields, "lead_id"), one(fields, "page")
    await use_page_token(runtime_of(request), token)
    await undo_enquiry(runtime_of(request), token, lead_id)
    return await _response(request, token, page=page)


@router.post("/undo-effect", openapi_extra=FORM_BODY)
async def undo_one(request: Request) -> HTMLResponse:
    """Take back one thing that was done."""
    token, fields = await read_act(request)
    effect_id, page = one(fields, "effect_id"), one(fields, "page")
    await use_page_token(runtime_of(request), token)
    await undo_effect(runtime_of(request), token, effect_id)
    return await _response(request, token, page=page)
