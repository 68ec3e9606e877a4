"""The forms of the app's page that make and revoke API keys. What the keys open is in api.py."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.access import PageToken, use_page_token
from b24app.services.api_keys import KeyOutcome, create_key, revoke_key
from b24app.services.show_overview import OverviewRequest, show_overview
from b24app.web.calls import FORM_BODY, one, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(prefix="/keys", default_response_class=HTMLResponse)


@router.post("/create", openapi_extra=FORM_BODY)
async def create(request: Request) -> HTMLResponse:
    """Make an API key and show it, this once; administrators only."""
    token, fields = await read_act(request)
    name = one(fields, "name")
    await use_page_token(runtime_of(request), token)
    return await _show(request, token, await create_key(runtime_of(request), token, name))


@router.post("/revoke", openapi_extra=FORM_BODY)
async def revoke(request: Request) -> HTMLResponse:
    """Revoke an API key; administrators only."""
    token, fields = await read_act(request)
    key_id = one(fields, "key_id")
    await use_page_token(runtime_of(request), token)
    await revoke_key(runtime_of(request), token, key_id)
    return await _show(request, token, KeyOutcome())


async def _show(request: Request, token: PageToken, outcome: KeyOutcome) -> HTMLResponse:
    overview = await show_overview(runtime_of(request), OverviewRequest.again(token), key_outcome=outcome)
    return await page_response(
        request, "pages/overview.html", overview=overview, status=422 if outcome.mistake else 200
    )
