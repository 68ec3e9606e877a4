"""Incoming webhooks: an address that is a secret in itself, with the rights of the user who made it.

It lives as long as that user leaves it, for one portal, and without application context (no placements, events or
``app.info``). Source: REST documentation, "how to call REST", the section on authorization.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from b24app.bitrix24.calls import JSON
from b24app.bitrix24.errors import TokenRejected
from b24app.bitrix24.origins import OriginRefused, portal_origin
from b24app.bitrix24.tokens import Grant

_PATH = re.compile(r"/rest/([1-9][0-9]{0,9})/([A-Za-z0-9_-]{1,128})/?")


class WebhookMistake(ValueError):
    """This is no webhook's address; the text says why and does not repeat it."""


@dataclass(frozen=True, slots=True)
class WebhookGrant(Grant):
    """An incoming webhook; its secret code stands where an application's token does."""

    user_id: int

    def address(self, method: str) -> str:
        """Return where the method is called: the secret is a part of it."""
        return f"{self.origin}/rest/{self.user_id}/{self.access_token}/{method}"

    def signed(self, params: Mapping[str, JSON]) -> Mapping[str, JSON]:
        """Return the parameters as they are: the address is the proof."""
        return params


@dataclass(frozen=True, slots=True)
class WebhookAccess:
    """The voice of a webhook: it can't be renewed, and nobody can confirm that its portal moved."""

    grant: WebhookGrant

    async def current(self) -> Grant:
        return self.grant

    async def renewed(self, rejected: Grant) -> Grant:
        raise TokenRejected

    async def moved(self, rejected: Grant) -> Grant:
        return rejected


def parse_webhook(url: str, *, allow_insecure: bool) -> WebhookGrant:
    """Return the grant for ``https://acme.bitrix24.ru/rest/1/CODE/``. Raises WebhookMistake."""
    text = url.strip()
    try:
        origin = portal_origin(text, allow_insecure=allow_insecure)
        parts = urlsplit(text)
    except (OriginRefused, ValueError) as error:
        raise WebhookMistake(str(error) if isinstance(error, OriginRefused) else "it can't be read") from None
    found = _PATH.fullmatch(parts.path)
    if not parts.scheme or found is None or parts.query or parts.fragment:
        raise WebhookMistake("a webhook looks like https://PORTAL/rest/USER/CODE/")
    return WebhookGrant(origin=origin, access_token=found[2], user_id=int(found[1]))
