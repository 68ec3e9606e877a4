"""The installation's life (new → active → blocked → deleted), its settings and its token pair, sealed.

``PortalDirectory`` is the list of portals, which belongs to nobody; ``PortalRepository`` is one portal's own
row. Renewing tokens is left to the services.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.clock import Clock
from b24app.store.errors import UnknownPortal
from b24app.store.scope import AnySelect, Scope
from b24app.store.tables import PORTAL
from b24app.store.tenants import OUTLIVE_UNINSTALLATION, TENANT_TABLES
from b24app.store.vault import Vault

ALL_PORTALS = "/* all portals */"  # marks the few statements that look across tenants

_ACCESS_TOKEN = "portal.access_token"  # noqa: S105 - names of columns, not secrets
_REFRESH_TOKEN = "portal.refresh_token"  # noqa: S105
_APPLICATION_TOKEN = "portal.application_token"  # noqa: S105
_HASHING_KEY = "portal.hashing_key"
_RULES = "portal.rules"


class PortalStatus(StrEnum):
    NEW = "new"
    ACTIVE = "active"
    BLOCKED = "blocked"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """A token pair; ``expires_at`` is when the access token ends, Unix seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Portal:
    """What we know of a portal, secrets left out."""

    portal_id: int
    member_id: str
    origin: str  # "https://acme.bitrix24.ru"
    status: PortalStatus
    admin_user_id: int | None
    scopes: frozenset[str]
    language: str
    rules: dict[str, object] = field(repr=False)  # RuleSet.to_dict(); {} means the defaults
    manifest_version: int  # of the registrations it has; 0: none
    app_version: str
    license: str
    installed_at: float | None
    blocked_reason: str | None
    indexed_at: float | None  # when the first indexing was complete


class PortalRepository:
    """One portal's own row, read once in a transaction: nobody else can change it meanwhile."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: RowMapping | None = None

    async def get(self) -> Portal:
        """Return the portal as it stands; raises UnknownPortal."""
        return to_portal(await self._row(), self._scope.vault)

    async def load_tokens(self) -> StoredTokens | None:
        row = await self._row()
        access, refresh, expires_at = (
            row["access_token_sealed"],
            row["refresh_token_sealed"],
            row["token_expires_at"],
        )
        if access is None or refresh is None or expires_at is None:
            return None
        return StoredTokens(
            self._scope.open(_ACCESS_TOKEN, access), self._scope.open(_REFRESH_TOKEN, refresh), expires_at
        )

    async def save_tokens(self, tokens: StoredTokens) -> None:
        await self._set(
            access_token_sealed=self._scope.seal(_ACCESS_TOKEN, tokens.access_token),
            refresh_token_sealed=self._scope.seal(_REFRESH_TOKEN, tokens.refresh_token),
            token_expires_at=tokens.expires_at,
        )

    async def application_token(self) -> str | None:
        """Return what proves that an event is the portal's; None when it never told us."""
        sealed = (await self._row())["application_token_sealed"]
        return None if sealed is None else self._scope.open(_APPLICATION_TOKEN, sealed)

    async def set_application_token(self, token: str) -> None:
        await self._set(application_token_sealed=self._scope.seal(_APPLICATION_TOKEN, token))

    async def hashing_key(self) -> bytes:
        """Return the 32 random bytes this portal's match keys are hashed with.

        They were made at its first installation and are stored sealed: a new secret key seals them
        anew and changes no hash. They stay after CLEAN=0, so that kept decisions stay comparable.
        """
        sealed = (await self._row())["hashing_key_sealed"]
        return self._scope.vault.open_bytes(self._scope.portal_id, _HASHING_KEY, sealed)

    async def rename(self, origin: str) -> None:
        await self._set(origin=origin)

    async def set_status(self, status: PortalStatus, reason: str | None = None) -> None:
        """Set the status; ``reason`` is a code that says why it is blocked, else None."""
        await self._set(status=status.value, blocked_reason=reason)

    async def save_rules(self, rules: dict[str, object]) -> None:
        """Keep the settings, sealed as a whole: a stop list is phones and e-mails."""
        await self._set(rules_sealed=self._scope.seal_json(_RULES, rules))

    async def set_manifest_version(self, version: int) -> None:
        await self._set(manifest_version=version)

    async def mark_indexed(self, at: float | None) -> None:
        """Note when the first indexing was complete; None when the index has to be built again."""
        await self._set(indexed_at=at)

    async def forget_everything(self) -> None:
        """Remove every row of the portal, its own included (uninstalled with CLEAN=1)."""
        self._known = None
        for table in reversed(TENANT_TABLES):
            await self._scope.connection.execute(
                delete(table).where(table.c.portal_id == self._scope.portal_id)
            )

    async def forget_all_but_decisions(self) -> None:
        """Keep decisions, settings and their journal; everything else goes (uninstalled with CLEAN=0)."""
        for table in TENANT_TABLES:
            if table.name not in OUTLIVE_UNINSTALLATION:
                await self._scope.connection.execute(
                    delete(table).where(table.c.portal_id == self._scope.portal_id)
                )
        await self._set(
            status=PortalStatus.DELETED.value,
            blocked_reason=None,
            admin_user_id=None,
            manifest_version=0,
            indexed_at=None,
            access_token_sealed=None,
            refresh_token_sealed=None,
            token_expires_at=None,
            application_token_sealed=None,
        )

    async def _row(self) -> RowMapping:
        if self._known is None:
            found = await self._scope.connection.execute(
                select(PORTAL).where(PORTAL.c.portal_id == self._scope.portal_id)
            )
            self._known = found.mappings().first()
        if self._known is None:
            raise UnknownPortal(self._scope.portal_id)
        return self._known

    async def _set(self, **values: object) -> None:
        self._known = None
        changed = await self._scope.connection.execute(
            update(PORTAL).where(PORTAL.c.portal_id == self._scope.portal_id).values(**values)
        )
        if changed.rowcount == 0:
            raise UnknownPortal(self._scope.portal_id)


class PortalDirectory:
    """All portals: finding one, letting one in. ``member_id`` is the identity, an origin only an address."""

    def __init__(self, connection: AsyncConnection, vault: Vault, clock: Clock) -> None:
        self._connection = connection
        self._vault = vault
        self._clock = clock

    async def find(self, member_id: str) -> Portal | None:
        return await self._first(_all_portals().where(PORTAL.c.member_id == member_id))

    async def get(self, portal_id: int) -> Portal | None:
        return await self._first(select(PORTAL).where(PORTAL.c.portal_id == portal_id))

    async def active(self) -> list[Portal]:
        """Return the active portals, oldest first."""
        return await self._all(
            _all_portals().where(PORTAL.c.status == PortalStatus.ACTIVE.value).order_by(PORTAL.c.portal_id)
        )

    async def all_ids(self) -> list[int]:
        """Return every portal we keep anything of: blocked and uninstalled ones too."""
        query = select(PORTAL.c.portal_id).prefix_with(ALL_PORTALS).order_by(PORTAL.c.portal_id)
        return list((await self._connection.execute(query)).scalars())

    async def install(
        self,
        member_id: str,
        origin: str,
        tokens: StoredTokens,
        *,
        application_token: str | None,
        admin_user_id: int | None,
        scopes: frozenset[str],
        language: str,
        status: PortalStatus = PortalStatus.NEW,
        app_version: str = "",
        license: str = "",
    ) -> Portal:
        """Let a verified portal in, for the first time or again.

        Again keeps its settings, decisions, hashing key and index; an ``application_token`` of None
        keeps the one we have. Registrations are taken as lost (``manifest_version`` 0).
        """
        told = {
            "origin": origin,
            "status": status.value,
            "blocked_reason": None,
            "admin_user_id": admin_user_id,
            "scopes": sorted(scopes),
            "language": language,
            "license": license,
            "app_version": app_version,
            "manifest_version": 0,
            "installed_at": self._clock.now(),
        }
        portal_id = await self._enter(member_id, told)
        own = PortalRepository(Scope(self._connection, portal_id, self._vault, self._clock))
        await own.save_tokens(tokens)
        if application_token is not None:
            await own.set_application_token(application_token)
        return await own.get()

    async def _enter(self, member_id: str, told: Mapping[str, object]) -> int:
        """Insert or update the row, give it a hashing key if it has none, and return its id."""
        entered = await self._connection.execute(
            insert(PORTAL)
            .prefix_with(ALL_PORTALS)
            .values(member_id=member_id, **told)
            .on_conflict_do_update(index_elements=[PORTAL.c.member_id], set_=told)
            .returning(PORTAL.c.portal_id, PORTAL.c.hashing_key_sealed)
        )
        portal_id, hashing_key_sealed = entered.one()
        if hashing_key_sealed is None:
            await self._make_hashing_key(portal_id)
        return int(portal_id)

    async def _make_hashing_key(self, portal_id: int) -> None:
        sealed = self._vault.seal_bytes(portal_id, _HASHING_KEY, self._vault.new_hashing_key())
        await self._connection.execute(
            update(PORTAL).where(PORTAL.c.portal_id == portal_id).values(hashing_key_sealed=sealed)
        )

    async def _first(self, query: AnySelect) -> Portal | None:
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else to_portal(row, self._vault)

    async def _all(self, query: AnySelect) -> list[Portal]:
        return [to_portal(row, self._vault) for row in (await self._connection.execute(query)).mappings()]


def _all_portals() -> AnySelect:
    return select(PORTAL).prefix_with(ALL_PORTALS)


def to_portal(row: RowMapping, vault: Vault) -> Portal:
    """Return a row as a value, its settings opened."""
    sealed = row["rules_sealed"]
    return Portal(
        portal_id=row["portal_id"],
        member_id=row["member_id"],
        origin=row["origin"],
        status=PortalStatus(row["status"]),
        admin_user_id=row["admin_user_id"],
        scopes=frozenset(row["scopes"]),
        language=row["language"],
        rules={} if sealed is None else json.loads(vault.open(row["portal_id"], _RULES, sealed)),
        manifest_version=row["manifest_version"],
        app_version=row["app_version"],
        license=row["license"],
        installed_at=row["installed_at"],
        blocked_reason=row["blocked_reason"],
        indexed_at=row["indexed_at"],
    )
