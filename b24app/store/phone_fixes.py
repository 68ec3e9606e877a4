"""Phones that a robot brought to one form: the spellings before and after, sealed, until nobody may undo it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import cast

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from b24app.dedupe.record import RecordRef, RecordType
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables_robot import PHONE_FIX

_VALUES = "phone_fix.values"


@dataclass(frozen=True, slots=True)
class FixedPhone:
    """One value of a multifield, by its id in the portal, before and after."""

    value_id: int
    value_type: str
    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhoneFix:
    """What was written for one record, or was about to be when a process ended. ``undone_at`` None: it holds."""

    fix_id: int
    ref: RecordRef
    phones: tuple[FixedPhone, ...] = field(repr=False)
    unchanged: int
    invalid: int
    made_at: float
    undone_at: float | None
    undone_by: int | None


class PhoneFixRepository:
    """One portal's rewritten phones."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = PHONE_FIX.c.portal_id == scope.portal_id

    async def plan(
        self,
        digest: bytes,
        ref: RecordRef,
        phones: Sequence[FixedPhone],
        *,
        unchanged: int,
        invalid: int,
        at: float,
    ) -> PhoneFix:
        """Keep what is about to be written for a call; the plan made first stands."""
        row = {
            "portal_id": self._scope.portal_id,
            "digest": digest,
            "type": int(ref.type),
            "id": ref.id,
            "values_sealed": self._scope.seal_json(_VALUES, [asdict(phone) for phone in phones]),
            "unchanged": unchanged,
            "invalid": invalid,
            "made_at": at,
        }
        await self._scope.connection.execute(insert(PHONE_FIX).values(row).on_conflict_do_nothing())
        planned = {fix.ref: fix for fix in await self.of_call(digest)}
        return planned[ref]

    async def of_call(self, digest: bytes) -> list[PhoneFix]:
        """Return what was planned for a call, one a record."""
        query = select(PHONE_FIX).where(self._own, PHONE_FIX.c.digest == digest)
        return [self._to_fix(row) for row in await self._scope.connection.execute(query)]

    async def get(self, fix_id: int) -> PhoneFix | None:
        query = select(PHONE_FIX).where(self._own, PHONE_FIX.c.fix_id == fix_id)
        row = (await self._scope.connection.execute(query)).first()
        return None if row is None else self._to_fix(row)

    async def recent(self, limit: int) -> list[PhoneFix]:
        """Return the records whose phones were rewritten, newest first."""
        query = select(PHONE_FIX).where(self._own).order_by(PHONE_FIX.c.fix_id.desc()).limit(limit)
        return [self._to_fix(row) for row in await self._scope.connection.execute(query)]

    async def drop(self, fix_id: int) -> None:
        """Forget a plan that the portal refused: nothing was written."""
        await self._scope.connection.execute(delete(PHONE_FIX).where(self._own, PHONE_FIX.c.fix_id == fix_id))

    async def mark_undone(self, fix_id: int, user_id: int, at: float) -> None:
        await self._scope.connection.execute(
            update(PHONE_FIX)
            .where(self._own, PHONE_FIX.c.fix_id == fix_id)
            .values(undone_at=at, undone_by=user_id)
        )

    async def purge(self, before: float) -> None:
        """Remove what was made before this moment: it can't be undone any more."""
        await self._scope.connection.execute(delete(PHONE_FIX).where(self._own, PHONE_FIX.c.made_at < before))

    def _to_fix(self, row: AnyRow) -> PhoneFix:
        values = cast("list[dict[str, object]]", self._scope.open_json(_VALUES, row.values_sealed))
        return PhoneFix(
            fix_id=row.fix_id,
            ref=RecordRef(RecordType(row.type), row.id),
            phones=tuple(FixedPhone(**value) for value in values),  # type: ignore[arg-type]
            unchanged=row.unchanged,
            invalid=row.invalid,
            made_at=row.made_at,
            undone_at=row.undone_at,
            undone_by=row.undone_by,
        )
