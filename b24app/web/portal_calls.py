"""Events: one route, verified, written down, answered at once."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from b24app.services.indexing.intake import accept_event
from b24app.web.calls import FORM_BODY, read_event, runtime_of

router = APIRouter()


@router.post("/events", openapi_extra=FORM_BODY, response_class=PlainTextResponse)
async def receive_event(request: Request) -> PlainTextResponse:
    """Take in an event. A portal never repeats one, so this waits for our own database only.

    Exception: an event that brings a new application token is proven by asking who sent it.
    """
    await accept_event(runtime_of(request), await read_event(request))
    return PlainTextResponse("ok")
