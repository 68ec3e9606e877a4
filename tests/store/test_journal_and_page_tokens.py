"""The journal keeps who changed what; a page token works once."""

from b24app.store.database import Store
from b24app.store.journal import JournalEntry
from tests.store.builders import NOON, a_portal


async def test_the_newest_entries_come_first_with_their_values(store: Store):
    portal = await a_portal(store)
    other = await a_portal(store, "other")
    async with store.begin(portal.portal_id) as tx:
        await tx.journal.note(1, "rules.region", "RU", "KZ", NOON)
        await tx.journal.note(None, "portal.blocked", None, {"reason": "tokens"}, NOON + 1)

    async with store.read(portal.portal_id) as tx:
        assert await tx.journal.recent(1) == [
            JournalEntry(NOON + 1, None, "portal.blocked", None, {"reason": "tokens"})
        ]
        assert [entry.what for entry in await tx.journal.recent(9)] == ["portal.blocked", "rules.region"]
    async with store.read(other.portal_id) as tx:
        assert await tx.journal.recent(9) == []


async def test_old_entries_can_be_purged(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.journal.note(1, "old", None, None, NOON)
        await tx.journal.note(1, "new", None, None, NOON + 10)

        await tx.journal.purge(NOON + 10)

        assert [entry.what for entry in await tx.journal.recent(9)] == ["new"]


def test_values_of_settings_are_not_shown():
    entry = JournalEntry(NOON, 1, "rules.stop_list", [], ["+79120000001"])

    assert "+79120000001" not in repr(entry)


async def test_a_page_token_works_once_in_its_portal(store: Store):
    portal, other = await a_portal(store), await a_portal(store, "other")
    async with store.begin(portal.portal_id) as tx:
        first = await tx.page_tokens.use("nonce", NOON + 60)
        replayed = await tx.page_tokens.use("nonce", NOON + 60)
    async with store.begin(other.portal_id) as tx:
        elsewhere = await tx.page_tokens.use("nonce", NOON + 60)

    assert (first, replayed, elsewhere) == (True, False, True)


async def test_purging_keeps_the_page_tokens_that_could_still_be_replayed(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.page_tokens.use("short", NOON + 60)
        await tx.page_tokens.use("long", NOON + 120)

        await tx.page_tokens.purge(NOON + 90)

        assert await tx.page_tokens.use("long", NOON + 120) is False
        assert await tx.page_tokens.use("short", NOON + 60) is True
