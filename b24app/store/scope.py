"""What every repository of one transaction shares: the connection, the portal, the vault and the clock."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.clock import Clock
from b24app.store.vault import Vault

AnyRow = Row[*tuple[Any, ...]]  # columns as the driver gives them; repositories turn them into values at once
AnySelect = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Scope:
    """An open transaction of one portal. Repositories filter by ``portal_id`` themselves."""

    connection: AsyncConnection
    portal_id: int
    vault: Vault
    clock: Clock

    def seal(self, column: str, text: str) -> bytes:
        return self.vault.seal(self.portal_id, column, text)

    def open(self, column: str, sealed: bytes) -> str:
        return self.vault.open(self.portal_id, column, sealed)

    def seal_json(self, column: str, value: object) -> bytes:
        return self.seal(column, json.dumps(value, ensure_ascii=False, sort_keys=True))

    def open_json(self, column: str, sealed: bytes) -> object:
        value: object = json.loads(self.open(column, sealed))
        return value
