"""A workbook written row by row into any stream: flat memory, and nothing of it on a disk in clear.

XlsxWriter spools its rows to temporary files, which must not happen to personal data (docs/decisions); this writer
sends each row through the zip to the stream it is given. Texts are inline strings, so that what a person typed
is never a formula; the only formulas are HYPERLINK with an address and a caption of ours.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final, Protocol, TypeAlias, cast
from xml.sax.saxutils import escape, quoteattr

SHEET_ROWS: Final = 1_048_576  # Excel's own limit; what is beyond goes on in another sheet
CELL_CHARACTERS: Final = 32_767
SHEET_NAME_CHARACTERS: Final = 31
LEVEL: Final = 3  # of zlib: rows look alike, more effort saves little
DAY_S: Final = 86_400.0
EPOCH_DAY: Final = 25_569  # 1970-01-01 as Excel counts days
BLOCK: Final = 500  # rows to a write

BOLD, DATE, LINK = 1, 2, 3  # rows of the style sheet below
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NEEDS_CARE = re.compile("[&<>\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><fonts count="3">'
    '<font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/>'
    '<name val="Calibri"/></font><font><u/><sz val="11"/><color rgb="FF0563C1"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class CardLink:
    """An address of ours and what to read there; neither was typed by a person."""

    address: str
    caption: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and its time as a clock on a wall shows them, in seconds since its 1 January 1970."""

    at: float


Cell: TypeAlias = str | int | float | CardLink | Moment | None


class Sink(Protocol):
    """What a workbook is written into; it is never read or rewound."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


class Workbook:
    """One .xlsx on its way into ``stream``, sheet after sheet; ``close`` finishes it."""

    def __init__(self, stream: Sink) -> None:
        self._zip = zipfile.ZipFile(cast(IO[bytes], stream), "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._names: list[str] = []
        self._sheet: _Sheet | None = None

    def begin(self, name: str, headers: Sequence[str]) -> None:
        """Begin a sheet; the one before is finished."""
        self._finish()
        self._open(name, headers)

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Add rows to the sheet; it goes on in another one where Excel could not take more."""
        for row in rows:
            sheet = self._current
            if sheet.is_full:
                self._finish()
                self._open(f"{sheet.name} {sheet.part + 1}", sheet.headers, sheet)
                sheet = self._current
            sheet.add(row)

    def close(self) -> None:
        """Write what a reader needs to find the sheets."""
        self._finish()
        for path, text in _parts(self._names):
            self._zip.writestr(path, text)
        self._zip.close()

    @property
    def _current(self) -> "_Sheet":
        if self._sheet is None:
            raise ValueError("no sheet was begun")
        return self._sheet

    def _open(self, name: str, headers: Sequence[str], before: "_Sheet | None" = None) -> None:
        self._names.append(name[:SHEET_NAME_CHARACTERS])
        file = self._zip.open(f"xl/worksheets/sheet{len(self._names)}.xml", "w")
        root = before.name if before else name
        self._sheet = _Sheet(file, root, headers, before.part + 1 if before else 1)

    def _finish(self) -> None:
        if self._sheet is not None:
            self._sheet.close()
            self._sheet = None


class _Sheet:
    """Rows of one worksheet, written in blocks."""

    def __init__(self, file: IO[bytes], name: str, headers: Sequence[str], part: int) -> None:
        self._file = file
        self.name = name
        self.headers = headers
        self.part = part
        self._waiting: list[str] = []
        self._at = 0
        self._columns = [_column(number) for number in range(len(headers))]
        self._write(_sheet_head(len(headers)))
        cells = (f'<c r="{self._columns[at]}1" s="{BOLD}" {_text(name)}' for at, name in enumerate(headers))
        self._add(f'<row r="1">{"".join(cells)}</row>')

    @property
    def is_full(self) -> bool:
        return self._at >= SHEET_ROWS

    def add(self, row: Sequence[Cell]) -> None:
        number = self._at + 1
        cells = [
            f'<c r="{column}{number}" {_cell(value)}'
            for column, value in zip(self._columns, row, strict=True)
            if value is not None and value != ""
        ]
        self._add(f'<row r="{number}">{"".join(cells)}</row>')

    def close(self) -> None:
        self._flush()
        last = f"{self._columns[-1]}{max(self._at, 1)}"
        self._write(f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>')
        self._file.close()

    def _add(self, row: str) -> None:
        self._waiting.append(row)
        self._at += 1
        if len(self._waiting) >= BLOCK:
            self._flush()

    def _flush(self) -> None:
        self._write("".join(self._waiting))
        self._waiting.clear()

    def _write(self, text: str) -> None:
        self._file.write(text.encode())


def _cell(value: str | int | float | CardLink | Moment) -> str:
    """Return a cell after its address: attributes, content, end."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Moment):
        return f's="{DATE}"><v>{value.at / DAY_S + EPOCH_DAY:.6f}</v></c>'
    if isinstance(value, CardLink):
        formula = f'HYPERLINK("{_quoted(value.address)}","{_quoted(value.caption)}")'
        return f's="{LINK}" t="str"><f>{escape(formula)}</f><v>{escape(value.caption)}</v></c>'
    return f"><v>{value}</v></c>"


def _text(text: str) -> str:
    if len(text) > CELL_CHARACTERS:
        text = text[:CELL_CHARACTERS]
    if _NEEDS_CARE.search(text):
        text = escape(_FORBIDDEN.sub("", text))
    return f't="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def _column(number: int) -> str:
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _sheet_head(columns: int) -> str:
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
        'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols><col min="1" max="{columns}" width="22" customWidth="1"/></cols><sheetData>'
    )


def _parts(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the package's own files."""
    numbers = range(1, len(names) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in zip(numbers, names, strict=True)
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{kind}.worksheet+xml"/>'
        for number in numbers
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    styles = f'<Relationship Id="rId0" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    yield "xl/styles.xml", _STYLES
    yield (
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>',
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{styles}{relations}</Relationships>',
    )
    yield (
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{overrides}</Types>',
    )
