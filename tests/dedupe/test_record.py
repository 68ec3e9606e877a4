import pytest

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordRef, RecordType, Stage


@pytest.mark.parametrize(
    ("record_type", "word", "number"),
    [(RecordType.LEAD, "lead", 1), (RecordType.CONTACT, "contact", 3), (RecordType.COMPANY, "company", 4)],
)
def test_a_type_has_a_word_and_bitrix24s_number(record_type: RecordType, word: str, number: int) -> None:
    assert record_type.word == word
    assert record_type == number
    assert RecordType.parse(word) is record_type


def test_a_reference_survives_its_text() -> None:
    ref = RecordRef(RecordType.LEAD, 12)

    assert str(ref) == "lead:12"
    assert RecordRef.parse("lead:12") == ref


@pytest.mark.parametrize(
    "text", ["", "lead", "lead:", "deal:1", "lead:-1", "lead:1x", "lead:١", ":1", "LEAD:1"]
)
def test_what_names_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a record"):
        RecordRef.parse(text)


def test_only_converted_and_junk_leads_are_closed() -> None:
    assert [stage for stage in Stage if stage.is_closed] == [Stage.WON, Stage.LOST]


def test_a_grade_survives_its_word() -> None:
    assert [Grade.parse(grade.word) for grade in Grade] == list(Grade)
    assert Grade.EXACT > Grade.LIKELY > Grade.POSSIBLE > Grade.WEAK
    with pytest.raises(ValueError, match="not a grade"):
        Grade.parse("sure")
