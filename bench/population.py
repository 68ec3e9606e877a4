"""Invented customers with the truth, as columns: the toy portal's people, and what is rare among them in bulk.

The portal's seed plants hubs, chains, shared and linked records, but few aliases, odd spellings and near misses;
here each of these comes by the thousand. Nothing is normalised: numbers are made whole and misspelt afterwards.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from b24app.dedupe.record import Multifield, PersonName, Record, RecordRef, RecordType, ValueKind
from b24app.sandbox.people import seed as seed_portal
from b24app.sandbox.people_truth import Truth

CLASSES = ("same_type", "cross_type", "linked", "unlinked", "chain", "alias", "hard_spelling")
ONE_IN = {"alias": 200, "hard_spelling": 100, "near": 100}  # a pair for so many records
FIRST_EXTRA_ID = 50_000_000
HUB_LIMIT = 50

Pairs = NDArray[np.int32]
Labels = NDArray[np.int32]

HARD_STYLES = (
    "+7 ({a}) {b}-{c}-{d} доб. 12", "8/{a}/{b}-{c}-{d}", "00 7 {a} {b}-{c}-{d}", "тел.: 8 {a} {b} {c} {d}",
    "+7.{a}.{b}.{c}.{d}", "8{a}{b}{c}{d} (Анна)", "+7{a}{b}{c}{d}#104", "8 {a} {b}{c}{d}, звонить до 18",
    "7 {a} {b} {c}{d}", "моб 8-{a}-{b}{c}{d}", "+7 {a}{b}-{c}{d} ext 7", "( {a} ) {b} - {c} - {d}",
)  # fmt: skip
ALIASES = (
    ("{x}.dom{n}@gmail.com", "{x}dom{n}@gmail.com"),
    ("{x}dom{n}+zakaz@gmail.com", "{x}dom{n}@googlemail.com"),
    ("{x}-dom{n}@yandex.ru", "{x}.dom{n}@ya.ru"),
    ("{x}dom{n}+sklad@outlook.com", "{x}dom{n}@outlook.com"),
)


@dataclass(frozen=True, slots=True)
class Values:
    """All phones, or all e-mails: as typed, and the number of the record beside each."""

    raws: list[str]
    numbers: NDArray[np.int32]


@dataclass(slots=True)
class Population:
    """Records by number. ``pairs``: class → pairs that are the same customer; ``near`` are pairs that are not.

    ``same``: record → its customer, by everything planted; records nobody shares anything with have their own.
    Pairs of ``apart`` are neither right nor wrong: what they share makes no customer, and is shown as weak.
    """

    refs: list[RecordRef] = field(default_factory=list)
    names: list[tuple[str, str, str]] = field(default_factory=list)  # first, last, company
    phones: list[tuple[str, ...]] = field(default_factory=list)
    emails: list[tuple[str, ...]] = field(default_factory=list)
    pairs: dict[str, Pairs] = field(default_factory=dict)
    near: Pairs = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    hubs: list[NDArray[np.int32]] = field(default_factory=list)  # holders of a switchboard's value
    apart: list[NDArray[np.int32]] = field(default_factory=list)  # of an office's box, or of a broken number
    same: Labels = field(default_factory=lambda: np.zeros(0, np.int32))
    types: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))  # ascending by type and id
    ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ranked: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # place there → number
    ranks: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # number → place there

    values: dict[ValueKind, Values] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.refs)

    def records(self) -> Iterator[Record]:
        """Yield the records as matching sees them."""
        for ref, (first, last, company), phones, emails in zip(
            self.refs, self.names, self.phones, self.emails, strict=True
        ):
            values = (
                *(Multifield(ValueKind.PHONE, raw) for raw in phones),
                *(Multifield(ValueKind.EMAIL, raw) for raw in emails),
            )
            yield Record(ref, values, PersonName(first, "", last), company)

    def add(self, ref: RecordRef, row: Mapping[str, object]) -> None:
        """Take a row of the portal."""
        company = row.get("TITLE" if ref.type is RecordType.COMPANY else "COMPANY_TITLE")
        self.refs.append(ref)
        self.names.append(tuple(str(text or "") for text in (row.get("NAME"), row.get("LAST_NAME"), company)))  # type: ignore[arg-type]
        self.phones.append(_values(row["PHONE"]))
        self.emails.append(_values(row["EMAIL"]))


def _values(multifield: object) -> tuple[str, ...]:
    return tuple(str(each["VALUE"]) for each in multifield) if isinstance(multifield, list) else ()


def make_population(size: int, seed: int = 7) -> Population:
    """Return about ``size`` records, the same for the same arguments."""
    extras = {name: size // rate for name, rate in ONE_IN.items()}
    seeded = seed_portal(size - 2 * sum(extras.values()), seed)
    people = Population()
    for kind, rows in zip(RecordType, (seeded.leads, seeded.contacts, seeded.companies), strict=True):
        for row in rows:
            people.add(RecordRef(kind, int(row["ID"])), row)
    numbers = {(str(ref.type.word), ref.id): number for number, ref in enumerate(people.refs)}
    _take_truth(people, seeded.truth, numbers)
    _add_extras(people, extras, Random(seed))
    people.same = _customers(people)
    _arrange(people)
    return people


def _arrange(people: Population) -> None:
    types = np.array([int(ref.type) for ref in people.refs], np.int8)
    ids = np.array([ref.id for ref in people.refs], np.int64)
    people.ranked = np.lexsort((ids, types)).astype(np.int32)
    people.types, people.ids = types[people.ranked], ids[people.ranked]
    people.ranks = np.argsort(people.ranked).astype(np.int32)
    for kind, raws_of in ((ValueKind.PHONE, people.phones), (ValueKind.EMAIL, people.emails)):
        numbers = np.repeat(np.arange(len(people), dtype=np.int32), [len(raws) for raws in raws_of])
        people.values[kind] = Values([raw for raws in raws_of for raw in raws], numbers)


def _take_truth(people: Population, truth: Truth, numbers: Mapping[tuple[str, int], int]) -> None:
    def rows(pairs: Iterable[Iterable[tuple[str, int]]]) -> Pairs:
        found = [[numbers[ref[0], ref[1]] for ref in pair] for pair in pairs]
        return np.array(found, np.int32).reshape(len(found), 2)

    people.pairs = {name: rows(truth.expected_pairs(name)) for name in CLASSES}
    people.near = rows(truth.near_misses)
    people.hubs = [np.array([numbers[ref] for ref in refs], np.int32) for refs in truth.hubs.values()]
    apart = (*truth.roles.values(), *truth.weak)
    people.apart = [np.array([numbers[ref] for ref in refs], np.int32) for refs in apart]


def _add_extras(people: Population, extras: Mapping[str, int], random: Random) -> None:
    makers = {"alias": _alias, "hard_spelling": _hard_spelling, "near": _near_miss}
    for name, wanted in extras.items():
        first = len(people)
        for number in range(wanted):
            for side, (field_name, raw) in enumerate(makers[name](number, random)):
                kind = (RecordType.LEAD, RecordType.CONTACT, RecordType.COMPANY)[(number + side) % 3]
                row = {"PHONE": [], "EMAIL": [], field_name: [{"VALUE": raw}]}
                people.add(RecordRef(kind, FIRST_EXTRA_ID + len(people)), row)
        made = np.arange(first, len(people), dtype=np.int32).reshape(wanted, 2)
        if name == "near":
            people.near = np.concatenate([people.near, made])
        else:
            people.pairs[name] = np.concatenate([people.pairs[name], made])


def _alias(number: int, random: Random) -> list[tuple[str, str]]:
    name = random.choice(("anna", "oleg", "irina", "timur"))
    return [("EMAIL", text.format(x=name, n=number)) for text in ALIASES[number % len(ALIASES)]]


def _hard_spelling(number: int, random: Random) -> list[tuple[str, str]]:
    odd = HARD_STYLES[number % len(HARD_STYLES)]
    return [("PHONE", _typed("+7 {a} {b}-{c}-{d}", 1, number)), ("PHONE", _typed(odd, 1, number))]


def _near_miss(number: int, random: Random) -> list[tuple[str, str]]:
    """Return two numbers a digit apart, with two digits swapped, of another code, or two like addresses."""
    styles = ("+7 {a} {b}-{c}-{d}", "8 ({a}) {b}-{c}-{d}", "8{a}{b}{c}{d}", "{a}{b}{c}{d}")
    one, other = random.choice(styles), random.choice(styles)
    match number % 4:
        case 0:
            values = [_typed(one, 2, number), _typed(other, 3, number)]
        case 1:
            values = [_typed(one, 4, number), _typed(one, 4, number + 500_000)]
        case 2:
            values = [_typed(one, 5, number), _typed(one, 5, number).replace("9", "+44 9", 1)]
        case _:
            return [("EMAIL", f"dom{number}@parus.example"), ("EMAIL", f"dom.{number}@parus.example")]
    return [("PHONE", value) for value in values]


def _typed(style: str, block: int, number: int) -> str:
    """Return the number of that position in a block of numbers nobody else here has."""
    digits = f"{900 + number // 10_000 % 100}00{block}{number % 10_000:04d}"
    return style.format(a=digits[:3], b=digits[3:6], c=digits[6:8], d=digits[8:])


def _customers(people: Population) -> Labels:
    joined = np.concatenate([people.pairs[name] for name in CLASSES])
    size = len(people)
    graph = coo_array((np.ones(len(joined), np.int8), (joined[:, 0], joined[:, 1])), shape=(size, size))
    labels: Labels = connected_components(graph, directed=False)[1]
    return labels
