import pytest

from b24app.dedupe.native import native_form, would_bitrix_find
from b24app.dedupe.record import ValueKind

PHONES = [
    ("+7 (495) 123-45-67", "74951234567"),
    ("8 (495) 123-45-67", "74951234567"),
    ("00 7 495 1234567", "74951234567"),
    ("011 7 495 1234567", "74951234567"),
    ("495 123-45-67", "4951234567"),
    ("8-800-555-35-35", "78005553535"),
    ("8 (812) 123-45-67", "78121234567"),
    ("8123456789", "8123456789"),
    ("8495123456", "7495123456"),
    ("+8 495 123 45 67", "84951234567"),
    ("+375 29 123-45-67", "375291234567"),
    ("8 029 123-45-67", "80291234567"),
    ("+380501234567", "380501234567"),
    ("0501234567", "501234567"),
    ("810 44 20 7946 0958", "810442079460958"),
    ("+7 495 123-45-67#12", "74951234567"),
    ("+7 495 123-45-67,12", "74951234567"),
    ("+7 495 123-45-67;12", "74951234567"),
    ("+7 495 123-45-67 доб. 12", "7495123456712"),
    ("+7 495 123-45-67*12", "74951234567*12"),
    ("+7 495 123-45-67,,12#3", "74951234567#3"),
    ("+74951234567, +74957654321", "74951234567"),
    ("+7 999 1234567/8", "799912345678"),
    ("112", "112"),
    ("abc", ""),
    ("", ""),
    ("#*;,", ""),
]


@pytest.mark.parametrize(("raw", "form"), PHONES)
def test_a_phone_is_indexed_as_the_portal_does_it(raw: str, form: str) -> None:
    assert native_form(raw, ValueKind.PHONE) == form


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        (" Ivan@Primer.Example ", "ivan@primer.example"),
        ("i.van+x@gmail.com", "i.van+x@gmail.com"),
        ("\u00a0ivan@primer.example", "\u00a0ivan@primer.example"),
        ("", ""),
    ],
)
def test_an_email_is_indexed_as_the_portal_does_it(raw: str, form: str) -> None:
    assert native_form(raw, ValueKind.EMAIL) == form


@pytest.mark.parametrize(
    ("one", "other", "kind", "found"),
    [
        ("8 (495) 123-45-67", "+7 495 1234567", ValueKind.PHONE, True),
        ("8 (495) 123-45-67", "495 1234567", ValueKind.PHONE, False),
        ("8 (495) 123-45-67 доб. 5", "8 (495) 123-45-67", ValueKind.PHONE, False),
        ("IVAN@primer.example", "ivan@primer.example", ValueKind.EMAIL, True),
        ("ivan@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai", ValueKind.EMAIL, False),
        ("abc", "abc", ValueKind.PHONE, False),
        ("", " ", ValueKind.EMAIL, False),
    ],
)
def test_bitrix_finds_what_has_one_form_and_nothing_else(
    one: str, other: str, kind: ValueKind, found: bool
) -> None:
    assert would_bitrix_find(one, other, kind) is found
    assert would_bitrix_find(other, one, kind) is found
