"""Which page tokens were used, so that none works twice."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from b24app.store.scope import Scope
from b24app.store.tables import PAGE_TOKEN


class PageTokenRepository:
    """One portal's used page tokens."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def use(self, nonce: str, expires_at: float) -> bool:
        """Claim that this was the first use; kept until the token would have expired."""
        used = await self._scope.connection.execute(
            insert(PAGE_TOKEN)
            .values(portal_id=self._scope.portal_id, nonce=nonce, expires_at=expires_at)
            .on_conflict_do_nothing()
        )
        return used.rowcount == 1

    async def purge(self, at: float) -> None:
        """Remove the tokens that expired before ``at``."""
        await self._scope.connection.execute(
            delete(PAGE_TOKEN).where(
                PAGE_TOKEN.c.portal_id == self._scope.portal_id, PAGE_TOKEN.c.expires_at < at
            )
        )
