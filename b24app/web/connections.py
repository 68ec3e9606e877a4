"""The page of connections: forms that make, try and remove webhooks. Those of API keys are in api_keys.py."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from b24app.services.pages.api_keys import KeyOutcome
from b24app.services.pages.show_connections import show_connections
from b24app.services.portal.access import PageToken, use_page_token
from b24app.services.webhooks.manage import (
    WebhookOutcome,
    create_webhook,
    remove_webhook,
    renew_secret,
    try_webhook,
)
from b24app.web.calls import FORM_BODY, one, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(default_response_class=HTMLResponse)


async def connections_response(
    request: Request,
    token: PageToken,
    keys: KeyOutcome | None = None,
    webhooks: WebhookOutcome | None = None,
) -> HTMLResponse:
    """Render the page with what became of a form."""
    shown = await show_connections(runtime_of(request), token, keys, webhooks)
    is_refused = shown.api_keys.mistake is not None or shown.webhooks.mistake is not None
    return await page_response(
        request, "pages/connections.html", connections=shown, status=422 if is_refused else 200
    )


@router.post("/connections", openapi_extra=FORM_BODY)
async def show(request: Request) -> HTMLResponse:
    """Show API keys and webhooks; administrators only."""
    token, _ = await read_act(request)
    return await connections_response(request, token)


@router.post("/webhooks/create", openapi_extra=FORM_BODY)
async def create(request: Request) -> HTMLResponse:
    """Make a webhook and show its secret, this once; administrators only."""
    token, fields = await read_act(request)
    url = one(fields, "url")
    await use_page_token(runtime_of(request), token)
    outcome = await create_webhook(runtime_of(request), token, url, fields.get("kinds", []))
    return await connections_response(request, token, webhooks=outcome)


@router.post("/webhooks/secret", openapi_extra=FORM_BODY)
async def secret(request: Request) -> HTMLResponse:
    """Give a webhook a new secret and show it, this once; administrators only."""
    token, fields = await read_act(request)
    webhook_id = one(fields, "webhook_id")
    await use_page_token(runtime_of(request), token)
    outcome = await renew_secret(runtime_of(request), token, webhook_id)
    return await connections_response(request, token, webhooks=outcome)


@router.post("/webhooks/test", openapi_extra=FORM_BODY)
async def test(request: Request) -> HTMLResponse:
    """Send a test to a webhook and show what came of it; administrators only."""
    token, fields = await read_act(request)
    webhook_id = one(fields, "webhook_id")
    await use_page_token(runtime_of(request), token)
    outcome = await try_webhook(runtime_of(request), token, webhook_id)
    return await connections_response(request, token, webhooks=outcome)


@router.post("/webhooks/remove", openapi_extra=FORM_BODY)
async def remove(request: Request) -> HTMLResponse:
    """Remove a webhook; administrators only."""
    token, fields = await read_act(request)
    webhook_id = one(fields, "webhook_id")
    await use_page_token(runtime_of(request), token)
    await remove_webhook(runtime_of(request), token, webhook_id)
    return await connections_response(request, token)
