"""The other end of the wire for tests of the client: a portal in a few lines, no patch of our code."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson

from b24app.bitrix24.calls import CallRecord
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import PortalGone, TokenRejected
from b24app.bitrix24.throttle import Limits, LocalThrottle, Priority
from b24app.bitrix24.tokens import Grant

ORIGIN = "https://acme.bitrix24.example"
Prepared = Callable[[httpx.Request], httpx.Response]


class HandClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class Peer:
    """Answers ``result``; first come the prepared faults, then the check of the token."""

    valid_token: str = "first"
    result: Any = True
    prepared: list[Prepared] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        await asyncio.sleep(0)
        if self.prepared:
            return self.prepared.pop(0)(request)
        body = orjson.loads(request.content)
        if body["auth"] != self.valid_token:
            return error("expired_token", 401)(request)
        return httpx.Response(200, json=self.answer(request.url.path.removeprefix("/rest/"), body))

    def answer(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        if method != "batch":
            return {"result": self.result, "time": {"operating": 1.5, "operating_reset_at": 1_000_600}}
        return batch_of(dict.fromkeys(body["cmd"], self.result))

    def body(self, index: int = -1) -> dict[str, Any]:
        return orjson.loads(self.requests[index].content)

    def command(self, key: str, index: int = -1) -> tuple[str, dict[str, str]]:
        method, _, query = self.body(index)["cmd"][key].partition("?")
        return method, dict(parse_qsl(query, keep_blank_values=True))


def error(code: str, status: int, text: str = "") -> Prepared:
    return lambda request: httpx.Response(status, json={"error": code, "error_description": text})


def raw(status: int, content: bytes, **headers: str) -> Prepared:
    return lambda request: httpx.Response(status, content=content, headers=headers)


def failing(kind: type[httpx.TransportError]) -> Prepared:
    def fail(request: httpx.Request) -> httpx.Response:
        raise kind("no luck", request=request)

    return fail


def batch_of(
    results: dict[str, Any], errors: dict[str, Any] | None = None, times: dict[str, Any] | None = None
) -> dict[str, Any]:
    maps = {"result": results or [], "result_error": errors or [], "result_total": [], "result_next": []}
    return {"result": {**maps, "result_time": times or []}}


class RenewingAccess:
    """Keeps a grant in memory; many who ask for a renewal at once share one."""

    def __init__(self, peer: Peer, origin: str = ORIGIN) -> None:
        self._lock = asyncio.Lock()
        self.peer = peer
        self.grant = Grant(origin, "first")
        self.renewals = 0
        self.next_token = "second"
        self.next_origin = origin
        self.is_gone = False
        self.can_renew = True

    async def current(self) -> Grant:
        if self.is_gone:
            raise PortalGone
        return self.grant

    async def renewed(self, rejected: Grant) -> Grant:
        async with self._lock:
            if not self.can_renew:
                raise TokenRejected
            if self.grant == rejected:
                await asyncio.sleep(0)
                self.renewals += 1
                self.grant = Grant(self.next_origin, self.next_token)
            return self.grant

    async def moved(self, rejected: Grant) -> Grant:
        return await self.renewed(rejected)


@dataclass
class Bench:
    """A client with everything it was built from within reach."""

    peer: Peer = field(default_factory=Peer)
    clock: HandClock = field(default_factory=HandClock)
    log: list[CallRecord] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    priority: Priority = Priority.PERSON
    max_wait_s: float = 10.0

    def __post_init__(self) -> None:
        self.access = RenewingAccess(self.peer)
        self.throttle = LocalThrottle(self.clock, self.limits)
        self.client = self.client_over(httpx.AsyncClient(transport=httpx.MockTransport(self.peer)))

    def client_over(self, http: httpx.AsyncClient) -> PortalClient:
        return PortalClient(
            http=http,
            access=self.access,
            throttle=self.throttle,
            clock=self.clock,
            log=self.log.append,
            priority=self.priority,
            max_wait_s=self.max_wait_s,
        )
