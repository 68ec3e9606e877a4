"""Keys by which outside programs ask: their hashes alone, and their names sealed.

A key is 32 random bytes, so a plain hash of it can't be tried out. Making and judging keys is left to the services.
"""

from dataclasses import dataclass, field

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.portals import ALL_PORTALS
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import API_KEY

_NAME = "api_key.name"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its portal sees it. ``last_used_at`` is coarse: see services."""

    key_id: int
    name: str = field(repr=False)
    created_by: int
    created_at: float
    last_used_at: float | None


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose key a hash belongs to."""

    portal_id: int
    key_id: int
    last_used_at: float | None


class ApiKeyRepository:
    """One portal's keys."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = API_KEY.c.portal_id == scope.portal_id

    async def add(self, key_hash: bytes, name: str, *, created_by: int, at: float) -> int:
        """Keep a key's hash; return the id by which people speak of it."""
        added = await self._scope.connection.execute(
            insert(API_KEY)
            .values(
                portal_id=self._scope.portal_id,
                hash=key_hash,
                name_sealed=self._scope.seal(_NAME, name),
                created_by=created_by,
                created_at=at,
            )
            .returning(API_KEY.c.key_id)
        )
        return int(added.scalar_one())

    async def list(self) -> list[ApiKey]:
        """Return the portal's keys, oldest first."""
        query = select(API_KEY).where(self._own).order_by(API_KEY.c.key_id)
        return [self._to_key(row) for row in await self._scope.connection.execute(query)]

    async def count(self) -> int:
        query = select(func.count()).select_from(API_KEY).where(self._own)
        return int((await self._scope.connection.execute(query)).scalar_one())

    async def remove(self, key_id: int) -> ApiKey | None:
        """Remove a key for good and return what it was; None when the portal has no such key."""
        removed = await self._scope.connection.execute(
            delete(API_KEY).where(self._own, API_KEY.c.key_id == key_id).returning(*API_KEY.c)
        )
        row = removed.first()
        return None if row is None else self._to_key(row)

    async def note_use(self, key_id: int, at: float) -> None:
        """Note that the key was used."""
        await self._scope.connection.execute(
            update(API_KEY).where(self._own, API_KEY.c.key_id == key_id).values(last_used_at=at)
        )

    def _to_key(self, row: AnyRow) -> ApiKey:
        return ApiKey(
            key_id=row.key_id,
            name=self._scope.open(_NAME, row.name_sealed),
            created_by=row.created_by,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
        )


async def find_owner(connection: AsyncConnection, key_hash: bytes) -> KeyOwner | None:
    """Return whose key has this hash, among all portals; None when nobody's."""
    query = (
        select(API_KEY.c.portal_id, API_KEY.c.key_id, API_KEY.c.last_used_at)
        .prefix_with(ALL_PORTALS)
        .where(API_KEY.c.hash == key_hash)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else KeyOwner(row.portal_id, row.key_id, row.last_used_at)
