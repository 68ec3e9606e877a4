"""Keys by columns are the keys of the records themselves, whatever was typed."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.key_columns import keys_of_values
from b24app.dedupe.keys import match_keys
from b24app.dedupe.record import Multifield, Record, RecordRef, RecordType, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.sandbox.spellings import NEAR_MISSES, SPELLINGS
from tests.dedupe.builders import PORTAL_KEY

SHAPES = (
    "+7 ### ###-##-##", "+7(###)#######",
    "8 (###) ###-##-##", "7##########", "##########", "8##########", "+7##########",
    "+375 ## ###-##-##", "375#########", "80 ## ### ## ##", "0#########", "#########", "+44 ## #### ####", "### ## ##",
    " 8 ### ### ## ## ", "8 ### ###-##-## доб. ##", "###-##-##, ###-##-##", "+7 ### ###\n## ##",
)  # fmt: skip
DIGITS = "0123456789"


def one_by_one(kind: ValueKind, raws: list[str], rules: RuleSet) -> Counter[tuple[int, int, int]]:
    ref = RecordRef(RecordType.LEAD, 1)
    return Counter(
        (place, int(key.kind), key.hash)
        for place, raw in enumerate(raws)
        for key in match_keys(Record(ref, (Multifield(kind, raw),)), rules, PORTAL_KEY)
    )


def by_columns(kind: ValueKind, raws: list[str], rules: RuleSet) -> Counter[tuple[int, int, int]]:
    found = keys_of_values(kind, raws, rules, PORTAL_KEY)
    return Counter(zip(found.values.tolist(), found.kinds.tolist(), found.hashes.tolist(), strict=True))


def typed(shape: str, random: Random) -> str:
    """Fill a shape with digits that often begin as real numbers do, and sometimes are all one digit."""
    digit = random.choice(DIGITS)
    starts = iter(random.choice(("9", "8", "4", "29", "810", "7", "0", "")))
    return "".join(
        next(starts, digit if random.random() < 0.05 else random.choice(DIGITS)) if sign == "#" else sign
        for sign in shape
    )


@pytest.mark.parametrize("region", ["RU", "KZ", "BY", "DE"])
def test_phones_by_columns_are_phones_one_by_one(region: str) -> None:
    random = Random(region)
    raws = [typed(shape, random) for shape in SHAPES for _ in range(250)]
    raws += [spelling.raw for spelling in SPELLINGS] + [miss.raw_a for miss in NEAR_MISSES]
    random.shuffle(raws)
    rules = RuleSet(region=region)

    assert by_columns(ValueKind.PHONE, raws, rules) == one_by_one(ValueKind.PHONE, raws, rules)


@given(
    st.lists(st.text(st.sampled_from(DIGITS + "+() -.,;/доб#\n７"), max_size=20), max_size=60),
    st.integers(1, 20),
)
def test_any_texts_by_columns_are_the_same_one_by_one(raws: list[str], times: int) -> None:
    many = raws * times

    assert by_columns(ValueKind.PHONE, many, RuleSet()) == one_by_one(ValueKind.PHONE, many, RuleSet())


def test_emails_by_columns_are_emails_one_by_one() -> None:
    raws = [
        "anna@mail.example", " Anna@MAIL.example ", "a.n.n.a+work@gmail.com", "anna@ya.ru", "anna@mail,example", "anna",
        "one@mail.example, two@mail.example", "почта@пример.рф", "", "info@mail.example",
    ]  # fmt: skip

    for rules in (RuleSet(), RuleSet(email_aliases=False), RuleSet(stop_list=("info@mail.example",))):
        assert by_columns(ValueKind.EMAIL, raws, rules) == one_by_one(ValueKind.EMAIL, raws, rules)


def test_a_stop_listed_number_gives_no_key_by_columns() -> None:
    raws = ["+7 900 000-11-01", "8 (900) 000-11-01", "+7 900 000-11-02"] * 20
    rules = RuleSet(stop_list=("+79000001101",))

    assert set(keys_of_values(ValueKind.PHONE, raws, rules, PORTAL_KEY).values.tolist()) == set(
        range(2, 60, 3)
    )
