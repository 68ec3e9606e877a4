"""The only module that knows httpx: one POST out, one bounded answer or PortalUnreachable back.

Receivers of webhooks, which are nobody's portal, get a POST of their own kind: see ``make_sender``.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx
import orjson

from b24app import __version__
from b24app.bitrix24.calls import JSON
from b24app.bitrix24.errors import (
    Bitrix24Error,
    PortalMoved,
    PortalUnreachable,
    RateLimited,
    UnexpectedAnswer,
    refusal,
)

Http: TypeAlias = httpx.AsyncClient
Judge: TypeAlias = Callable[[httpx.Request], Awaitable[str]]

_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/32")  # NAT64, RFC 6052 and 8215: holds any IPv4 address
RECEIVERS_AT_ONCE = 32  # of webhooks
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
USER_AGENT = f"b24app/{__version__}"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class InnerAddress(httpx.ConnectError):
    """The name leads into a network that is not the public one."""


class PublicOnly(httpx.AsyncHTTPTransport):
    """Connects to public addresses alone: a public name may lead into our own network."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await public_address(request)
        return await super().handle_async_request(request)


class PublicPinned(httpx.AsyncHTTPTransport):
    """Connects to the very address that was judged: a name asked twice may lead elsewhere the second time.

    For clients that keep no connection: two names at one address would share it. ``judge`` returns the address.
    """

    def __init__(self, *, limits: httpx.Limits, judge: Judge | None = None) -> None:
        super().__init__(limits=limits)
        self._judge = judge or public_address

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        address, name = await self._judge(request), request.url.host
        request.extensions = {**request.extensions, "sni_hostname": name}
        request.url = request.url.copy_with(host=address)
        return await super().handle_async_request(request)


async def public_address(request: httpx.Request) -> str:
    """Return one address of the request's host; raises ConnectError when any of them is not public."""
    loop, host = asyncio.get_running_loop(), request.url.host
    try:
        found = await loop.getaddrinfo(host, request.url.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpx.ConnectError("the name is unknown", request=request) from error
    addresses = [str(address[4][0]) for address in found]
    if not all(is_public(address) for address in addresses):
        raise InnerAddress("the name leads to an inner address", request=request)
    return addresses[0]


def is_public(text: str) -> bool:
    """Tell whether an IP address is of the public network; what wraps an IPv4 address is judged by that."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return False
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return address.is_global and not address.is_multicast


def make_http(*, allow_insecure: bool, max_connections: int) -> Http:
    """Return the HTTP client for portals and the authorization server."""
    limits = httpx.Limits(max_connections=max_connections)
    transport = httpx.AsyncHTTPTransport if allow_insecure else PublicOnly
    return httpx.AsyncClient(transport=transport(limits=limits))


Loads: TypeAlias = Callable[[bytes], Any]
"""Reads JSON; raises ``orjson.JSONDecodeError``."""


class NotDelivered(Exception):
    """No answer came; ``code`` says why: unreachable, time_out or inner_address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Send: TypeAlias = Callable[[str, bytes, Mapping[str, str]], Awaitable[int]]
"""Posts a body with these headers to a URL and returns the status of the answer; raises NotDelivered."""


@asynccontextmanager
async def make_sender(*, allow_insecure: bool, timeout_s: float) -> AsyncIterator[Send]:
    """Return what posts to addresses that an administrator wrote down, whoever is behind them.

    Public addresses only, as resolved for this very connection; no proxy, no redirect, and the answer's body
    is not read.
    """
    limits = httpx.Limits(max_connections=RECEIVERS_AT_ONCE, max_keepalive_connections=0)
    transport = (httpx.AsyncHTTPTransport if allow_insecure else PublicPinned)(limits=limits)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as http:

        async def send(url: str, body: bytes, headers: Mapping[str, str]) -> int:
            told = {"User-Agent": USER_AGENT, "Content-Type": "application/json", **headers}
            try:
                async with (
                    asyncio.timeout(timeout_s),
                    http.stream("POST", url, content=body, headers=told, follow_redirects=False) as answer,
                ):
                    return answer.status_code
            except InnerAddress as error:
                raise NotDelivered("inner_address") from _without_request(error)
            except (httpx.TimeoutException, TimeoutError) as error:
                raise NotDelivered("time_out") from _without_request(error)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NotDelivered("unreachable") from _without_request(error)

        yield send


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer with its body read."""

    status: int
    body: bytes
    location: str = ""
    retry_after: str = ""


async def post(http: Http, url: str, body: bytes, *, content_type: str, timeout_s: float) -> Reply:
    """Return the answer to a POST. Redirects are not followed. Raises PortalUnreachable, UnexpectedAnswer."""
    return await _exchange(
        http.build_request("POST", url, content=body, headers=_headers(content_type), timeout=timeout_s),
        http,
        timeout_s,
    )


async def get(http: Http, url: str, query: Mapping[str, str], *, timeout_s: float) -> Reply:
    """Return the answer to a GET, under the same rules."""
    return await _exchange(
        http.build_request("GET", url, params=dict(query), headers=_headers(None), timeout=timeout_s),
        http,
        timeout_s,
    )


def _headers(content_type: str | None) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    return headers | {"Content-Type": content_type} if content_type else headers


async def _exchange(request: httpx.Request, http: Http, timeout_s: float) -> Reply:
    # httpx's own time-outs are per step; a portal that sends a byte a second would never meet them.
    try:
        async with asyncio.timeout(timeout_s):
            response = await http.send(request, stream=True, follow_redirects=False)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
    except _NOT_SENT as error:
        raise PortalUnreachable(code=type(error).__name__, was_sent=False) from _without_request(error)
    except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
        raise PortalUnreachable(code=type(error).__name__) from _without_request(error)
    return Reply(
        status=response.status_code,
        body=body,
        location=response.headers.get("location", ""),
        retry_after=response.headers.get("retry-after", ""),
    )


def _without_request(error: Exception) -> Exception:
    """Return the cause without its request, whose body holds the token."""
    return type(error)(str(error)) if isinstance(error, TimeoutError) else OSError(type(error).__name__)


async def _read(response: httpx.Response) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > ANSWER_LIMIT_BYTES:
            raise UnexpectedAnswer(code="answer too large", http_status=response.status_code)
        pieces.append(piece)
    return b"".join(pieces)


def read_body(reply: Reply, method: str, loads: Loads = orjson.loads) -> Mapping[str, JSON]:
    """Return the JSON object of a good answer; raise what the answer means otherwise."""
    if reply.status in _REDIRECTS:
        raise PortalMoved(method=method, http_status=reply.status, new_host=_host(reply.location))
    try:
        body: JSON = loads(reply.body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(reply, method) from error
    if not isinstance(body, dict):
        raise UnexpectedAnswer(method=method, http_status=reply.status)
    if "error" in body:
        raise error_of(body, method=method, http_status=reply.status, retry_after_s=_seconds(reply))
    if reply.status >= 400:
        raise _unreadable(reply, method)
    return body


def error_of(
    body: Mapping[str, JSON], *, method: str, http_status: int, retry_after_s: float | None = None
) -> Bitrix24Error:
    """Return the refusal that an error body, or a command's entry in ``result_error``, stands for."""
    code, text = body["error"], body.get("error_description")
    time = body.get("time")
    reset_at = time.get("operating_reset_at") if isinstance(time, dict) else None
    return refusal(
        method=method,
        http_status=http_status,
        code="" if code is None else str(code),
        text="" if text is None else str(text),
        retry_after_s=retry_after_s,
        reset_at=float(reset_at) if isinstance(reset_at, int | float) else None,
    )


def _unreadable(reply: Reply, method: str) -> Bitrix24Error:
    if reply.status == 429:
        return RateLimited(method=method, http_status=reply.status, retry_after_s=_seconds(reply))
    if reply.status >= 500 or reply.status < 300:
        return PortalUnreachable(
            method=method, code="unreadable", http_status=reply.status, retry_after_s=_seconds(reply)
        )
    return UnexpectedAnswer(method=method, http_status=reply.status)


def _seconds(reply: Reply) -> float | None:
    return float(reply.retry_after) if reply.retry_after.isdigit() else None


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or ""
    except ValueError:
        return ""
