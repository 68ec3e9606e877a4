from random import Random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24app.dedupe.phone_fast import fast_e164
from b24app.dedupe.phone_text import to_plain_text
from b24app.dedupe.phones import PhoneNumber, phones_in, read_slowly
from tests.dedupe.phone_cases import NEAR_MISSES, NOTHING, SPELLINGS, WEAK

REGIONS = st.sampled_from(("RU", "KZ", "BY", "US", "DE", "UA", "GB"))
SIGNS = "0123456789+-(). /,;#*x\u00a0\n８доб—"
EXAMPLES = sorted(
    {
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
        if (number := phonenumbers.example_number_for_type(region, kind))
    }
)
PHONE_LIKE = st.text(alphabet=SIGNS, max_size=24)


@st.composite
def common_spellings(draw: st.DrawFn) -> str:
    """Draw nine or ten digits behind a prefix, grouped as people group them."""
    prefix = draw(st.sampled_from(("+7", "8", "7", "", "+ 7", "+375", "375", "80", "8 0 ", "0", "810", "+8")))
    code = draw(
        st.sampled_from(("17", "25", "29", "33", "44")) | st.text("0123456789", min_size=3, max_size=3)
    )
    rest = draw(st.text("0123456789", min_size=7, max_size=7))
    gap = draw(st.sampled_from(("", " ", "-", ".", "  ", " - ")))
    opening, closing = draw(st.sampled_from((("", ""), (" ", " "), (" (", ") "), ("(", ")"), ("-", "-"))))
    return f"{prefix}{opening}{code}{closing}{rest[:3]}{gap}{rest[3:5]}{gap}{rest[5:]}"


@pytest.mark.parametrize(("raw", "region", "expected", "extension"), SPELLINGS)
def test_a_spelling_names_the_number_behind_it(
    raw: str, region: str, expected: tuple[str, ...], extension: str | None
) -> None:
    numbers = phones_in(raw, region)

    assert tuple(number.e164 for number in numbers) == expected
    assert numbers[0].extension == extension


@pytest.mark.parametrize(("raw", "region", "expected"), WEAK)
def test_a_local_or_impossible_number_is_only_its_digits(
    raw: str, region: str, expected: tuple[str, ...]
) -> None:
    numbers = phones_in(raw, region)

    assert tuple(number.weak for number in numbers) == expected
    assert all(number.e164 is None for number in numbers)


@pytest.mark.parametrize("raw", NOTHING)
def test_a_value_without_a_number_names_nothing(raw: str) -> None:
    assert phones_in(raw, "RU") == ()


@pytest.mark.parametrize(("one", "other", "region"), NEAR_MISSES)
def test_numbers_that_only_look_alike_stay_apart(one: str, other: str, region: str) -> None:
    of_one = {number.normalised for number in phones_in(one, region)}
    of_other = {number.normalised for number in phones_in(other, region)}

    assert of_one.isdisjoint(of_other)


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(set(SPELLINGS)) >= 60
    assert len(set(NEAR_MISSES)) >= 60


@pytest.mark.parametrize(
    ("raw", "region", "display"),
    [
        ("8(912)3456789 доб. 5", "RU", "+7 912 345-67-89"),
        ("8123456789", "RU", "+7 812 345-67-89"),
        ("80291234567", "BY", "+375 29 123-45-67"),
        ("123-45-67", "RU", "1234567"),
    ],
)
def test_a_number_is_shown_in_its_international_format(raw: str, region: str, display: str) -> None:
    assert phones_in(raw, region)[0].display == display


def test_one_number_written_twice_counts_once() -> None:
    assert phones_in("8 912 345-67-89, +79123456789", "RU") == (PhoneNumber("+79123456789", None),)


def test_a_very_long_text_is_read_without_trouble() -> None:
    numbers = phones_in("8 912 345-67-89 " + "кв. 1 " * 100_000, "RU")

    assert numbers[0].e164 == "+79123456789"


@settings(max_examples=400)
@given(raw=common_spellings(), region=REGIONS)
def test_the_short_cut_says_what_phonenumbers_says(raw: str, region: str) -> None:
    text = to_plain_text(raw)

    quick = fast_e164(text, region)

    assert quick is None or read_slowly(text, region) == (PhoneNumber(quick, None),)


@given(raw=PHONE_LIKE, region=REGIONS)
def test_the_short_cut_agrees_on_noise_too(raw: str, region: str) -> None:
    text = to_plain_text(raw)

    quick = fast_e164(text, region)

    assert quick is None or read_slowly(text, region) == (PhoneNumber(quick, None),)


@pytest.mark.parametrize(("raw", "region", "_expected", "_extension"), SPELLINGS)
def test_the_short_cut_agrees_on_every_known_spelling(
    raw: str, region: str, _expected: tuple[str, ...], _extension: str | None
) -> None:
    text = to_plain_text(raw)

    assert phones_in(raw, region) == read_slowly(text, region)


@pytest.mark.parametrize("region", ["RU", "KZ", "BY", "DE", "US"])
def test_the_short_cut_agrees_on_numbers_of_every_country(region: str) -> None:
    random = Random(region)
    taken = 0
    for digits in (spoilt(number, random) for number in EXAMPLES for _ in range(3)):
        for text in (f"+{digits[:2]} {digits[2:]}", f"+{digits}", f"810{digits}", f"8-10-{digits}"):
            quick = fast_e164(text, region)
            taken += quick is not None
            assert quick is None or read_slowly(text, region) == (PhoneNumber(quick, None),), (text, region)
    assert taken > len(EXAMPLES)


def spoilt(number: str, random: Random) -> str:
    """Return the number, or one with a digit changed, dropped or added."""
    place = random.randrange(len(number))
    digit = str(random.randrange(10))
    return random.choice(
        (number, number[:place] + digit + number[place + 1 :], number[:place] + number[place + 1 :],
         number[:place] + digit + number[place:])
    )  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    ["+7 912 345-67-89", "89123456789", "8 (912) 345-67-89", "+375 29 123-45-67", "+998 90 123-45-67",
     "8 10 998 90 123-45-67"],
)  # fmt: skip
def test_the_common_spellings_take_the_short_cut(raw: str) -> None:
    assert fast_e164(raw, "RU") is not None


@given(raw=PHONE_LIKE | st.text(max_size=40), region=REGIONS)
def test_normalising_twice_changes_nothing(raw: str, region: str) -> None:
    for number in phones_in(raw, region):
        if number.e164 is None:
            assert number.weak is not None
            assert len(number.weak) >= 3
            continue

        again = phones_in(number.e164, region)
        from_display = phones_in(number.display, region)

        assert [one.e164 for one in again] == [number.e164]
        assert [one.e164 for one in from_display] == [number.e164]
