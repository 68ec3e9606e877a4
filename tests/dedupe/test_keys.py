from dataclasses import replace
from hashlib import blake2b
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.keys import KeyKind, fingerprints, keyed_values, match_keys
from b24app.dedupe.rules import RuleSet
from tests.dedupe.builders import CONTACT, LEAD, PORTAL_KEY, a_record

RULES = RuleSet()
VALUES = st.sampled_from(
    (
        "8 (912) 345-67-89 доб. 5",
        "123-45-67",
        "+79123456789/90",
        "нет",
        "8 800 555-35-35",
        "89123456789, 89261234567",
    )
)
EMAILS = st.sampled_from(("i.van@gmail.com", "ivan@ya.ru", "ivan@mail,ru", "info@primer.example", "-"))


def test_a_number_written_in_two_ways_is_one_key() -> None:
    typed_by_manager = a_record(LEAD, 1, phones=("8 (916) 123-45-67 доб. 4",))
    sent_by_website = a_record(CONTACT, 2, phones=("+7 916 123 45 67",))

    shared = match_keys(typed_by_manager, RULES, PORTAL_KEY) & match_keys(sent_by_website, RULES, PORTAL_KEY)

    assert [key.kind for key in shared] == [KeyKind.PHONE]


def test_two_portals_have_different_keys_for_one_number() -> None:
    record = a_record(LEAD, 1, phones=("+79161234567",))

    here, elsewhere = (match_keys(record, RULES, secret) for secret in (PORTAL_KEY, PORTAL_KEY[::-1]))

    assert here.isdisjoint(elsewhere)


def test_the_kind_is_part_of_the_hash() -> None:
    record = a_record(LEAD, 1, emails=("ivan@gmail.com",))

    exact, alias = sorted(match_keys(record, RULES, PORTAL_KEY))

    assert (exact.kind, alias.kind) == (KeyKind.EMAIL, KeyKind.EMAIL_ALIAS)
    assert exact.hash != alias.hash


def test_a_key_is_a_signed_number_of_64_bits_and_never_changes() -> None:
    numbers = Random(5)
    record = a_record(LEAD, 1, phones=tuple(f"+7912{numbers.randrange(10**7):07}" for _ in range(100)))

    hashes = [key.hash for key in match_keys(record, RULES, PORTAL_KEY)]
    (known,) = match_keys(a_record(LEAD, 1, phones=("8 916 123-45-67",)), RULES, PORTAL_KEY)

    assert min(hashes) < 0 < max(hashes)
    assert all(-(2**63) <= value < 2**63 for value in hashes)
    expected = blake2b(b"+79161234567", key=PORTAL_KEY, digest_size=8, person=b"phone").digest()
    assert known == (KeyKind.PHONE, int.from_bytes(expected, "big", signed=True))


def test_a_value_carries_how_it_was_read() -> None:
    record = a_record(LEAD, 1, phones=("8 (912) 345-67-89 доб. 5",), emails=("Info@Пример.рф",))

    phone, email = keyed_values(record, RULES, PORTAL_KEY)

    assert (phone.raw, phone.normalised, phone.display, phone.extension) == (
        "8 (912) 345-67-89 доб. 5",
        "+79123456789",
        "+7 912 345-67-89",
        "5",
    )
    assert (email.normalised, email.display, email.is_role) == (
        "info@xn--e1afmkfd.xn--p1ai",
        "info@пример.рф",
        True,
    )


@pytest.mark.parametrize("email", ["i\ud800van@primer.example", "ivan@primer\udfff.example", "\ud800@@x"])
def test_broken_unicode_is_read_as_if_it_were_not_there(email: str) -> None:
    record = a_record(LEAD, 1, emails=(email,), company="\ud800")

    keys = match_keys(record, RULES, PORTAL_KEY)

    assert keys <= match_keys(a_record(LEAD, 2, emails=("ivan@primer.example",)), RULES, PORTAL_KEY)


def test_aliases_can_be_switched_off() -> None:
    record = a_record(LEAD, 1, emails=("i.van@gmail.com",))

    with_aliases = match_keys(record, RULES, PORTAL_KEY)
    without = match_keys(record, replace(RULES, email_aliases=False), PORTAL_KEY)

    assert {key.kind for key in with_aliases - without} == {KeyKind.EMAIL_ALIAS}
    assert {key.kind for key in without} == {KeyKind.EMAIL}


def test_the_portals_region_decides_how_a_short_number_is_read() -> None:
    record = a_record(LEAD, 1, phones=("8 029 123-45-67",))
    abroad = a_record(LEAD, 2, phones=("+375 29 123-45-67",))

    in_belarus = replace(RULES, region="BY")

    assert match_keys(record, in_belarus, PORTAL_KEY) == match_keys(abroad, in_belarus, PORTAL_KEY)
    assert match_keys(record, RULES, PORTAL_KEY).isdisjoint(match_keys(abroad, RULES, PORTAL_KEY))


def test_stop_listed_values_give_no_key() -> None:
    record = a_record(LEAD, 1, phones=("8 800 555-35-35", "89123456789"), emails=("test@primer.example",))
    rules = replace(RULES, stop_list=("+7 800 *", "@primer.example"))

    values = keyed_values(record, rules, PORTAL_KEY)

    assert [value.normalised for value in values] == ["+79123456789"]
    assert match_keys(record, rules, PORTAL_KEY) == {values[0].key}


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        match_keys(a_record(LEAD, 1, phones=("112",)), RULES, b"short")


@given(phones=st.lists(VALUES, max_size=4), emails=st.lists(EMAILS, max_size=4), aliases=st.booleans())
def test_the_quick_keys_are_those_of_the_full_reading(
    phones: list[str], emails: list[str], aliases: bool
) -> None:
    record = a_record(LEAD, 1, phones=tuple(phones), emails=tuple(emails))
    rules = RuleSet(email_aliases=aliases, stop_list=("8800*", "ivan@yandex.ru", "ivan@ya.ru"))

    keys = match_keys(record, rules, PORTAL_KEY)

    assert keys == {value.key for value in keyed_values(record, rules, PORTAL_KEY)}


def test_a_fingerprint_is_a_signed_number_that_needs_the_portals_key() -> None:
    one, other = fingerprints([b"one", b"other"], PORTAL_KEY).tolist()

    assert one != other
    assert -(2**63) <= one < 2**63
    assert fingerprints([b"one"], PORTAL_KEY[::-1]).tolist() != [one]
