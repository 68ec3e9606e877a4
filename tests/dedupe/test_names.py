import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.names import NameEffect, effect_of, name_similarity, to_skeleton
from b24app.dedupe.record import PersonName, Record, RecordRef, RecordType
from tests.dedupe.builders import COMPANY, CONTACT, LEAD, a_record

SAME, DIFFERENT, UNKNOWN = NameEffect.SAME, NameEffect.DIFFERENT, NameEffect.UNKNOWN
NAMES = st.text(alphabet="абвиноёж abcz.-«»'", max_size=16)


def nameless_ref(number: int) -> RecordRef:
    return RecordRef(RecordType.CONTACT, number)


@pytest.mark.parametrize(
    ("one", "other", "effect"),
    [
        ("Иванов Иван", "Иванов Иван", SAME),
        ("Иванов Иван", "Иван Иванов", SAME),
        ("Иванов Иван", "ИВАНОВ ИВАН Петрович", SAME),
        ("Иванов Иван", "Ivanov Ivan", SAME),
        ("Иванов Иван", "Ивонов Иван", SAME),
        ("Иванов И.", "Иванов Иван Петрович", SAME),
        ("Юлия Щукина", "Julia Schukina", SAME),
        ("Ксения Жукова", "Xenia Zhukova", SAME),
        ("Саша Ким", "Ким Александр", SAME),
        ("Sasha Kim", "Александр Ким", SAME),
        ("Серёжа Орлов", "Орлов Сергей", SAME),
        ("Артём Королёв", "Артем Королев", SAME),
        ("Наталья Цой", "Наталия Цой", SAME),
        ("Иванов Иван", "Петров Иван", DIFFERENT),
        ("Иванов Иван", "Иванова Анна", DIFFERENT),
        ("Иванов И.", "Иванов Пётр", DIFFERENT),
        ("Анна", "Мария", DIFFERENT),
        ("Без имени", "Иванов Иван", UNKNOWN),
        ("Лид №12", "Иванов Иван", UNKNOWN),
        ("+79123456789", "Иванов Иван", UNKNOWN),
        ("", "", UNKNOWN),
    ],
)
def test_persons_are_held_against_each_other(one: str, other: str, effect: NameEffect) -> None:
    similarity = name_similarity(a_record(LEAD, 1, name=one), a_record(CONTACT, 2, name=other))

    assert effect_of(similarity) is effect


@pytest.mark.parametrize(
    ("one", "other", "effect"),
    [
        ("ООО «Ромашка»", "Ромашка, ООО", SAME),
        ("О.О.О. Ромашка", "Romashka LLC", SAME),
        ("ЗАО Вектор", 'ПАО "Вектор"', SAME),
        ("Общество с ограниченной ответственностью Вектор", "Vektor Ltd.", SAME),
        ("ТОО Қазақ Құрылыс", "Kazak Kurylys LLP", SAME),
        ("ЧУП «Белый Аист»", "Белый Аист", SAME),
        ("Müller GmbH", "Muller", SAME),
        ("ООО Альфа", "ООО Бета", DIFFERENT),
        ("ООО", "ООО Бета", UNKNOWN),
        ("", "Бета", UNKNOWN),
    ],
)
def test_companies_are_held_against_each_other(one: str, other: str, effect: NameEffect) -> None:
    similarity = name_similarity(a_record(LEAD, 1, company=one), a_record(COMPANY, 2, company=other))

    assert effect_of(similarity) is effect


def test_a_sole_trader_is_held_against_a_person() -> None:
    person = a_record(CONTACT, 1, name="Иванов Иван")

    assert effect_of(name_similarity(person, a_record(COMPANY, 2, company="ИП Иванов И.И."))) is SAME
    assert name_similarity(person, a_record(COMPANY, 3, company="ООО Иванов")) is None


def test_two_colleagues_are_one_customer_by_their_company() -> None:
    ivan = a_record(LEAD, 1, name="Иванов Иван", company="ООО Ромашка")
    anna = a_record(LEAD, 2, name="Орлова Анна", company="Ромашка")

    assert name_similarity(ivan, anna) == 100


def test_a_record_without_names_can_not_be_compared() -> None:
    assert name_similarity(a_record(LEAD, 1), a_record(LEAD, 2, name="Иванов Иван")) is None


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [("юлия", "julia"), ("хабаров", "khabarov"), ("щукин", "shchukin"), ("цой", "tsoy")],
)
def test_two_scripts_have_one_skeleton(cyrillic: str, latin: str) -> None:
    assert to_skeleton(cyrillic) == to_skeleton(latin)


@given(first=NAMES, last=NAMES, other_first=NAMES, other_last=NAMES, title=NAMES, other_title=NAMES)
def test_it_does_not_matter_who_is_asked_first(
    first: str, last: str, other_first: str, other_last: str, title: str, other_title: str
) -> None:
    one = Record(nameless_ref(1), person=PersonName(first=first, last=last), company_title=title)
    other = Record(
        nameless_ref(2), person=PersonName(first=other_first, last=other_last), company_title=other_title
    )

    similarity = name_similarity(one, other)

    assert similarity == name_similarity(other, one)
    assert similarity is None or 0 <= similarity <= 100


@given(first=NAMES, last=NAMES)
def test_a_name_is_fully_like_itself(first: str, last: str) -> None:
    one = Record(nameless_ref(1), person=PersonName(first=first, last=last))
    other = Record(nameless_ref(2), person=PersonName(first=first, last=last))

    assert name_similarity(one, other) in (None, 100)
