"""What the app does in a portal, each once: planned, doing, done; and taken back. Ids and codes only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from b24app.store import tables_effect
from b24app.store.portals import ALL_PORTALS, PortalStatus
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import PORTAL

EFFECT = SQLModel.metadata.tables[tables_effect.EffectRow.__tablename__]
ENQUIRY = SQLModel.metadata.tables[tables_effect.EnquiryRow.__tablename__]

Facts: TypeAlias = Mapping[str, object]  # JSON: ids and codes


class EffectState(StrEnum):
    """How far an effect is. Only PLANNED may be begun; DOING and UNDOING say that nobody knows yet."""

    PLANNED = "planned"
    DOING = "doing"
    DONE = "done"
    REFUSED = "refused"
    UNSURE = "unsure"
    UNDOING = "undoing"
    UNDONE = "undone"


OPEN = (EffectState.PLANNED, EffectState.DOING, EffectState.UNDOING)


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect. ``result`` is what an undo needs; ``reason`` a code; ``lead_id`` the enquiry it belongs to."""

    effect_id: int
    key: str
    kind: str
    payload: Facts
    state: EffectState
    result: Facts
    reason: str | None
    lead_id: int | None
    changed_at: float


class EffectRepository:
    """One portal's effects."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = EFFECT.c.portal_id == scope.portal_id

    async def plan(self, key: str, kind: str, payload: Facts, *, lead_id: int | None = None) -> bool:
        """Note that this is to be done; False when the key was planned before, whatever became of it."""
        at = self._scope.clock.now()
        planned = await self._scope.connection.execute(
            insert(EFFECT)
            .values(
                portal_id=self._scope.portal_id,
                key=key,
                kind=kind,
                payload=dict(payload),
                state=EffectState.PLANNED.value,
                result={},
                lead_id=lead_id,
                planned_at=at,
                changed_at=at,
            )
            .on_conflict_do_nothing(index_elements=["portal_id", "key"])
            .returning(EFFECT.c.effect_id)
        )
        return planned.first() is not None

    async def open(self, limit: int, *, after: int = 0) -> list[Effect]:
        """Return effects that are planned, under way or being taken back, oldest first."""
        query = (
            select(EFFECT)
            .where(self._own, EFFECT.c.state.in_([state.value for state in OPEN]), EFFECT.c.effect_id > after)
            .order_by(EFFECT.c.effect_id)
            .limit(limit)
        )
        return [_to_effect(row) for row in await self._scope.connection.execute(query)]

    async def get(self, effect_id: int) -> Effect | None:
        query = select(EFFECT).where(self._own, EFFECT.c.effect_id == effect_id)
        row = (await self._scope.connection.execute(query)).first()
        return None if row is None else _to_effect(row)

    async def of_leads(self, lead_ids: Collection[int]) -> list[Effect]:
        """Return what was planned for these enquiries, oldest first."""
        query = (
            select(EFFECT).where(self._own, EFFECT.c.lead_id.in_(list(lead_ids))).order_by(EFFECT.c.effect_id)
        )
        return [_to_effect(row) for row in await self._scope.connection.execute(query)]

    async def move(
        self,
        effect_id: int,
        before: EffectState,
        after: EffectState,
        *,
        at: float,
        result: Facts | None = None,
        reason: str | None = None,
    ) -> bool:
        """Bring an effect from one state to the next; False when it was not in that state any more."""
        values: dict[str, object] = {"state": after.value, "reason": reason, "changed_at": at}
        if result is not None:
            values["result"] = dict(result)
        moved = await self._scope.connection.execute(
            update(EFFECT)
            .where(self._own, EFFECT.c.effect_id == effect_id, EFFECT.c.state == before.value)
            .values(values)
            .returning(EFFECT.c.effect_id)
        )
        return moved.first() is not None

    async def purge(self, before: float) -> None:
        """Remove finished effects older than that, unless an enquiry names them."""
        named = exists().where(
            ENQUIRY.c.portal_id == self._scope.portal_id, ENQUIRY.c.lead_id == EFFECT.c.lead_id
        )
        await self._scope.connection.execute(
            delete(EFFECT).where(
                self._own,
                EFFECT.c.changed_at < before,
                EFFECT.c.state.not_in([state.value for state in OPEN]),
                ~named,
            )
        )


def _to_effect(row: AnyRow) -> Effect:
    return Effect(
        effect_id=row.effect_id,
        key=row.key,
        kind=row.kind,
        payload=row.payload,
        state=EffectState(row.state),
        result=row.result,
        reason=row.reason,
        lead_id=row.lead_id,
        changed_at=row.changed_at,
    )


async def find_portals_to_act(connection: AsyncConnection) -> list[int]:
    """Return the active portals with an effect to carry out or an enquiry to judge."""
    effects = exists().where(
        EFFECT.c.portal_id == PORTAL.c.portal_id, EFFECT.c.state.in_([state.value for state in OPEN])
    )
    enquiries = exists().where(ENQUIRY.c.portal_id == PORTAL.c.portal_id, ENQUIRY.c.state == "to_judge")
    query = (
        select(PORTAL.c.portal_id)
        .prefix_with(ALL_PORTALS)
        .where(PORTAL.c.status == PortalStatus.ACTIVE.value, effects | enquiries)
        .order_by(PORTAL.c.portal_id)
    )
    return [row.portal_id for row in await connection.execute(query)]
