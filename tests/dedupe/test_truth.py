"""The matcher against a whole portal of invented people whose truth is known from elsewhere."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import combinations

import pytest

from b24app.dedupe.keys import KeyedValue, KeyKind, MatchKey, keyed_values, match_keys
from b24app.dedupe.phones import phones_in
from b24app.dedupe.record import Multifield, Record, RecordRef, RecordType, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.sandbox.people import Seeded, seed
from b24app.sandbox.people_book import Ref
from b24app.sandbox.spellings import NEAR_MISSES, SPELLINGS
from tests.dedupe.builders import PORTAL_KEY

RULES = RuleSet()
Pair = frozenset[RecordRef]


class Found:
    """What the matcher finds among the seeded records."""

    def __init__(self, seeded: Seeded) -> None:
        self.carriers: defaultdict[MatchKey, set[RecordRef]] = defaultdict(set)
        self.values: dict[MatchKey, KeyedValue] = {}
        rows_by_word = {"lead": seeded.leads, "contact": seeded.contacts, "company": seeded.companies}
        for word, rows in rows_by_word.items():
            for row in rows:
                record = to_record(word, row)
                for value in keyed_values(record, RULES, PORTAL_KEY):
                    self.carriers[value.key].add(record.ref)
                    self.values[value.key] = value

    def pairs(self, is_meant: Callable[[KeyedValue], bool]) -> set[Pair]:
        """Return the pairs that share a value of a sort, hubs left out."""
        return {
            frozenset(pair)
            for key, refs in self.carriers.items()
            if len(refs) <= RULES.hub_limit and is_meant(self.values[key])
            for pair in combinations(refs, 2)
        }


def to_record(word: str, row: dict[str, object]) -> Record:
    multifields = tuple(Multifield(kind, each["VALUE"]) for kind in ValueKind for each in row[kind.upper()])
    return Record(RecordRef(RecordType.parse(word), row["ID"]), multifields)


def to_ref(ref: Ref) -> RecordRef:
    return RecordRef(RecordType.parse(ref.type), ref.id)


def to_pairs(pairs: Iterable[frozenset[Ref]]) -> set[Pair]:
    return {frozenset(map(to_ref, pair)) for pair in pairs}


def keys_of(raw: str, region: str) -> frozenset[MatchKey]:
    kind = ValueKind.EMAIL if "@" in raw else ValueKind.PHONE
    record = Record(RecordRef(RecordType.LEAD, 1), (Multifield(kind, raw),))
    return match_keys(record, RuleSet(region=region), PORTAL_KEY)


def say(capsys: pytest.CaptureFixture[str], figures: str) -> None:
    """Print figures past pytest's capture: they are what this file is for."""
    with capsys.disabled():
        print(f"\n  {figures}")  # noqa: T201


def is_exact(value: KeyedValue) -> bool:
    return value.key.kind in (KeyKind.PHONE, KeyKind.EMAIL) and value.is_valid and not value.is_role


@pytest.fixture(scope="module", params=[7, 8, 9])
def portal(request: pytest.FixtureRequest) -> Seeded:
    return seed(2000, seed=request.param)


@pytest.fixture(scope="module")
def found(portal: Seeded) -> Found:
    return Found(portal)


def test_exact_keys_find_every_pair_and_no_other(
    portal: Seeded, found: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, truth = found.pairs(is_exact), to_pairs(portal.truth.expected_pairs("exact"))

    precision, recall = len(pairs & truth) / len(pairs), len(pairs & truth) / len(truth)

    say(capsys, f"{len(truth)} true pairs: precision {precision:.3f}, recall {recall:.3f}")
    assert precision == 1.0
    assert recall >= 0.995


def test_aliases_find_one_mailbox_in_two_spellings(portal: Seeded, found: Found) -> None:
    aliases = found.pairs(lambda value: value.key.kind is KeyKind.EMAIL_ALIAS) - found.pairs(is_exact)

    assert aliases == to_pairs(portal.truth.expected_pairs("alias"))


def test_no_near_miss_shares_any_key(portal: Seeded, found: Found) -> None:
    near_misses = to_pairs(portal.truth.near_misses)

    assert len(near_misses) >= 60
    assert not near_misses & found.pairs(lambda value: True)


def test_hubs_weak_numbers_and_role_addresses_are_recognised(portal: Seeded, found: Found) -> None:
    def groups(carried: Iterable[frozenset[Ref]]) -> set[frozenset[RecordRef]]:
        return {frozenset(map(to_ref, refs)) for refs in carried}

    shared = {key: frozenset(refs) for key, refs in found.carriers.items() if len(refs) > 1}
    hubs = {refs for refs in shared.values() if len(refs) > RULES.hub_limit}

    assert groups(portal.truth.hubs.values()) == hubs
    assert groups(portal.truth.weak) == {
        refs for key, refs in shared.items() if key.kind is KeyKind.WEAK_PHONE
    }
    assert groups(portal.truth.roles.values()) == {
        refs for key, refs in shared.items() if found.values[key].is_role and refs not in hubs
    }


def test_the_second_table_of_spellings_is_read_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    misread = [
        row
        for row in SPELLINGS
        if {number.normalised for number in phones_in(row.raw, row.region)} != set(row.e164)
        or phones_in(row.raw, row.region)[0].extension != row.extension
    ]

    say(capsys, f"spellings read: {len(SPELLINGS) - len(misread)}/{len(SPELLINGS)}")
    assert misread == []


def test_the_second_table_of_near_misses_stays_apart(capsys: pytest.CaptureFixture[str]) -> None:
    joined = [row for row in NEAR_MISSES if keys_of(row.raw_a, row.region) & keys_of(row.raw_b, row.region)]

    say(capsys, f"near misses joined: {len(joined)}/{len(NEAR_MISSES)}")
    assert joined == []
