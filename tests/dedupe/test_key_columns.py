"""Keys by columns are the keys of the records themselves, whatever was typed."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.dedupe.key_columns import ValueKeys, keys_of_values
from b24app.dedupe.keys import THIS_PROCESS, match_keys
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


def one_by_one(
    kind: ValueKind, raws: list[str], rules: RuleSet, portal_key: bytes = PORTAL_KEY
) -> Counter[tuple[int, int, int]]:
    ref = RecordRef(RecordType.LEAD, 1)
    return Counter(
        (place, int(key.kind), key.hash)
        for place, raw in enumerate(raws)
        for key in match_keys(Record(ref, (Multifield(kind, raw),)), rules, portal_key)
    )


def by_columns(
    kind: ValueKind, raws: list[str], rules: RuleSet, portal_key: bytes = PORTAL_KEY
) -> Counter[tuple[int, int, int]]:
    """Count each once: a value that names a number twice may give its key twice."""
    found = keys_of_values(kind, raws, rules, portal_key)
    rows = zip(found.values.tolist(), found.kinds.tolist(), found.hashes.tolist(), strict=True)
    return Counter(set(rows))


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

    stopped = (("info@mail.example",), ("@mail.example",), ("anna@*",), ("+79000001101",))
    for rules in (
        RuleSet(), RuleSet(email_aliases=False), *(RuleSet(stop_list=entries) for entries in stopped)
    ):  # fmt: skip
        assert by_columns(ValueKind.EMAIL, raws, rules) == one_by_one(ValueKind.EMAIL, raws, rules)


def test_hashes_of_one_process_are_the_same_by_columns() -> None:
    raws = ["+7 900 000-11-01", "8 (900) 000-11-01", "1101", "anna@ya.ru", " Anna@ya.ru"] * 20

    for kind in ValueKind:
        found = by_columns(kind, raws, RuleSet(), THIS_PROCESS)
        assert found == one_by_one(kind, raws, RuleSet(), THIS_PROCESS)
        assert not found & by_columns(kind, raws, RuleSet())


@pytest.mark.parametrize("entry", ["+79000001101", "8900000110*"])
def test_a_stop_listed_number_gives_no_key_by_columns(entry: str) -> None:
    raws = ["+7 900 000-11-01", "8 (900) 000-11-01", "+7 900 000-12-02"] * 20
    rules = RuleSet(stop_list=(entry,))

    assert set(keys_of_values(ValueKind.PHONE, raws, rules, PORTAL_KEY).values.tolist()) == set(
        range(2, 60, 3)
    )


def test_keys_stand_once_by_value_even_where_halves_of_hashes_are_equal() -> None:
    rows = [(1, 1, 7), (0, 2, -5), (1, 1, 8), (0, 1, 9), (1, 1, 7), (0, 2, -5), (0, 2, -6)]
    values, kinds, hashes = (np.array(column) for column in zip(*rows, strict=True))
    keys = ValueKeys(values.astype(np.int32), kinds.astype(np.int8), hashes.astype(np.int64))

    once = keys.once()

    found = list(zip(once.values.tolist(), once.kinds.tolist(), once.hashes.tolist(), strict=True))
    assert found == [(0, 1, 9), (0, 2, -6), (0, 2, -5), (1, 1, 7), (1, 1, 8)]
