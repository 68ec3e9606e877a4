"""One run while it is worked on: its pace, and how a step is kept together with how far the run is.

A step is kept whole or not at all, in one transaction with the checkpoint, and only while nobody paused the run.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from b24app.bitrix24.calls import BATCH_LIMIT
from b24app.bitrix24.methods import PAGE_SIZE
from b24app.bitrix24.throttle import Priority
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.run.budget import BudgetThrottle
from b24app.services.audit.run.orders import AuditScope, AuditTerms
from b24app.services.portal.context import PortalContext, Runtime, StoredAccess, open_portal
from b24app.services.portal.limits import StoredThrottle
from b24app.store.audit_values import AuditRun, AuditStage, AuditState, Progress
from b24app.store.database import Transaction

COMMANDS_BESIDES = 4  # three types may each leave a page half full; one command asks who we are
PERCENT = 100
PACE_STEPS = 12  # steps over which the speed is measured: it follows a portal that becomes slower

Write = Callable[[Transaction], Awaitable[None]]


class RunStopped(Exception):
    """Somebody paused or cancelled the run, or it is gone; nothing of the step was kept."""


@dataclass(slots=True)
class Pace:
    """How many of a stage's things are done a second, lately."""

    now: Callable[[], float]
    _marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=PACE_STEPS))

    def mark(self, done: int) -> float:
        """Note that so many are done by now; return the speed."""
        self._marks.append((self.now(), done))
        (began, before), (at, after) = self._marks[0], self._marks[-1]
        return (after - before) / (at - began) if at > began else 0.0


@dataclass(frozen=True, slots=True)
class Steps:
    """How much a step takes: of groups stored, about half a second; of records read, what fits one request."""

    groups_stored: int = 20_000
    records_read: int = (BATCH_LIMIT - COMMANDS_BESIDES) * PAGE_SIZE


@dataclass(slots=True)
class Work:
    """A run, the portal it is about, and its orders as values."""

    context: PortalContext
    run: AuditRun
    scope: AuditScope
    terms: AuditTerms
    rules: RuleSet
    stage: AuditStage
    progress: Progress
    checkpoint: dict[str, object]
    requests_per_s: float
    steps: Steps = field(default_factory=Steps)

    async def keep(
        self,
        write: Write,
        *,
        stage: AuditStage,
        progress: Progress,
        checkpoint: Mapping[str, object],
    ) -> None:
        """Do a step's writing and note how far the run is. Raises RunStopped."""
        async with self.context.begin() as tx:
            await self.prove_running(tx)
            await write(tx)
            await tx.audits.advance(self.run.run_id, stage, progress, checkpoint, self.context.now())
        self.stage, self.progress, self.checkpoint = stage, progress, dict(checkpoint)

    async def prove_running(self, tx: Transaction) -> None:
        """Raise RunStopped unless the run may go on."""
        if await tx.audits.state(self.run.run_id) is not AuditState.RUNNING:
            raise RunStopped


async def open_work(runtime: Runtime, portal_id: int, run: AuditRun) -> Work:
    """Return the run's work, speaking to the portal with the installer's rights and within the run's budget."""
    context = await open_portal(runtime, portal_id, Priority.BACKGROUND)
    terms = AuditTerms.from_dict(run.terms)
    whole = StoredThrottle(runtime.store, portal_id, runtime.clock)
    requests_per_s = await whole.rate_per_s() * terms.budget / PERCENT
    throttle = BudgetThrottle(whole, runtime.clock, rate_per_s=requests_per_s)
    client = runtime.make_client(StoredAccess(runtime, portal_id), throttle, Priority.BACKGROUND)
    return Work(
        context=replace(context, client=client),
        run=run,
        scope=AuditScope.from_dict(run.scope),
        terms=terms,
        rules=RuleSet.from_dict(dict(run.rules)),
        stage=run.stage,
        progress=run.progress,
        checkpoint=dict(run.checkpoint),
        requests_per_s=requests_per_s,
    )
