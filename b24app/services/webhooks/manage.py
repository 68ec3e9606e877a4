"""Webhooks as administrators keep them: made, tried, given a new secret, removed. Telling is ``deliver.py``.

A secret is shown once. It stays readable for the app alone, sealed: a signature can't be made of a hash.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from b24app.bitrix24.origins import ReceiverRefused, receiver_address
from b24app.services.mistake import Mistake
from b24app.services.portal.access import PageToken, Refused
from b24app.services.portal.context import PortalContext, Runtime
from b24app.services.portal.viewers import open_for_administrator
from b24app.services.webhooks.deliver import GONE, post_event
from b24app.services.webhooks.events import TEST_KIND, EventKind, new_event_id, spell_moment
from b24app.store.webhooks import Webhook

SECRET_PREFIX = "b24s_"  # noqa: S105 - so that a secret is recognised where it should not be
SECRET_BYTES = 32
MAX_WEBHOOKS = 10  # of one portal
MAX_URL = 1_024
JOURNAL_CODE = "webhook"
KINDS = tuple(kind.value for kind in EventKind)


@dataclass(frozen=True, slots=True)
class WebhookOutcome:
    """What became of a form: ``secret`` is new and can't be read a second time; ``tested`` a webhook just tried."""

    webhook_id: int | None = None
    secret: str = field(default="", repr=False)
    tested: bool = False
    typed_url: str = field(default="", repr=False)
    typed_kinds: tuple[str, ...] = KINDS
    mistake: Mistake | None = None


async def create_webhook(
    runtime: Runtime, token: PageToken, url: str, kinds: Collection[str]
) -> WebhookOutcome:
    """Make a webhook for this address; raises Refused for anybody but an administrator."""
    context, viewer = await open_for_administrator(runtime, token)
    wanted = tuple(kind for kind in KINDS if kind in kinds)
    try:
        address = _judge(runtime, url, wanted)
    except _Mistaken as refused:
        return WebhookOutcome(typed_url=url, typed_kinds=wanted, mistake=refused.mistake)
    secret = _new_secret()
    async with context.begin() as tx:
        if len(await tx.webhooks.list()) >= MAX_WEBHOOKS:
            mistake = Mistake("url", "too_many")
            return WebhookOutcome(typed_url=url, typed_kinds=wanted, mistake=mistake)
        webhook_id = await tx.webhooks.add(address, secret, wanted, created_by=viewer.id, at=context.now())
        await tx.journal.note(viewer.id, JOURNAL_CODE, "", without_query(address), context.now())
    return WebhookOutcome(webhook_id, secret)


async def renew_secret(runtime: Runtime, token: PageToken, webhook_id: str) -> WebhookOutcome:
    """Give a webhook another secret, from now on; the old one signs nothing more. Raises Refused."""
    context, viewer = await open_for_administrator(runtime, token)
    secret = _new_secret()
    hook = await _find(context, webhook_id)
    async with context.begin() as tx:
        await tx.webhooks.set_secret(hook.webhook_id, secret)
        await tx.journal.note(viewer.id, "webhook_secret", "", without_query(hook.url), context.now())
    return WebhookOutcome(hook.webhook_id, secret)


async def try_webhook(runtime: Runtime, token: PageToken, webhook_id: str) -> WebhookOutcome:
    """Tell a webhook about nothing, so that its administrator sees it arrive. Raises Refused."""
    context, _ = await open_for_administrator(runtime, token)
    hook = await _find(context, webhook_id)
    now = context.now()
    body = {
        "event_id": new_event_id(),
        "portal": context.portal.member_id,
        "kind": TEST_KIND,
        "at": spell_moment(now),
    }
    result = await post_event(runtime, hook, body)
    async with context.begin() as tx:
        await tx.webhooks.note_result(hook.webhook_id, result, now)
        if result == GONE:
            await tx.webhooks.switch_off(hook.webhook_id)
    return WebhookOutcome(hook.webhook_id, tested=True)


async def remove_webhook(runtime: Runtime, token: PageToken, webhook_id: str) -> None:
    """Remove a webhook and what it was still to be told. Raises Refused."""
    context, viewer = await open_for_administrator(runtime, token)
    hook = await _find(context, webhook_id)
    async with context.begin() as tx:
        await tx.webhooks.remove(hook.webhook_id)
        await tx.journal.note(viewer.id, JOURNAL_CODE, without_query(hook.url), "", context.now())


def without_query(url: str) -> str:
    """Return the address as people may see it: a query often holds a token."""
    return url.partition("?")[0]


class _Mistaken(Exception):
    def __init__(self, field: str, code: str) -> None:
        super().__init__(field, code)
        self.mistake = Mistake(field, code)


def _judge(runtime: Runtime, url: str, kinds: Collection[str]) -> str:
    if len(url) > MAX_URL:
        raise _Mistaken("url", "too_long")
    try:
        address = receiver_address(url, allow_insecure=runtime.allow_insecure)
    except ReceiverRefused as refused:
        raise _Mistaken("url", refused.code if url.strip() else "empty") from refused
    if not kinds:
        raise _Mistaken("kinds", "empty_kinds")
    return address


async def _find(context: PortalContext, webhook_id: str) -> Webhook:
    if not (webhook_id.isascii() and webhook_id.isdigit() and len(webhook_id) < 19):
        raise Refused("malformed", 400)
    async with context.read() as tx:
        hook = await tx.webhooks.find(int(webhook_id))
    if hook is None:  # removed by a colleague meanwhile
        raise Refused("page_outdated", 409)
    return hook


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
