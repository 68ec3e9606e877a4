"""The summary of a run, and its files. Opening it is in the journal."""

from collections.abc import Mapping
from typing import Final

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import Command
from b24app.services.audit.pages.charts import heat
from b24app.services.audit.pages.export import own_exports
from b24app.services.audit.pages.figures import (
    changes_of,
    figures_of,
    grade_bars,
    month_bars,
    name_bars,
    numbers_of,
    pairs_of,
    responsible_bars,
    source_bars,
    steps_of,
    trend_of,
)
from b24app.services.audit.pages.open_desk import Desk, find_run_before
from b24app.services.audit.pages.page_values import ReportPage
from b24app.services.audit.run.acts import note_opened
from b24app.services.portal.people import name_commands, read_names
from b24app.store.audit_values import AuditRun

TREND_RUNS: Final = 30
PEOPLE: Final = 50
NOBODY: Final = "–"


async def show_report(desk: Desk, run: AuditRun, *, mistake: str = "", is_opened: bool = True) -> ReportPage:
    """Return the page; ``is_opened``: somebody looks at it anew, which the journal should know."""
    if is_opened:
        await note_opened(desk.context, desk.viewer, run.run_id, "report")
    numbers = numbers_of(run)
    people = sorted(numbers.responsibles, key=lambda user: -numbers.responsibles[user][1])[:PEOPLE]
    names, sources = await _names(desk, {int(user) for user in people})
    async with desk.context.read() as tx:
        same_scope = await tx.audits.of_scope(run.scope)
    return ReportPage(
        head=desk.head(run),
        figures=figures_of(numbers),
        pairs=heat(pairs_of(numbers)),
        grades=grade_bars(numbers),
        names=name_bars(numbers),
        responsibles=responsible_bars(numbers, names, NOBODY),
        sources=source_bars(numbers, sources),
        months=month_bars(numbers),
        trend=trend_of([one for one in same_scope if one.run_id <= run.run_id][-TREND_RUNS:]),
        changes=changes_of(run, numbers),
        exports=await own_exports(desk.context.runtime, desk.token, run.run_id),
        steps=steps_of(numbers),
        duration_s=(run.finished_at or 0.0) - (run.started_at or run.finished_at or 0.0),
        has_solved=numbers.solved > 0 and await find_run_before(desk, run) is not None,
        mistake=mistake,
    )


async def _names(desk: Desk, user_ids: set[int]) -> tuple[Mapping[int, str], Mapping[str, str]]:
    """Return people and sources as the portal calls them."""
    commands: dict[str, Command] = {"sources": methods.statuses("SOURCE")}
    commands |= name_commands(user_ids - {0})
    batch = await desk.context.client.batch(commands)
    names, _ = read_names(batch)
    told = answers.status_list(batch.answers["sources"]) if "sources" in batch.answers else ()
    return names, {source.id: source.name for source in told}
