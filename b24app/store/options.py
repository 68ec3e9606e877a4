"""A portal's options: one JSON object a name. Each use case owns its name, its defaults and its checks."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel

from b24app.store import tables_option
from b24app.store.scope import Scope

OPTION = SQLModel.metadata.tables[tables_option.OptionRow.__tablename__]


class OptionRepository:
    """One portal's options. Nothing personal belongs here: the values are not sealed."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def get(self, name: str) -> dict[str, object] | None:
        """Return what was put under this name; None when nothing was."""
        query = select(OPTION.c.value).where(
            OPTION.c.portal_id == self._scope.portal_id, OPTION.c.name == name
        )
        found: dict[str, object] | None = await self._scope.connection.scalar(query)
        return found

    async def put(self, name: str, value: Mapping[str, object]) -> None:
        """Keep a JSON object in place of what the name held before."""
        row = {"portal_id": self._scope.portal_id, "name": name, "value": dict(value)}
        await self._scope.connection.execute(
            insert(OPTION).values(row).on_conflict_do_update(index_elements=["portal_id", "name"], set_=row)
        )
