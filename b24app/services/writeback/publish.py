"""Publishes outcomes: looks again at what waits, writes the fields that differ, keeps it, and has reactions planned.

Every step may break off: what waits is removed only with what was kept for it, in one transaction, and writing the
same fields again changes nothing. Our own writes come back as events; the index finds nothing changed, and it ends.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from b24app.bitrix24 import acting
from b24app.bitrix24.errors import (
    AccessDenied,
    BadRequest,
    Bitrix24Error,
    MethodUnknown,
    NotFound,
    UnexpectedAnswer,
)
from b24app.bitrix24.throttle import Priority
from b24app.dedupe.record import RecordRef
from b24app.logs import logger
from b24app.services.indexing.refresh import LostRights
from b24app.services.outcomes.find import look_at
from b24app.services.outcomes.neighbourhood import Neighbourhood
from b24app.services.portal.context import PortalContext, Runtime, open_portal
from b24app.services.publishing import ask_to_publish, read_options
from b24app.services.writeback.field_book import note_refused, read_spelling, write_anew_where_fields_are_new
from b24app.services.writeback.plan import Publication, changes_of, plan_writeback
from b24app.services.writeback.reactions import REACTIONS, TASKS_AFTER
from b24app.services.writeback.result_fields import Spelling
from b24app.store.database import Transaction
from b24app.store.outcomes import StoredOutcome
from b24app.store.pending import Pending

FRESH_AT_ONCE = 200
BACKLOG_AT_ONCE = 100
REFUSED_FOR_GOOD = (
    AccessDenied,
    BadRequest,
    MethodUnknown,
    NotFound,
    UnexpectedAnswer,
)  # asking again is no use

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round works off: records that wait, and those who matched them when last published."""

    waiting: tuple[Pending, ...]
    neighbours: frozenset[RecordRef]

    @property
    def refs(self) -> frozenset[RecordRef]:
        return self.neighbours | {pending.ref for pending in self.waiting}


async def publish_outcomes(runtime: Runtime, portal_id: int) -> None:
    """Publish whatever changed, until nothing of it waits."""
    while await publish_some(runtime, portal_id, is_backlog=False):
        pass
    await ask_to_publish(runtime, portal_id)  # a hub or a new field may have left a backlog


async def publish_backlog(runtime: Runtime, portal_id: int) -> None:
    """Publish what an indexing, other rules or a night left behind; gives way to everything else."""
    while await publish_some(runtime, portal_id, is_backlog=True):
        pass


async def publish_some(runtime: Runtime, portal_id: int, *, is_backlog: bool) -> bool:
    """Work off one round; tells whether there was anything to do."""
    context = await open_portal(runtime, portal_id, Priority.BACKGROUND if is_backlog else Priority.EVENT)
    work = await _next_round(context, is_backlog=is_backlog)
    if not work.waiting:
        return False
    spelling = await _spelling(context)
    look = await look_at(context, work.refs, context.rules)
    if not look.is_admin:
        raise LostRights(method="profile")
    gone = [] if look.neighbourhood is None else sorted(work.refs - look.found.keys())
    noted = (*work.waiting, *look.waiting)
    plan = plan_writeback(
        look.found,
        look.published,
        fresh=[pending.ref for pending in noted if not pending.is_backlog],
        new=[pending.ref for pending in noted if pending.is_new],
        spelling=spelling,
    )
    written = await _write(context, plan)
    async with context.begin() as tx:
        kept = await _keep(tx, written, look.published, context.now())
        await tx.outcomes.forget(gone)
        await tx.pending.done([pending for pending in noted if pending.ref in {*look.found, *gone}])
        if look.neighbourhood is not None and not is_backlog:
            await _note_young_hubs(tx, look.neighbourhood, work.refs, look.found, context.now())
        changes = changes_of(kept, is_backlog=is_backlog)
        for reaction in REACTIONS if changes else ():
            await reaction(context, tx, changes)
    for task in TASKS_AFTER if changes else ():
        await runtime.queue.ask(task, portal_id)
    return True


async def _next_round(context: PortalContext, *, is_backlog: bool) -> _Round:
    async with context.read() as tx:
        limit = BACKLOG_AT_ONCE if is_backlog else FRESH_AT_ONCE
        waiting = await tx.pending.take(limit, is_backlog=is_backlog)
        neighbours = await tx.outcomes.neighbours([pending.ref for pending in waiting]) if waiting else set()
    return _Round(tuple(waiting), frozenset(neighbours))


async def _spelling(context: PortalContext) -> Spelling | None:
    async with context.read() as tx:
        options = await read_options(tx)
    spelling = await read_spelling(context) if options.write_fields else None
    if spelling is not None:
        await write_anew_where_fields_are_new(context, spelling)
    return spelling


async def _write(context: PortalContext, plan: Sequence[Publication]) -> list[Publication]:
    """Write fields, fifty records a request; returns the plan, less the claim to have written what was refused."""
    commands = {
        str(publication.outcome.ref): acting.write_user_fields(
            publication.outcome.ref.type.word, publication.outcome.ref.id, publication.write
        )
        for publication in plan
        if publication.write is not None
    }
    if not commands:
        return list(plan)
    refused = (await context.client.batch(commands)).errors
    for error in refused.values():
        if not isinstance(error, REFUSED_FOR_GOOD):
            raise error
    if len(refused) == len(commands) and (denied := _denial(refused.values())):
        await note_refused(context, denied)
    if refused:
        log.warning("fields refused", portal=context.portal.portal_id, records=len(refused))
    return [
        replace(publication, kept=replace(publication.kept, written_hash=None))
        if str(publication.outcome.ref) in refused
        else publication
        for publication in plan
    ]


def _denial(refused: Iterable[Bitrix24Error]) -> Bitrix24Error | None:
    """Return a refusal that concerns fields as such, and not one record."""
    return next((error for error in refused if isinstance(error, (AccessDenied, MethodUnknown))), None)


async def _keep(
    tx: Transaction, plan: Sequence[Publication], stored: Mapping[RecordRef, StoredOutcome], at: float
) -> list[Publication]:
    """Keep what was published, unless another worker did so since we looked: then it is looked at again."""
    by_others = await tx.outcomes.get_many([publication.outcome.ref for publication in plan])
    refs = {publication.outcome.ref for publication in plan}
    overtaken = {ref for ref in refs if by_others.get(ref) != stored.get(ref)}
    kept = [publication for publication in plan if publication.outcome.ref not in overtaken]
    unknown = [replace(by_others[ref], written_hash=None) for ref in sorted(overtaken) if ref in by_others]
    await tx.outcomes.put([*(publication.kept for publication in kept), *unknown], at)
    await tx.pending.note(overtaken, at)
    return kept


async def _note_young_hubs(
    tx: Transaction,
    around: Neighbourhood,
    changed: Collection[RecordRef],
    found: Collection[RecordRef],
    at: float,
) -> None:
    """Note those who still name each other over a value that has just become a hub, as a backlog."""
    for holders in around.young_hubs(changed):
        naming = await tx.outcomes.naming_each_other(holders)
        await tx.pending.note(naming - set(found), at, is_backlog=True)
