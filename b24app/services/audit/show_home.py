"""The first page of the audit: runs under way and done, and the forms."""

from dataclasses import dataclass
from typing import Final

from b24app.services.audit.access import read_access
from b24app.services.audit.form_values import AccessForm, OrderForm, RulesForm, ScheduleForm, Trial
from b24app.services.audit.forms import shown_access, shown_rules, shown_schedule
from b24app.services.audit.live_members import read_members
from b24app.services.audit.open_desk import Desk, has_results
from b24app.services.audit.page_values import HomePage, LiveRun, RunLine
from b24app.services.audit.run_figures import numbers_of, rate_of
from b24app.services.audit.schedule import read_schedule
from b24app.services.audit.show_groups import person
from b24app.store.audit_values import AuditRun

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
    async with context.read() as tx:
        runs = await tx.audits.latest(RUNS_SHOWN)
    kept = await read_schedule(context)
    people = {run.started_by for run in runs if run.started_by is not None}
    names = (await read_members(desk, (), people, with_stages=False)).names if people else {}
    latest = next((run for run in runs if has_results(run)), None)
    return HomePage(
        head=desk.head(latest),
        live=tuple(_live(run) for run in reversed(runs) if not run.state.is_final),
        runs=tuple(_line(run, dict(names)) for run in runs if run.state.is_final),
        form=news.order or OrderForm(),
        schedule=news.schedule or shown_schedule(kept[0] if kept else None),
        access=news.access or shown_access(await read_access(context)),
        rules=news.rules or shown_rules(context.rules),
        next_at=kept[1] if kept else None,
        trial=news.trial,
        opened=news.opened,
        mistake=news.mistake,
        done=news.done,
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
        eta_s=progress.left_s,
        reason=run.reason_code or "",
    )


def _line(run: AuditRun, names: dict[int, str]) -> RunLine:
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
