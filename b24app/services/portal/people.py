"""Names of portal users, as the portal tells them to whoever asks: to be shown, never kept."""

from collections.abc import Collection, Iterable

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import PortalUser
from b24app.bitrix24.calls import BatchAnswer, Command
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import Bitrix24Error

PREFIX = "users"


async def ask_names(client: PortalClient, user_ids: Collection[int]) -> dict[int, str]:
    """Return the names the portal tells; without them a page shows ids."""
    if not user_ids:
        return {}
    names, _ = read_names(await client.batch(name_commands(user_ids)))
    return names


def name_commands(user_ids: Iterable[int]) -> dict[str, Command]:
    """Ask for these users, fifty a command."""
    parts = enumerate(methods.users_in_parts(user_ids))
    return {f"{PREFIX}{number}": command for number, command in parts}


def read_names(batch: BatchAnswer) -> tuple[dict[int, str], bool]:
    """Return the names by id, and whether every command was answered; without a name a page shows the id."""
    people, is_whole = read_people(batch)
    return {user.id: user.name for user in people.values()}, is_whole


def read_people(batch: BatchAnswer) -> tuple[dict[int, PortalUser], bool]:
    """Return the people of ``name_commands`` by id, and whether every command was answered."""
    people: dict[int, PortalUser] = {}
    is_whole = True
    for key in (*batch.answers, *batch.errors):
        if key.startswith(PREFIX):
            try:
                people |= answers.portal_users(batch.get(key))
            except Bitrix24Error:
                is_whole = False
    return people, is_whole
