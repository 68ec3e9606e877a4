"""What stands in the files of an audit: cells of each sheet, and lines of the CSV. Pure; values were read live."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from b24app.dedupe.record import RecordRef, RecordType, ValueKind
from b24app.services.audit.export.workbook import CardLink, Cell, Moment
from b24app.services.audit.pages.live_members import LiveMembers
from b24app.services.audit.pages.show_groups import names_word
from b24app.services.audit.words import Words
from b24app.services.indexing.records import LiveRecord
from b24app.services.links import card_path
from b24app.services.time_zones import seconds_by_wall, zone_of
from b24app.store.audit_values import AuditGroup, AuditHub, AuditLink, AuditMember, AuditShared

CHAIN_LINKS: Final = 20  # a longer chain is cut: nobody reads it in a cell
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
BOM: Final = "\ufeff"
GROUP_COLUMNS: Final = (
    "group", "grade", "names", "size", "leads", "contacts", "companies", "severity", "weak", "change", "chain",
    "handed_to", "due",
)  # fmt: skip
MEMBER_COLUMNS: Final = (
    "group", "type", "id", "link", "title", "name", "phones", "emails", "company", "responsible_name", "stage",
    "created", "modified",
)  # fmt: skip
SHARED_COLUMNS: Final = (
    "group", "kind", "state", "severity", "same_responsible", "contacts", "companies", "receiver",
    "should_receive", "misrouted",
)  # fmt: skip
MOMENT_COLUMNS: Final = ("created", "modified")  # their headers name the zone in which times are spelled
HUB_COLUMNS: Final = ("kind", "size", "leads", "contacts", "companies", "sample")


class Rows:
    """Rows in one language, with links into one portal and times of one zone."""

    def __init__(self, origin: str, words: Words, zone: str) -> None:
        self._origin = origin
        self._words = words
        self._zone_name = zone
        self._zone = zone_of(zone)

    def headers(self, columns: Iterable[str]) -> list[str]:
        return [self._header(column) for column in columns]

    def _header(self, column: str) -> str:
        word = self._words[column]
        header = f"{word[:1].upper()}{word[1:]}"
        return f"{header} ({self._zone_name})" if column in MOMENT_COLUMNS else header

    def group(self, group: AuditGroup, names: Mapping[int, str]) -> list[Cell]:
        return [
            group.code,
            self._word("grade", group.grade.word),
            self._words[f"names_{names_word(group.name_grade)}"],
            group.size,
            group.leads,
            group.contacts,
            group.companies,
            self._word("severity", group.severity.word) if group.severity else "",
            self._words["yes"] if group.is_weakly_held else "",
            self._words[f"change_{group.change.word}"],
            self._chain(group.chain),
            "" if group.handed_to is None else names.get(group.handed_to, str(group.handed_to)),
            None if group.due_at is None else Moment(group.due_at),  # a day, the same everywhere
        ]

    def member(
        self, code: str, member: AuditMember, live: LiveMembers, names: Mapping[int, str]
    ) -> list[Cell]:
        ref, found = member.ref, live.records.get(member.ref)
        address = self._origin + card_path(ref)
        head: list[Cell] = [code, self._words[ref.type.word], ref.id, CardLink(address, self.spell(ref))]
        if found is None:
            return [*head, self._words["not_readable"], *([None] * (len(MEMBER_COLUMNS) - len(head) - 1))]
        record = found.record
        responsible = record.responsible_id
        return [
            *head,
            found.title,
            _name(found),
            _values(found, ValueKind.PHONE),
            _values(found, ValueKind.EMAIL),
            "" if ref.type is RecordType.COMPANY else record.company_title,
            "" if responsible is None else names.get(responsible, str(responsible)),
            live.stages.get(found.stage_id, found.stage_id),
            self._moment(record.created_at),
            self._moment(record.modified_at),
        ]

    def shared(self, code: str, value: AuditShared) -> list[Cell]:
        return [
            code,
            self._words[value.value_kind],
            self._words[value.shared_kind.value],
            self._word("severity", value.severity.word),
            self._words["yes" if value.is_same_responsible else "no"],
            ", ".join(str(ref.id) for ref in value.contacts),
            ", ".join(str(ref.id) for ref in value.companies),
            "" if value.receiver is None else self.spell(value.receiver),
            "" if value.should_receive is None else self.spell(value.should_receive),
            self._words["yes"] if value.is_misrouted else "",
        ]

    def hub(self, hub: AuditHub) -> list[Cell]:
        sample = ", ".join(self.spell(ref) for ref in hub.sample)
        return [self._words[hub.kind.name.lower()], hub.size, hub.leads, hub.contacts, hub.companies, sample]

    def spell(self, ref: RecordRef) -> str:
        return f"{self._words[ref.type.word]} {ref.id}"

    def _moment(self, at: float | None) -> Moment | None:
        return None if at is None else Moment(seconds_by_wall(at, self._zone))

    def _word(self, family: str, word: str) -> str:
        """Return a word of ours; the two that mean something else elsewhere carry their family's name."""
        return self._words.get(f"{family}_{word}") or self._words[word]

    def _chain(self, chain: Sequence[AuditLink]) -> str:
        told = [
            f"{self.spell(link.a)} ~ {self.spell(link.b)}: {self._words[link.kind.name.lower()]}"
            for link in chain[:CHAIN_LINKS]
        ]
        return ", ".join(told) + (" …" if len(chain) > CHAIN_LINKS else "")


def csv_lines(rows: Iterable[Sequence[Cell]], separator: str) -> str:
    """Return lines for a table program; what it would take for a formula is made a text."""
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=separator, lineterminator="\r\n")
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return lines.getvalue()


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, CardLink):
        return cell.address
    if isinstance(cell, Moment):
        return f"{_iso(cell.at)}"
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell
    return cell


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _name(live: LiveRecord) -> str:
    person = live.record.person
    return " ".join(part for part in (person.last, person.first, person.second) if part)


def _values(live: LiveRecord, kind: ValueKind) -> str:
    return ", ".join(field.value for field in live.record.multifields if field.kind is kind)
