"""The forms of what the portal sends out: event, data, time, and the auth block.

Keys: documentation, _includes/auth-params-in-events. Without a user (a robot or agent acted) there are no tokens;
a refresh token comes only with the events of the application's life and with robots.
"""

from collections.abc import Mapping

from b24app.sandbox.installs import AppInstall, EventHandler
from b24app.sandbox.oauth import ACCESS_LIFE_S, SandboxOAuth, Tenant
from b24app.sandbox.wire import Json


def auth_base(oauth: SandboxOAuth, tenant: Tenant, app: AppInstall) -> dict[str, Json]:
    """Return the part of ``auth`` that is always there."""
    return {
        "scope": app.scope_text,
        "domain": tenant.domain,
        "server_endpoint": oauth.server_endpoint,
        "status": app.status,
        "client_endpoint": f"{tenant.base_url}/rest/",
        "member_id": tenant.member_id,
        "application_token": app.application_token,
    }


def auth_block(
    oauth: SandboxOAuth, tenant: Tenant, app: AppInstall, user_id: int | None, *, with_refresh: bool = False
) -> dict[str, Json]:
    """Return ``auth`` with fresh tokens of the user; None gives no tokens."""
    base = auth_base(oauth, tenant, app)
    if user_id is None:
        return base
    pair = oauth.issue(tenant, app, user_id)
    tokens: dict[str, Json] = {
        "access_token": pair.access_token,
        "expires": str(int(pair.expires_at)),
        "expires_in": str(ACCESS_LIFE_S),
    }
    if with_refresh:
        tokens["refresh_token"] = pair.refresh_token
    return {**tokens, **base, "user_id": str(user_id)}


def event_form(
    handler: EventHandler, data: Mapping[str, Json], auth: Mapping[str, Json], *, now: float
) -> dict[str, Json]:
    """Return the form of one event."""
    return {
        "event": handler.event,
        "event_handler_id": str(handler.id),
        "data": data,
        "ts": str(int(now)),
        "auth": auth,
    }
