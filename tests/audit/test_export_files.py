"""The files' own code: a workbook any reader opens, neutral lines, sealed pieces; charts."""

import io
from collections.abc import AsyncIterator, Sequence

import pytest
from python_calamine import CalamineWorkbook

from b24app.bitrix24.answers import Viewer
from b24app.dedupe.record import Record, RecordRef, RecordType, Stage
from b24app.services.audit.export.export_rows import MEMBER_COLUMNS, Rows, csv_lines
from b24app.services.audit.export.workbook import CardLink, Moment, Workbook
from b24app.services.audit.pages.charts import bars, heat, line, stacked
from b24app.services.audit.pages.figures import figure_rows
from b24app.services.audit.pages.live_members import LiveMembers
from b24app.services.audit.run.numbers import AuditNumbers
from b24app.services.audit.sealed_file import PIECE_BYTES, BrokenFile, SealedWriter, new_key, open_pieces
from b24app.services.audit.words import WORDS
from b24app.services.indexing.records import LiveRecord
from b24app.store.audit_values import PAIR_TYPES, AuditMember, AuditRun, AuditStage, AuditState, Progress

CONTENT = bytes(range(256)) * (PIECE_BYTES // 256 * 2 + 7)


class Memory(io.BytesIO):
    """A stream that only takes, as the sealed file does."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation


def test_a_workbook_keeps_texts_as_texts_numbers_as_numbers_and_our_links() -> None:
    stream = Memory()
    book = Workbook(stream)
    book.begin("Записи & «прочее»", ["text", "number"])
    book.write(
        [["=1+1", 5], ["<b>&\x01", 2.5], ["", None], [CardLink("https://p.example/1/", "лид 1"), Moment(0.0)]]
    )
    book.begin("empty", ["one"])
    book.close()

    read = CalamineWorkbook.from_filelike(io.BytesIO(stream.getvalue()))
    rows = read.get_sheet_by_name("Записи & «прочее»").to_python()

    assert rows[:3] == [["text", "number"], ["=1+1", 5.0], ["<b>&", 2.5]]
    assert rows[-1][0] == "лид 1"
    assert str(rows[-1][1]).startswith("1970-01-01")
    assert read.get_sheet_by_name("empty").to_python() == [["one"]]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_table_program_would_take_for_a_formula_is_made_a_text(start: str) -> None:
    text = csv_lines([[f"{start}cmd", "plain; quoted", 7]], ";")

    assert text.lstrip('"').startswith(f"'{start}cmd")
    assert '"plain; quoted";7' in text


@pytest.mark.parametrize(("language", "created"), [("ru", "Создано"), ("en", "Created")])
def test_headers_of_times_name_the_zone_in_which_the_rows_spell_them(language: str, created: str) -> None:
    rows = Rows("https://p.example", WORDS[language], "Asia/Yekaterinburg")
    midnight_there = 1_795_374_000.0  # 2026-11-23 00:00 at UTC+5
    ref = RecordRef(RecordType.LEAD, 1)
    found = LiveRecord(Record(ref, created_at=midnight_there), "", "")
    live = LiveMembers(Viewer(1, is_admin=True), {ref: found}, {}, {}, {})
    member = AuditMember(1, ref, None, Stage.NONE, midnight_there)

    headers = rows.headers(MEMBER_COLUMNS)
    line = csv_lines([rows.member("lead:1", member, live, {})], ";")

    assert headers[-2] == f"{created} (Asia/Yekaterinburg)"
    assert "2026-11-23 00:00" in line
    assert all(header[0].isupper() for header in headers)


def test_the_share_of_records_in_groups_is_a_number() -> None:
    figures = AuditNumbers(records=2_000, records_in_groups=745, duplicate_rate=0.3725).to_dict()
    run = AuditRun(
        1, "", AuditState.DONE, AuditStage.SUMMING, {}, {}, {}, Progress(), 1, 0.0, 0.0, 0.0, 0.0,
        figures, {}, None, None,
    )  # fmt: skip

    assert ["Доля записей в группах, %", 37.2] in list(figure_rows(run, WORDS["ru"]))


def sealed(key: bytes) -> list[bytes]:
    writer = SealedWriter(key)
    writer.write(CONTENT)
    writer.finish()
    return writer.take()


async def opened(key: bytes, pieces: Sequence[bytes], total: int) -> bytes:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return b"".join([part async for part in open_pieces(key, stream(), total)])


async def test_a_sealed_file_opens_whole_and_holds_nothing_in_clear() -> None:
    key = new_key()
    pieces = sealed(key)

    assert len(pieces) == 3
    assert CONTENT[:64] not in b"".join(pieces)
    assert await opened(key, pieces, len(pieces)) == CONTENT


async def test_pieces_that_are_swapped_missing_or_under_another_key_do_not_open() -> None:
    key = new_key()
    one, two, three = sealed(key)

    for pieces, total in (([two, one, three], 3), ([one, two], 2), ([one, two], 3), ([], 1)):
        with pytest.raises(BrokenFile):
            await opened(key, pieces, total)
    with pytest.raises(BrokenFile):
        await opened(new_key(), [one, two, three], 3)


def test_charts_measure_against_the_largest_and_leave_out_nothing_but_zeros() -> None:
    rows = bars([("a", 5), ("b", 20), ("c", 0), ("d", 5)], limit=2)
    (bar,) = stacked([("all", {"x": 1, "y": 3})], ("x", "y"))
    cells = heat(dict.fromkeys(PAIR_TYPES, 0) | {(RecordType.LEAD, RecordType.CONTACT): 8})

    assert [(row.label, row.length) for row in rows] == [("b", 100.0), ("a", 25.0)]
    assert [(part.start, part.length) for part in bar.parts] == [(0.0, 25.0), (25.0, 75.0)]
    assert cells[0][1].warmth == cells[1][0].warmth == 5
    assert cells[2][2].warmth == 0


def test_a_line_needs_two_points_and_stays_in_its_frame() -> None:
    drawn = line([(0.0, 0), (1.0, 10), (2.0, 5)])

    assert line([(0.0, 3)]) is None
    assert drawn is not None
    assert [(point.x, point.y) for point in drawn.points] == [(0.0, 120.0), (300.0, 0.0), (600.0, 60.0)]
    assert drawn.path == "M0 120L300 0L600 60"
