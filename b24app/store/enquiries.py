"""New leads to be judged, and those that were found to repeat an earlier enquiry. Ids and codes only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from b24app.dedupe.record import RecordRef, RecordType
from b24app.store.effects import ENQUIRY
from b24app.store.scope import AnyRow, Scope


class EnquiryState(StrEnum):
    """What is known of a new lead."""

    TO_JUDGE = "to_judge"
    NO_REPEAT = "no_repeat"
    REPEAT = "repeat"
    UNDONE = "undone"


JUDGED_REPEATS = (EnquiryState.REPEAT.value, EnquiryState.UNDONE.value)


@dataclass(frozen=True, slots=True)
class Enquiry:
    """A lead judged a repeat: of which record, by which rule, and the how-manieth it is."""

    lead_id: int
    state: EnquiryState
    judged_at: float
    original: RecordRef
    rule: str
    number: int


class EnquiryRepository:
    """One portal's enquiries."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = ENQUIRY.c.portal_id == scope.portal_id

    async def plan(self, lead_ids: Collection[int], at: float) -> None:
        """Note that these new leads are to be judged; one that was judged is left alone."""
        if lead_ids:
            rows = [self._row(lead_id, at) for lead_id in sorted(set(lead_ids))]
            await self._scope.connection.execute(insert(ENQUIRY).values(rows).on_conflict_do_nothing())

    async def plan_again(self, lead_ids: Collection[int], *, since: float) -> None:
        """Judge once more those of these that were no repeats, and were new at ``since`` or later."""
        await self._scope.connection.execute(
            update(ENQUIRY)
            .where(
                self._own,
                ENQUIRY.c.lead_id.in_(sorted(set(lead_ids))),
                ENQUIRY.c.state == EnquiryState.NO_REPEAT.value,
                ENQUIRY.c.planned_at >= since,
            )
            .values(state=EnquiryState.TO_JUDGE.value)
        )

    async def waiting(self, limit: int) -> list[int]:
        """Return leads to be judged, those first that were noted first."""
        query = (
            select(ENQUIRY.c.lead_id)
            .where(self._own, ENQUIRY.c.state == EnquiryState.TO_JUDGE.value)
            .order_by(ENQUIRY.c.planned_at, ENQUIRY.c.lead_id)
            .limit(limit)
        )
        return [row.lead_id for row in await self._scope.connection.execute(query)]

    async def judge_no_repeats(self, lead_ids: Collection[int], at: float) -> None:
        await self._scope.connection.execute(
            update(ENQUIRY)
            .where(
                self._own,
                ENQUIRY.c.lead_id.in_(sorted(set(lead_ids))),
                ENQUIRY.c.state == EnquiryState.TO_JUDGE.value,
            )
            .values(state=EnquiryState.NO_REPEAT.value, judged_at=at)
        )

    async def judge_repeat(
        self, lead_id: int, original: RecordRef, *, rule: str, number: int, at: float
    ) -> bool:
        """Note the verdict; False when it was judged meanwhile."""
        judged = await self._scope.connection.execute(
            update(ENQUIRY)
            .where(self._own, ENQUIRY.c.lead_id == lead_id, ENQUIRY.c.state == EnquiryState.TO_JUDGE.value)
            .values(
                state=EnquiryState.REPEAT.value,
                judged_at=at,
                original_type=int(original.type),
                original_id=original.id,
                rule=rule,
                number=number,
            )
            .returning(ENQUIRY.c.lead_id)
        )
        return judged.first() is not None

    async def undo(self, lead_id: int) -> bool:
        """Note that everything done for this enquiry is being taken back; False when it is no repeat."""
        undone = await self._scope.connection.execute(
            update(ENQUIRY)
            .where(self._own, ENQUIRY.c.lead_id == lead_id, ENQUIRY.c.state == EnquiryState.REPEAT.value)
            .values(state=EnquiryState.UNDONE.value)
            .returning(ENQUIRY.c.lead_id)
        )
        return undone.first() is not None

    async def is_undone(self, lead_id: int) -> bool:
        """Tell whether somebody has taken the verdict on this lead back."""
        query = select(ENQUIRY.c.lead_id).where(
            self._own, ENQUIRY.c.lead_id == lead_id, ENQUIRY.c.state == EnquiryState.UNDONE.value
        )
        return (await self._scope.connection.execute(query)).first() is not None

    async def repeats(self, limit: int, *, offset: int = 0) -> Sequence[Enquiry]:
        """Return enquiries judged repeats, newest first."""
        query = (
            select(ENQUIRY)
            .where(self._own, ENQUIRY.c.state.in_(JUDGED_REPEATS))
            .order_by(ENQUIRY.c.judged_at.desc(), ENQUIRY.c.lead_id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [_to_enquiry(row) for row in await self._scope.connection.execute(query)]

    async def count_repeats(self) -> int:
        query = (
            select(func.count()).select_from(ENQUIRY).where(self._own, ENQUIRY.c.state.in_(JUDGED_REPEATS))
        )
        return int((await self._scope.connection.execute(query)).scalar_one())

    async def purge(self, before: float) -> None:
        """Remove leads that were no repeats and are new no more."""
        await self._scope.connection.execute(
            delete(ENQUIRY).where(
                self._own, ENQUIRY.c.state == EnquiryState.NO_REPEAT.value, ENQUIRY.c.planned_at < before
            )
        )

    def _row(self, lead_id: int, at: float) -> dict[str, object]:
        return {
            "portal_id": self._scope.portal_id,
            "lead_id": lead_id,
            "state": EnquiryState.TO_JUDGE.value,
            "planned_at": at,
        }


def _to_enquiry(row: AnyRow) -> Enquiry:
    return Enquiry(
        lead_id=row.lead_id,
        state=EnquiryState(row.state),
        judged_at=row.judged_at,
        original=RecordRef(RecordType(row.original_type), row.original_id),
        rule=row.rule,
        number=row.number,
    )
