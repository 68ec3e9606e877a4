"""The truth about the seeded records: who shares what with whom, as it was planted.

Read off the book's register of carriers, never found by normalising: it is the measure of those who do.
Values on more than 50 records are hubs, and addresses such as info@… are roles; neither makes a customer, so
the pairs they would give are in no class of `Truth.expected_pairs`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from b24app.sandbox.people_book import Book, Pair, Ref, Shared

HUB_FROM = 51  # records


@dataclass(frozen=True, slots=True)
class Planted:
    """What the scenes know and the register cannot tell; filled while seeding."""

    mailboxes: dict[str, list[Ref]] = field(default_factory=dict)
    near_misses: dict[Pair, str] = field(default_factory=dict)
    hard_spellings: set[Pair] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    scenes: dict[str, tuple[Ref, ...]] = field(default_factory=dict)
    counts: dict[int, tuple[str, Ref]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is the same customer.

    `by_value`: canonical value → its carriers, two to fifty of them, hubs, roles and weak values left out.
    `near_misses`: pair that must not match → why. `weak`: groups sharing a number too short or too long.
    `hubs`, `roles`: canonical value → carriers. `relatives`: contact → its companies, lead → its client.
    `shared`: every value on a contact and a company; kind `several` when more than two of them carry it.
    """

    by_value: Mapping[str, frozenset[Ref]]
    alias_pairs: frozenset[Pair]
    hubs: Mapping[str, frozenset[Ref]]
    roles: Mapping[str, frozenset[Ref]]
    weak: tuple[frozenset[Ref], ...]
    near_misses: Mapping[Pair, str]
    hard_spellings: frozenset[Pair]
    shared: tuple[Shared, ...]
    relatives: Mapping[Ref, frozenset[Ref]]

    @property
    def same(self) -> tuple[frozenset[Ref], ...]:
        """Return the groups that share one exact value: inside, every two are a direct pair."""
        return tuple(self.by_value.values())

    def expected_pairs(self, kind: str) -> set[Pair]:
        """Return the unordered pairs of a class.

        ``exact``: share a value (= same_type + cross_type; cross_type = linked + unlinked). ``linked``: a
        contact and its company, a lead and its client. ``chain``: joined only through others. ``alias``: one
        mailbox in two spellings, no exact value shared. ``hard_spelling``: exact, one side in an odd spelling.
        """
        if kind not in _CLASSES:
            raise ValueError(f"unknown class of pairs {kind!r}; there are {', '.join(_CLASSES)}")
        return set(_CLASSES[kind](self))

    def are_linked(self, pair: Pair) -> bool:
        """Tell whether one of the two is the other's own company or client."""
        one, other = pair
        return other in self.relatives.get(one, ()) or one in self.relatives.get(other, ())


def _exact(truth: Truth) -> Iterator[Pair]:
    for group in truth.by_value.values():
        yield from map(frozenset, combinations(group, 2))


def _of_types(truth: Truth, *, types: int) -> Iterator[Pair]:
    return (pair for pair in _exact(truth) if len({ref.type for ref in pair}) == types)


def _unlinked(truth: Truth) -> Iterator[Pair]:
    return (pair for pair in _of_types(truth, types=2) if not truth.are_linked(pair))


def _linked(truth: Truth) -> Iterator[Pair]:
    return (pair for pair in _of_types(truth, types=2) if truth.are_linked(pair))


def _chained(truth: Truth) -> Iterator[Pair]:
    """Walk the groups that touch each other; what is reached but shares no value is chained."""
    values_of: defaultdict[Ref, list[str]] = defaultdict(list)
    for value, group in truth.by_value.items():
        for ref in group:
            values_of[ref].append(value)
    direct = set(_exact(truth))
    seen: set[Ref] = set()
    for start in values_of:
        if start in seen:
            continue
        component = _reach(start, values_of, truth.by_value)
        seen |= component
        yield from (pair for pair in map(frozenset, combinations(component, 2)) if pair not in direct)


def _reach(
    start: Ref, values_of: Mapping[Ref, list[str]], by_value: Mapping[str, frozenset[Ref]]
) -> set[Ref]:
    component, waiting = {start}, [start]
    while waiting:
        for value in values_of[waiting.pop()]:
            fresh = by_value[value] - component
            component |= fresh
            waiting.extend(fresh)
    return component


_CLASSES: dict[str, Callable[[Truth], Iterator[Pair]]] = {
    "exact": _exact,
    "same_type": lambda truth: _of_types(truth, types=1),
    "cross_type": lambda truth: _of_types(truth, types=2),
    "linked": _linked,
    "unlinked": _unlinked,
    "chain": _chained,
    "alias": lambda truth: iter(truth.alias_pairs),
    "hard_spelling": lambda truth: iter(truth.hard_spellings),
}


def tell_truth(book: Book, planted: Planted) -> Truth:
    """Return the truth about everything entered in the book."""
    carried = {value: refs for value, refs in book.carriers.items() if len(refs) > 1}
    hubs = {value: frozenset(refs) for value, refs in carried.items() if len(refs) >= HUB_FROM}
    roles = {
        value: frozenset(carried[value]) for value in sorted(planted.roles & carried.keys() - hubs.keys())
    }
    weak = [value for value in carried if value.startswith("weak:")]
    apart = hubs.keys() | roles.keys() | set(weak)
    by_value = {value: frozenset(refs) for value, refs in carried.items() if value not in apart}
    return Truth(
        by_value=by_value,
        alias_pairs=frozenset(_alias_pairs(planted.mailboxes, by_value)),
        hubs=hubs,
        roles=roles,
        weak=tuple(frozenset(carried[value]) for value in weak),
        near_misses=planted.near_misses,
        hard_spellings=frozenset(planted.hard_spellings),
        shared=tuple(_shared(book, by_value)),
        relatives=_relatives(book),
    )


def _alias_pairs(
    mailboxes: Mapping[str, list[Ref]], by_value: Mapping[str, frozenset[Ref]]
) -> Iterator[Pair]:
    direct = {pair for group in by_value.values() if len(group) < HUB_FROM for pair in _pairs(group)}
    for refs in mailboxes.values():
        yield from (pair for pair in _pairs(refs) if pair not in direct)


def _pairs(refs: Iterable[Ref]) -> Iterator[Pair]:
    return map(frozenset, combinations(refs, 2))


def _shared(book: Book, by_value: Mapping[str, frozenset[Ref]]) -> Iterator[Shared]:
    for value, group in by_value.items():
        contacts = sorted(ref for ref in group if ref.type == "contact")
        companies = sorted(ref for ref in group if ref.type == "company")
        for contact in contacts:
            for company in companies:
                own = company.id in book.links.get(contact.id, ())
                kind = "own_company" if own else "foreign_company"
                kind = "several" if len(contacts) + len(companies) > 2 else kind
                bosses = {book.by_ref[ref]["ASSIGNED_BY_ID"] for ref in (contact, company)}
                yield Shared(value, contact, company, kind, len(bosses) == 1)


def _relatives(book: Book) -> dict[Ref, frozenset[Ref]]:
    relatives = {lead: frozenset([client]) for lead, client in book.clients.items()}
    for contact_id, company_ids in book.links.items():
        relatives[Ref("contact", contact_id)] = frozenset(Ref("company", each) for each in company_ids)
    return relatives
