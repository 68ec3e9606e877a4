"""What an audit asks of the portal, with the installer's rights: members of groups, their companies, open deals.

Names are compared and forgotten; nothing read here is kept but ids, codes and scores.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import JSON, Command
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.errors import AccessDenied
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.services.audit.run.structure import with_those_below
from b24app.services.indexing.reading import record_pages
from b24app.services.indexing.records import to_live_record, to_timestamp
from b24app.services.indexing.refresh import LostRights

SOURCE = "SOURCE_ID"
WITH_SOURCE = (RecordType.LEAD, RecordType.CONTACT)  # a company has none
DEPARTMENTS_AT_ONCE = 200  # of one filter: each is a variable of the request, and PHP reads a thousand
CLIENTS_AT_ONCE = 10  # of one list of deals: more would seldom fit a page
DEAL_FIELDS = {RecordType.CONTACT: "CONTACT_ID", RecordType.COMPANY: "COMPANY_ID"}


@dataclass(frozen=True, slots=True)
class Members:
    """Records as the portal shows them now; one that is missing is gone. ``sources`` are the portal's codes."""

    records: dict[RecordRef, Record]
    sources: Mapping[RecordRef, str]


async def read_members(client: PortalClient, refs: Iterable[RecordRef]) -> Members:
    """Read these records, fifty a page. Raises LostRights when the token no longer sees everything."""
    pages = record_pages(refs, also=dict.fromkeys(WITH_SOURCE, (SOURCE,)))
    batch = await client.batch(
        {"me": methods.profile(), **{key: page.command for key, page in pages.items()}}
    )
    if not answers.viewer(batch.get("me")).is_admin:
        raise LostRights(method="profile")
    rows = [(page.type, row) for key, page in pages.items() for row in answers.rows(batch.get(key))]
    records = [to_live_record(kind, row).record for kind, row in rows]
    sources = {
        record.ref: code
        for record, (_, row) in zip(records, rows, strict=True)
        if isinstance(code := row.get(SOURCE), str) and code
    }
    return Members({record.ref: record for record in records}, sources)


async def read_open_deals(client: PortalClient, clients: Collection[RecordRef]) -> dict[RecordRef, float]:
    """Return when the latest open deal of contacts and companies was changed; empty without a right to deals."""
    found: dict[RecordRef, float] = {}
    waiting = sorted(set(clients))
    while waiting:
        parts = _parts(waiting)
        batch = await client.batch({str(number): _deals(part) for number, part in enumerate(parts)})
        waiting = []
        for number, part in enumerate(parts):
            if isinstance(batch.errors.get(str(number)), AccessDenied):
                return {}
            rows = answers.rows(batch.get(str(number)))
            latest = _latest(part[0].type, rows)
            found |= latest
            if len(rows) == methods.PAGE_SIZE and latest:  # a full page may hide the deals of the others
                waiting += [ref for ref in part if ref not in latest]
    return found


async def read_employees(client: PortalClient, departments: Iterable[int]) -> frozenset[int]:
    """Return the employees of departments and of all below them, dismissed ones too: their records are still there."""
    chosen = sorted(await with_those_below(client, departments))
    found: set[int] = set()
    for place in range(0, len(chosen), DEPARTMENTS_AT_ONCE):
        found |= await _read_employees_of(client, chosen[place : place + DEPARTMENTS_AT_ONCE])
    return frozenset(found)


async def _read_employees_of(client: PortalClient, departments: Sequence[int]) -> set[int]:
    found: set[int] = set()
    start: int | None = 0
    while start is not None:
        batch = await client.batch({"users": methods.users_of_departments(departments, start)})
        answer = batch.get("users")
        found |= {user for row in answers.rows(answer) if (user := answers.to_id(row.get("ID"))) is not None}
        start = answer.next
    return found


async def read_ids_of_sources(
    client: PortalClient, kind: RecordType, sources: Iterable[str]
) -> frozenset[int]:
    """Return the leads or contacts that came by one of these sources, page behind page."""
    found: set[int] = set()
    after_id: int | None = 0
    while after_id is not None:
        commands, previous = {}, str(after_id)
        for page in range(SOURCE_PAGES):
            commands[f"p{page}"] = methods.list_records(
                kind.word,
                select=["ID"],
                filter_by={f"@{SOURCE}": sorted(sources), ">ID": previous},
                order={"ID": "ASC"},
            )
            previous = f"$result[p{page}][{methods.PAGE_SIZE - 1}][ID]"
        batch = await client.batch(commands)
        after_id = _add_ids(found, [answers.rows(batch.get(key)) for key in commands], after_id)
    return frozenset(found)


SOURCE_PAGES = 40  # of one request


def _add_ids(found: set[int], pages: Sequence[Sequence[Mapping[str, JSON]]], after_id: int) -> int | None:
    """Add the ids of full pages and of the first that is not; return where to go on, None at the end."""
    for rows in pages:
        ids = [one for row in rows if (one := answers.to_id(row.get("ID"))) is not None and one > after_id]
        found.update(ids)
        if len(ids) < methods.PAGE_SIZE:
            return None
        after_id = max(ids)
    return after_id


def _parts(clients: Sequence[RecordRef]) -> list[list[RecordRef]]:
    by_type = ([ref for ref in clients if ref.type is kind] for kind in DEAL_FIELDS)
    return [
        refs[start : start + CLIENTS_AT_ONCE]
        for refs in by_type
        for start in range(0, len(refs), CLIENTS_AT_ONCE)
    ]


def _deals(part: Sequence[RecordRef]) -> Command:
    field = DEAL_FIELDS[part[0].type]
    return methods.list_records(
        "deal",
        select=["ID", field, "DATE_MODIFY"],
        filter_by={f"@{field}": [ref.id for ref in part], "CLOSED": "N"},
        order={"DATE_MODIFY": "DESC"},
    )


def _latest(kind: RecordType, rows: Iterable[Mapping[str, JSON]]) -> dict[RecordRef, float]:
    latest: dict[RecordRef, float] = {}
    for row in rows:
        client, at = answers.to_id(row.get(DEAL_FIELDS[kind])), to_timestamp(row.get("DATE_MODIFY"))
        if client is not None and at is not None:
            ref = RecordRef(kind, client)
            latest[ref] = max(latest.get(ref, 0.0), at)
    return latest
