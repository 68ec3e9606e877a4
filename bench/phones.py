"""Phones read by the fast ways, held against phonenumbers itself: differences, of generated and of fuzzed values."""

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random

import phonenumbers

from b24app.dedupe.key_columns import keys_of_values
from b24app.dedupe.keys import KeyKind, hash_all
from b24app.dedupe.phone_fast import fast_e164
from b24app.dedupe.phone_text import to_plain_text
from b24app.dedupe.phones import read_slowly
from b24app.dedupe.record import ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.sandbox.people_values import ValuePool, type_phone
from bench.accuracy import PORTAL_KEY
from bench.report import Figure

GENERATED, FUZZED = 1_300_000, 1_000_000
QUICK_GENERATED, QUICK_FUZZED = 20_000, 20_000
AT_ONCE = 50_000
REGIONS = ("RU", "KZ", "BY")
SIGNS = "0123456789+()-. /,;#доб*x\u00a0"


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Count values that are read otherwise than by phonenumbers; there has to be none."""
    generated, fuzzed = (QUICK_GENERATED, QUICK_FUZZED) if quick else (GENERATED, FUZZED)
    yield Figure(
        f"phones of {generated:,} generated that phonenumbers reads otherwise",
        _generated_differences(generated),
        "",
        target=0,
        is_ratio_target=False,
    )
    yield Figure(
        f"phones of {fuzzed:,} fuzzed whose short cut is not the long way",
        _fuzzed_differences(fuzzed),
        "",
        target=0,
        is_ratio_target=False,
    )


def _generated_differences(count: int) -> int:
    random = Random(7)
    values = _typed(random)
    differences = 0
    while count > 0:
        raws = list(islice(values, min(AT_ONCE, count)))
        count -= len(raws)
        found = keys_of_values(ValueKind.PHONE, raws, RuleSet(), PORTAL_KEY)
        ours = dict(zip(found.values.tolist(), found.hashes.tolist(), strict=True))
        peers = hash_all(KeyKind.PHONE, list(map(_by_phonenumbers, raws)), PORTAL_KEY).tolist()
        differences += sum(ours.get(place) != peer for place, peer in enumerate(peers))
    return differences


def _typed(random: Random) -> Iterator[str]:
    """Yield numbers as people of a Russian portal type them, without those that begin with an exit prefix."""
    pool = ValuePool()
    while True:
        for take in (pool.mobile, pool.city, pool.kazakh, pool.foreign):
            raw = type_phone(take(), random).raw
            if not raw.startswith("00"):
                yield raw


def _by_phonenumbers(raw: str) -> bytes:
    number = phonenumbers.parse(raw, "RU")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).encode()


def _fuzzed_differences(count: int) -> int:
    random = Random(11)
    typed = _typed(random)
    differences = 0
    for number in range(count):
        text, region = to_plain_text(_edited(next(typed), random)), REGIONS[number % len(REGIONS)]
        quick = fast_e164(text, region)
        differences += quick is not None and [quick] != _e164s(text, region)
    return differences


def _e164s(text: str, region: str) -> Sequence[str | None]:
    return [number.e164 for number in read_slowly(text, region)]


def _edited(raw: str, random: Random) -> str:
    """Change, add or drop up to three signs."""
    signs = list(raw)
    for _ in range(random.randrange(4)):
        place = random.randrange(len(signs) or 1)
        match random.randrange(3):
            case 0:
                signs.insert(place, random.choice(SIGNS))
            case 1 if len(signs) > 1:
                del signs[place]
            case _:
                signs[place] = random.choice(SIGNS)
    return "".join(signs)
