"""How far the first indexing, a sweep or a full reconciliation has come, so that a killed worker resumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from b24app.dedupe.record import RecordType
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import SWEEP, SYNC_RANGE, SYNC_RUN


class SyncKind(StrEnum):
    FIRST = "first"
    FULL = "full"
    SWEEP = "sweep"


class SyncState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Span:
    """Ids to read: more than ``after_id``, up to and with ``up_to_id``."""

    type: RecordType
    after_id: int
    up_to_id: int


@dataclass(frozen=True, slots=True)
class Range:
    """A span and how far it was read: ``after_id`` is the checkpoint, ``read`` counts its records so far."""

    run_id: int
    number: int  # from 0, in the order of ``start``
    type: RecordType
    after_id: int
    up_to_id: int
    read: int
    done: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One first indexing, sweep or reconciliation."""

    run_id: int
    kind: SyncKind
    state: SyncState
    reason_code: str | None  # why it failed
    expected: dict[RecordType, int]
    started_at: float
    updated_at: float
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Records read of those expected. Times are Unix seconds."""

    done: int
    total: int
    started_at: float
    updated_at: float
    finished_at: float | None


class SyncRepository:
    """One portal's runs. A new run replaces the one before it of the same kind."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own_runs = SYNC_RUN.c.portal_id == scope.portal_id
        self._own_ranges = SYNC_RANGE.c.portal_id == scope.portal_id

    async def start(
        self, kind: SyncKind, spans: Sequence[Span], expected: Mapping[RecordType, int], at: float
    ) -> Run:
        """Begin a run over these spans; whatever run of that kind there was is forgotten."""
        await self._forget(kind)
        started = await self._scope.connection.execute(
            insert(SYNC_RUN)
            .values(
                portal_id=self._scope.portal_id,
                kind=kind.value,
                state=SyncState.RUNNING.value,
                expected={str(int(type_)): count for type_, count in expected.items()},
                started_at=at,
                updated_at=at,
            )
            .returning(SYNC_RUN)
        )
        run = _to_run(started.one())
        rows = [
            {
                "portal_id": self._scope.portal_id,
                "run_id": run.run_id,
                "number": number,
                "type": int(span.type),
                "after_id": span.after_id,
                "up_to_id": span.up_to_id,
                "read": 0,
                "done": False,
            }
            for number, span in enumerate(spans)
        ]
        if rows:
            await self._scope.connection.execute(insert(SYNC_RANGE), rows)
        return run

    async def current(self, kind: SyncKind) -> Run | None:
        """Return the run of that kind that is under way."""
        run = await self.latest(kind)
        return run if run is not None and run.state is SyncState.RUNNING else None

    async def latest(self, kind: SyncKind) -> Run | None:
        """Return the last run of that kind, whatever became of it."""
        query = (
            select(SYNC_RUN)
            .where(self._own_runs, SYNC_RUN.c.kind == kind.value)
            .order_by(SYNC_RUN.c.run_id.desc())
            .limit(1)
        )
        row = (await self._scope.connection.execute(query)).first()
        return None if row is None else _to_run(row)

    async def ranges(self, run: Run) -> list[Range]:
        """Return all ranges of the run in order, done ones included."""
        query = (
            select(SYNC_RANGE)
            .where(self._own_ranges, SYNC_RANGE.c.run_id == run.run_id)
            .order_by(SYNC_RANGE.c.number)
        )
        return [_to_range(row) for row in await self._scope.connection.execute(query)]

    async def advance(
        self, run: Run, number: int, *, after_id: int, read: int, done: bool, at: float
    ) -> bool:
        """Move a range's checkpoint; ``read`` is its records so far, not those of this step.

        False, and nothing moved, when the checkpoint is further already or the run was replaced.
        """
        moved = await self._scope.connection.execute(
            update(SYNC_RANGE)
            .where(
                self._own_ranges,
                SYNC_RANGE.c.run_id == run.run_id,
                SYNC_RANGE.c.number == number,
                SYNC_RANGE.c.after_id <= after_id,
                SYNC_RANGE.c.done.is_(False),
            )
            .values(after_id=after_id, read=read, done=done)
        )
        if moved.rowcount == 0:
            return False
        await self._set(run, updated_at=at)
        return True

    async def finish(self, run: Run, at: float) -> None:
        await self._set(run, state=SyncState.FINISHED.value, updated_at=at, finished_at=at)

    async def fail(self, run: Run, reason_code: str, at: float) -> None:
        """Note that the run was given up; ``reason_code`` is a code, never a message."""
        await self._set(
            run, state=SyncState.FAILED.value, reason_code=reason_code, updated_at=at, finished_at=at
        )

    async def progress(self, kind: SyncKind) -> Progress | None:
        """Return how far the last run of that kind came; None when there was none."""
        run = await self.latest(kind)
        if run is None:
            return None
        query = select(func.coalesce(func.sum(SYNC_RANGE.c.read), 0)).where(
            self._own_ranges, SYNC_RANGE.c.run_id == run.run_id
        )
        read = int((await self._scope.connection.execute(query)).scalar_one())
        return Progress(
            done=read,
            total=sum(run.expected.values()),
            started_at=run.started_at,
            updated_at=run.updated_at,
            finished_at=run.finished_at,
        )

    async def last_sweep_at(self, type_: RecordType) -> float | None:
        """Return up to which time changes of this type were swept; None: never."""
        query = select(SWEEP.c.swept_at).where(
            SWEEP.c.portal_id == self._scope.portal_id, SWEEP.c.type == int(type_)
        )
        swept_at: float | None = (await self._scope.connection.execute(query)).scalar_one_or_none()
        return swept_at

    async def all_swept_at(self) -> float | None:
        """Return up to which time changes of every type were swept; None: one of them never."""
        query = select(func.min(SWEEP.c.swept_at), func.count()).where(
            SWEEP.c.portal_id == self._scope.portal_id
        )
        earliest, types = (await self._scope.connection.execute(query)).one()
        return earliest if types == len(RecordType) else None

    async def set_last_sweep_at(self, type_: RecordType, at: float) -> None:
        await self._scope.connection.execute(
            upsert(SWEEP)
            .values(portal_id=self._scope.portal_id, type=int(type_), swept_at=at)
            .on_conflict_do_update(index_elements=list(SWEEP.primary_key), set_={"swept_at": at})
        )

    async def _set(self, run: Run, **values: object) -> None:
        await self._scope.connection.execute(
            update(SYNC_RUN).where(self._own_runs, SYNC_RUN.c.run_id == run.run_id).values(**values)
        )

    async def _forget(self, kind: SyncKind) -> None:
        before = select(SYNC_RUN.c.run_id).where(self._own_runs, SYNC_RUN.c.kind == kind.value)
        await self._scope.connection.execute(
            delete(SYNC_RANGE).where(self._own_ranges, SYNC_RANGE.c.run_id.in_(before))
        )
        await self._scope.connection.execute(
            delete(SYNC_RUN).where(self._own_runs, SYNC_RUN.c.kind == kind.value)
        )


def _to_run(row: AnyRow) -> Run:
    return Run(
        run_id=row.run_id,
        kind=SyncKind(row.kind),
        state=SyncState(row.state),
        reason_code=row.reason_code,
        expected={RecordType(int(number)): count for number, count in row.expected.items()},
        started_at=row.started_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )


def _to_range(row: AnyRow) -> Range:
    return Range(
        run_id=row.run_id,
        number=row.number,
        type=RecordType(row.type),
        after_id=row.after_id,
        up_to_id=row.up_to_id,
        read=row.read,
        done=row.done,
    )
