"""API keys are kept as hashes, belong to one portal, and go with it."""

import pytest

from b24app.store.database import Store
from tests.store.builders import NOON, a_portal

HASH, OTHER_HASH = b"h" * 32, b"o" * 32


async def test_a_key_is_found_by_its_hash_and_known_to_its_portal_alone(store: Store):
    portal, other = await a_portal(store), await a_portal(store, "other")
    async with store.begin(portal.portal_id) as tx:
        key_id = await tx.api_keys.add(HASH, "Сайт", created_by=7, at=NOON)

    async with store.begin_shared() as shared:
        owner, nobody = await shared.owner_of_key(HASH), await shared.owner_of_key(OTHER_HASH)
    async with store.read(portal.portal_id) as tx:
        own = await tx.api_keys.list()
    async with store.read(other.portal_id) as tx:
        foreign = await tx.api_keys.list()

    assert owner is not None
    assert (owner.portal_id, owner.key_id, owner.last_used_at) == (portal.portal_id, key_id, None)
    assert nobody is None
    assert [(key.key_id, key.name, key.created_by, key.created_at) for key in own] == [
        (key_id, "Сайт", 7, NOON)
    ]
    assert foreign == []


async def test_a_removed_key_is_nobodys_and_another_portal_removes_nothing(store: Store):
    portal, other = await a_portal(store), await a_portal(store, "other")
    async with store.begin(portal.portal_id) as tx:
        key_id = await tx.api_keys.add(HASH, "Сайт", created_by=7, at=NOON)
        await tx.api_keys.add(OTHER_HASH, "Форма", created_by=7, at=NOON)

    async with store.begin(other.portal_id) as tx:
        foreign = await tx.api_keys.remove(key_id)
    async with store.begin(portal.portal_id) as tx:
        removed, again = await tx.api_keys.remove(key_id), await tx.api_keys.remove(key_id)
        left = await tx.api_keys.count()
    async with store.begin_shared() as shared:
        owner = await shared.owner_of_key(HASH)

    assert (foreign, again, owner, left) == (None, None, None, 1)
    assert removed is not None
    assert removed.name == "Сайт"


async def test_the_last_use_of_a_key_is_noted(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        key_id = await tx.api_keys.add(HASH, "Сайт", created_by=7, at=NOON)
        await tx.api_keys.add(OTHER_HASH, "Форма", created_by=7, at=NOON)

        await tx.api_keys.note_use(key_id, NOON + 60)

        assert [key.last_used_at for key in await tx.api_keys.list()] == [NOON + 60, None]


@pytest.mark.parametrize("clean", [True, False])
async def test_no_key_outlives_an_uninstallation(store: Store, clean: bool):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        await tx.api_keys.add(HASH, "Сайт", created_by=7, at=NOON)

    async with store.begin(portal.portal_id) as tx:
        if clean:
            await tx.portal.forget_everything()
        else:
            await tx.portal.forget_all_but_decisions()

    async with store.begin_shared() as shared:
        assert await shared.owner_of_key(HASH) is None
