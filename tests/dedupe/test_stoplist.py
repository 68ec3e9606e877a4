import pytest

from b24app.dedupe.emails import emails_in
from b24app.dedupe.phones import phones_in
from b24app.dedupe.stoplist import is_stop_entry, stop_list_of


@pytest.mark.parametrize(
    ("entry", "raw", "is_stopped"),
    [
        ("8 (800) 555-35-35", "+78005553535", True),
        ("+78005553535", "8-800-555-35-35 доб. 5", True),
        ("8 800 555-35-35", "8 800 555-35-36", False),
        ("112", "112", True),
        ("112", "8 112 345-67-89", False),
        ("8800*", "+7 800 555-35-35", True),
        ("8 (800) *", "+7 800 555-35-35", True),
        ("+7800*", "8 800 555-35-35", True),
        ("7800*", "8 800 555-35-35", True),
        ("800*", "8 800 555-35-35", True),
        ("*3535", "8 800 555-35-35", True),
        ("8800*", "8 801 555-35-35", False),
        ("+800*", "8 800 555-35-35", False),
        ("+375*", "+375 29 123-45-67", True),
        ("8375*", "+375 29 123-45-67", False),
        ("123*", "123-45-67", True),
    ],
)
def test_a_phone_is_stopped_in_any_spelling(entry: str, raw: str, is_stopped: bool) -> None:
    stop_list = stop_list_of((entry,), "RU")

    assert is_stop_entry(entry, "RU")
    assert [stop_list.stops_phone(number) for number in phones_in(raw, "RU")] == [is_stopped]


@pytest.mark.parametrize(
    ("entry", "raw", "is_stopped"),
    [
        ("Test@Primer.Example", "test@primer.example", True),
        ("test@primer.example", "test2@primer.example", False),
        ("@mail.example", "ivan@mail.example", True),
        ("@mail.example", "ivan@sub.mail.example", False),
        ("mail.example", "ivan@mail.example", True),
        ("mail.example", "ivan@sub.mail.example", True),
        ("mail.example", "ivan@gmail.example", False),
        ("@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai", True),
        ("xn--e1afmkfd.xn--p1ai", "ivan@Пример.рф", True),
        ("noreply*@*", "NoReply-17@primer.example", True),
        ("*@mail.example", "ivan@mail.example", True),
        ("*.mail.example", "ivan@sub.mail.example", True),
        ("*.mail.example", "ivan@mail.example", False),
        ("*@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai", True),
        ("test.*@primer.example", "testx@primer.example", False),
    ],
)
def test_an_email_is_stopped_by_itself_its_domain_or_a_mask(entry: str, raw: str, is_stopped: bool) -> None:
    stop_list = stop_list_of((entry,), "RU")

    assert is_stop_entry(entry, "RU")
    assert [stop_list.stops_email(address) for address in emails_in(raw)] == [is_stopped]


@pytest.mark.parametrize(
    "entry", ["", " ", "*", "**", "7*", "a*", "@", "12", "нет", "@*", "x" * 255, "not an entry"]
)
def test_what_names_nothing_or_everybody_is_no_entry(entry: str) -> None:
    assert not is_stop_entry(entry, "RU")


def test_an_empty_list_stops_nothing() -> None:
    stop_list = stop_list_of((), "RU")

    assert not any(map(stop_list.stops_phone, phones_in("+78005553535, 112", "RU")))
    assert not any(map(stop_list.stops_email, emails_in("info@primer.example")))
