"""Runs of the audit: ordered, worked on, paused, finished. What they found is in ``audit_groups``."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.audit_sums import AuditSums
from b24app.store.audit_values import AuditRun, AuditStage, AuditState, Progress
from b24app.store.options import OPTION
from b24app.store.portals import ALL_PORTALS, PortalStatus
from b24app.store.scope import AnyRow, Scope
from b24app.store.tables import PORTAL
from b24app.store.tables_audit import AUDIT_GROUP, AUDIT_HUB, AUDIT_MEMBER, AUDIT_RUN, AUDIT_SHARED

_NAME, _RULES = "audit_run.name", "audit_run.rules"
FORGOTTEN = "forgotten"  # in the checkpoint of a run whose results were removed
_OPEN = (AuditState.QUEUED.value, AuditState.RUNNING.value, AuditState.PAUSED.value)


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """What an audit is ordered with."""

    name: str
    scope: Mapping[str, object]
    terms: Mapping[str, object]
    rules: Mapping[str, object]
    started_by: int | None


class AuditRepository(AuditSums):
    """One portal's audits."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._own = AUDIT_RUN.c.portal_id == scope.portal_id

    async def order(self, order: AuditOrder, at: float) -> AuditRun:
        """Queue a run."""
        row = {
            "portal_id": self._scope.portal_id,
            "name_sealed": self._scope.seal(_NAME, order.name),
            "rules_sealed": self._scope.seal_json(_RULES, dict(order.rules)),
            "state": AuditState.QUEUED.value,
            "stage": AuditStage.GROUPING.value,
            "scope": dict(order.scope),
            "terms": dict(order.terms),
            "started_by": order.started_by,
            "created_at": at,
            "updated_at": at,
            **dict.fromkeys(("done", "total", "rows", "groups", "speed"), 0),
            "numbers": {},
            "checkpoint": {},
        }
        added = await self._scope.connection.execute(insert(AUDIT_RUN).values(row).returning(AUDIT_RUN))
        return self._to_run(added.one())

    async def get(self, run_id: int) -> AuditRun | None:
        query = select(AUDIT_RUN).where(self._own, AUDIT_RUN.c.run_id == run_id)
        row = (await self._scope.connection.execute(query)).first()
        return None if row is None else self._to_run(row)

    async def latest(self, limit: int) -> list[AuditRun]:
        """Return runs, the last first."""
        query = select(AUDIT_RUN).where(self._own).order_by(AUDIT_RUN.c.run_id.desc()).limit(limit)
        return [self._to_run(row) for row in await self._scope.connection.execute(query)]

    async def unfinished(self) -> list[AuditRun]:
        """Return the runs that are queued, running or paused, the first ordered first."""
        query = select(AUDIT_RUN).where(self._own, AUDIT_RUN.c.state.in_(_OPEN)).order_by(AUDIT_RUN.c.run_id)
        return [self._to_run(row) for row in await self._scope.connection.execute(query)]

    async def last_done(self, scope: Mapping[str, object]) -> AuditRun | None:
        """Return the last complete run of exactly this scope that still has its results."""
        runs = await self.of_scope(scope)
        return next((run for run in runs if FORGOTTEN not in run.checkpoint), None)

    async def state(self, run_id: int) -> AuditState | None:
        """Return a run's state alone: asked between any two batches."""
        query = select(AUDIT_RUN.c.state).where(self._own, AUDIT_RUN.c.run_id == run_id)
        found = await self._scope.connection.scalar(query)
        return None if found is None else AuditState(found)

    async def set_state(
        self, run_id: int, state: AuditState, at: float, *, reason_code: str | None = None
    ) -> None:
        """Note what becomes of a run; a final one keeps its end."""
        values: dict[str, object] = {"state": state.value, "updated_at": at, "reason_code": reason_code}
        if state.is_final:
            values["finished_at"] = at
        await self._change(run_id, values)

    async def begin(self, run: AuditRun, at: float, previous_run_id: int | None) -> None:
        """Note that a worker has taken the run up; the first time counts as its start."""
        values = {"state": AuditState.RUNNING.value, "updated_at": at, "reason_code": None}
        if run.started_at is None:
            values |= {"started_at": at, "previous_run_id": previous_run_id}
        await self._change(run.run_id, values)

    async def advance(
        self,
        run_id: int,
        stage: AuditStage,
        progress: Progress,
        checkpoint: Mapping[str, object],
        at: float,
    ) -> None:
        """Note how far the run is, together with the rows it stands for."""
        await self._change(
            run_id,
            {
                "stage": stage.value,
                "rows": progress.rows,
                "groups": progress.groups,
                "done": progress.done,
                "total": progress.total,
                "speed": progress.speed,
                "checkpoint": dict(checkpoint),
                "updated_at": at,
            },
        )

    async def save_numbers(self, run_id: int, numbers: Mapping[str, object], at: float) -> None:
        """Keep a run's figures, which outlive its groups."""
        await self._change(run_id, {"numbers": dict(numbers), "updated_at": at})

    async def of_scope(self, scope: Mapping[str, object]) -> list[AuditRun]:
        """Return the complete runs of exactly this scope, the last first."""
        query = (
            select(AUDIT_RUN)
            .where(self._own, AUDIT_RUN.c.state == AuditState.DONE.value, AUDIT_RUN.c.scope == dict(scope))
            .order_by(AUDIT_RUN.c.run_id.desc())
        )
        return [self._to_run(row) for row in await self._scope.connection.execute(query)]

    async def forget_results(self, run_id: int) -> None:
        """Remove what a run found, not the run and its figures."""
        for table in (AUDIT_MEMBER, AUDIT_SHARED, AUDIT_HUB, AUDIT_GROUP):
            await self._scope.connection.execute(
                delete(table).where(table.c.portal_id == self._scope.portal_id, table.c.run_id == run_id)
            )

    async def retire(self, run_id: int, at: float) -> None:
        """Remove an old run's results, and note that they are gone."""
        await self.forget_results(run_id)
        await self._change(run_id, {"checkpoint": {FORGOTTEN: at}})

    async def remove(self, run_id: int) -> None:
        """Remove a run with all it found."""
        await self.forget_results(run_id)
        await self._scope.connection.execute(delete(AUDIT_RUN).where(self._own, AUDIT_RUN.c.run_id == run_id))

    async def _change(self, run_id: int, values: Mapping[str, object]) -> None:
        await self._scope.connection.execute(
            update(AUDIT_RUN).where(self._own, AUDIT_RUN.c.run_id == run_id).values(dict(values))
        )

    def _to_run(self, row: AnyRow) -> AuditRun:
        rules = self._scope.open_json(_RULES, row.rules_sealed)
        return AuditRun(
            run_id=row.run_id,
            name=self._scope.open(_NAME, row.name_sealed),
            state=AuditState(row.state),
            stage=AuditStage(row.stage),
            scope=row.scope,
            terms=row.terms,
            rules=rules if isinstance(rules, dict) else {},
            progress=Progress(row.rows, row.groups, row.done, row.total, row.speed),
            started_by=row.started_by,
            created_at=row.created_at,
            started_at=row.started_at,
            updated_at=row.updated_at,
            finished_at=row.finished_at,
            numbers=row.numbers,
            checkpoint=row.checkpoint,
            previous_run_id=row.previous_run_id,
            reason_code=row.reason_code,
        )


async def find_portals_to_audit(connection: AsyncConnection) -> list[int]:
    """Return the active portals with a run that waits for a worker, or had one."""
    query = (
        select(AUDIT_RUN.c.portal_id)
        .distinct()
        .prefix_with(ALL_PORTALS)
        .join(PORTAL, PORTAL.c.portal_id == AUDIT_RUN.c.portal_id)
        .where(
            AUDIT_RUN.c.state.in_([AuditState.QUEUED.value, AuditState.RUNNING.value]),
            PORTAL.c.status == PortalStatus.ACTIVE.value,
        )
        .order_by(AUDIT_RUN.c.portal_id)
    )
    return list(await connection.scalars(query))


async def find_portals_to_schedule(connection: AsyncConnection, option: str, at: float) -> list[int]:
    """Return the active portals whose schedule, kept as this option, is due."""
    due_at = OPTION.c.value["next_at"].as_float()
    query = (
        select(OPTION.c.portal_id)
        .prefix_with(ALL_PORTALS)
        .join(PORTAL, PORTAL.c.portal_id == OPTION.c.portal_id)
        .where(OPTION.c.name == option, due_at <= at, PORTAL.c.status == PortalStatus.ACTIVE.value)
        .order_by(OPTION.c.portal_id)
    )
    return list(await connection.scalars(query))
