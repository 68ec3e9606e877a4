"""What counts as news of a record, what an administrator may choose, and what a note says."""

from dataclasses import replace

import pytest

from b24app.dedupe.grade import Grade
from b24app.dedupe.match import ReasonCode
from b24app.dedupe.outcome import Outcome, OutcomeMatch, Status
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.services.notices.note_text import LINKS_SHOWN, NoteWriter
from b24app.services.notices.options import Happening, NoticeOptions, NoticesMistake, happenings, is_news
from b24app.services.outcomes.change import OutcomeChange
from b24app.store.outcomes import StoredOutcome

LEAD = RecordRef(RecordType.LEAD, 1)
CONTACT, COMPANY = RecordRef(RecordType.CONTACT, 2), RecordRef(RecordType.COMPANY, 3)
FOUND, GONE, SHARED, REPEAT = Happening
WRITER = NoteWriter("ru", "https://acme.bitrix24.ru", frozenset(Happening))


def an_outcome(*matches: RecordRef, partners: tuple[RecordRef, ...] = (), **changed: object) -> Outcome:
    """Return the outcome of lead 1, made at noon; the matches were made an hour earlier."""
    found = tuple(
        OutcomeMatch(ref, Grade.EXACT, (ReasonCode.SAME_PHONE,), 7, Stage.NONE, 0.0, 0.0) for ref in matches
    )
    status = Status.DUPLICATE if set(matches) - set(partners) else Status.SHARED if partners else Status.NONE
    return replace(
        Outcome(
            LEAD, status, found, 0, None, Grade.EXACT if found else None, None, partners, "", 3600.0, 3600.0
        ),
        **changed,  # type: ignore[arg-type]
    )


def a_change(before: Outcome | None, after: Outcome, *, is_new: bool = False) -> OutcomeChange:
    stored = None if before is None else StoredOutcome.of(before, version=1, written_hash=None)
    return OutcomeChange(LEAD, stored, after, 2, is_new)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (an_outcome(), an_outcome(CONTACT), {FOUND}),
        (an_outcome(CONTACT), an_outcome(CONTACT, COMPANY), {FOUND}),
        (an_outcome(CONTACT, COMPANY), an_outcome(CONTACT), set()),
        (an_outcome(CONTACT), an_outcome(), {GONE}),
        (an_outcome(CONTACT), an_outcome(COMPANY), {FOUND}),
        (an_outcome(), an_outcome(CONTACT, partners=(CONTACT,)), {SHARED}),
        (an_outcome(partners=(CONTACT,)), an_outcome(), set()),
        (an_outcome(CONTACT), an_outcome(CONTACT, partners=(CONTACT,)), {GONE, SHARED}),
        (an_outcome(CONTACT), an_outcome(CONTACT, grade=Grade.WEAK), set()),
        (an_outcome(status=Status.NOT_CHECKED), an_outcome(CONTACT), set()),
        (an_outcome(CONTACT), an_outcome(status=Status.NOT_CHECKED), set()),
    ],
)
def test_what_happened_follows_from_the_outcomes_before_and_after(
    before: Outcome, after: Outcome, expected: set[Happening]
):
    assert happenings(a_change(before, after)) == expected


def test_a_first_reading_is_no_news_and_a_new_lead_may_be_a_repeat():
    first_reading = a_change(None, an_outcome(CONTACT))
    new_lead = a_change(None, an_outcome(CONTACT), is_new=True)
    came_first = a_change(None, an_outcome(CONTACT, created_at=-5.0), is_new=True)

    assert not is_news(first_reading)
    assert happenings(first_reading) == frozenset()
    assert happenings(new_lead) == {FOUND, REPEAT}
    assert happenings(came_first) == {FOUND}


def test_by_default_nobody_is_notified_and_nothing_noted():
    options = NoticeOptions.from_dict({})

    assert (options.note, options.notify) == (frozenset(), frozenset())
    assert options.trigger == {FOUND, GONE, SHARED}
    assert NoticeOptions.from_dict(options.to_dict()) == options


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"trigger": ["repeat"]}, "trigger"),
        ({"note": ["everything"]}, "note"),
        ({"notify": "repeat"}, "notify"),
        ({"mail": []}, "mail"),
    ],
)
def test_options_that_are_none_are_refused_by_name(raw: dict[str, object], field: str):
    with pytest.raises(NoticesMistake) as refused:
        NoticeOptions.from_dict(raw)

    assert refused.value.field == field


def written(*matches: RecordRef, partners: tuple[RecordRef, ...] = (), is_repeat: bool = False) -> list[str]:
    stored = StoredOutcome.of(an_outcome(*matches, partners=partners), version=1, written_hash=None)
    return WRITER.write(stored, is_repeat=is_repeat, was_noted=False).splitlines()


def test_a_note_counts_and_links_duplicates_and_names_shared_data_apart():
    lines = written(CONTACT, COMPANY, partners=(COMPANY,), is_repeat=True)

    assert lines == [
        "Найдены дубликаты: 1 контакт.",
        "Степень сходства: Точное совпадение.",
        "[URL=https://acme.bitrix24.ru/crm/contact/details/2/]Контакт № 2[/URL]",
        "Общие телефоны или e-mail с карточками:",
        "[URL=https://acme.bitrix24.ru/crm/company/details/3/]Компания № 3[/URL]",
        "Повторное обращение: этот клиент писал или звонил раньше.",
    ]


def test_a_note_of_many_duplicates_links_the_first_and_counts_the_rest():
    lines = written(*(RecordRef(RecordType.LEAD, number) for number in range(2, 2 + LINKS_SHOWN + 3)))

    assert lines[0] == "Найдены дубликаты: 13 лидов."
    assert lines[2].count("[URL=") == LINKS_SHOWN
    assert lines[2].endswith(" и ещё 3")


def test_an_empty_note_is_written_only_over_one_that_was_there():
    nothing = StoredOutcome.of(an_outcome(), version=2, written_hash=None)
    silent = replace(WRITER, wanted=frozenset({FOUND}))

    assert WRITER.write(nothing, is_repeat=False, was_noted=True) == "Дубликатов больше нет."
    assert WRITER.write(nothing, is_repeat=False, was_noted=False) == ""
    assert silent.write(nothing, is_repeat=False, was_noted=True) == ""


def test_looking_again_by_other_rules_is_no_happening() -> None:
    seen = a_change(an_outcome(), an_outcome(CONTACT))

    assert happenings(seen) == {FOUND}
    assert happenings(replace(seen, is_backlog=True)) == frozenset()
