"""Shows the page of connections to administrators."""

from collections.abc import Mapping

from b24app.services.card.shown import Person
from b24app.services.pages.api_keys import KeyOutcome
from b24app.services.pages.connections import (
    Connections,
    ShownKey,
    ShownKeys,
    ShownResult,
    ShownWebhook,
    ShownWebhooks,
)
from b24app.services.portal.access import PageToken, issue_app_page_token
from b24app.services.portal.context import Runtime
from b24app.services.portal.people import ask_names
from b24app.services.portal.viewers import open_for_administrator
from b24app.services.webhooks.deliver import GONE, is_delivered
from b24app.services.webhooks.manage import KINDS, WebhookOutcome, without_query
from b24app.store.api_keys import ApiKey
from b24app.store.webhooks import DeliveryState, Webhook, WebhookState

Counts = Mapping[tuple[int, DeliveryState], int]


async def show_connections(
    runtime: Runtime,
    token: PageToken,
    key_outcome: KeyOutcome | None = None,
    webhook_outcome: WebhookOutcome | None = None,
) -> Connections:
    """Return the page; raises Refused for anybody but an administrator."""
    context, _ = await open_for_administrator(runtime, token)
    async with context.read() as tx:
        keys, hooks, counts = await tx.api_keys.list(), await tx.webhooks.list(), await tx.webhooks.counts()
    makers = {key.created_by for key in keys} | {hook.created_by for hook in hooks}
    names = await ask_names(context.client, makers)
    of_hook, of_key = webhook_outcome or WebhookOutcome(), key_outcome or KeyOutcome()
    return Connections(
        page_token=issue_app_page_token(runtime, token),
        api_keys=ShownKeys(
            known=tuple(_shown_key(key, names) for key in keys),
            created=of_key.created,
            typed=of_key.typed,
            mistake=of_key.mistake,
        ),
        webhooks=ShownWebhooks(
            known=tuple(_shown_webhook(hook, counts, names, of_hook) for hook in hooks),
            all_kinds=KINDS,
            typed_url=of_hook.typed_url,
            typed_kinds=of_hook.typed_kinds,
            mistake=of_hook.mistake,
        ),
    )


def _shown_key(key: ApiKey, names: Mapping[int, str]) -> ShownKey:
    maker = Person(key.created_by, names.get(key.created_by, ""))
    return ShownKey(key.key_id, key.name, maker, key.created_at, key.last_used_at)


def _shown_webhook(
    hook: Webhook, counts: Counts, names: Mapping[int, str], outcome: WebhookOutcome
) -> ShownWebhook:
    is_meant = outcome.webhook_id == hook.webhook_id
    return ShownWebhook(
        id=hook.webhook_id,
        address=without_query(hook.url),
        kinds=hook.kinds,
        created_by=Person(hook.created_by, names.get(hook.created_by, "")),
        created_at=hook.created_at,
        is_gone=hook.state is WebhookState.GONE,
        tried_at=hook.tried_at,
        result=None if hook.result is None else _shown_result(hook.result),
        waiting=counts.get((hook.webhook_id, DeliveryState.WAITING), 0),
        given_up=counts.get((hook.webhook_id, DeliveryState.GIVEN_UP), 0),
        secret=outcome.secret if is_meant else "",
        tested=outcome.tested and is_meant,
    )


def _shown_result(result: str) -> ShownResult:
    if is_delivered(result):
        return ShownResult("ok", result)
    if result == GONE:
        return ShownResult("gone", result)
    return ShownResult("http", result) if result.isdigit() else ShownResult(result)
