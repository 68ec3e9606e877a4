"""What the tab asks of the portal, as the person who looks: one batch, so one request. Rights hold by themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import Viewer
from b24app.bitrix24.calls import JSON, BatchAnswer, Command
from b24app.bitrix24.errors import AccessDenied
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.card.candidates import Candidate, Candidates, of_type
from b24app.services.indexing.reading import record_pages
from b24app.services.indexing.records import SELECTED, LiveRecord, to_live_record, to_timestamp
from b24app.services.portal.people import name_commands, read_names

ROWS = methods.PAGE_SIZE
FAR_AT_ONCE = 500  # ids of one counting page
LINKS_AT_ONCE = 8  # contacts whose companies are asked for
USERS_AT_ONCE = 100
CLIENT_FIELDS = {RecordType.CONTACT: "CONTACT_ID", RecordType.COMPANY: "COMPANY_ID"}  # of a deal


@dataclass(frozen=True, slots=True)
class FarPage:
    """A counted slice of the candidates that share only hub values."""

    type: RecordType
    ids: tuple[int, ...]
    start: int

    @property
    def key(self) -> str:
        return f"far_{self.type.word}_{self.ids[0]}_{self.start}"


@dataclass(frozen=True, slots=True)
class LiveView:
    """What the portal showed this viewer."""

    viewer: Viewer
    records: Mapping[RecordRef, LiveRecord]
    far_totals: Mapping[str, int]  # by the key of the page
    far_rows: Mapping[str, tuple[LiveRecord, ...]]
    users: Mapping[int, str]
    stages: Mapping[str, str] | None  # None: not asked this time
    companies: Mapping[RecordRef, tuple[RecordRef, ...]]  # contact → its companies, primary first
    deals: Mapping[RecordRef, float]  # contact or company → its latest open deal's change
    notices: tuple[str, ...] = field(default=())


def who_and_what(subjects: Iterable[RecordRef]) -> dict[str, Command]:
    """Ask who is looking, and for the open records themselves."""
    return {"me": methods.profile(), **_record_pages("self", list(subjects))}


def candidate_commands(candidates: Candidates, *, with_stages: bool) -> dict[str, Command]:
    """Ask for everyone near, and whom the page names besides them."""
    near = [*candidates.near, *_rejected(candidates)]
    commands = _record_pages("near", [candidate.ref for candidate in near])
    people = {c.responsible_id for c in (*near, *candidates.far[:ROWS]) if c.responsible_id is not None}
    people |= {rejection.author_id for rejection in candidates.rejected.values()}
    commands |= name_commands(sorted(people)[:USERS_AT_ONCE])
    if with_stages:
        commands["stages"] = methods.statuses("STATUS")
    return commands


def _rejected(candidates: Candidates) -> list[Candidate]:
    return [Candidate(ref, frozenset(), None, (), None) for ref in candidates.rejected]


def client_commands(refs: Iterable[RecordRef]) -> dict[str, Command]:
    """Ask for the companies and open deals of contacts and companies that share a value; of the first few."""
    clients = sorted(set(refs))
    contacts = [ref for ref in clients if ref.type is RecordType.CONTACT][:LINKS_AT_ONCE]
    companies = [ref for ref in clients if ref.type is RecordType.COMPANY][:LINKS_AT_ONCE]
    return {**link_commands(contacts), **deal_commands([*contacts, *companies])}


def link_commands(contacts: Iterable[RecordRef]) -> dict[str, Command]:
    """Ask for all companies of each contact."""
    return {f"links{contact.id}": methods.companies_of_contact(contact.id) for contact in contacts}


def deal_commands(clients: Iterable[RecordRef]) -> dict[str, Command]:
    """Ask for the open deals of contacts and companies, a few of them a command."""
    commands, chosen = {}, sorted(set(clients))
    for record_type, field_name in CLIENT_FIELDS.items():
        ids = [ref.id for ref in chosen if ref.type is record_type]
        for start in range(0, len(ids), LINKS_AT_ONCE):
            commands[f"deals_{field_name}_{start}"] = methods.list_records(
                "deal",
                select=["ID", "CONTACT_ID", "COMPANY_ID", "DATE_MODIFY"],
                filter_by={f"@{field_name}": ids[start : start + LINKS_AT_ONCE], "CLOSED": "N"},
                order={"DATE_MODIFY": "DESC"},
            )
    return commands


def far_pages(candidates: Candidates) -> list[FarPage]:
    """Cut the hub candidates into slices whose readable records the portal counts."""
    pages = []
    for record_type in RecordType:
        ids = [candidate.ref.id for candidate in of_type(candidates.far, record_type)]
        pages += [
            FarPage(record_type, tuple(ids[start : start + FAR_AT_ONCE]), 0)
            for start in range(0, len(ids), FAR_AT_ONCE)
        ]
    return pages


def far_commands(pages: Iterable[FarPage]) -> dict[str, Command]:
    """Ask for fifty rows of each slice, and how many of it the viewer may read."""
    return {
        page.key: methods.list_records(
            page.type.word,
            select=SELECTED[page.type],
            filter_by={"@ID": list(page.ids)},
            order={"ID": "ASC"},
            start=page.start,
        )
        for page in pages
    }


def _record_pages(prefix: str, refs: Iterable[RecordRef]) -> dict[str, Command]:
    pages = record_pages(refs).values()
    return {f"{prefix}_{page.type.word}_{number}": page.command for number, page in enumerate(pages)}


def read_view(batch: BatchAnswer, pages: Sequence[FarPage]) -> LiveView:
    """Translate the batch; a type the viewer may not read at all is simply not there, other refusals are raised."""
    notices: list[str] = []
    records: dict[RecordRef, LiveRecord] = {}
    for key in (*batch.answers, *batch.errors):
        prefix, _, rest = key.partition("_")
        if prefix in ("self", "near"):
            record_type = RecordType.parse(rest.partition("_")[0])
            records |= {live.record.ref: live for live in _live_rows(batch, key, record_type)}
    far = {page.key: tuple(_live_rows(batch, page.key, page.type)) for page in pages}
    totals = {page.key: batch.answers[page.key].total or 0 for page in pages if page.key in batch.answers}
    names, is_whole = read_names(batch)
    if not is_whole:
        notices.append("users_unreadable")
    return LiveView(
        viewer=answers.viewer(batch.get("me")),
        records=records,
        far_totals=totals,
        far_rows=far,
        users=names,
        stages=_stages(batch),
        companies=_companies(batch),
        deals=_deals(batch, notices),
        notices=tuple(notices),
    )


def _live_rows(batch: BatchAnswer, key: str, record_type: RecordType) -> list[LiveRecord]:
    if isinstance(batch.errors.get(key), AccessDenied):
        return []
    return [to_live_record(record_type, row) for row in answers.rows(batch.get(key))]


def _stages(batch: BatchAnswer) -> dict[str, str] | None:
    if "stages" not in batch.answers:
        return None
    return {status.id: status.name for status in answers.status_list(batch.answers["stages"])}


def _companies(batch: BatchAnswer) -> dict[RecordRef, tuple[RecordRef, ...]]:
    return {
        RecordRef(RecordType.CONTACT, int(key.removeprefix("links"))): tuple(
            RecordRef(RecordType.COMPANY, company) for company in answers.linked_ids(answer, "COMPANY_ID")
        )
        for key, answer in batch.answers.items()
        if key.startswith("links")
    }


def _deals(batch: BatchAnswer, notices: list[str]) -> dict[RecordRef, float]:
    latest: dict[RecordRef, float] = {}
    if any(key.startswith("deals_") for key in batch.errors):
        notices.append("deals_unreadable")
    for record_type, field_name in CLIENT_FIELDS.items():
        for key, answer in batch.answers.items():
            for row in answers.rows(answer) if key.startswith(f"deals_{field_name}_") else ():
                _note_deal(latest, record_type, row, field_name)
    return latest


def _note_deal(
    latest: dict[RecordRef, float], record_type: RecordType, row: Mapping[str, JSON], field_name: str
) -> None:
    client, modified_at = answers.to_id(row.get(field_name)), to_timestamp(row.get("DATE_MODIFY"))
    if client is not None and modified_at is not None:
        ref = RecordRef(record_type, client)
        latest[ref] = max(latest.get(ref, 0.0), modified_at)
