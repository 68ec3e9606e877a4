"""What can be asked of all portals at once: the list of them, and which have something to do."""

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.clock import Clock
from b24app.store.api_keys import KeyOwner, find_owner
from b24app.store.audits import find_portals_to_audit, find_portals_to_schedule
from b24app.store.effects import find_portals_to_act
from b24app.store.inbox import find_waiting_portals
from b24app.store.pending import find_unpublished_portals
from b24app.store.portals import PortalDirectory
from b24app.store.robot_calls import find_called_portals
from b24app.store.vault import Vault
from b24app.store.webhooks import find_portals_to_tell


class SharedTransaction:
    """What belongs to no single portal."""

    def __init__(self, connection: AsyncConnection, vault: Vault, clock: Clock) -> None:
        self._connection = connection
        self.portals = PortalDirectory(connection, vault, clock)

    async def waiting_portals(self) -> list[int]:
        """Return the active portals with something in the inbox."""
        return await find_waiting_portals(self._connection)

    async def portals_to_tell(self, at: float) -> list[int]:
        """Return the active portals with a webhook's delivery that is due."""
        return await find_portals_to_tell(self._connection, at)

    async def portals_to_act(self) -> list[int]:
        """Return the active portals with an effect to carry out or an enquiry to judge."""
        return await find_portals_to_act(self._connection)

    async def called_portals(self) -> list[int]:
        """Return the active portals with a robot that waits for its answer."""
        return await find_called_portals(self._connection)

    async def unpublished_portals(self) -> list[tuple[int, bool]]:
        """Return the active portals where outcomes wait, and whether a backlog is all that waits."""
        return await find_unpublished_portals(self._connection)

    async def portals_to_audit(self) -> list[int]:
        """Return the active portals with an audit to work on."""
        return await find_portals_to_audit(self._connection)

    async def portals_to_schedule(self, option: str, at: float) -> list[int]:
        """Return the active portals whose schedule, kept as this option, is due."""
        return await find_portals_to_schedule(self._connection, option, at)

    async def owner_of_key(self, key_hash: bytes) -> KeyOwner | None:
        """Return whose API key has this hash; None when nobody's."""
        return await find_owner(self._connection, key_hash)
