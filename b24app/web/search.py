"""The client search of CRM cards: the portal opens this page unseen, its script hands the portal what was found."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.bitrix24.forms import MalformedCall
from b24app.services.client_search import SearchRequest, search_clients
from b24app.services.portal.access import verify_frame
from b24app.web.calls import FORM_BODY, read_frame, runtime_of
from b24app.web.pages import page_response

PATH = "/search"
TEMPLATE = "widget/search.html"
CLIENTS = ("contact", "company")

router = APIRouter(default_response_class=HTMLResponse)


@router.post(PATH, openapi_extra=FORM_BODY)
async def search(request: Request) -> HTMLResponse:
    """Find a client by a typed phone or e-mail (CRM_DETAIL_SEARCH)."""
    runtime = runtime_of(request)
    call = await read_frame(request)
    portal = await verify_frame(runtime, call)
    request.state.portal_id = portal.portal_id
    wanted = str(call.options.get("entityTypeName")).lower()
    if wanted not in CLIENTS:
        raise MalformedCall("entityTypeName", "neither CONTACT nor COMPANY")
    asked = SearchRequest(
        portal_id=portal.portal_id,
        wanted=wanted,
        query=str(call.options.get("searchQuery", "")),
        access_token=call.access_token or "",
    )
    found = await search_clients(runtime, asked)
    return await page_response(request, TEMPLATE, found=found, wanted=wanted, code=None)
