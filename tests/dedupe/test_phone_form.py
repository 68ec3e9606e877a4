"""What is written back in place of a phone: one form for each number, and nothing that would lose a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.native import native_phone
from b24app.dedupe.phone_form import masked, written_form
from b24app.dedupe.phones import phones_in
from tests.dedupe.phone_cases import SPELLINGS


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        ("8 (916) 123-45-67", "+79161234567"),
        ("+7 916 123 45 67", "+79161234567"),
        ("79161234567", "+79161234567"),
        ("+79161234567", "+79161234567"),
        ("8/916/123-45-67", "+79161234567"),
        (" +7 (495) 123-45-67 доб. 104", "+74951234567;104"),
        ("8 495 123-45-67, 104", "+74951234567;104"),
        ("8 495 123-45-67 (12)", "+74951234567;12"),
        ("+74951234567;104", "+74951234567;104"),
        ("тел.: 8 916 123-45-67", "+79161234567"),
        ("+49 30 1234567", "+49301234567"),
    ],
)
def test_every_spelling_of_a_number_has_one_form(raw, form):
    assert written_form(raw, "RU") == form


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "нет",
        "112",
        "123-45-67",
        "8 916 123-45-67 Иван",
        "8 916 123-45-67, 8 926 123-45-67",
        "8 495 123-45-67/68",
        "+7 999 999-99-99",
        "+7 000 123-45-67",
        "8 495 123-45-67 доб. 1234567",
        "1-800-FLOWERS",
        "8 916 123-45-67 до 18:00",
        "8 916 123-45-67\n18-00",
        "x" * 300,
        "8 912 345-67-89 доб. 104#3",
    ],
)
def test_a_value_that_would_lose_something_has_none(raw):
    assert written_form(raw, "RU") is None


@given(
    st.sampled_from([case[0] for case in SPELLINGS])
    | st.text(alphabet="+0123456789 ()-,;доб.x#", max_size=30)
)
def test_a_form_is_read_as_the_same_number_and_stays_as_it_is(raw):
    form = written_form(raw, "RU")

    if form is not None:
        assert phones_in(form, "RU") == phones_in(raw, "RU")
        assert written_form(form, "RU") == form
        assert native_phone(form) == native_phone(form.partition(";")[0])


def test_a_masked_phone_keeps_its_shape_and_hides_its_middle():
    assert masked("8 (916) 123-45-67") == "8 (9••) •••-••-67"
    assert masked("+79161234567;104") == "+79•••••••••;•04"
    assert masked("112") == "112"
