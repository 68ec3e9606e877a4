"""Records of groups as the portal shows them at this moment to whoever asks, with the names of people and stages."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import PortalUser, Viewer
from b24app.bitrix24.calls import BATCH_LIMIT, JSON, BatchAnswer, Command
from b24app.bitrix24.errors import AccessDenied
from b24app.dedupe.record import RecordRef
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.indexing.reading import record_pages
from b24app.services.indexing.records import LiveRecord, to_live_record
from b24app.services.portal.people import name_commands, read_people

COMMANDS_BESIDES = 6  # who we are, stages, and names of two hundred people
REFS_AT_ONCE = (BATCH_LIMIT - COMMANDS_BESIDES) * methods.PAGE_SIZE
NAMES_AT_ONCE = 4 * methods.USERS_AT_ONCE


@dataclass(frozen=True, slots=True)
class LiveMembers:
    """What could be read. A record that is missing is hidden from the reader, or gone."""

    viewer: Viewer
    records: Mapping[RecordRef, LiveRecord]
    people: Mapping[int, PortalUser]
    names: Mapping[int, str]
    stages: Mapping[str, str]


async def read_members(
    desk: Desk, refs: Collection[RecordRef], people: Iterable[int] = (), *, with_stages: bool = True
) -> LiveMembers:
    """Ask for at most ``REFS_AT_ONCE`` records and ``NAMES_AT_ONCE`` people, all in one request."""
    commands: dict[str, Command] = {"me": methods.profile()}
    if with_stages:
        commands["stages"] = methods.statuses("STATUS")
    pages = record_pages(refs)
    commands |= {key: page.command for key, page in pages.items()}
    commands |= name_commands(sorted(set(people))[:NAMES_AT_ONCE])
    batch = await desk.context.client.batch(commands)
    rows = ((page.type, row) for key, page in pages.items() for row in _rows(batch, key))
    found = (to_live_record(kind, row) for kind, row in rows)
    known, _ = read_people(batch)
    return LiveMembers(
        viewer=answers.viewer(batch.get("me")),
        records={live.record.ref: live for live in found},
        people=known,
        names={user.id: user.name for user in known.values()},
        stages=_stages(batch),
    )


def _rows(batch: BatchAnswer, key: str) -> list[Mapping[str, JSON]]:
    """Return the rows; a type that the reader may not read at all is simply not there."""
    if isinstance(batch.errors.get(key), AccessDenied):
        return []
    return answers.rows(batch.get(key))


def _stages(batch: BatchAnswer) -> dict[str, str]:
    if "stages" not in batch.answers:
        return {}
    return {status.id: status.name for status in answers.status_list(batch.answers["stages"])}
