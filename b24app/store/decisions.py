"""What people decided: this pair is not a duplicate.

The reason is one of a fixed list of codes: free text would be a place for personal data. Both records'
fingerprints are kept, so that the services can let a pair come back when the data of one of them changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from b24app.dedupe.record import RecordRef, RecordType
from b24app.store.scope import AnyRow, AnySelect, Scope
from b24app.store.tables import REJECTION


class RejectReason(StrEnum):
    """Why a person says that two records are not one customer."""

    DIFFERENT_PEOPLE = "different_people"
    SHARED_VALUE = "shared_value"  # a family's, an office's or a go-between's phone or e-mail
    MISTYPED_VALUE = "mistyped_value"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A pair that a person called different; ``a`` is before ``b``."""

    a: RecordRef
    b: RecordRef
    fingerprint_a: int
    fingerprint_b: int
    author_id: int
    reason: RejectReason
    rejected_at: float
    expires_at: float | None
    undone_by: int | None
    undone_at: float | None

    def other(self, ref: RecordRef) -> RecordRef:
        """Return the pair's other record."""
        return self.b if ref == self.a else self.a

    def fingerprint_of(self, ref: RecordRef) -> int:
        """Return the fingerprint this record of the pair had when it was rejected."""
        return self.fingerprint_a if ref == self.a else self.fingerprint_b


class DecisionRepository:
    """One portal's decisions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = REJECTION.c.portal_id == scope.portal_id

    async def reject_pair(
        self,
        a: RecordRef,
        b: RecordRef,
        *,
        author_id: int,
        reason: RejectReason,
        expires_at: float | None,
        fingerprint_a: int,
        fingerprint_b: int,
        at: float,
    ) -> None:
        """Note that a and b are different, in place of what was decided about them before."""
        if a == b:
            raise ValueError("a pair needs two records")
        (a, fingerprint_a), (b, fingerprint_b) = sorted([(a, fingerprint_a), (b, fingerprint_b)])
        decided = {
            "fingerprint_a": fingerprint_a,
            "fingerprint_b": fingerprint_b,
            "author_id": author_id,
            "reason": reason.value,
            "rejected_at": at,
            "expires_at": expires_at,
            "undone_by": None,
            "undone_at": None,
        }
        pair = {"a_type": int(a.type), "a_id": a.id, "b_type": int(b.type), "b_id": b.id}
        await self._scope.connection.execute(
            insert(REJECTION)
            .values(portal_id=self._scope.portal_id, **pair, **decided)
            .on_conflict_do_update(index_elements=list(REJECTION.primary_key), set_=decided)
        )

    async def undo(self, a: RecordRef, b: RecordRef, *, author_id: int, at: float) -> bool:
        """Take the decision about the pair back; False when there was none to take back."""
        a, b = sorted([a, b])
        undone = await self._scope.connection.execute(
            update(REJECTION)
            .where(self._own, _first_is(a), _second_is(b), REJECTION.c.undone_at.is_(None))
            .values(undone_by=author_id, undone_at=at)
        )
        return undone.rowcount == 1

    async def rejected_with(self, ref: RecordRef, *, at: float) -> Sequence[Rejection]:
        """Return the decisions about this record in force at ``at``: not expired, not undone."""
        return await self._find(
            self._in_force(at).where(or_(_first_is(ref), _second_is(ref))).order_by(*REJECTION.primary_key)
        )

    async def rejected_with_any(self, refs: Collection[RecordRef], *, at: float) -> Sequence[Rejection]:
        """Return the decisions in force at ``at`` about any of these records."""
        named = [(int(ref.type), ref.id) for ref in refs]
        first = tuple_(REJECTION.c.a_type, REJECTION.c.a_id).in_(named)
        second = tuple_(REJECTION.c.b_type, REJECTION.c.b_id).in_(named)
        return await self._find(self._in_force(at).where(or_(first, second)).order_by(*REJECTION.primary_key))

    async def in_force(self, *, at: float) -> Sequence[Rejection]:
        """Return all decisions in force at ``at``."""
        return await self._find(self._in_force(at).order_by(*REJECTION.primary_key))

    async def list(self, limit: int, offset: int = 0) -> Sequence[Rejection]:
        """Return decisions, newest first, expired and undone ones included."""
        return await self._find(
            select(REJECTION)
            .where(self._own)
            .order_by(REJECTION.c.rejected_at.desc(), *REJECTION.primary_key)
            .limit(limit)
            .offset(offset)
        )

    def _in_force(self, at: float) -> AnySelect:
        unexpired = or_(REJECTION.c.expires_at.is_(None), REJECTION.c.expires_at > at)
        return select(REJECTION).where(self._own, REJECTION.c.undone_at.is_(None), unexpired)

    async def _find(self, query: AnySelect) -> Sequence[Rejection]:
        return [_to_rejection(row) for row in await self._scope.connection.execute(query)]


def _first_is(ref: RecordRef) -> ColumnElement[bool]:
    return and_(REJECTION.c.a_type == int(ref.type), REJECTION.c.a_id == ref.id)


def _second_is(ref: RecordRef) -> ColumnElement[bool]:
    return and_(REJECTION.c.b_type == int(ref.type), REJECTION.c.b_id == ref.id)


def _to_rejection(row: AnyRow) -> Rejection:
    return Rejection(
        a=RecordRef(RecordType(row.a_type), row.a_id),
        b=RecordRef(RecordType(row.b_type), row.b_id),
        fingerprint_a=row.fingerprint_a,
        fingerprint_b=row.fingerprint_b,
        author_id=row.author_id,
        reason=RejectReason(row.reason),
        rejected_at=row.rejected_at,
        expires_at=row.expires_at,
        undone_by=row.undone_by,
        undone_at=row.undone_at,
    )
