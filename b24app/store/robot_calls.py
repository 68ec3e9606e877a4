"""Calls of robots: one row a token, kept for a week, so that every call ends in an answer and none in two."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.portals import ALL_PORTALS, PortalStatus
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import PORTAL
from b24app.store.tables_robot import ROBOT_CALL

_TOKEN = "robot_call.token"  # noqa: S105 - the name of a column, no secret


class CallState(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    TOO_LATE = "too_late"  # the workflow did not wait any more


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call as it was taken in. ``document_type`` is "lead", "deal" or another word; "" when none could be read.

    ``mistake`` names the input that made no sense; ``sent_at``: an answer may have left already.
    """

    digest: bytes
    token: str = field(repr=False)
    robot: str
    document_type: str
    document_id: int
    inputs: Mapping[str, object]
    mistake: str | None
    is_awaited: bool
    received_at: float
    deadline: float
    sent_at: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended; ``reason_code`` None: as it should."""

    digest: bytes
    state: CallState
    reason_code: str | None


class RobotCallRepository:
    """One portal's calls."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = ROBOT_CALL.c.portal_id == scope.portal_id

    async def put(self, call: KeptCall) -> bool:
        """Take in a call; False when its token came before, and nothing changes."""
        row = {
            "portal_id": self._scope.portal_id,
            "digest": call.digest,
            "token_sealed": self._scope.seal(_TOKEN, call.token),
            "robot": call.robot,
            "document_type": call.document_type,
            "document_id": call.document_id,
            "inputs": dict(call.inputs),
            "mistake": call.mistake,
            "is_awaited": call.is_awaited,
            "received_at": call.received_at,
            "deadline": call.deadline,
            "state": CallState.WAITING.value,
        }
        done = await self._scope.connection.execute(
            insert(ROBOT_CALL).values(row).on_conflict_do_nothing().returning(ROBOT_CALL.c.digest)
        )
        return done.first() is not None

    async def waiting(self, limit: int) -> list[KeptCall]:
        """Return the calls nobody answered, those that came first first."""
        query = (
            select(ROBOT_CALL)
            .where(self._own, ROBOT_CALL.c.state == CallState.WAITING.value)
            .order_by(ROBOT_CALL.c.received_at, ROBOT_CALL.c.digest)
            .limit(limit)
        )
        return [self._to_call(row) for row in await self._scope.connection.execute(query)]

    async def note_sent(self, digests: Collection[bytes], at: float) -> None:
        """Note that answers leave now: whatever the portal says to a second one, these may have arrived."""
        await self._scope.connection.execute(
            update(ROBOT_CALL).where(self._own, ROBOT_CALL.c.digest.in_(digests)).values(sent_at=at)
        )

    async def finish(self, endings: Sequence[Ending], at: float) -> None:
        """Note how calls ended."""
        for ending in endings:
            await self._scope.connection.execute(
                update(ROBOT_CALL)
                .where(self._own, ROBOT_CALL.c.digest == ending.digest)
                .values(state=ending.state.value, reason_code=ending.reason_code, finished_at=at)
            )

    async def endings(self) -> list[Ending]:
        """Return how the finished calls that are still kept ended, in the order they came."""
        query = (
            select(ROBOT_CALL.c.digest, ROBOT_CALL.c.state, ROBOT_CALL.c.reason_code)
            .where(self._own, ROBOT_CALL.c.state != CallState.WAITING.value)
            .order_by(ROBOT_CALL.c.received_at, ROBOT_CALL.c.digest)
        )
        rows = await self._scope.connection.execute(query)
        return [Ending(row.digest, CallState(row.state), row.reason_code) for row in rows]

    async def purge(self, before: float) -> None:
        """Remove calls that came before this moment: their workflows have gone on by now, answered or not."""
        await self._scope.connection.execute(
            delete(ROBOT_CALL).where(self._own, ROBOT_CALL.c.received_at < before)
        )

    def _to_call(self, row: AnyRow) -> KeptCall:
        return KeptCall(
            digest=row.digest,
            token=self._scope.open(_TOKEN, row.token_sealed),
            robot=row.robot,
            document_type=row.document_type,
            document_id=row.document_id,
            inputs=row.inputs,
            mistake=row.mistake,
            is_awaited=row.is_awaited,
            received_at=row.received_at,
            deadline=row.deadline,
            sent_at=row.sent_at,
        )


async def find_called_portals(connection: AsyncConnection) -> list[int]:
    """Return the active portals with a call that waits for its answer."""
    waiting = (
        select(ROBOT_CALL.c.portal_id)
        .where(
            ROBOT_CALL.c.portal_id == PORTAL.c.portal_id,
            ROBOT_CALL.c.state == CallState.WAITING.value,
        )
        .exists()
    )
    query = (
        select(PORTAL.c.portal_id)
        .prefix_with(ALL_PORTALS)
        .where(PORTAL.c.status == PortalStatus.ACTIVE.value, waiting)
        .order_by(PORTAL.c.portal_id)
    )
    return [row.portal_id for row in await connection.execute(query)]
