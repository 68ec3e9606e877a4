"""An audit as a workbook: summary, groups, members with links to their cards, shared data, hubs.

Rows go out as they are written, so memory stays flat. What a person typed is written as text and never as a formula
or a link; the only links are those we build of the portal's address and a number.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, TypeAlias

import xlsxwriter
from xlsxwriter.exceptions import XlsxFileError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.shared import Severity
from b24app.services.audit.by_webhook.result import AuditedGroup, AuditResult, Hub, SharedValue
from b24app.services.audit.by_webhook.summary import summary
from b24app.services.audit.grading import VALUE_KINDS
from b24app.services.audit.words import Words
from b24app.services.links import card_path

SHEET_ROWS: Final = 1_048_576  # Excel's own limit; what is beyond goes on in another sheet
CELL_CHARACTERS: Final = 32_767
SHEET_LINKS: Final = 65_000  # Excel opens no sheet with 65,531 of them; further addresses are plain text
CHAIN_LINKS: Final = 20  # a longer chain is cut: nobody reads it in a cell

Cell: TypeAlias = str | int | float


class CardLink(str):
    """An address of ours, to be clicked."""

    __slots__ = ()


def write_xlsx(path: Path, result: AuditResult, words: Words, *, with_values: bool, spool: Path) -> None:
    """Write the workbook; ``spool`` is a folder for the rows on their way, to be removed by the caller.

    Raises OSError.
    """
    with _Book(path, spool) as book:
        rows = _Rows(result, words, with_values)
        book.write(words["summary"], [words["figure"], words["value"]], summary(result, words))
        book.write(words["groups"], rows.group_headers(), map(rows.group, result.groups))
        book.write(words["members"], rows.member_headers(), rows.members())
        book.write(words["shared"], rows.shared_headers(), map(rows.shared, result.shared_values))
        book.write(words["hubs"], rows.hub_headers(), map(rows.hub, result.hubs))


class _Book:
    """A workbook that takes any number of rows."""

    def __init__(self, path: Path, spool: Path) -> None:
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(spool),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._bold: Format = self._book.add_format({"bold": True})

    def __enter__(self) -> "_Book":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._book.close()
            except XlsxFileError as failed:
                raise OSError(str(failed)) from failed

    def write(self, name: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a sheet, and more sheets of the same name with a number where one is too short."""
        sheet, at, part = self._begin(name, headers), 1, 1
        for row in rows:
            if at == SHEET_ROWS:
                part += 1
                sheet, at = self._begin(f"{name} {part}", headers), 1
            for column, cell in enumerate(row):
                _write_cell(sheet, at, column, cell)
            at += 1

    def _begin(self, name: str, headers: Sequence[str]) -> Worksheet:
        sheet: Worksheet = self._book.add_worksheet(name)
        sheet.set_column(0, len(headers) - 1, 22)
        sheet.freeze_panes(1, 0)
        for column, header in enumerate(headers):
            sheet.write_string(0, column, header, self._bold)
        return sheet


def _write_cell(sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
    if isinstance(cell, CardLink) and row <= SHEET_LINKS:
        sheet.write_url(row, column, cell)
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell[:CELL_CHARACTERS])
    else:
        sheet.write_number(row, column, cell)


class _Rows:
    """The rows of each sheet, in one language."""

    def __init__(self, result: AuditResult, words: Words, with_values: bool) -> None:
        self._result = result
        self._words = words
        self._with_values = with_values

    def group_headers(self) -> list[str]:
        return self._named("group", "grade", "size", "leads", "contacts", "companies", "state", "severity",
                           "weak", "chain", *self._only("values"))  # fmt: skip

    def group(self, group: AuditedGroup) -> list[Cell]:
        shared = group.worst_shared
        return [
            group.number,
            self._grade(group.grade),
            len(group.records),
            *_counts(group.records),
            self._words[shared.kind.value] if shared else "",
            self._severity(shared.severity) if shared else "",
            self._yes_no(group.is_held_by_weak),
            self._chain(group),
            *self._only(", ".join(key.display for key in group.keys)),
        ]

    def member_headers(self) -> list[str]:
        return self._named("group", "type", "id", "link", "responsible", "kind", *self._only("title"))

    def members(self) -> Iterator[list[Cell]]:
        for group in self._result.groups:
            kinds = self._kinds_held(group)
            for ref in group.records:
                yield [
                    group.number,
                    self._words[ref.type.word],
                    ref.id,
                    CardLink(self._result.origin + card_path(ref)),
                    self._result.responsibles[ref] or "",
                    kinds[ref],
                    *self._only(self._result.titles.get(ref, "")),
                ]

    def shared_headers(self) -> list[str]:
        return self._named("group", "kind", "state", "severity", "same_responsible", "contacts", "companies",
                           *self._only("value"))  # fmt: skip

    def shared(self, value: SharedValue) -> list[Cell]:
        return [
            value.group,
            self._words[value.kind.value],
            self._words[value.data.kind.value],
            self._severity(value.data.severity),
            self._yes_no(value.data.same_responsible),
            ", ".join(str(ref.id) for ref in value.data.contacts),
            ", ".join(str(ref.id) for ref in value.data.companies),
            *self._only(value.display),
        ]

    def hub_headers(self) -> list[str]:
        return self._named("kind", "size", "leads", "contacts", "companies", *self._only("value"))

    def hub(self, hub: Hub) -> list[Cell]:
        return [
            self._words[hub.kind.value],
            len(hub.records),
            *_counts(hub.records),
            *self._only(hub.display),
        ]

    def _named(self, *keys: str) -> list[str]:
        return [self._words[key] for key in keys]

    def _only(self, cell: str) -> tuple[str, ...]:
        """Return the cell where values are wanted, and none otherwise."""
        return (cell,) if self._with_values else ()

    def _yes_no(self, claim: bool) -> str:
        return self._words["yes" if claim else "no"]

    def _grade(self, grade: Grade) -> str:
        return self._words["grade_weak" if grade is Grade.WEAK else grade.word]

    def _severity(self, severity: Severity) -> str:
        return self._words["severity_warning" if severity is Severity.WARNING else severity.word]

    def _chain(self, group: AuditedGroup) -> str:
        told = [f"{link.a} ~ {link.b} {self._words[link.key.kind.name.lower()]}" for link in group.chain]
        return ", ".join(told[:CHAIN_LINKS]) + (" …" if len(told) > CHAIN_LINKS else "")

    def _kinds_held(self, group: AuditedGroup) -> dict[RecordRef, str]:
        held: dict[RecordRef, list[str]] = {ref: [] for ref in group.records}
        for key in group.keys:
            for ref in key.records:
                held[ref].append(self._words[VALUE_KINDS[key.key.kind].value])
        return {ref: ", ".join(dict.fromkeys(kinds)) for ref, kinds in held.items()}


def _counts(refs: Iterable[RecordRef]) -> list[int]:
    sizes = Counter(ref.type for ref in refs)
    return [sizes[kind] for kind in RecordType]
