"""The tables of spellings and near misses say what an independent reader finds in them."""

import re
from collections import Counter

import phonenumbers
import pytest

from b24app.sandbox.spellings import (
    EMAIL_ALIASES,
    EMAIL_SPELLINGS,
    NEAR_MISSES,
    SPELLINGS,
    NearMiss,
    Spelling,
)
from tests.sandbox.people_oracle import read_email, read_mailbox, read_numbers

INVENTED = re.compile(
    r"\+7\d{3}000\d{4}|\+77172\d{6}|\+73832\d{6}|\+375(29|33)000\d{4}|\+380(50|29)000\d{4}|\+1\d{3}55501\d\d"
    r"|\+1901000\d{4}|\+7201555\d{4}|\+78900000230|\+447700900\d{3}|\+442079460\d{3}|\+4[39]3023125\d{3}"
    r"|\+861380000\d{4}|\+90500000\d{4}|\+97[12]50000\d{4}|\+99890000\d{4}|\+99[68]70000\d{4}|\+99555500\d{4}"
    r"|\+3[34]63998\d{4}|\+61491570\d{3}"
)


def test_there_are_at_least_sixty_of_each():
    spellings = Counter(row.raw for row in SPELLINGS)
    misses = Counter(row[:2] for row in NEAR_MISSES)

    assert len(spellings) == len(SPELLINGS) >= 60
    assert len(misses) == len(NEAR_MISSES) >= 60


@pytest.mark.parametrize("row", SPELLINGS, ids=lambda row: row.note)
def test_every_spelling_means_the_numbers_beside_it(row: Spelling):
    numbers, extension = read_numbers(row.raw, row.region)

    assert numbers == set(row.e164)
    assert extension == row.extension


@pytest.mark.parametrize("row", SPELLINGS, ids=lambda row: row.note)
def test_every_expected_number_is_possible_and_invented(row: Spelling):
    for number in row.e164:
        parsed = phonenumbers.parse(number)

        assert phonenumbers.is_possible_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
        assert INVENTED.fullmatch(number), number


def test_no_two_spellings_share_a_number():
    numbers = Counter(number for row in SPELLINGS for number in row.e164)

    assert [number for number, rows in numbers.items() if rows > 1] == []


@pytest.mark.parametrize("row", NEAR_MISSES, ids=lambda row: f"{row.why}: {row.raw_b}")
def test_near_misses_share_nothing(row: NearMiss):
    one, other = (_keys(raw, row.region) for raw in (row.raw_a, row.raw_b))

    assert one.isdisjoint(other)
    for number in one | other:
        assert INVENTED.fullmatch(number) or not number.startswith("+"), number


@pytest.mark.parametrize("row", EMAIL_SPELLINGS, ids=lambda row: row.note)
def test_an_odd_email_is_the_plain_one(row):
    assert read_email(row.raw) == read_email(row.plain)
    assert row.raw != row.plain


@pytest.mark.parametrize("row", EMAIL_ALIASES, ids=lambda row: row.note)
def test_an_alias_is_another_address_of_the_same_mailbox(row):
    assert read_email(row.raw) != read_email(row.plain)
    assert read_mailbox(row.raw) == read_mailbox(row.plain)


def test_every_email_is_reserved_or_plainly_invented():
    addresses = [raw for row in NEAR_MISSES for raw in row[:2] if "@" in raw]
    addresses += [raw for row in (*EMAIL_SPELLINGS, *EMAIL_ALIASES) for raw in row[:2]]

    for address in map(read_email, addresses):
        assert address.endswith((".example", ".test")) or address.startswith("vydumannyi"), address


def _keys(raw: str, region: str) -> set[str]:
    """Return what may match; the bare digits of what is no whole number."""
    if "@" in raw:
        return {read_mailbox(raw)}
    return read_numbers(raw, region)[0] or {re.sub(r"\D", "", raw)}
