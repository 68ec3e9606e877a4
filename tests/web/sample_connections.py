"""Sample values of the page of connections: API keys and webhooks in every state."""

from b24app.services.mistake import Mistake
from b24app.services.pages.connections import (
    Connections,
    ShownKey,
    ShownKeys,
    ShownResult,
    ShownWebhook,
    ShownWebhooks,
)
from b24app.services.webhooks.manage import KINDS
from tests.web.sample_overviews import ANNA, BORIS, DAY_S, NOW, SCRIPT, UNNAMED

KEYS = (
    ShownKey(3, "Форма на сайте", ANNA, NOW - 30 * DAY_S, NOW - 1_200),
    ShownKey(4, SCRIPT, UNNAMED, NOW - DAY_S, None),
)
NEW_KEY = "b24_" + "aB3-_" * 8 + "xyz"
NEW_SECRET = "b24s_" + "aB3-_" * 8 + "xyz"


def a_webhook(number: int, **differences: object) -> ShownWebhook:
    """Return a webhook that is told everything and took the last of it."""
    usual: dict[str, object] = {
        "id": number,
        "address": "https://crm.example/hooks/bitrix24/duplicates",
        "kinds": KINDS,
        "created_by": ANNA,
        "created_at": NOW - 30 * DAY_S,
        "is_gone": False,
        "tried_at": NOW - 300,
        "result": ShownResult("ok", "204"),
        "waiting": 0,
        "given_up": 0,
    }
    return ShownWebhook(**{**usual, **differences})  # type: ignore[arg-type]


LONG = "https://a-very-long-name-of-a-department.warehouse-and-logistics.example/" + "path" * 30
HOOKS = (
    a_webhook(1),
    a_webhook(
        2, kinds=KINDS[:1], result=ShownResult("http", "500"), waiting=21, given_up=3, created_by=BORIS
    ),
    a_webhook(3, address=LONG, result=ShownResult("inner_address"), created_by=UNNAMED),
    a_webhook(4, address="https://x.example/" + SCRIPT, is_gone=True, result=ShownResult("gone", "410")),
    a_webhook(5, tried_at=None, result=None),
)


def the_connections(keys: ShownKeys | None = None, hooks: ShownWebhooks | None = None) -> Connections:
    """Return the page with the given halves."""
    return Connections(
        page_token="token-of-the-page",
        api_keys=keys or ShownKeys(KEYS),
        webhooks=hooks or ShownWebhooks(HOOKS, KINDS, typed_kinds=KINDS),
    )


CONNECTIONS: dict[str, Connections] = {
    "full": the_connections(),
    "empty": the_connections(ShownKeys(()), ShownWebhooks((), KINDS, typed_kinds=KINDS)),
    "key_created": the_connections(ShownKeys(KEYS, created=NEW_KEY)),
    "key_refused": the_connections(ShownKeys(KEYS, typed="x" * 65, mistake=Mistake("name", "too_long"))),
    "webhook_created": the_connections(
        hooks=ShownWebhooks((a_webhook(1, secret=NEW_SECRET, tried_at=None, result=None),), KINDS, "", KINDS)
    ),
    "webhook_tested": the_connections(
        hooks=ShownWebhooks(
            (a_webhook(1, tested=True), a_webhook(2, tested=True, result=ShownResult("time_out"))), KINDS
        )
    ),
    "webhook_refused": the_connections(
        hooks=ShownWebhooks(HOOKS[:1], KINDS, "http://10.0.0.1/", KINDS, Mistake("url", "https_only"))
    ),
    "webhook_of_nothing": the_connections(
        hooks=ShownWebhooks((), KINDS, "https://crm.example/", (), Mistake("kinds", "empty_kinds"))
    ),
}  # fmt: skip
