"""Who opens the pages of the audit, and how much of it he may see."""

from dataclasses import dataclass
from typing import Final

from b24app.bitrix24.answers import Viewer
from b24app.dedupe.rules import Reveal
from b24app.services.audit.pages.page_values import Head
from b24app.services.audit.run.access import may_audit
from b24app.services.portal.access import PageToken, Refused, issue_app_page_token
from b24app.services.portal.context import PortalContext, Runtime
from b24app.services.portal.viewers import open_for_viewer
from b24app.store.audit_values import AuditRun, AuditState

LATEST: Final = 50  # runs among which the last one with results is looked for


@dataclass(frozen=True, slots=True)
class Desk:
    """The portal with the viewer's own voice, and what he may open."""

    context: PortalContext
    viewer: Viewer
    may_all: bool
    token: PageToken

    @property
    def tells_people(self) -> bool:
        """Whether the viewer may hear who is responsible for records that he may not read."""
        return self.may_all or self.context.rules.reveal is Reveal.RESPONSIBLE

    def head(self, run: AuditRun | None = None) -> Head:
        """Return what every page of the section needs, with a token for its next act."""
        return Head(
            page_token=issue_app_page_token(self.context.runtime, self.token),
            is_admin=self.viewer.is_admin,
            may_all=self.may_all,
            run_id=run.run_id if run else None,
            run_name=run.name if run else "",
            finished_at=run.finished_at if run else None,
            origin=self.context.portal.origin,
        )


async def open_desk(runtime: Runtime, token: PageToken) -> Desk:
    """Return the desk of whoever holds the page; raises Refused when the portal says it is somebody else."""
    context, viewer = await open_for_viewer(runtime, token)
    may_all = await may_audit(context, viewer)
    return Desk(context, viewer, may_all, token)


async def open_whole_desk(runtime: Runtime, token: PageToken) -> Desk:
    """Return the same for a page about the whole portal; raises Refused for who sees only his own groups."""
    desk = await open_desk(runtime, token)
    if not desk.may_all:
        raise Refused("not_auditor", 403)
    return desk


async def find_run(desk: Desk, run_id: int | None = None) -> AuditRun | None:
    """Return a run with results: this one, or the latest; None when there is none (any more)."""
    async with desk.context.read() as tx:
        runs = [await tx.audits.get(run_id)] if run_id is not None else await tx.audits.latest(LATEST)
    return next((run for run in runs if run and has_results(run)), None)


async def find_run_before(desk: Desk, run: AuditRun) -> AuditRun | None:
    """Return the run this one was compared with; None when there was none, or its results are gone."""
    return None if run.previous_run_id is None else await find_run(desk, run.previous_run_id)


async def get_run(desk: Desk, run_id: int) -> AuditRun:
    """Return this run with its results; raises Refused when they are gone."""
    run = await find_run(desk, run_id)
    if run is None:
        raise Refused("audit_gone", 404)
    return run


def has_results(run: AuditRun) -> bool:
    """Tell whether the run's groups can be shown."""
    return run.state is AuditState.DONE and "forgotten" not in run.checkpoint
