"""Webhooks are sealed, belong to one portal, and are told each event once."""

from b24app.store.database import Store
from b24app.store.webhooks import Attempt, DeliveryState, WebhookState
from tests.store.builders import NOON, a_portal

URL, SECRET = "https://crm.example/hook?token=1", "b24s_secret"


async def test_an_event_is_planned_once_for_every_webhook_that_wants_it(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        wants = await tx.webhooks.add(URL, SECRET, ["a", "b"], created_by=7, at=NOON)
        await tx.webhooks.add(URL, SECRET, ["b"], created_by=7, at=NOON)

        first = await tx.webhooks.plan("a", "key", event_id="id1", body={"id": 5}, at=NOON)
        again = await tx.webhooks.plan("a", "key", event_id="id2", body={"id": 5}, at=NOON)
        unwanted = await tx.webhooks.plan("c", "key2", event_id="id3", body={}, at=NOON)
        due = await tx.webhooks.due(NOON, 10)

    assert (first, again, unwanted) == (True, False, False)
    assert [(one.webhook_id, one.event_id, one.body) for one in due] == [(wants, "id1", {"id": 5})]


async def test_addresses_and_secrets_are_sealed_and_unknown_to_other_portals(store: Store):
    portal, other = await a_portal(store), await a_portal(store, "other")
    async with store.begin(portal.portal_id) as tx:
        webhook_id = await tx.webhooks.add(URL, SECRET, ["a"], created_by=7, at=NOON)
        await tx.webhooks.plan("a", "key", event_id="id1", body={}, at=NOON)

    async with store.begin(other.portal_id) as tx:
        await tx.webhooks.remove(webhook_id)
        foreign = (await tx.webhooks.list(), await tx.webhooks.due(NOON, 9), await tx.webhooks.counts())
    async with store.read(portal.portal_id) as tx:
        found = await tx.webhooks.find(webhook_id)
        assert len(await tx.webhooks.due(NOON, 9)) == 1

    assert foreign == ([], [], {})
    assert found is not None
    assert (found.url, found.secret, found.kinds, found.created_by) == (URL, SECRET, ("a",), 7)
    assert SECRET not in repr(found)
    assert "token" not in repr(found)


async def test_what_waits_is_found_when_it_is_due_put_off_ended_and_purged(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        webhook_id = await tx.webhooks.add(URL, SECRET, ["a"], created_by=7, at=NOON)
        for number in range(3):
            await tx.webhooks.plan("a", f"key{number}", event_id=f"id{number}", body={}, at=NOON)
        first, *_ = await tx.webhooks.due(NOON, 1)
        await tx.webhooks.note_attempt(
            Attempt(first.delivery_id, webhook_id, DeliveryState.DONE, "204", NOON + 1, NOON)
        )
        await tx.webhooks.postpone(webhook_id, NOON + 60)
        early, later = await tx.webhooks.due(NOON + 59, 9), await tx.webhooks.due(NOON + 60, 9)
        await tx.webhooks.switch_off(webhook_id)
        counts = await tx.webhooks.counts()
        await tx.webhooks.purge(NOON + 1)
        left, hook = await tx.webhooks.counts(), await tx.webhooks.find(webhook_id)

    assert (len(early), len(later)) == (0, 2)
    assert counts == {(webhook_id, DeliveryState.DONE): 1, (webhook_id, DeliveryState.GIVEN_UP): 2}
    assert left == {}
    assert hook is not None
    assert (hook.state, hook.result, hook.tried_at) == (WebhookState.GONE, "204", NOON + 1)


async def test_only_portals_with_something_due_are_told_of(store: Store):
    portal, other = await a_portal(store), await a_portal(store, "other")
    for one in (portal, other):
        async with store.begin(one.portal_id) as tx:
            await tx.webhooks.add(URL, SECRET, ["a"], created_by=7, at=NOON)
    async with store.begin(portal.portal_id) as tx:
        await tx.webhooks.plan("a", "key", event_id="id", body={}, at=NOON + 5)

    async with store.begin_shared() as shared:
        early, later = await shared.portals_to_tell(NOON), await shared.portals_to_tell(NOON + 5)

    assert (early, later) == ([], [portal.portal_id])
