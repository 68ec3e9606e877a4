"""The authorization server: who holds which token, and its ``oauth/token/`` and ``rest/app.info``.

Access tokens live an hour; a refresh token lives 180 days, is replaced by each renewal, and a used one is
dead at once (documentation, settings/oauth; HTTP statuses of its errors are not documented, so all are 400
here).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Protocol

from b24app.clock import Clock
from b24app.sandbox.installs import AppInstall
from b24app.sandbox.refusals import Refusal, expired_token, no_auth
from b24app.sandbox.wire import Json, as_text

ACCESS_LIFE_S = 3600
REFRESH_LIFE_S = 180 * 24 * 3600
CODE_LIFE_S = 30


class Tenant(Protocol):
    """What the authorization server knows of a portal."""

    member_id: str
    domain: str
    app: AppInstall | None

    @property
    def base_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for."""

    member_id: str
    client_id: str
    user_id: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Fresh tokens of one user."""

    access_token: str
    refresh_token: str
    expires_at: float


class SandboxOAuth:
    """One authorization server for any number of portals. ``base_url`` is set when it is served."""

    def __init__(self, clock: Clock, base_url: str = "https://oauth.bitrix.test/") -> None:
        self.clock = clock
        self.base_url = base_url
        self.renewals = 0
        self._tenants: dict[str, Tenant] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._codes: dict[str, Grant] = {}

    @property
    def domain(self) -> str:
        return self.base_url.split("://", 1)[1].strip("/")

    @property
    def server_endpoint(self) -> str:
        return f"{self.base_url.rstrip('/')}/rest/"

    def join(self, tenant: Tenant) -> None:
        self._tenants[tenant.member_id] = tenant

    def issue(self, tenant: Tenant, app: AppInstall, user_id: int) -> TokenPair:
        """Give this user of the portal a fresh pair; older pairs stay as they are."""
        now = self.clock.now()
        access, refresh = token_hex(32), token_hex(32)
        self._access[access] = Grant(tenant.member_id, app.client_id, user_id, now + ACCESS_LIFE_S)
        self._refresh[refresh] = Grant(tenant.member_id, app.client_id, user_id, now + REFRESH_LIFE_S)
        return TokenPair(access, refresh, now + ACCESS_LIFE_S)

    def issue_code(self, tenant: Tenant, app: AppInstall, user_id: int) -> str:
        """Give the code that the browser brings back from ``oauth/authorize/``; good for 30 seconds, once."""
        code = token_hex(16)
        self._codes[code] = Grant(tenant.member_id, app.client_id, user_id, self.clock.now() + CODE_LIFE_S)
        return code

    def grant_of(self, access_token: str) -> Grant:
        """Return what the token stands for, or refuse it as the portal does."""
        grant = self._access.get(access_token)
        if grant is None:
            raise no_auth()
        if grant.expires_at <= self.clock.now():
            raise expired_token()
        return grant

    def expire_access(self, member_id: str | None = None) -> int:
        """End all access tokens now (of one portal, or of all); returns how many."""
        ended = 0
        for token, grant in self._access.items():
            if member_id in (None, grant.member_id) and grant.expires_at > self.clock.now():
                self._access[token] = Grant(grant.member_id, grant.client_id, grant.user_id, self.clock.now())
                ended += 1
        return ended

    def revoke(self, member_id: str, client_id: str) -> None:
        """Forget every token of the app in that portal."""
        for tokens in (self._access, self._refresh, self._codes):
            dead = [t for t, g in tokens.items() if (g.member_id, g.client_id) == (member_id, client_id)]
            for token in dead:
                del tokens[token]

    def token(self, params: Mapping[str, Json]) -> dict[str, Json]:
        """Answer ``oauth/token/``."""
        kind = as_text(params.get("grant_type"))
        source, name = {
            "refresh_token": (self._refresh, "refresh_token"),
            "authorization_code": (self._codes, "code"),
        }.get(kind, (None, ""))
        if source is None or not as_text(params.get(name)):
            raise Refusal("invalid_request", "An incorrectly formatted authorization request was provided")
        client_id = as_text(params.get("client_id"))
        app_known = self._knows(client_id, as_text(params.get("client_secret")))
        if not app_known:
            raise Refusal("invalid_client", "Invalid client data was provided")
        grant = source.get(as_text(params.get(name)))
        tenant = self._tenants.get(grant.member_id) if grant else None
        is_good = grant and grant.client_id == client_id and grant.expires_at > self.clock.now()
        if grant is None or not is_good or tenant is None or tenant.app is None:
            raise Refusal(
                "invalid_grant", "Invalid authorization data was provided for obtaining access_token"
            )
        del source[as_text(params.get(name))]
        self.renewals += 1
        return self._answer(tenant, tenant.app, grant.user_id)

    def app_info(self, access_token: str) -> dict[str, Json]:
        """Answer ``rest/app.info``: what this token is, by the one who gave it out."""
        grant = self.grant_of(access_token)
        tenant = self._tenants[grant.member_id]
        app = tenant.app
        if app is None:
            raise no_auth()
        return {
            "client_id": grant.client_id,
            "scope": app.scope_text,
            "expires": datetime.fromtimestamp(int(grant.expires_at), UTC).isoformat(),
            "install": {
                "installed": app.installed,
                "version": str(app.version),
                "status": app.status,
                "scope": app.scope_text,
                "domain": tenant.domain,
                "uri": f"{tenant.base_url}/",
                "client_endpoint": f"{tenant.base_url}/rest/",
                "member_id": tenant.member_id,
                "member_type": "portal",
            },
            "user_id": grant.user_id,
        }

    def _knows(self, client_id: str, client_secret: str) -> bool:
        apps = [tenant.app for tenant in self._tenants.values() if tenant.app is not None]
        return any((app.client_id, app.client_secret) == (client_id, client_secret) for app in apps)

    def _answer(self, tenant: Tenant, app: AppInstall, user_id: int) -> dict[str, Json]:
        pair = self.issue(tenant, app, user_id)
        return {
            "access_token": pair.access_token,
            "client_endpoint": f"{tenant.base_url}/rest/",
            "domain": self.domain,
            "expires": int(pair.expires_at),
            "expires_in": ACCESS_LIFE_S,
            "member_id": tenant.member_id,
            "refresh_token": pair.refresh_token,
            "scope": app.scope_text,
            "server_endpoint": self.server_endpoint,
            "status": app.status,
            "user_id": user_id,
        }
