"""Finds outcomes: the index proposes, the portal is asked once, ``dedupe.outcome`` decides; as the tab does it."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from b24app.dedupe.keys import match_keys
from b24app.dedupe.outcome import Outcome, Surroundings, not_checked, outcomes
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.card.reading import LiveView, deal_commands, link_commands, read_view, who_and_what
from b24app.services.outcomes.neighbourhood import Keys, Neighbourhood, find_neighbourhood
from b24app.services.portal.context import PortalContext
from b24app.services.publishing import PublishingOptions, read_options
from b24app.store.outcomes import StoredOutcome
from b24app.store.pending import Pending


@dataclass(frozen=True, slots=True)
class Look:
    """What is true of some records and everybody who hangs together with them.

    ``found`` has whoever could be judged, asked about or not. ``neighbourhood`` None: the index is incomplete, and
    nothing was read. ``waiting`` and ``published``: what was noted and published of them at the moment when they
    were looked up.
    """

    found: dict[RecordRef, Outcome]
    neighbourhood: Neighbourhood | None = None
    waiting: tuple[Pending, ...] = ()
    published: Mapping[RecordRef, StoredOutcome] = field(default_factory=dict)
    is_admin: bool = True


async def find_outcomes(
    context: PortalContext, refs: Collection[RecordRef], rules: RuleSet | None = None
) -> dict[RecordRef, Outcome]:
    """Return the outcome of each record, by the portal's rules or others; a record that is gone is missing.

    With the rights of whoever the context speaks for. While the index is incomplete everything is "not checked".
    """
    look = await look_at(context, refs, rules or context.rules)
    found = {ref: look.found[ref] for ref in refs if ref in look.found}
    if look.neighbourhood is None:
        return found
    far = look.neighbourhood.count_far(found, rules or context.rules, now=context.now())
    return {ref: replace(outcome, far=far.get(ref, 0)) for ref, outcome in found.items()}


async def look_at(context: PortalContext, refs: Collection[RecordRef], rules: RuleSet) -> Look:
    """Judge the records and whoever hangs together with them, in one request more than is ever needed."""
    known = await _look_up(context, refs, rules, {})
    if not known.is_indexed:
        return _not_checked(context, known)
    view = await _ask(context, known.around)
    live = _live_keys(context, rules, view, refs)
    if late := [ref for ref, keys in live.items() if keys != known.around.members[ref]]:
        await _heal(context, late)
        known = await _look_up(context, refs, rules, live)
        if not known.is_indexed:
            return _not_checked(context, known)
        view = await _ask(context, known.around)
    given = _surroundings(context, rules, known, view)
    judged = await asyncio.to_thread(outcomes, given)  # comparing takes a processor, and others are waiting
    settled = known.around.settled()
    return Look(
        found={ref: outcome for ref, outcome in judged.items() if ref in settled},
        neighbourhood=known.around,
        waiting=known.waiting,
        published=known.published,
        is_admin=view.viewer.is_admin,
    )


def _live_keys(
    context: PortalContext, rules: RuleSet, view: LiveView, refs: Iterable[RecordRef]
) -> dict[RecordRef, Keys]:
    return {
        ref: match_keys(view.records[ref].record, rules, context.hashing_key)
        for ref in refs
        if ref in view.records
    }


@dataclass(frozen=True, slots=True)
class _Known:
    """What one transaction saw."""

    is_indexed: bool
    around: Neighbourhood
    waiting: tuple[Pending, ...]
    published: Mapping[RecordRef, StoredOutcome]
    options: PublishingOptions


def _not_checked(context: PortalContext, known: _Known) -> Look:
    found = not_checked(known.around.members, now=context.now())
    return Look(found, waiting=known.waiting, published=known.published)


async def _look_up(
    context: PortalContext, refs: Collection[RecordRef], rules: RuleSet, live: Mapping[RecordRef, Keys]
) -> _Known:
    """Return what the store knows at this moment; of the records alone while the index is incomplete."""
    async with context.read() as tx:
        is_indexed = (await tx.portal.get()).indexed_at is not None
        around = await find_neighbourhood(tx, refs, rules, now=context.now(), live=live)
        if not is_indexed:
            around = replace(around, members={ref: around.members[ref] for ref in refs})
        return _Known(
            is_indexed,
            around,
            waiting=tuple(await tx.pending.waiting_among(around.members)),
            published=await tx.outcomes.get_many(around.members),
            options=await read_options(tx),
        )


async def _ask(context: PortalContext, around: Neighbourhood) -> LiveView:
    """Read all members, the companies of contacts among companies, and the open deals of clients."""
    clients = [ref for ref in around.members if ref.type is not RecordType.LEAD]
    contacts = [ref for ref in clients if ref.type is RecordType.CONTACT]
    are_mixed = len(contacts) < len(clients)
    return read_view(
        await context.client.batch(
            {
                **who_and_what(around.members),
                **(link_commands(contacts) if are_mixed else {}),
                **(deal_commands(clients) if len(around.members) > 1 else {}),
            }
        ),
        (),
    )


async def _heal(context: PortalContext, refs: Iterable[RecordRef]) -> None:
    """Have records indexed as they stand: their event is late or lost."""
    async with context.begin() as tx:
        await tx.inbox.put(refs, at=context.now())
    await context.runtime.queue.ask("drain_inbox", context.portal.portal_id)


def _surroundings(context: PortalContext, rules: RuleSet, known: _Known, view: LiveView) -> Surroundings:
    around = known.around
    return Surroundings(
        records={ref: _record(around, view, ref) for ref in around.members if ref in view.records},
        rules=rules,
        portal_key=context.hashing_key,
        now=context.now(),
        hubs=around.hubs,
        rejected=around.rejected,
        open_deals=frozenset(view.deals),
        best_order=known.options.best_order,
    )


def _record(around: Neighbourhood, view: LiveView, ref: RecordRef) -> Record:
    """Return a record as read live; a contact with all its companies, where they were asked for.

    Its last change is what the index holds: the portal's own date of it is that of our fields as well.
    """
    record = view.records[ref].record
    touched_at = around.touched_at.get(ref, record.modified_at)
    return replace(record, links=view.companies.get(ref) or record.links, modified_at=touched_at)
