"""Files of an audit: 200,000 members as XLSX and CSV, values and sealing included, each in a process of its own.

The peer of the same run is XlsxWriter alone (constant memory) with the same cells. The portal's time is not in it.
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import process_time

import xlsxwriter

from b24app.bitrix24.answers import Viewer
from b24app.dedupe.record import Multifield, PersonName, Record, RecordRef, RecordType, Stage, ValueKind
from b24app.services.audit.export.export_rows import MEMBER_COLUMNS, Rows, csv_lines
from b24app.services.audit.export.workbook import CardLink, Cell, Moment, Workbook
from b24app.services.audit.pages.live_members import LiveMembers
from b24app.services.audit.sealed_file import SealedWriter, new_key
from b24app.services.audit.words import WORDS
from b24app.services.indexing.records import LiveRecord
from b24app.store.audit_values import AuditMember
from bench.report import Figure

ROWS, QUICK_ROWS, BLOCK = 200_000, 20_000, 2_000
TARGET_RATIO, TARGET_MB, TARGET_S = 1.5, 150.0, 30.0
CHILD_TIMEOUT_S = 600
MB_IN_KB = 1024
NOON = 1_750_000_000.0
NAMES = {number: f"Сотрудник {number}" for number in range(40)}
STAGES = {"NEW": "Новый"}
ROWS_IN_RUSSIAN = Rows("https://portal.example", WORDS["ru"], "UTC")


def measure(*, quick: bool) -> Iterator[Figure]:
    """Write each file, and the peer's, and yield the rows."""
    rows = QUICK_ROWS if quick else ROWS
    peer, ours, table = (_child(name, rows) for name in ("peer", "xlsx", "csv"))
    yield Figure(f"XLSX of {rows:,} rows, sealed", ours["seconds"], "s", peer["seconds"], "XlsxWriter", TARGET_RATIO,
                 note=f"{ours['megabytes']:.1f} MB")  # fmt: skip
    for name, found in (("XLSX", ours), ("CSV", table)):
        yield Figure(f"{name} of {rows:,} rows, peak of the process", found["peak_mb"], "MB", peer["peak_mb"],
                     "XlsxWriter", TARGET_MB, is_ratio_target=False)  # fmt: skip
    yield Figure(f"CSV of {rows:,} rows, sealed", table["seconds"], "s", target=TARGET_S, is_ratio_target=False,
                 note=f"{table['megabytes']:.1f} MB")  # fmt: skip


def _child(name: str, rows: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.exports", name, str(rows)],
        check=True, capture_output=True, text=True, timeout=CHILD_TIMEOUT_S,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def blocks(rows: int) -> Iterator[list[list[Cell]]]:
    """Yield rows as an export makes them, out of records as the portal tells them."""
    for start in range(0, rows, BLOCK):
        members = [_member(number) for number in range(start, min(start + BLOCK, rows))]
        live = LiveMembers(
            Viewer(1, True), {member.ref: _record(member.ref) for member in members}, {}, NAMES, STAGES
        )
        yield [ROWS_IN_RUSSIAN.member(f"lead:{member.group_no}", member, live, NAMES) for member in members]


def _member(number: int) -> AuditMember:
    kind = (RecordType.LEAD, RecordType.LEAD, RecordType.CONTACT, RecordType.COMPANY)[number % 4]
    return AuditMember(number // 2, RecordRef(kind, number + 1), number % 40, Stage.NONE, NOON)


def _record(ref: RecordRef) -> LiveRecord:
    fields = (
        Multifield(ValueKind.PHONE, f"+7 912 {ref.id // 100 % 1_000:03d}-{ref.id % 100:02d}-11"),
        Multifield(ValueKind.EMAIL, f"client{ref.id}@mail.example"),
    )
    person = PersonName("Анна", "Сергеевна", f"Петрова {ref.id}")
    record = Record(ref, fields, person, "ООО «Ромашка»", ref.id % 40, Stage.IN_WORK, (), NOON, NOON + ref.id)
    return LiveRecord(record, f"Заявка с сайта № {ref.id}", "NEW")


def write_xlsx(rows: int) -> int:
    sink = SealedWriter(new_key())
    book = Workbook(sink)
    book.begin("Записи", ROWS_IN_RUSSIAN.headers(MEMBER_COLUMNS))
    for block in blocks(rows):
        book.write(block)
        sink.take()
    book.close()
    sink.finish()
    return sink.size


def write_csv(rows: int) -> int:
    sink = SealedWriter(new_key())
    for block in blocks(rows):
        sink.write(csv_lines(block, ";").encode())
        sink.take()
    sink.finish()
    return sink.size


def write_peer(rows: int) -> int:
    """Write the same cells with XlsxWriter, as the audit through a webhook does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.xlsx"
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        book = xlsxwriter.Workbook(str(path), options)
        sheet, at = book.add_worksheet(), 0
        for block in blocks(rows):
            for row in block:
                _write_row(sheet, at, row)
                at += 1
        book.close()
        return path.stat().st_size


def _write_row(sheet: xlsxwriter.worksheet.Worksheet, at: int, row: Sequence[Cell]) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, int | float):
            sheet.write_number(at, column, cell)
        elif isinstance(cell, Moment):
            sheet.write_number(at, column, cell.at)
        elif isinstance(cell, CardLink):
            sheet.write_string(at, column, cell.address)
        elif cell:
            sheet.write_string(at, column, cell)


WRITERS: dict[str, Callable[[int], int]] = {"xlsx": write_xlsx, "csv": write_csv, "peer": write_peer}


def _run_child(name: str, rows: int) -> None:
    started = process_time()
    size = WRITERS[name](rows)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"seconds": process_time() - started, "peak_mb": peak_kb / MB_IN_KB, "megabytes": size / 1e6}
    print(json.dumps(found))


if __name__ == "__main__":
    _run_child(sys.argv[1], int(sys.argv[2]))
