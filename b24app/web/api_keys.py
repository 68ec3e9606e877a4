"""The forms of the page of connections that make and revoke API keys. What the keys open is in api.py."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.pages.api_keys import create_key, revoke_key
from b24app.services.portal.access import use_page_token
from b24app.web.calls import FORM_BODY, one, read_act, runtime_of
from b24app.web.connections import connections_response

router = APIRouter(prefix="/keys", default_response_class=HTMLResponse)


@router.post("/create", openapi_extra=FORM_BODY)
async def create(request: Request) -> HTMLResponse:
    """Make an API key and show it, this once; administrators only."""
    token, fields = await read_act(request)
    name = one(fields, "name")
    await use_page_token(runtime_of(request), token)
    outcome = await create_key(runtime_of(request), token, name)
    return await connections_response(request, token, keys=outcome)


@router.post("/revoke", openapi_extra=FORM_BODY)
async def revoke(request: Request) -> HTMLResponse:
    """Revoke an API key; administrators only."""
    token, fields = await read_act(request)
    key_id = one(fields, "key_id")
    await use_page_token(runtime_of(request), token)
    await revoke_key(runtime_of(request), token, key_id)
    return await connections_response(request, token)
