"""Tokens: the authorization server's answers, and the protocol by which the client gets a token.

``AuthorizationServer`` is the only code that sees the client secret and refresh tokens, and it sends
them nowhere but to the configured server, in form bodies. Who keeps pairs, and who takes turns at
renewing them, is decided by the implementations of ``Access``.
Sources: REST documentation, "oauth/auto-renewal", "oauth/simple-way", "oauth/error-codes".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

from b24app.bitrix24 import wire
from b24app.bitrix24.calls import JSON, CallLog, CallRecord
from b24app.bitrix24.errors import (
    BadRequest,
    Bitrix24Error,
    MethodUnknown,
    NotFound,
    TokenRejected,
    UnexpectedAnswer,
)
from b24app.bitrix24.origins import OriginRefused, portal_origin
from b24app.clock import Clock

__all__ = [
    "Access",
    "AuthorizationServer",
    "Grant",
    "OriginRefused",
    "Renewed",
    "TokenOwner",
    "TokenPair",
    "portal_origin",
]

_FORM = "application/x-www-form-urlencoded"
_TIMEOUT_S = 15.0
_TOKEN_PATH = "oauth/token/"  # a path, not a secret  # noqa: S105
_OWNER_PATH = "rest/app.info"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token (an hour) and the refresh token (180 days, used once). Unix seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Grant:
    """A token and the one origin it may be sent to, such as ``https://acme.bitrix24.ru``."""

    origin: str
    access_token: str = field(repr=False)

    def address(self, method: str) -> str:
        """Return where the method is called."""
        return f"{self.origin}/rest/{method}"

    def signed(self, params: Mapping[str, JSON]) -> Mapping[str, JSON]:
        """Return the parameters with the proof of who asks."""
        return {**params, "auth": self.access_token}


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new pair, and what the authorization server says about whose it is and where the portal is."""

    pair: TokenPair
    member_id: str
    origin: str
    user_id: int | None
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """What the authorization server knows of an access token; the only trusted word on it."""

    client_id: str
    user_id: int | None
    scopes: frozenset[str]
    member_id: str
    origin: str
    installed: bool
    version: int
    status: str


class Access(Protocol):
    """Whose token, and where to."""

    async def current(self) -> Grant:
        """Return the grant for the next request; asked before every one.

        Raises PortalGone when this portal must not be called any more.
        """

    async def renewed(self, rejected: Grant) -> Grant:
        """Return a newer grant than the one that expired.

        Many may ask at once for the same rejected grant; one renewal serves them all. Raises
        TokenRejected when there is nothing to renew, PortalGone when the renewal says so.
        """

    async def moved(self, rejected: Grant) -> Grant:
        """Return the grant for the portal's new address, as the authorization server tells it.

        The redirect itself is not believed. Raises like ``renewed``.
        """


class AuthorizationServer:
    """oauth.bitrix.info, or whatever server is configured in its place."""

    def __init__(
        self,
        http: wire.Http,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        log: CallLog,
        allow_insecure: bool = False,
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/") + "/"
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._log = log
        self._allow_insecure = allow_insecure

    async def renew(self, refresh_token: str) -> Renewed:
        """Exchange a refresh token for a new pair; the old one is dead afterwards.

        It is sent once only: whether a lost answer was a renewal can't be known. Raises PortalGone
        (dead token, unpaid, removed), AppRefused, PortalUnreachable, UnexpectedAnswer.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": refresh_token,
        }
        body = await self._ask(_TOKEN_PATH, form, by_query=False)
        try:
            return self._renewed(body)
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer(method=_TOKEN_PATH) from error

    async def owner_of(self, access_token: str) -> TokenOwner:
        """Return whose the token is. Raises TokenRejected or TokenExpired for one that is no good."""
        query = {"auth": access_token}
        try:
            body = await self._ask(_OWNER_PATH, query, by_query=False)
        except (BadRequest, MethodUnknown, NotFound, TokenRejected, UnexpectedAnswer):
            # A server that does not read forms here sees no token; the documentation prints "?auth=".
            body = await self._ask(_OWNER_PATH, query, by_query=True)
        try:
            return self._owner(_mapping(body["result"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer(method=_OWNER_PATH) from error

    def _renewed(self, body: Mapping[str, JSON]) -> Renewed:
        expires_at = self._clock.now() + float(_number(body["expires_in"]))
        pair = TokenPair(_text(body["access_token"]), _text(body["refresh_token"]), expires_at)
        return Renewed(
            pair=pair,
            member_id=_text(body["member_id"]),
            origin=self._origin(body["client_endpoint"]),
            user_id=_optional_id(body.get("user_id")),
            scopes=_scopes(body.get("scope")),
        )

    def _owner(self, body: Mapping[str, JSON]) -> TokenOwner:
        install = _mapping(body["install"])
        return TokenOwner(
            client_id=_text(body["client_id"]),
            user_id=_optional_id(body.get("user_id")),
            scopes=_scopes(body.get("scope")),
            member_id=_text(install["member_id"]),
            origin=self._origin(install["client_endpoint"]),
            installed=install.get("installed") in (True, 1, "1", "Y"),
            version=int(_number(install.get("version") or 0)),
            status=str(install.get("status") or ""),
        )

    def _origin(self, endpoint: JSON) -> str:
        return portal_origin(_text(endpoint), allow_insecure=self._allow_insecure)

    async def _ask(self, path: str, form: Mapping[str, str], *, by_query: bool) -> Mapping[str, JSON]:
        started = self._clock.now()
        sent = urlencode(form).encode()
        reply: wire.Reply | None = None
        error: str | None = None
        try:
            reply = await self._exchange(path, form, sent, by_query=by_query)
            return wire.read_body(reply, path)
        except Bitrix24Error as refused:
            error = refused.code or type(refused).__name__
            raise
        finally:
            self._log(
                CallRecord(
                    origin=self._base_url,
                    method=path,
                    commands={},
                    priority="",
                    request_bytes=len(sent),
                    response_bytes=len(reply.body) if reply else 0,
                    status=reply.status if reply else None,
                    duration_s=self._clock.now() - started,
                    error=error,
                    attempt=1,
                    parameters=tuple(form),
                )
            )

    async def _exchange(
        self, path: str, form: Mapping[str, str], sent: bytes, *, by_query: bool
    ) -> wire.Reply:
        url = self._base_url + path
        if by_query:
            return await wire.get(self._http, url, form, timeout_s=_TIMEOUT_S)
        return await wire.post(self._http, url, sent, content_type=_FORM, timeout_s=_TIMEOUT_S)


def _scopes(value: JSON) -> frozenset[str]:
    # Commas nearly everywhere, spaces in one table of the documentation.
    return frozenset(re.findall(r"[^ ,]+", value)) if isinstance(value, str) else frozenset()


def _mapping(value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, dict):
        raise TypeError("an object was expected")
    return value


def _text(value: JSON) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a text was expected")
    return value


def _number(value: JSON) -> int | float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("a number was expected")
    return value


def _optional_id(value: JSON) -> int | None:
    return int(_number(value)) or None if value not in (None, "") else None
