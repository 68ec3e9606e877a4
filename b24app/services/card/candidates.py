"""Who may match, by the index alone: hashes and ids. What they are is read live, with the viewer's rights."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.match import Grade
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet, is_in_scope
from b24app.services.card.decisions import keys_fingerprint
from b24app.store.database import Transaction
from b24app.store.decisions import Rejection
from b24app.store.index import Holder

STRONG = frozenset({KeyKind.PHONE, KeyKind.EMAIL})
MAX_NEAR = 1_200  # more than a person can look at: what is beyond is counted and paged as far ones are


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that holds a key of the open record."""

    ref: RecordRef
    keys: frozenset[MatchKey]
    responsible_id: int | None
    links: tuple[RecordRef, ...]
    modified_at: float | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everyone who holds one of the open record's keys, never cut.

    ``near`` share a value few records have, surest first; ``far`` share only hub values (or are too many for
    ``near``), and are counted and paged. ``rejected`` were called different by a person, and nothing changed since.
    """

    near: tuple[Candidate, ...]
    far: tuple[Candidate, ...]
    rejected: dict[RecordRef, Rejection]
    hubs: frozenset[MatchKey]


async def find_candidates(
    tx: Transaction,
    subjects: Collection[RecordRef],
    keys: Collection[MatchKey],
    rules: RuleSet,
    *,
    now: float,
) -> Candidates:
    """Return who shares a key with the subjects, within the portal's rules."""
    if not keys:
        return Candidates((), (), {}, frozenset())
    holders = await tx.index.holders(keys)
    found = _gather(holders, subjects, rules, now=now)
    rejections = await _rejections(tx, subjects, now=now)
    rejected = await _still_rejected(tx, [c for c in found if c.ref in rejections], rejections, subjects)
    return _arranged(found, rejected, _hubs(holders, rules), rules)


def candidates_among(holders: Sequence[Holder], rules: RuleSet, *, now: float) -> Candidates:
    """Return who of the holders of some keys may match by them, when no record is asked about."""
    return _arranged(_gather(holders, (), rules, now=now), {}, _hubs(holders, rules), rules)


def _arranged(
    found: Iterable[Candidate],
    rejected: dict[RecordRef, Rejection],
    hubs: frozenset[MatchKey],
    rules: RuleSet,
) -> Candidates:
    open_ones = [candidate for candidate in found if candidate.ref not in rejected]
    near = [candidate for candidate in open_ones if candidate.keys - hubs]
    near.sort(key=lambda candidate: _rank(candidate, hubs))
    far = [candidate for candidate in open_ones if not candidate.keys - hubs]
    wanted_far = far if rules.least_grade is Grade.WEAK else []
    return Candidates(
        near=tuple(near[:MAX_NEAR]),
        far=tuple(sorted((*near[MAX_NEAR:], *wanted_far), key=lambda candidate: candidate.ref)),
        rejected=rejected,
        hubs=hubs,
    )


def _hubs(holders: Sequence[Holder], rules: RuleSet) -> frozenset[MatchKey]:
    counts: defaultdict[MatchKey, int] = defaultdict(int)
    for holder in holders:
        counts[holder.key] += 1
    return frozenset(key for key, count in counts.items() if count > rules.hub_limit)


def _gather(
    holders: Iterable[Holder], subjects: Collection[RecordRef], rules: RuleSet, *, now: float
) -> list[Candidate]:
    keys: defaultdict[RecordRef, set[MatchKey]] = defaultdict(set)
    one: dict[RecordRef, Holder] = {}
    for holder in holders:
        if holder.ref not in subjects and (
            holder.ref in one or is_in_scope(holder.outline(), rules, now=now)
        ):
            keys[holder.ref].add(holder.key)
            one[holder.ref] = holder
    return [
        Candidate(ref, frozenset(keys[ref]), holder.responsible_id, holder.links, holder.modified_at)
        for ref, holder in one.items()
    ]


def _rank(candidate: Candidate, hubs: frozenset[MatchKey]) -> tuple[int, float, RecordRef]:
    """Order before anything is read: most strong keys first, then the latest change."""
    strong = sum(key.kind in STRONG for key in candidate.keys - hubs)
    return -strong, -(candidate.modified_at or 0.0), candidate.ref


async def _rejections(
    tx: Transaction, subjects: Iterable[RecordRef], *, now: float
) -> dict[RecordRef, Rejection]:
    return {
        rejection.other(subject): rejection
        for subject in subjects
        for rejection in await tx.decisions.rejected_with(subject, at=now)
    }


async def _still_rejected(
    tx: Transaction,
    candidates: Sequence[Candidate],
    rejections: dict[RecordRef, Rejection],
    subjects: Collection[RecordRef],
) -> dict[RecordRef, Rejection]:
    """Return the decisions that hold: a pair comes back when the phones or e-mails of either side changed."""
    if not candidates:
        return {}
    known = await tx.index.get_many([*(c.ref for c in candidates), *subjects])
    prints = {ref: keys_fingerprint(record.keys) for ref, record in known.items()}
    return {
        candidate.ref: rejection
        for candidate in candidates
        if (rejection := rejections[candidate.ref])
        and all(prints.get(ref) == rejection.fingerprint_of(ref) for ref in (rejection.a, rejection.b))
    }


def of_type(candidates: Iterable[Candidate], record_type: RecordType) -> list[Candidate]:
    """Return those of one type, in the same order."""
    return [candidate for candidate in candidates if candidate.ref.type is record_type]
