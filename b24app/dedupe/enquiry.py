"""Is this new lead a client who writes again, and to which earlier record does it belong? No I/O.

The order of originals is fixed, so that everybody who asks gets the same one: what is open comes before what is
closed, and among equals what was touched last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from b24app.dedupe.enquiry_rules import By, EnquiryRules, Original
from b24app.dedupe.match import ReasonCode
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.rules import DAY_S

BOTH = "both"
_BY_CODE = {
    ReasonCode.SAME_PHONE: By.PHONE,
    ReasonCode.SAME_WEAK_PHONE: By.PHONE,
    ReasonCode.SAME_EMAIL: By.EMAIL,
    ReasonCode.SAME_ALIAS: By.EMAIL,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that shares contact data with the new lead. Times are Unix seconds."""

    ref: RecordRef
    by: frozenset[By]
    stage: Stage = Stage.NONE
    responsible_id: int | None = None
    created_at: float | None = None
    modified_at: float | None = None
    has_open_deal: bool = False

    @property
    def touched_at(self) -> float | None:
        """When it was last changed, or created when no change is known."""
        return self.created_at if self.modified_at is None else self.modified_at


@dataclass(frozen=True, slots=True)
class Judgement:
    """A repeat: of which record, by what, the how-manieth, who keeps that record, and the client's earlier leads."""

    original: RecordRef
    rule: str  # phone, email, both
    number: int
    responsible_id: int | None
    story: tuple[int, ...]


def shared_by(codes: Iterable[ReasonCode]) -> frozenset[By]:
    """Return what a match's reasons come down to."""
    return frozenset(_BY_CODE[code] for code in codes)


def judge(
    lead_id: int,
    created_at: float | None,
    candidates: Collection[Candidate],
    rules: EnquiryRules,
    *,
    now: float,
) -> Judgement | None:
    """Return the verdict on a lead; None when it is nobody's repeat.

    Of two created in the same second the one with the smaller reference was first. Earlier leads of the client are
    counted whatever became of them.
    """
    own = _age(created_at, RecordRef(RecordType.LEAD, lead_id))
    earlier = [one for one in candidates if one.by & rules.by and _age(one.created_at, one.ref) < own]
    originals = [one for one in earlier if _counts(one, rules, now)]
    if not originals:
        return None
    original = min(originals, key=_place)
    leads = tuple(sorted(one.ref.id for one in earlier if one.ref.type is RecordType.LEAD))
    shared = original.by & rules.by
    return Judgement(
        original=original.ref,
        rule=BOTH if len(shared) > 1 else next(iter(shared)).value,
        number=max(1, len(leads)),
        responsible_id=original.responsible_id,
        story=leads,
    )


def _counts(one: Candidate, rules: EnquiryRules, now: float) -> bool:
    if Original.of(one.ref.type, one.stage) not in rules.originals:
        return False
    if not rules.look_back_days or one.touched_at is None:
        return True
    return now - one.touched_at <= rules.look_back_days * DAY_S


def _place(one: Candidate) -> tuple[bool, bool, float, RecordRef]:
    """Open work first: a lead in work or a client with an open deal; then clients, then what is closed."""
    is_open = one.has_open_deal or Original.of(one.ref.type, one.stage) is Original.IN_WORK
    return not is_open, one.stage.is_closed, -(one.touched_at or 0.0), one.ref


def _age(created_at: float | None, ref: RecordRef) -> tuple[float, RecordRef]:
    return created_at or 0.0, ref
