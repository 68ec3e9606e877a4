"""From a request to a verified call: bodies are bounded, parsed and checked here, and nowhere else."""

from collections.abc import Mapping

from fastapi import Request

from b24app.bitrix24.forms import BODY_LIMIT_BYTES, Form, MalformedCall
from b24app.bitrix24.incoming import FrameCall, PortalEvent, parse_event, parse_form, parse_frame
from b24app.bitrix24.incoming_robots import RobotCall, parse_robot_call
from b24app.services.portal.access import PageToken, read_page_token
from b24app.services.portal.context import Runtime

FORM_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "additionalProperties": {"type": "string"}}
            }
        },
    }
}
"""OpenAPI of every route that reads a form."""


class BodyTooLarge(Exception):
    """More was posted than any portal or page of ours sends."""


def runtime_of(request: Request) -> Runtime:
    """Return what bootstrap built for this process."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the body; raises BodyTooLarge before more than the limit is kept."""
    size = 0
    parts = []
    async for part in request.stream():
        size += len(part)
        if size > limit_bytes:
            raise BodyTooLarge
        parts.append(part)
    return b"".join(parts)


async def read_form(request: Request) -> Form:
    """Return the posted form; raises BodyTooLarge, MalformedCall."""
    body = await read_body(request, BODY_LIMIT_BYTES)
    return parse_form(body, request.headers.get("content-type", ""))


async def read_frame(request: Request) -> FrameCall:
    """Return what the portal's frame posted; kept for the page's headers and its refusal, believed by nobody yet."""
    query = dict(request.query_params)
    scheme = "http" if query.get("PROTOCOL") == "0" else "https"
    request.state.claimed_address = f"{scheme}://{query.get('DOMAIN', '')}"
    request.state.language = query.get("LANG")
    return parse_frame(query, await read_form(request))


async def read_event(request: Request) -> PortalEvent:
    """Return the event a portal posted."""
    return parse_event(await read_form(request))


async def read_robot_call(request: Request) -> RobotCall:
    """Return the call of a robot that a portal posted."""
    return parse_robot_call(await read_form(request))


async def read_act(request: Request) -> tuple[PageToken, Mapping[str, list[str]]]:
    """Return who acts on which page, and the fields of the form; raises PageOutdated, MalformedCall."""
    form = await read_form(request)
    text = form.get("page_token")
    if not isinstance(text, str):
        raise MalformedCall("page_token", "missing")
    token = read_page_token(runtime_of(request), text)
    request.state.language = token.language
    request.state.portal_id = token.portal_id
    return token, {name: _texts(value) for name, value in form.items()}


def _texts(value: str | Form) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [entry for entry in value.values() if isinstance(entry, str)]


def one(fields: Mapping[str, list[str]], name: str) -> str:
    """Return the only value of a field; raises MalformedCall when it is missing or stands there twice."""
    values = fields.get(name, [])
    if len(values) != 1:
        raise MalformedCall(name, "missing" if not values else "given twice")
    return values[0]
