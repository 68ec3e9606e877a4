"""For those who run the app: is it alive, is it ready, and what is it doing."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from b24app.services.health import is_ready, take_measures
from b24app.web.calls import runtime_of

router = APIRouter(default_response_class=PlainTextResponse)


@router.get("/healthz")
async def healthz() -> PlainTextResponse:
    """Say that the process answers."""
    return PlainTextResponse("ok")


@router.get("/readyz")
async def readyz(request: Request) -> PlainTextResponse:
    """Say whether the database answers too."""
    if await is_ready(runtime_of(request)):
        return PlainTextResponse("ready")
    return PlainTextResponse("the database does not answer", status_code=503)


@router.get("/metrics")
async def metrics(request: Request) -> PlainTextResponse:
    """Print the measures in Prometheus' format."""
    await take_measures(runtime_of(request))
    return PlainTextResponse(generate_latest().decode(), media_type=CONTENT_TYPE_LATEST)
