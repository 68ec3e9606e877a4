"""Transactions: a portal's own, with the repositories bound to it, and shared ones for the list of portals.

Writers of one portal take turns: ``begin`` locks the portal's row first. Portals never wait for each other.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from b24app.clock import Clock
from b24app.store import limits
from b24app.store.api_keys import ApiKeyRepository
from b24app.store.audits import AuditRepository
from b24app.store.connections import (
    connected,
    is_in_transaction,
    open_pool,
    open_without_pool,
    reading,
    writing,
)
from b24app.store.decisions import DecisionRepository
from b24app.store.effects import EffectRepository
from b24app.store.enquiries import EnquiryRepository
from b24app.store.errors import StoreUnavailable, UnknownPortal
from b24app.store.exports import ExportRepository
from b24app.store.inbox import InboxRepository
from b24app.store.index import IndexRepository
from b24app.store.journal import JournalRepository
from b24app.store.notes import NoteRepository
from b24app.store.options import OptionRepository
from b24app.store.outcomes import OutcomeRepository
from b24app.store.page_tokens import PageTokenRepository
from b24app.store.pending import PendingRepository
from b24app.store.phone_fixes import PhoneFixRepository
from b24app.store.portals import PortalRepository
from b24app.store.reseal import reseal
from b24app.store.robot_calls import RobotCallRepository
from b24app.store.schema import migrate, pending
from b24app.store.scope import Scope
from b24app.store.shared import SharedTransaction
from b24app.store.sync_state import SyncRepository
from b24app.store.tables import PORTAL
from b24app.store.vault import Vault
from b24app.store.webhooks import WebhookRepository

__all__ = ["SharedTransaction", "Store", "Transaction", "is_in_transaction", "migrate", "pending"]

_RENEWAL_LOCK = 0x0B24 << 48  # advisory locks: this plus the portal's id


class Transaction:
    """What can be asked and kept of one portal while its transaction is open."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def portal_id(self) -> int:
        return self._scope.portal_id

    @cached_property
    def portal(self) -> PortalRepository:
        return PortalRepository(self._scope)

    @cached_property
    def index(self) -> IndexRepository:
        return IndexRepository(self._scope)

    @cached_property
    def inbox(self) -> InboxRepository:
        return InboxRepository(self._scope)

    @cached_property
    def sync(self) -> SyncRepository:
        return SyncRepository(self._scope)

    @cached_property
    def decisions(self) -> DecisionRepository:
        return DecisionRepository(self._scope)

    @cached_property
    def journal(self) -> JournalRepository:
        return JournalRepository(self._scope)

    @cached_property
    def options(self) -> OptionRepository:
        return OptionRepository(self._scope)

    @cached_property
    def effects(self) -> EffectRepository:
        return EffectRepository(self._scope)

    @cached_property
    def enquiries(self) -> EnquiryRepository:
        return EnquiryRepository(self._scope)

    @cached_property
    def outcomes(self) -> OutcomeRepository:
        return OutcomeRepository(self._scope)

    @cached_property
    def pending(self) -> PendingRepository:
        return PendingRepository(self._scope)

    @cached_property
    def page_tokens(self) -> PageTokenRepository:
        return PageTokenRepository(self._scope)

    @cached_property
    def api_keys(self) -> ApiKeyRepository:
        return ApiKeyRepository(self._scope)

    @cached_property
    def notes(self) -> NoteRepository:
        return NoteRepository(self._scope)

    @cached_property
    def webhooks(self) -> WebhookRepository:
        return WebhookRepository(self._scope)

    @cached_property
    def exports(self) -> ExportRepository:
        return ExportRepository(self._scope)

    @cached_property
    def audits(self) -> AuditRepository:
        return AuditRepository(self._scope)

    @cached_property
    def robot_calls(self) -> RobotCallRepository:
        return RobotCallRepository(self._scope)

    @cached_property
    def phone_fixes(self) -> PhoneFixRepository:
        return PhoneFixRepository(self._scope)

    async def reseal(self) -> int:
        """Seal the portal's secrets with the current key where the old one was used; return how many."""
        return await reseal(self._scope)


class Store:
    """The database, opened once per process."""

    def __init__(self, engine: AsyncEngine, lock_engine: AsyncEngine, vault: Vault, clock: Clock) -> None:
        self._engine = engine
        self._lock_engine = lock_engine
        self._vault = vault
        self._clock = clock
        self._renewals: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @classmethod
    async def open(
        cls, url: str, vault: Vault, *, clock: Clock, pool_size: int = 10, pool_wait_s: float = 30.0
    ) -> "Store":
        """Connect to a migrated database; raises StoreUnavailable, as does waiting too long for a connection."""
        engine, locks = open_pool(url, size=pool_size, wait_s=pool_wait_s), open_without_pool(url)
        store = cls(engine, locks, vault, clock)
        try:
            await store.ping()
        except StoreUnavailable:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        await self._engine.dispose()
        await self._lock_engine.dispose()

    async def ping(self) -> None:
        """Return when the database answers; raises StoreUnavailable."""
        async with connected(self._engine) as connection:
            await connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def read(self, portal_id: int) -> AsyncIterator[Transaction]:
        """Open a transaction that sees one moment, writes nothing and waits for nobody."""
        async with reading(self._engine) as connection:
            yield Transaction(Scope(connection, portal_id, self._vault, self._clock))

    @asynccontextmanager
    async def begin(self, portal_id: int) -> AsyncIterator[Transaction]:
        """Open a writing transaction; commits at the end, rolls back on an error; raises UnknownPortal."""
        async with writing(self._engine) as connection:
            await _lock_portal(connection, portal_id)
            yield Transaction(Scope(connection, portal_id, self._vault, self._clock))

    @asynccontextmanager
    async def begin_shared(self) -> AsyncIterator[SharedTransaction]:
        """Open a transaction about the list of portals."""
        async with writing(self._engine) as connection:
            yield SharedTransaction(connection, self._vault, self._clock)

    @asynccontextmanager
    async def renewal_lock(self, portal_id: int) -> AsyncIterator[None]:
        """Let one caller in at a time, over all processes; no transaction is open meanwhile.

        The lock goes when its process dies. In one process the callers wait in memory, so that a portal
        costs one connection, which is not of the pool.
        """
        async with self._renewals[portal_id], connected(self._lock_engine) as connection:
            lock = {"lock": _RENEWAL_LOCK + portal_id}
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), lock)
            yield

    async def limits_take(self, portal_id: int, decide: limits.Decide) -> float:
        """Apply the function to the portal's bucket, keep the result and return the wait in seconds."""
        async with writing(self._engine) as connection:
            return await limits.take(connection, portal_id, decide)


async def _lock_portal(connection: AsyncConnection, portal_id: int) -> None:
    query = select(PORTAL.c.portal_id).where(PORTAL.c.portal_id == portal_id).with_for_update(key_share=True)
    if (await connection.execute(query)).first() is None:
        raise UnknownPortal(portal_id)
