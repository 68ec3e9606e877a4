"""What lists and cards of the toy portal show, already put into words. Rights are the viewer's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil

from b24app.sandbox.fields import SPECS, Kind
from b24app.sandbox.pages_screen import Viewer
from b24app.sandbox.records import PORTAL_ZONE, ContactValue, Record
from b24app.sandbox.rest.conditions import IdBounds
from b24app.sandbox.rest.query import PAGE, Query, Sorting, run
from b24app.sandbox.wire import as_int, as_text

_PLAIN = {
    "lead": ("LAST_NAME", "NAME", "SECOND_NAME", "COMPANY_TITLE", "SOURCE_ID", "COMMENTS"),
    "contact": ("LAST_NAME", "NAME", "SECOND_NAME", "SOURCE_ID", "COMMENTS"),
    "company": ("COMMENTS",),
    "deal": ("OPPORTUNITY", "COMMENTS"),
}
_LABELS = {
    "LAST_NAME": "last_name",
    "NAME": "name",
    "SECOND_NAME": "second_name",
    "COMPANY_TITLE": "company_title",
    "SOURCE_ID": "source",
    "OPPORTUNITY": "amount",
    "COMMENTS": "comment",
}
MOST_LINKS = 20
_NEWEST_FIRST = (Sorting("ID", Kind.NUMBER, lambda record: record.id, descending=True),)


@dataclass(frozen=True, slots=True)
class LinkView:
    """A record named on another's page; without a path when the viewer may not read it."""

    word: str
    id: int
    title: str
    path: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One line of a list."""

    link: LinkView
    values: tuple[ContactValue, ...]
    stage: str
    semantics: str
    responsible: str
    created: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list."""

    word: str
    search: str
    rows: tuple[RowView, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class StageView:
    """One step of the stage bar; ``state`` is done, current or ahead."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Card:
    """A record's card."""

    row: RowView
    fields: tuple[tuple[str, str], ...]  # text key of the label, value
    phones: tuple[ContactValue, ...]
    emails: tuple[ContactValue, ...]
    stages: tuple[StageView, ...]
    links: tuple[LinkView, ...]
    history: tuple[tuple[str, str], ...]
    has_multifields: bool
    may_write: bool
    tabs: tuple[str, ...] = field(default=())


def path_of(word: str, record_id: int) -> str:
    return f"/crm/{word}/details/{record_id}/"


def title_of(viewer: Viewer, word: str, record: Record) -> str:
    """Return how the portal calls a record."""
    if word == "contact":
        names = (as_text_of(record, name) for name in ("NAME", "SECOND_NAME", "LAST_NAME"))
        title = " ".join(name for name in names if name)
    else:
        title = as_text_of(record, "TITLE")
    return title or f"{viewer.texts[word]} #{record.id}"


def as_text_of(record: Record, name: str) -> str:
    return as_text(record.fields.get(name))


def show_list(viewer: Viewer, word: str, search: str, page: int) -> Listing:
    """Return one page of what the viewer may read, newest first."""
    wanted = search.strip().casefold()
    owners = viewer.portal.users.within(viewer.user, viewer.user.may_read(word))
    fits = (lambda record: wanted in title_of(viewer, word, record).casefold(),) if wanted else ()
    table = viewer.portal.crm.tables[word]
    found = run(table, Query(IdBounds(), fits, owners, _NEWEST_FIRST, PAGE * (max(page, 1) - 1)))
    total = found.total or 0
    rows = tuple(_row(viewer, word, record) for record in found.records)
    return Listing(word, search.strip(), rows, total, max(page, 1), max(1, ceil(total / PAGE)))


def show_card(viewer: Viewer, word: str, record: Record) -> Card:
    return Card(
        row=_row(viewer, word, record),
        fields=tuple(_plain_fields(viewer, word, record)),
        phones=record.values.get("PHONE", ()),
        emails=record.values.get("EMAIL", ()),
        stages=tuple(_stages(viewer, word, record)),
        links=tuple(_links(viewer, word, record)),
        history=tuple(_history(viewer, record)),
        has_multifields=SPECS[word].has_multifields,
        may_write=viewer.may_write(word, record),
    )


def show_link(viewer: Viewer, word: str, record_id: int) -> LinkView | None:
    """Return a record's name and path, without both when the viewer may not read it; None when it is gone."""
    record = viewer.portal.crm.get(word, record_id)
    if record is None:
        return None
    if not viewer.may_read(word, record):
        return LinkView(word, record_id, viewer.texts["hidden_record"], "")
    return LinkView(word, record_id, title_of(viewer, word, record), path_of(word, record_id))


def person_name(viewer: Viewer, user_id: int) -> str:
    user = viewer.portal.users.get(user_id)
    return f"{user.name} {user.last_name}".strip() if user else viewer.texts["unknown_person"]


def _row(viewer: Viewer, word: str, record: Record) -> RowView:
    spec, crm = SPECS[word], viewer.portal.crm
    stage = as_text_of(record, spec.stage_field) if spec.stage_field else ""
    return RowView(
        link=LinkView(word, record.id, title_of(viewer, word, record), path_of(word, record.id)),
        values=(*record.values.get("PHONE", ()), *record.values.get("EMAIL", ())),
        stage=_directory_name(viewer, spec.directory, stage),
        semantics=crm.semantics(spec, record) if spec.stage_field else "",
        responsible=person_name(viewer, as_int(record.fields.get("ASSIGNED_BY_ID"))),
        created=_moment(record, "DATE_CREATE"),
    )


def _directory_name(viewer: Viewer, directory: str | None, code: str) -> str:
    rows = viewer.portal.crm.statuses.rows
    return next((row.name for row in rows if (row.entity_id, row.code) == (directory, code)), code)


def _plain_fields(viewer: Viewer, word: str, record: Record) -> Iterator[tuple[str, str]]:
    for name in _PLAIN[word]:
        text = as_text_of(record, name)
        if name == "SOURCE_ID":
            text = _directory_name(viewer, "SOURCE", text)
        if name == "OPPORTUNITY":
            amount = f"{float(text or 0):,.0f}".replace(",", "\N{NO-BREAK SPACE}")
            text = f"{amount}\N{NO-BREAK SPACE}{as_text_of(record, 'CURRENCY_ID')}"
        if text:
            yield _LABELS[name], text


def _stages(viewer: Viewer, word: str, record: Record) -> Iterator[StageView]:
    """Give the steps in work, and at the end the last one, or the final one the record has come to."""
    spec = SPECS[word]
    if spec.stage_field is None:
        return
    rows = [row for row in viewer.portal.crm.statuses.rows if row.entity_id == spec.directory]
    current = as_text_of(record, spec.stage_field)
    final = next((row for row in rows if row.semantics and row.code == current), None)
    last = final or next(row for row in rows if row.semantics == "S")
    state = "done"
    for row in (*(row for row in rows if row.semantics is None), last):
        if row.code == current:
            yield StageView(row.name, "current")
            state = "ahead"
        else:
            yield StageView(row.name, state)


def _links(viewer: Viewer, word: str, record: Record) -> Iterator[LinkView]:
    crm = viewer.portal.crm
    targets: list[tuple[str, int]] = []
    if word == "contact":
        targets = [("company", target) for target in crm.links["contact"].targets(record.id)]
    elif word == "company":
        targets = [("contact", owner) for owner in crm.links["contact"].owners(record.id)]
    else:
        targets = [("contact", target) for target in crm.links[word].targets(record.id)]
        targets += [("company", as_int(record.fields.get("COMPANY_ID")))]
        targets += [("lead", as_int(record.fields.get("LEAD_ID")))] if word == "deal" else []
    for target_word, target_id in targets[:MOST_LINKS]:
        shown = show_link(viewer, target_word, target_id)
        if shown is not None:
            yield shown


def _history(viewer: Viewer, record: Record) -> Iterator[tuple[str, str]]:
    yield "modified", _moment(record, "DATE_MODIFY")
    yield "modified_by", person_name(viewer, as_int(record.fields.get("MODIFY_BY_ID")))
    yield "created", _moment(record, "DATE_CREATE")
    yield "created_by", person_name(viewer, as_int(record.fields.get("CREATED_BY_ID")))


def _moment(record: Record, name: str) -> str:
    return moment_text(float(as_text_of(record, name) or 0))


def moment_text(seconds: float) -> str:
    """Write a moment in the portal's own time zone, as its screen does."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(PORTAL_ZONE).strftime("%d.%m.%Y %H:%M")
