"""The portal and the authorization server as ASGI applications: addresses, bodies, redirects and faults.

Parameters come from the query and from a JSON or form body; the method stands in the path, with or without ``.json``.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable, Mapping

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.records import print_time
from b24app.sandbox.refusals import Refusal, too_many_requests, too_much_time
from b24app.sandbox.rest.answering import RestDoor, RestRequest
from b24app.sandbox.wire import Json, Params, as_map, as_text, parse_pairs

_RAW_SEND = "sandbox.raw_send"
_ERROR_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"
_PAGES = {FaultKind.SERVER_ERROR: "500 Internal Server Error", FaultKind.BAD_GATEWAY: "502 Bad Gateway"}


def create_portal_app(portal: SandboxPortal, routes: Iterable[BaseRoute] = ()) -> ASGIApp:
    """Return the portal's web server: REST, and whatever pages are handed in."""
    door = RestDoor(portal)

    async def rest(request: Request) -> Response:
        return await _rest(portal, door, request)

    methods = ["GET", "POST"]
    return _Outermost(portal, Starlette(routes=[Route("/rest/{path:path}", rest, methods=methods), *routes]))


def create_oauth_app(oauth: SandboxOAuth) -> ASGIApp:
    """Return the authorization server: ``oauth/token/`` and ``rest/app.info``."""

    async def token(request: Request) -> Response:
        params = await _params(request)
        return _json(*_refused(lambda: oauth.token(params)))

    async def app_info(request: Request) -> Response:
        access_token = as_text((await _params(request)).get("auth"))
        return _json(*_refused(lambda: {"result": oauth.app_info(access_token), "time": _moment(oauth)}))

    async def unknown(request: Request) -> Response:
        return _json(404, {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"})

    methods = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/oauth/token", token, methods=methods),
            Route("/oauth/token/", token, methods=methods),
            Route("/rest/app.info", app_info, methods=methods),
            Route("/rest/app.info/", app_info, methods=methods),
            Route("/rest/app.info.json", app_info, methods=methods),
            Route("/{path:path}", unknown, methods=methods),
        ]
    )


def _refused(work: Callable[[], dict[str, Json]]) -> tuple[int, Mapping[str, Json]]:
    try:
        return 200, work()
    except Refusal as refusal:
        return refusal.status, refusal.to_json()


def _moment(oauth: SandboxOAuth) -> dict[str, Json]:
    now = oauth.clock.now()
    return {
        "start": now,
        "finish": now,
        "duration": 0.0,
        "processing": 0.0,
        "date_start": print_time(now),
        "date_finish": print_time(now),
    }


async def _rest(portal: SandboxPortal, door: RestDoor, request: Request) -> Response:
    parsed = await _parsed(request)
    if parsed is None:
        return _json(404, {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"})
    fault = portal.faults.next_for(parsed.method.lower())
    refused = await _before(portal, fault)
    if refused is not None:
        return refused
    answer = await door.answer(parsed)
    body = orjson.dumps(answer.body)
    if fault is not None and fault.kind is FaultKind.RESET_AFTER:
        return _Reset()
    if fault is not None and fault.kind is FaultKind.TRUNCATED:
        body = body[: len(body) // 2]
    return Response(body, answer.status, media_type="application/json")


async def _before(portal: SandboxPortal, fault: Fault | None) -> Response | None:
    """Carry out what goes wrong before the portal works; None when it goes on working."""
    if fault is None:
        return None
    if fault.kind is FaultKind.RESET:
        return _Reset()
    if fault.kind in _PAGES:
        title = _PAGES[fault.kind]
        return Response(_ERROR_PAGE.format(title), int(title[:3]), media_type="text/html")
    if fault.kind is FaultKind.BUSY:
        return _json(503, too_many_requests().to_json())
    if fault.kind is FaultKind.TIME_LIMIT:
        return _json(429, too_much_time().to_json())
    if fault.kind is FaultKind.EXPIRED_TOKEN:
        portal.oauth.expire_access(portal.member_id)
    if fault.kind is FaultKind.SLOW:
        await portal.clock.sleep(fault.seconds)
    return None


async def _parsed(request: Request) -> RestRequest | None:
    """Read ``/rest/method`` or ``/rest/user/code/method``; None when the path is neither."""
    parts = request.path_params["path"].strip("/").split("/")
    method = parts[-1].removesuffix(".json")
    source = request.client.host if request.client else "unknown"
    params = await _params(request)
    if len(parts) == 1:
        return RestRequest(method, params, source)
    if len(parts) == 3 and parts[0].isdigit():
        return RestRequest(method, params, source, (int(parts[0]), parts[1]))
    return None


async def _params(request: Request) -> Params:
    """Return query and body together; the body wins. A JSON body is read by its content type, never with GET."""
    params = parse_pairs(request.query_params.multi_items())
    if request.method != "POST":
        return params
    if "json" in request.headers.get("content-type", ""):
        return params | _json_body(await request.body())
    form = await request.form()
    return params | parse_pairs((name, str(value)) for name, value in form.multi_items())


def _json_body(body: bytes) -> Params:
    try:
        found: Json = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return dict(as_map(found) or {})


def _json(status: int, body: Mapping[str, Json]) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


class _Outermost:
    """Answers 302 at the portal's former addresses, and keeps the raw channel for whoever must cut it."""

    def __init__(self, portal: SandboxPortal, inner: ASGIApp) -> None:
        self._portal = portal
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            if request.headers.get("host", "") in self._portal.old_domains:
                target = f"{self._portal.base_url}{request.url.path}"
                query = f"?{request.url.query}" if request.url.query else ""
                moved = Response("<html>302 Found</html>", 302, {"Location": target + query})
                await moved(scope, receive, send)
                return
            scope = {**scope, _RAW_SEND: send}
        await self._inner(scope, receive, send)


class _Reset(Response):
    """No answer at all: the connection is reset. Without a real connection it is ConnectionResetError."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = getattr(scope[_RAW_SEND], "__self__", None)  # uvicorn hands out a bound method of its cycle
        transport = getattr(cycle, "transport", None)
        if not isinstance(transport, asyncio.Transport):
            raise ConnectionResetError("the sandbox reset the connection")
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await asyncio.sleep(0.01)
