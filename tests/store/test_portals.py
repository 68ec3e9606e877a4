"""A portal's life: let in, let in again, renamed, blocked, forgotten."""

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from b24app.store.address import libpq_dsn
from b24app.store.database import Store
from b24app.store.decisions import RejectReason
from b24app.store.errors import UnknownPortal
from b24app.store.notes import KnownNote
from b24app.store.portals import Portal, PortalStatus
from b24app.store.sync_state import Span, SyncKind
from b24app.store.tenants import TENANT_TABLES
from b24app.store.vault import Vault
from tests.conftest import StillClock
from tests.store.audits import a_stored_audit
from tests.store.builders import (
    NOON,
    a_contact,
    a_lead,
    a_phone,
    a_portal,
    a_record,
    a_robot_call,
    an_outcome,
    some_tokens,
)
from tests.store.exports import a_stored_export

STOP_LIST = {"stop_list": ["+7 912 000-00-01", "info@acme.example"], "region": "KZ"}


async def test_an_installed_portal_is_found_by_its_member_id(store: Store, clock: StillClock):
    installed = await a_portal(store, "acme")

    async with store.begin_shared() as shared:
        found = await shared.portals.find("acme")
        by_id = await shared.portals.get(installed.portal_id)
        stranger = await shared.portals.find("stranger")

    assert found == installed == by_id
    assert stranger is None
    assert installed.origin == "https://acme.bitrix24.ru"
    assert installed.scopes == {"crm", "placement"}
    assert installed.installed_at == clock.now()
    assert installed.rules == {}
    assert installed.indexed_at is None


async def test_only_active_portals_are_listed(store: Store):
    active = await a_portal(store, "active")
    await a_portal(store, "new", status=PortalStatus.NEW)

    async with store.begin_shared() as shared:
        listed = await shared.portals.active()

    assert listed == [active]


async def test_installing_again_keeps_settings_decisions_and_hashing_key(store: Store):
    portal = await a_portal(store)
    async with store.begin(portal.portal_id) as tx:
        hashing_key = await tx.portal.hashing_key()
        await tx.portal.save_rules(STOP_LIST)
        await tx.portal.set_manifest_version(4)
        await tx.decisions.reject_pair(
            a_lead(1),
            a_lead(2),
            author_id=5,
            reason=RejectReason.NOT_STATED,
            expires_at=None,
            fingerprint_a=1,
            fingerprint_b=2,
            at=NOON,
        )

    again = await a_portal(store, application_token=None, tokens=some_tokens("second"))

    async with store.read(portal.portal_id) as tx:
        assert again.portal_id == portal.portal_id
        assert again.rules == STOP_LIST
        assert again.manifest_version == 0
        assert await tx.portal.hashing_key() == hashing_key
        assert await tx.portal.application_token() == "proof"
        assert await tx.portal.load_tokens() == some_tokens("second")
        assert len(await tx.decisions.rejected_with(a_lead(1), at=NOON)) == 1


async def test_two_portals_hash_with_different_keys(store: Store):
    first, second = await a_portal(store, "first"), await a_portal(store, "second")

    async with store.read(first.portal_id) as tx:
        first_key = await tx.portal.hashing_key()
    async with store.read(second.portal_id) as tx:
        second_key = await tx.portal.hashing_key()

    assert len(first_key) == 32
    assert first_key != second_key


async def test_a_new_token_pair_replaces_the_old_one(store: Store):
    portal = await a_portal(store)

    async with store.begin(portal.portal_id) as tx:
        await tx.portal.save_tokens(some_tokens("renewed", NOON + 9))

    async with store.read(portal.portal_id) as tx:
        assert await tx.portal.load_tokens() == some_tokens("renewed", NOON + 9)


def test_tokens_are_not_shown():
    assert "first" not in repr(some_tokens("first"))


async def test_a_portal_can_be_renamed_blocked_and_marked(store: Store):
    portal = await a_portal(store)

    async with store.begin(portal.portal_id) as tx:
        await tx.portal.rename("https://new.bitrix24.ru")
        await tx.portal.set_status(PortalStatus.BLOCKED, "tokens_rejected")
        await tx.portal.set_manifest_version(3)
        await tx.portal.mark_indexed(NOON)
        await tx.portal.set_application_token("another proof")

    async with store.read(portal.portal_id) as tx:
        stored = await tx.portal.get()
        assert stored.origin == "https://new.bitrix24.ru"
        assert (stored.status, stored.blocked_reason) == (PortalStatus.BLOCKED, "tokens_rejected")
        assert (stored.manifest_version, stored.indexed_at) == (3, NOON)
        assert await tx.portal.application_token() == "another proof"


async def test_a_transaction_reads_the_portal_s_row_once_and_again_after_a_change(store: Store):
    portal = await a_portal(store)
    asked: list[str] = []

    def watch(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", watch)
    async with store.read(portal.portal_id) as tx:
        known = await tx.portal.get()
        await tx.portal.hashing_key()
        await tx.portal.load_tokens()
    event.remove(Engine, "before_cursor_execute", watch)
    async with store.begin(portal.portal_id) as tx:
        await tx.portal.get()
        await tx.portal.rename("https://new.bitrix24.ru")
        renamed = await tx.portal.get()

    assert len(asked) == 1
    assert known == portal
    assert renamed.origin == "https://new.bitrix24.ru"


async def test_clean_leaves_no_row_of_the_portal_and_all_of_the_other(store: Store, database_url: str):
    leaving, staying = await _a_full_portal(store, "leaving"), await _a_full_portal(store, "staying")

    async with store.begin(leaving.portal_id) as tx:
        await tx.portal.forget_everything()

    rows = await _rows_by_table(database_url, leaving.portal_id)
    kept = await _rows_by_table(database_url, staying.portal_id)
    assert set(rows.values()) == {0}
    assert min(kept.values()) >= 1
    with pytest.raises(UnknownPortal):
        async with store.begin(leaving.portal_id):
            pass


async def test_without_clean_only_decisions_and_settings_stay(store: Store, database_url: str):
    portal = await _a_full_portal(store, "leaving")

    async with store.begin(portal.portal_id) as tx:
        await tx.portal.forget_all_but_decisions()

    rows = await _rows_by_table(database_url, portal.portal_id)
    async with store.read(portal.portal_id) as tx:
        left = await tx.portal.get()
        kept = {"portal", "rejection", "journal", "option", "outcome", "timeline_note"}
        assert {name for name, count in rows.items() if count} == kept
        assert left.status is PortalStatus.DELETED
        assert (left.rules, left.admin_user_id, left.indexed_at) == (STOP_LIST, None, None)
        assert await tx.portal.load_tokens() is None
        assert await tx.portal.application_token() is None


async def test_a_sealed_token_does_not_open_in_another_portals_row(store: Store, database_url: str):
    thief, victim = await a_portal(store, "thief"), await a_portal(store, "victim")
    connection = await asyncpg.connect(libpq_dsn(database_url))
    await connection.execute(
        "UPDATE portal SET application_token_sealed = (SELECT application_token_sealed FROM portal "
        "WHERE portal_id = $1) WHERE portal_id = $2",
        victim.portal_id,
        thief.portal_id,
    )
    await connection.close()

    async with store.read(thief.portal_id) as tx:
        with pytest.raises(Exception, match="can't be opened"):
            await tx.portal.application_token()


async def test_everything_sealed_moves_to_the_new_secret(database_url: str, clock: StillClock):
    old, new = b"the old secret of thirty-two bytes and more", b"the new secret of thirty-two bytes and more"
    before = await Store.open(database_url, Vault(old), clock=clock)
    portal = await _a_full_portal(before, "acme")
    async with before.read(portal.portal_id) as tx:
        hashing_key = await tx.portal.hashing_key()
    await before.close()

    during = await Store.open(database_url, Vault(new, previous=old), clock=clock)
    async with during.begin(portal.portal_id) as tx:
        resealed = await tx.reseal()
        again = await tx.reseal()
    await during.close()

    after = await Store.open(database_url, Vault(new), clock=clock)
    async with after.read(portal.portal_id) as tx:
        assert (resealed, again) == (15, 0)
        assert await tx.portal.hashing_key() == hashing_key
        assert await tx.portal.load_tokens() == some_tokens()
        assert await tx.portal.application_token() == "proof"
        assert (await tx.portal.get()).rules == STOP_LIST
        assert (await tx.journal.recent(1))[0].new == STOP_LIST
        assert [key.name for key in await tx.api_keys.list()] == ["Сайт"]
        assert [call.token for call in await tx.robot_calls.waiting(9)] == ["token 1"]
        assert [fix.phones for fix in await tx.phone_fixes.of_call(b"1")] == [()]
        assert [hook.secret for hook in await tx.webhooks.list()] == ["b24s_secret"]
    await after.close()


async def _a_full_portal(store: Store, member_id: str) -> Portal:
    """A portal with at least one row in every table."""
    portal = await a_portal(store, member_id)
    async with store.begin(portal.portal_id) as tx:
        await tx.portal.save_rules(STOP_LIST)
        await tx.portal.mark_indexed(NOON)
        await tx.index.replace([a_record(a_lead(1), a_phone(1))])
        await tx.index.forget([a_lead(2)], NOON)
        await tx.inbox.put([a_lead(1)], NOON)
        await tx.pending.note([a_lead(1)], NOON)
        await tx.outcomes.put([an_outcome(a_lead(1))], NOON)
        await tx.sync.start(SyncKind.FIRST, [Span(a_lead(1).type, 0, 9)], {a_lead(1).type: 9}, NOON)
        await tx.sync.set_last_sweep_at(a_lead(1).type, NOON)
        await tx.journal.note(1, "rules.stop_list", {}, STOP_LIST, NOON)
        await tx.page_tokens.use("nonce", NOON + 60)
        await tx.options.put("best_order", {"order": ["contact"]})
        await tx.api_keys.add(f"hash of {member_id}".encode(), "Сайт", created_by=1, at=NOON)
        await tx.webhooks.add("https://crm.example/hook", "b24s_secret", ["k"], created_by=1, at=NOON)
        await tx.webhooks.plan("k", "key", event_id="id", body={}, at=NOON)
        await tx.notes.put(a_lead(1), KnownNote(999))
        await tx.effects.plan("enquiry:1:move", "move", {"lead": 1}, lead_id=1)
        await tx.enquiries.plan([1], NOON)
        await a_stored_audit(tx)
        await a_stored_export(tx)
        await tx.robot_calls.put(a_robot_call(1))
        await tx.phone_fixes.plan(b"1", a_lead(1), [], unchanged=1, invalid=0, at=NOON)
        await tx.decisions.reject_pair(
            a_lead(1),
            a_contact(1),
            author_id=5,
            reason=RejectReason.SHARED_VALUE,
            expires_at=None,
            fingerprint_a=1,
            fingerprint_b=2,
            at=NOON,
        )
    await store.limits_take(portal.portal_id, lambda bucket: (bucket, 0.0))
    return portal


async def _rows_by_table(database_url: str, portal_id: int) -> dict[str, int]:
    connection = await asyncpg.connect(libpq_dsn(database_url))
    rows = {
        table.name: await connection.fetchval(
            f"SELECT count(*) FROM {table.name} WHERE portal_id = $1", portal_id
        )
        for table in TENANT_TABLES
    }
    await connection.close()
    return rows
