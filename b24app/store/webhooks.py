"""Outgoing webhooks of a portal and their deliveries. When and what is sent is the services' business.

An address may hold a token of its receiver, so it is sealed like the secret.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from b24app.store import tables_webhook
from b24app.store.portals import ALL_PORTALS, PortalStatus
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import PORTAL

WEBHOOK = SQLModel.metadata.tables[tables_webhook.WebhookRow.__tablename__]
DELIVERY = SQLModel.metadata.tables[tables_webhook.WebhookDeliveryRow.__tablename__]

URL, SECRET = "webhook.url", "webhook.secret"  # the names that sealed values are bound to


class WebhookState(StrEnum):
    ACTIVE = "active"
    GONE = "gone"  # the receiver said so: nothing is sent there any more


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that wants to be told. ``tried_at`` and ``result`` are of the last attempt."""

    webhook_id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    kinds: tuple[str, ...]
    created_by: int
    created_at: float
    state: WebhookState
    tried_at: float | None
    result: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. ``event_id`` is the same at every attempt."""

    delivery_id: int
    webhook_id: int
    event_id: str
    body: Mapping[str, object]
    planned_at: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try; ``next_at`` matters while the delivery waits."""

    delivery_id: int
    webhook_id: int
    state: DeliveryState
    result: str
    at: float
    next_at: float


class WebhookRepository:
    """One portal's webhooks."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = WEBHOOK.c.portal_id == scope.portal_id
        self._own_deliveries = DELIVERY.c.portal_id == scope.portal_id

    async def add(self, url: str, secret: str, kinds: Collection[str], *, created_by: int, at: float) -> int:
        """Keep a new webhook; return its id."""
        added = await self._scope.connection.execute(
            insert(WEBHOOK)
            .values(
                portal_id=self._scope.portal_id,
                url_sealed=self._scope.seal(URL, url),
                secret_sealed=self._scope.seal(SECRET, secret),
                kinds=sorted(kinds),
                created_by=created_by,
                created_at=at,
                state=WebhookState.ACTIVE.value,
            )
            .returning(WEBHOOK.c.webhook_id)
        )
        return int(added.scalar_one())

    async def list(self) -> list[Webhook]:
        """Return all of them, oldest first."""
        query = select(WEBHOOK).where(self._own).order_by(WEBHOOK.c.webhook_id)
        return [self._to_webhook(row) for row in await self._scope.connection.execute(query)]

    async def find(self, webhook_id: int) -> Webhook | None:
        query = select(WEBHOOK).where(self._own, WEBHOOK.c.webhook_id == webhook_id)
        row = (await self._scope.connection.execute(query)).first()
        return None if row is None else self._to_webhook(row)

    async def remove(self, webhook_id: int) -> None:
        """Remove a webhook and whatever was still to be told there."""
        await self._scope.connection.execute(
            delete(DELIVERY).where(self._own_deliveries, DELIVERY.c.webhook_id == webhook_id)
        )
        await self._scope.connection.execute(
            delete(WEBHOOK).where(self._own, WEBHOOK.c.webhook_id == webhook_id)
        )

    async def set_secret(self, webhook_id: int, secret: str) -> None:
        await self._set(webhook_id, secret_sealed=self._scope.seal(SECRET, secret))

    async def note_result(self, webhook_id: int, result: str, at: float) -> None:
        """Keep what came of the last attempt."""
        await self._set(webhook_id, result=result, tried_at=at)

    async def switch_off(self, webhook_id: int) -> None:
        """Tell this address nothing any more; what was to be told is given up."""
        await self._set(webhook_id, state=WebhookState.GONE.value)
        await self._scope.connection.execute(
            update(DELIVERY)
            .where(self._waiting(), DELIVERY.c.webhook_id == webhook_id)
            .values(state=DeliveryState.GIVEN_UP.value)
        )

    async def interested_in(self, kind: str) -> bool:
        """Tell whether any webhook wants to hear of this kind of event."""
        query = select(WEBHOOK.c.webhook_id).where(self._wants(kind)).limit(1)
        return (await self._scope.connection.execute(query)).first() is not None

    async def plan(
        self, kind: str, key: str, *, event_id: str, body: Mapping[str, object], at: float
    ) -> bool:
        """Note an event for every webhook that wants it; False when nobody does, or it was noted before."""
        wanted = select(WEBHOOK.c.webhook_id).where(self._wants(kind))
        rows = [
            {
                "portal_id": self._scope.portal_id,
                "webhook_id": row.webhook_id,
                "event_key": key,
                "event_id": event_id,
                "body": dict(body),
                "planned_at": at,
                "attempts": 0,
                "next_at": at,
                "state": DeliveryState.WAITING.value,
            }
            for row in await self._scope.connection.execute(wanted)
        ]
        if not rows:
            return False
        planned = await self._scope.connection.execute(
            upsert(DELIVERY).values(rows).on_conflict_do_nothing().returning(DELIVERY.c.delivery_id)
        )
        return planned.first() is not None

    async def due(self, at: float, limit: int) -> Sequence[Delivery]:
        """Return what is to be sent by now, oldest first."""
        query = (
            select(DELIVERY)
            .where(self._waiting(), DELIVERY.c.next_at <= at)
            .order_by(DELIVERY.c.delivery_id)
            .limit(limit)
        )
        return [
            Delivery(row.delivery_id, row.webhook_id, row.event_id, row.body, row.planned_at, row.attempts)
            for row in await self._scope.connection.execute(query)
        ]

    async def note_attempt(self, attempt: Attempt) -> None:
        """Keep what came of a try, on the delivery and on its webhook."""
        await self._scope.connection.execute(
            update(DELIVERY)
            .where(self._waiting(), DELIVERY.c.delivery_id == attempt.delivery_id)
            .values(
                state=attempt.state.value,
                result=attempt.result,
                attempts=DELIVERY.c.attempts + 1,
                next_at=attempt.next_at,
            )
        )
        await self.note_result(attempt.webhook_id, attempt.result, attempt.at)

    async def postpone(self, webhook_id: int, next_at: float) -> None:
        """Put off all that waits for an address that can't be reached now."""
        await self._scope.connection.execute(
            update(DELIVERY)
            .where(self._waiting(), DELIVERY.c.webhook_id == webhook_id, DELIVERY.c.next_at < next_at)
            .values(next_at=next_at)
        )

    async def give_up(self, webhook_id: int, planned_before: float, result: str) -> None:
        """Give up what waits for an address too long; ``result`` is why the last attempt failed."""
        await self._scope.connection.execute(
            update(DELIVERY)
            .where(
                self._waiting(), DELIVERY.c.webhook_id == webhook_id, DELIVERY.c.planned_at <= planned_before
            )
            .values(state=DeliveryState.GIVEN_UP.value, result=result)
        )

    async def counts(self) -> dict[tuple[int, DeliveryState], int]:
        """Return how many deliveries of which webhook are in which state."""
        query = (
            select(DELIVERY.c.webhook_id, DELIVERY.c.state, func.count())
            .where(self._own_deliveries)
            .group_by(DELIVERY.c.webhook_id, DELIVERY.c.state)
        )
        rows = await self._scope.connection.execute(query)
        return {(webhook_id, DeliveryState(state)): count for webhook_id, state, count in rows}

    async def purge(self, before: float) -> None:
        """Remove what ended and was planned before that time."""
        await self._scope.connection.execute(
            delete(DELIVERY).where(
                self._own_deliveries,
                DELIVERY.c.state != DeliveryState.WAITING.value,
                DELIVERY.c.planned_at < before,
            )
        )

    def _wants(self, kind: str) -> ColumnElement[bool]:
        return and_(self._own, WEBHOOK.c.state == WebhookState.ACTIVE.value, WEBHOOK.c.kinds.any_() == kind)

    def _waiting(self) -> ColumnElement[bool]:
        return and_(self._own_deliveries, DELIVERY.c.state == DeliveryState.WAITING.value)

    async def _set(self, webhook_id: int, **values: object) -> None:
        await self._scope.connection.execute(
            update(WEBHOOK).where(self._own, WEBHOOK.c.webhook_id == webhook_id).values(**values)
        )

    def _to_webhook(self, row: AnyRow) -> Webhook:
        return Webhook(
            webhook_id=row.webhook_id,
            url=self._scope.open(URL, row.url_sealed),
            secret=self._scope.open(SECRET, row.secret_sealed),
            kinds=tuple(row.kinds),
            created_by=row.created_by,
            created_at=row.created_at,
            state=WebhookState(row.state),
            tried_at=row.tried_at,
            result=row.result,
        )


async def find_portals_to_tell(connection: AsyncConnection, at: float) -> list[int]:
    """Return the active portals with a delivery that is due."""
    due = (
        select(DELIVERY.c.portal_id)
        .where(
            DELIVERY.c.portal_id == PORTAL.c.portal_id,
            DELIVERY.c.state == DeliveryState.WAITING.value,
            DELIVERY.c.next_at <= at,
        )
        .exists()
    )
    query = (
        select(PORTAL.c.portal_id)
        .prefix_with(ALL_PORTALS)
        .where(PORTAL.c.status == PortalStatus.ACTIVE.value, due)
        .order_by(PORTAL.c.portal_id)
    )
    return [row.portal_id for row in await connection.execute(query)]
