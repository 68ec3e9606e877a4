"""The tab in cards of leads, contacts, companies and deals, and its buttons."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.bitrix24.forms import MalformedCall
from b24app.services.card.decisions import reject, undo
from b24app.services.card.show import CardRequest, show_card
from b24app.services.card.shown import Card
from b24app.services.portal.access import use_page_token, verify_frame
from b24app.web.calls import FORM_BODY, one, read_act, read_frame, runtime_of
from b24app.web.pages import page_response

PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,4}")

router = APIRouter(prefix="/widget", default_response_class=HTMLResponse)


async def _open(request: Request, type_word: str) -> HTMLResponse:
    runtime = runtime_of(request)
    call = await read_frame(request)
    portal = await verify_frame(runtime, call)
    request.state.portal_id = portal.portal_id
    asked = CardRequest(
        portal_id=portal.portal_id,
        type_word=type_word,
        record_id=call.record_id or 0,
        language=call.language,
        access_token=call.access_token or "",
    )
    return await _show(request, await show_card(runtime, asked))


async def _show(request: Request, card: Card) -> HTMLResponse:
    return await page_response(request, "widget/card.html", card=card)


@router.post("/lead", openapi_extra=FORM_BODY)
async def open_lead(request: Request) -> HTMLResponse:
    """Show the tab in a lead's card (CRM_LEAD_DETAIL_TAB)."""
    return await _open(request, "lead")


@router.post("/contact", openapi_extra=FORM_BODY)
async def open_contact(request: Request) -> HTMLResponse:
    """Show the tab in a contact's card (CRM_CONTACT_DETAIL_TAB)."""
    return await _open(request, "contact")


@router.post("/company", openapi_extra=FORM_BODY)
async def open_company(request: Request) -> HTMLResponse:
    """Show the tab in a company's card (CRM_COMPANY_DETAIL_TAB)."""
    return await _open(request, "company")


@router.post("/deal", openapi_extra=FORM_BODY)
async def open_deal(request: Request) -> HTMLResponse:
    """Show the tab in a deal's card (CRM_DEAL_DETAIL_TAB): the matches of its clients."""
    return await _open(request, "deal")


@router.post("/check", openapi_extra=FORM_BODY)
async def check_again(request: Request) -> HTMLResponse:
    """Read everything anew."""
    token, _ = await read_act(request)
    return await _show(request, await show_card(runtime_of(request), CardRequest.again(token)))


@router.post("/page", openapi_extra=FORM_BODY)
async def turn_page(request: Request) -> HTMLResponse:
    """Show another page of one type's matches."""
    token, fields = await read_act(request)
    type_word, page = one(fields, "type"), one(fields, "page")
    if type_word not in ("lead", "contact", "company") or not PAGE_NUMBER.fullmatch(page):
        raise MalformedCall("page", "not a page of a record type")
    asked = CardRequest.again(token, pages={type_word: int(page)})
    return await _show(request, await show_card(runtime_of(request), asked))


@router.post("/reject", openapi_extra=FORM_BODY)
async def reject_pair(request: Request) -> HTMLResponse:
    """Note that a match is not a duplicate, for everybody in the portal."""
    runtime = runtime_of(request)
    token, fields = await read_act(request)
    await use_page_token(runtime, token)
    await reject(runtime, token, one(fields, "ref"), one(fields, "reason"), one(fields, "days"))
    return await _show(request, await show_card(runtime, CardRequest.again(token)))


@router.post("/undo", openapi_extra=FORM_BODY)
async def undo_rejection(request: Request) -> HTMLResponse:
    """Take "not a duplicate" back."""
    runtime = runtime_of(request)
    token, fields = await read_act(request)
    await use_page_token(runtime, token)
    await undo(runtime, token, one(fields, "ref"))
    return await _show(request, await show_card(runtime, CardRequest.again(token)))
