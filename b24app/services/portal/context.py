"""What a use case needs of one portal, and who may speak to it: as the installer, or as the person who looks.

There is no ``PortalContext`` without a verified call or a claimed job.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import TTLCache

from b24app.bitrix24.answers_fields import UserField
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import PortalGone, TokenRejected
from b24app.bitrix24.throttle import Priority, Throttle
from b24app.bitrix24.tokens import Access, AuthorizationServer, Grant
from b24app.bitrix24.wire import Send
from b24app.clock import Clock
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordType
from b24app.dedupe.rules import RuleSet
from b24app.logs import logger
from b24app.services.portal.limits import StoredThrottle
from b24app.services.portal.manifest import Manifest
from b24app.store.database import Store, Transaction
from b24app.store.errors import StoreUnavailable, UnknownPortal
from b24app.store.portals import Portal, PortalStatus, StoredTokens

__all__ = ["StoreUnavailable", "UnknownPortal"]

log = logger(__name__)

STAGES_LIFE_S = 600.0  # names of lead stages
NUMBERS_LIFE_S = 60.0  # totals of the index
FIELDS_LIFE_S = 600.0  # which fields a portal has for our results
BUCKETS_LIFE_S = 60.0  # what API keys have used up, long refilled by then


class Queue(Protocol):
    """How background work is asked for. Asking twice while one waits adds nothing."""

    async def ask(self, task: str, portal_id: int) -> None:
        """Make sure one such task waits for that portal."""

    async def counts(self) -> dict[str, int]:
        """Return how many jobs are in which state."""


@dataclass(frozen=True, slots=True)
class IndexNumbers:
    """The index in numbers, and the rules they were counted by."""

    records: Mapping[RecordType, int]
    keys: Mapping[KeyKind, int]
    hubs: int
    rules: RuleSet


@dataclass(frozen=True, slots=True)
class Caches:
    """What a process may remember of a portal for a while: nothing of persons."""

    stages: TTLCache[int, Mapping[str, str]] = field(default_factory=lambda: TTLCache(4096, STAGES_LIFE_S))
    numbers: TTLCache[int, IndexNumbers] = field(default_factory=lambda: TTLCache(1024, NUMBERS_LIFE_S))
    fields: TTLCache[int, Mapping[RecordType, Mapping[str, UserField]]] = field(
        default_factory=lambda: TTLCache(4096, FIELDS_LIFE_S)
    )
    key_buckets: TTLCache[int, tuple[float, float]] = field(
        default_factory=lambda: TTLCache(4096, BUCKETS_LIFE_S)
    )  # API key → calls left, and since when


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that is built once: by bootstrap, or by a test."""

    store: Store
    oauth: AuthorizationServer
    make_client: Callable[[Access, Throttle, Priority], PortalClient]
    queue: Queue
    send: Send  # to receivers of webhooks
    clock: Clock
    manifest: Manifest
    base_url: str
    client_id: str
    bx24_js_url: str
    page_keys: tuple[bytes, ...]  # the first one signs, all of them read
    allow_insecure: bool = False
    caches: Caches = field(default_factory=Caches)


@dataclass(frozen=True, slots=True)
class PortalContext:
    """One portal, verified, with the voice to ask it."""

    runtime: Runtime
    portal: Portal
    rules: RuleSet
    hashing_key: bytes = field(repr=False)
    client: PortalClient

    def now(self) -> float:
        return self.runtime.clock.now()

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a read-only transaction on this portal's rows."""
        return self.runtime.store.read(self.portal.portal_id)

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a writing transaction; writers of one portal take turns."""
        return self.runtime.store.begin(self.portal.portal_id)


async def open_portal(runtime: Runtime, portal_id: int, priority: Priority) -> PortalContext:
    """Return the context in which the app speaks with the installer's rights."""
    return await _open(runtime, portal_id, StoredAccess(runtime, portal_id), priority)


async def open_portal_as(
    runtime: Runtime, portal_id: int, access_token: str, priority: Priority = Priority.PERSON
) -> PortalContext:
    """Return the context in which the app speaks with the rights of the person who looks."""
    return await _open(runtime, portal_id, ViewerAccess(runtime, portal_id, access_token), priority)


async def _open(runtime: Runtime, portal_id: int, access: Access, priority: Priority) -> PortalContext:
    async with runtime.store.read(portal_id) as tx:
        portal = await tx.portal.get()
        hashing_key = await tx.portal.hashing_key()
    client = runtime.make_client(access, StoredThrottle(runtime.store, portal_id, runtime.clock), priority)
    return PortalContext(runtime, portal, RuleSet.from_dict(portal.rules), hashing_key, client)


class StoredAccess:
    """The installer's token pair, kept in the store, renewed by one process at a time."""

    def __init__(self, runtime: Runtime, portal_id: int) -> None:
        self._runtime = runtime
        self._portal_id = portal_id

    async def current(self) -> Grant:
        """Return the grant, read anew each time: an uninstalled portal is not called once more."""
        portal, tokens = await self._load()
        return Grant(portal.origin, tokens.access_token)

    async def renewed(self, rejected: Grant) -> Grant:
        """Renew once for everybody who waits; the new pair is saved before it is used."""
        async with self._runtime.store.renewal_lock(self._portal_id):
            portal, tokens = await self._load()
            grant = Grant(portal.origin, tokens.access_token)
            if grant != rejected:
                return grant
            return await self._renew(portal, tokens)

    async def moved(self, rejected: Grant) -> Grant:
        """Learn the portal's new address: only the authorization server is believed."""
        return await self.renewed(rejected)

    async def _load(self) -> tuple[Portal, StoredTokens]:
        async with self._runtime.store.read(self._portal_id) as tx:
            portal = await tx.portal.get()
            tokens = await tx.portal.load_tokens()
        if portal.status is not PortalStatus.ACTIVE or tokens is None:
            raise PortalGone
        return portal, tokens

    async def _renew(self, portal: Portal, tokens: StoredTokens) -> Grant:
        try:
            renewed = await self._runtime.oauth.renew(tokens.refresh_token)
        except (PortalGone, TokenRejected) as error:
            await block_portal(self._runtime, self._portal_id, "token_rejected")
            raise PortalGone(code=error.code) from error
        if renewed.member_id != portal.member_id:
            await block_portal(self._runtime, self._portal_id, "foreign_token")
            raise TokenRejected(code="foreign_token")
        pair = renewed.pair
        async with self._runtime.store.begin(self._portal_id) as tx:
            await tx.portal.save_tokens(StoredTokens(pair.access_token, pair.refresh_token, pair.expires_at))
            if renewed.origin != portal.origin:
                await tx.portal.rename(renewed.origin)
        return Grant(renewed.origin, pair.access_token)


class ViewerAccess:
    """The token a frame brought: sent to the address we hold, never renewed, never stored."""

    def __init__(self, runtime: Runtime, portal_id: int, access_token: str) -> None:
        self._runtime = runtime
        self._portal_id = portal_id
        self._access_token = access_token

    async def current(self) -> Grant:
        portal = await self._portal()
        if portal.status is PortalStatus.DELETED or portal.status is PortalStatus.NEW:
            raise PortalGone
        return Grant(portal.origin, self._access_token)

    async def renewed(self, rejected: Grant) -> Grant:
        raise TokenRejected

    async def moved(self, rejected: Grant) -> Grant:
        """Return the same token for the new address, which the installer's own renewal brings to light."""
        portal = await self._portal()
        if portal.origin == rejected.origin:
            stored = StoredAccess(self._runtime, self._portal_id)
            await stored.moved(await stored.current())
            portal = await self._portal()
        return Grant(portal.origin, self._access_token)

    async def _portal(self) -> Portal:
        async with self._runtime.store.read(self._portal_id) as tx:
            return await tx.portal.get()


class OneTokenAccess:
    """A token and an address that the authorization server has just vouched for, before anything is stored."""

    def __init__(self, grant: Grant) -> None:
        self._grant = grant

    async def current(self) -> Grant:
        return self._grant

    async def renewed(self, rejected: Grant) -> Grant:
        raise TokenRejected

    async def moved(self, rejected: Grant) -> Grant:
        raise TokenRejected


async def renew_tokens(runtime: Runtime, portal_id: int) -> bool:
    """Renew the installer's tokens now; False when the authorization server says no, and the portal is blocked."""
    access = StoredAccess(runtime, portal_id)
    try:
        await access.renewed(await access.current())
    except PortalGone:
        return False
    return True


async def portal_origin_of(runtime: Runtime, portal_id: int) -> str:
    """Return the address we hold for a portal; an empty text when it is gone or can't be read now."""
    try:
        async with runtime.store.read(portal_id) as tx:
            return (await tx.portal.get()).origin
    except (StoreUnavailable, UnknownPortal):
        return ""


async def block_portal(runtime: Runtime, portal_id: int, reason: str) -> None:
    """Stop calling the portal until an administrator opens the app again; ``reason`` is a code."""
    async with runtime.store.begin(portal_id) as tx:
        await tx.portal.set_status(PortalStatus.BLOCKED, reason)
    log.warning("portal blocked", portal=portal_id, reason=reason)
