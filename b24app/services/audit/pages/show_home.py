"""The first page of the audit: runs under way and done, and the forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from b24app.services.audit.pages.figures import numbers_of, rate_of
from b24app.services.audit.pages.form_values import AccessForm, OrderForm, RulesForm, ScheduleForm, Trial
from b24app.services.audit.pages.forms import shown_access, shown_rules, shown_schedule
from b24app.services.audit.pages.live_members import read_members
from b24app.services.audit.pages.open_desk import Desk, has_results
from b24app.services.audit.pages.page_values import HomePage, LiveRun, RunLine
from b24app.services.audit.pages.pickers import read_pickers
from b24app.services.audit.pages.show_groups import person
from b24app.services.audit.run.access import read_access
from b24app.services.audit.run.schedule import read_schedule
from b24app.store.audit_values import AuditRun, AuditStage

RUNS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class HomeNews:
    """What the last act left to be shown: forms as typed, a mistake, a success, a trial of rules."""

    order: OrderForm | None = None
    schedule: ScheduleForm | None = None
    access: AccessForm | None = None
    rules: RulesForm | None = None
    trial: Trial | None = None
    opened: str = ""
    mistake: str = ""
    done: str = ""


async def show_home(desk: Desk, news: HomeNews) -> HomePage:
    """Return the page, for those who may see audits."""
    context = desk.context
    runs = await _runs(desk)
    kept = await read_schedule(context)
    order = news.order or OrderForm()
    schedule = news.schedule or shown_schedule(kept[0] if kept else None)
    access = news.access or shown_access(await read_access(context))
    pickers, names = await read_pickers(desk, order, schedule, access, _starters(runs))
    return replace(
        _page(desk, runs, names),
        form=order,
        schedule=schedule,
        access=access,
        rules=news.rules or shown_rules(context.rules),
        pickers=pickers,
        next_at=kept[1] if kept else None,
        trial=news.trial,
        opened=news.opened,
        mistake=news.mistake,
        done=news.done,
    )


async def show_live(desk: Desk) -> HomePage:
    """Return the runs alone: asked for every few seconds, while one is under way."""
    runs = await _runs(desk)
    live = await read_members(desk, (), _starters(runs), with_stages=False)
    return _page(desk, runs, live.names)


async def _runs(desk: Desk) -> list[AuditRun]:
    async with desk.context.read() as tx:
        return await tx.audits.latest(RUNS_SHOWN)


def _starters(runs: Sequence[AuditRun]) -> set[int]:
    return {run.started_by for run in runs if run.started_by is not None}


def _page(desk: Desk, runs: Sequence[AuditRun], names: Mapping[int, str]) -> HomePage:
    latest = next((run for run in runs if has_results(run)), None)
    return HomePage(
        head=desk.head(latest),
        live=tuple(_live(run) for run in reversed(runs) if not run.state.is_final),
        runs=tuple(_line(run, names) for run in runs if run.state.is_final),
    )


def _live(run: AuditRun) -> LiveRun:
    progress = run.progress
    return LiveRun(
        run_id=run.run_id,
        name=run.name,
        state=run.state.value,
        stage=run.stage.value,
        done=progress.done,
        total=progress.total,
        rows=progress.rows,
        groups=progress.groups,
        speed=round(progress.speed),
        eta_s=progress.left_s
        if run.stage is AuditStage.NAMING
        else None,  # before it, nobody knows the whole
        reason=run.reason_code or "",
    )


def _line(run: AuditRun, names: Mapping[int, str]) -> RunLine:
    numbers = numbers_of(run)
    return RunLine(
        run_id=run.run_id,
        name=run.name,
        state=run.state.value,
        created_at=run.created_at,
        finished_at=run.finished_at,
        by=None if run.started_by is None else person(run.started_by, names),
        records=numbers.records,
        groups=numbers.groups,
        rate=rate_of(numbers),
        reason=run.reason_code or "",
        has_results=has_results(run),
    )
