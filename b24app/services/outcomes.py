"""Finds outcomes: the index proposes, the portal is asked once, ``dedupe.outcome`` decides; as the tab does it."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from b24app.dedupe.keys import match_keys
from b24app.dedupe.outcome import Outcome, Surroundings, not_checked, outcomes
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.services.card_reading import LiveView, deal_commands, link_commands, read_view, who_and_what
from b24app.services.neighbourhood import Keys, Neighbourhood, find_neighbourhood
from b24app.services.portal import PortalContext
from b24app.services.publishing import PublishingOptions, read_options


@dataclass(frozen=True, slots=True)
class Look:
    """What is true of some records and everybody who hangs together with them.

    ``found`` has whoever could be judged, asked about or not. ``neighbourhood`` None: the index is incomplete, and
    nothing was read.
    """

    found: dict[RecordRef, Outcome]
    neighbourhood: Neighbourhood | None
    is_admin: bool


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
    around, options = await _look_up(context, refs, rules, {})
    if around is None:
        return Look(not_checked(refs, now=context.now()), None, is_admin=True)
    view = await _ask(context, around)
    live = {
        ref: match_keys(view.records[ref].record, rules, context.hashing_key)
        for ref in refs
        if ref in view.records
    }
    if late := [ref for ref, keys in live.items() if keys != around.members[ref]]:
        await _heal(context, late)
        around, options = await _look_up(context, refs, rules, live)
        if around is None:
            return Look(not_checked(refs, now=context.now()), None, is_admin=True)
        view = await _ask(context, around)
    given = _surroundings(context, rules, around, view, options)
    found = await asyncio.to_thread(outcomes, given)  # comparing takes a processor, and others are waiting
    settled = around.settled()
    return Look({ref: found[ref] for ref in found if ref in settled}, around, is_admin=view.viewer.is_admin)


async def _look_up(
    context: PortalContext, refs: Collection[RecordRef], rules: RuleSet, live: Mapping[RecordRef, Keys]
) -> tuple[Neighbourhood | None, PublishingOptions]:
    async with context.read() as tx:
        options = await read_options(tx)
        if (await tx.portal.get()).indexed_at is None:
            return None, options
        return await find_neighbourhood(tx, refs, rules, now=context.now(), live=live), options


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


def _surroundings(
    context: PortalContext, rules: RuleSet, around: Neighbourhood, view: LiveView, options: PublishingOptions
) -> Surroundings:
    return Surroundings(
        records={ref: _record(view, ref) for ref in around.members if ref in view.records},
        rules=rules,
        portal_key=context.hashing_key,
        now=context.now(),
        hubs=around.hubs,
        rejected=around.rejected,
        open_deals=frozenset(view.deals),
        best_order=options.best_order,
    )


def _record(view: LiveView, ref: RecordRef) -> Record:
    """Return a record as read live; a contact with all its companies, where they were asked for."""
    record = view.records[ref].record
    companies = view.companies.get(ref)
    return replace(record, links=companies) if companies else record
