"""Who hangs together with some records by the index alone: hashes and ids, with everybody's own neighbours.

The tab asks about one record and needs its neighbours; what is written into fields needs whole groups.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import RecordRef
from b24app.dedupe.rules import RuleSet, is_in_scope
from b24app.services.card.decisions import keys_fingerprint
from b24app.store.database import Transaction
from b24app.store.index import Holder

MEMBERS_AT_ONCE = 1_500  # records read at once; who is further off than that is left to his own turn
LONGEST_LIST = (
    300  # a value on more records is a hub here, whatever the rules allow: nobody reads so many links
)

Keys = frozenset[MatchKey]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """``members``: the records asked about and whoever shares a value that is no hub, step by step.

    ``holders`` has every key of theirs. ``indexed`` are the keys as the index knows them, ``touched_at`` the
    last change by somebody else than this app (Unix seconds).
    """

    members: Mapping[RecordRef, Keys]
    indexed: Mapping[RecordRef, Keys]
    touched_at: Mapping[RecordRef, float | None]
    holders: Mapping[MatchKey, tuple[Holder, ...]]
    hubs: Keys
    rejected: frozenset[frozenset[RecordRef]]
    hub_limit: int

    def young_hubs(self, changed: Collection[RecordRef]) -> list[set[RecordRef]]:
        """Return the holders of each hub that may have become one by the changed records."""
        held = [{holder.ref for holder in self.holders[key]} for key in sorted(self.hubs)]
        return [refs for refs in held if len(refs - set(changed)) <= self.hub_limit]

    def settled(self) -> set[RecordRef]:
        """Return the members whose neighbours are all members; far off in a huge group they are not."""
        return {
            ref
            for ref, keys in self.members.items()
            if all(
                holder.ref in self.members for key in keys - self.hubs for holder in self.holders.get(key, ())
            )
        }

    def count_far(self, refs: Iterable[RecordRef], rules: RuleSet, *, now: float) -> dict[RecordRef, int]:
        """Return how many share hub values only with each record; none where the rules hide weak matches."""
        if rules.least_grade is not Grade.WEAK:
            return {}
        return {ref: len(self._far(ref, rules, now)) for ref in refs if ref in self.members}

    def _far(self, ref: RecordRef, rules: RuleSet, now: float) -> set[RecordRef]:
        keys = self.members[ref]
        far = {
            holder.ref
            for key in keys & self.hubs
            for holder in self.holders[key]
            if is_in_scope(holder.outline(), rules, now=now)
        }
        near = {holder.ref for key in keys - self.hubs for holder in self.holders.get(key, ())}
        apart = {other for other in far if frozenset((ref, other)) in self.rejected}
        return far - near - apart - {ref}


async def find_neighbourhood(
    tx: Transaction,
    refs: Collection[RecordRef],
    rules: RuleSet,
    *,
    now: float,
    live: Mapping[RecordRef, Keys] | None = None,
) -> Neighbourhood:
    """Walk from the records to whoever hangs together with them; ``live`` keys go before what the index knows.

    Direct neighbours are always reached; those further off as long as there are not too many.
    """
    limit = min(rules.hub_limit, LONGEST_LIST)
    walk = _Walk(tx, limit, live or {})
    reached = await walk.step(await walk.step(set(refs)))
    while reached and len(walk.members) + len(reached) <= MEMBERS_AT_ONCE:
        reached = await walk.step(reached)
    rejected = await _rejected(tx, walk.members, walk.indexed, now=now)
    return Neighbourhood(
        walk.members, walk.indexed, walk.touched_at, walk.holders, frozenset(walk.hubs), rejected, limit
    )


class _Walk:
    """The way through the index, one step from records to their neighbours after the other."""

    def __init__(self, tx: Transaction, limit: int, live: Mapping[RecordRef, Keys]) -> None:
        self._tx = tx
        self._limit = limit
        self._live = live
        self.members: dict[RecordRef, Keys] = {}
        self.indexed: dict[RecordRef, Keys] = {}
        self.touched_at: dict[RecordRef, float | None] = {}
        self.holders: dict[MatchKey, tuple[Holder, ...]] = {}
        self.hubs: set[MatchKey] = set()

    async def step(self, refs: Collection[RecordRef]) -> set[RecordRef]:
        """Take these records in; return their neighbours that are not in yet."""
        if not refs:
            return set()
        records = await self._tx.index.get_many(refs)
        known = {ref: record.keys for ref, record in records.items()}
        self.indexed |= known
        self.touched_at |= {ref: record.modified_at for ref, record in records.items()}
        self.members |= {ref: self._live.get(ref, known.get(ref, frozenset())) for ref in sorted(refs)}
        wanted = {key for ref in refs for key in self.members[ref]} - self.holders.keys()
        found = _by_key(await self._tx.index.holders(wanted)) if wanted else {}
        self.holders |= found
        self.hubs |= {key for key, held in found.items() if len(held) > self._limit}
        near = (held for key, held in found.items() if key not in self.hubs)
        return {holder.ref for held in near for holder in held} - self.members.keys()


def _by_key(found: Iterable[Holder]) -> dict[MatchKey, tuple[Holder, ...]]:
    held: defaultdict[MatchKey, list[Holder]] = defaultdict(list)
    for holder in found:
        held[holder.key].append(holder)
    return {key: tuple(holders) for key, holders in held.items()}


async def _rejected(
    tx: Transaction, members: Collection[RecordRef], indexed: Mapping[RecordRef, Keys], *, now: float
) -> frozenset[frozenset[RecordRef]]:
    """Return the pairs called different, while the phones and e-mails of both are what they were then."""
    decisions = await tx.decisions.rejected_with_any(members, at=now)
    if not decisions:
        return frozenset()
    others = {ref for decision in decisions for ref in (decision.a, decision.b)} - indexed.keys()
    known = {ref: record.keys for ref, record in (await tx.index.get_many(others)).items()}
    prints = {ref: keys_fingerprint(keys) for ref, keys in {**indexed, **known}.items()}
    return frozenset(
        frozenset((decision.a, decision.b))
        for decision in decisions
        if all(prints.get(ref) == decision.fingerprint_of(ref) for ref in (decision.a, decision.b))
    )
