"""What is planned when outcomes changed: triggers, notes, notifications, and what webhooks are told.

Everything is planned in the transaction that stores the outcomes, so each happens exactly once per change.
"""

from collections.abc import Sequence

from b24app.bitrix24.calls import JSON
from b24app.dedupe.outcome import Status
from b24app.dedupe.record import RecordType
from b24app.services.effects import EffectKind, plan_effect
from b24app.services.notices.options import Happening, happenings, is_news, read_notice_options
from b24app.services.notices.triggers import OfClient, Run, plan_runs, plan_runs_of_clients
from b24app.services.outcomes.change import OutcomeChange
from b24app.services.portal.context import PortalContext
from b24app.services.webhooks.events import EventKind, WebhookEvent, plan_event
from b24app.store.database import Transaction
from b24app.store.notes import KnownNote


async def fire_triggers(context: PortalContext, tx: Transaction, changes: Sequence[OutcomeChange]) -> None:
    """Plan the triggers of leads; those of deals follow their contacts and companies."""
    wanted = (await read_notice_options(tx)).trigger
    runs: list[Run] = []
    clients: list[OfClient] = []
    for change in changes:
        for happening in sorted(happenings(change) & wanted):
            if change.ref.type is RecordType.LEAD:
                runs.append((happening.value, "lead", change.ref.id))
            else:
                clients.append((happening.value, change.ref))
    # One round publishes a version of a record once, so its first change names the round.
    first = f"{changes[0].ref}:{changes[0].version}"
    await plan_runs(tx, f"trigger:{first}", runs)
    await plan_runs_of_clients(tx, f"trigger:{first}:clients", clients)


async def write_notes(context: PortalContext, tx: Transaction, changes: Sequence[OutcomeChange]) -> None:
    """Plan the notes of cards that have one already, or that have something to say in it."""
    wanted = (await read_notice_options(tx)).note
    news = [change for change in changes if is_news(change)]
    known = await tx.notes.get_many([change.ref for change in news])
    for change in news:
        note, happened = known.get(change.ref), happenings(change)
        if note is None and not happened & wanted:
            continue
        if Happening.REPEAT in happened:
            await tx.notes.put(change.ref, KnownNote(note.comment_id if note else None, is_repeat=True))
        key = f"note:{change.ref}:{change.version}"
        await plan_effect(tx, key, EffectKind.NOTE, {"ref": str(change.ref)})


async def notify_people(context: PortalContext, tx: Transaction, changes: Sequence[OutcomeChange]) -> None:
    """Plan the notifications; who gets them is read when they are sent."""
    wanted = (await read_notice_options(tx)).notify
    for change in changes:
        for happening in sorted(happenings(change) & wanted):
            payload: dict[str, JSON] = {"kind": happening.value, "ref": str(change.ref)}
            if happening is Happening.REPEAT:
                payload["best"] = str(change.after.earlier[0].ref)
            key = f"notify:{happening.value}:{change.ref}:{change.version}"
            await plan_effect(tx, key, EffectKind.NOTIFY, payload)


async def tell_webhooks(context: PortalContext, tx: Transaction, changes: Sequence[OutcomeChange]) -> None:
    """Plan what webhooks are told of each change; a new record that matches nobody is none."""
    if not await tx.webhooks.interested_in(EventKind.OUTCOME_CHANGED.value):
        return
    for change in changes:
        if is_news(change) and (change.before or change.after.status is not Status.NONE):
            event = WebhookEvent(
                kind=EventKind.OUTCOME_CHANGED,
                key=f"outcome:{change.ref}:{change.version}",
                ref=change.ref,
                status=change.after.status.value,
                grade=change.after.grade,
                matches=[match.ref for match in change.after.matches],
                at=change.after.checked_at,
            )
            await plan_event(tx, event)
