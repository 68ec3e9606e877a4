"""A client who writes again: new leads are noted, judged with the portal's answers, and acted upon by the rules.

Noting happens with the outcome, in its transaction; judging needs the portal and happens in the task that carries
effects out. A lead that repeats nothing is looked at again while it is new, because events come in any order: of two
leads created at once, the one that is told of first may be the later one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import JSON
from b24app.dedupe.enquiry import Candidate, Judgement, judge, shared_by
from b24app.dedupe.enquiry_rules import By, EnquiryRules
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.outcome import Outcome, OutcomeMatch, Status
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.dedupe.rules import ALL_TYPES
from b24app.services.effects import EffectKind, Payload, plan_effect
from b24app.services.enquiries.rules import read_enquiry_rules
from b24app.services.indexing.records import LiveRecord, to_live_record
from b24app.services.outcomes.find import find_outcomes
from b24app.services.portal.context import PortalContext
from b24app.services.webhooks.events import DELIVERY_TASK, EventKind, WebhookEvent, plan_event
from b24app.store.database import Transaction
from b24app.store.index_batch import IndexedRecord

AT_ONCE = 25  # leads judged in one request: with their originals no more rows than one list answers
LIVE_FIELDS = ("ID", "STATUS_ID", "STATUS_SEMANTIC_ID", "ASSIGNED_BY_ID", "COMPANY_ID", "CONTACT_ID")
STORY_LIMIT = methods.PAGE_SIZE
_BY_KIND = {
    KeyKind.PHONE: By.PHONE,
    KeyKind.WEAK_PHONE: By.PHONE,
    KeyKind.EMAIL: By.EMAIL,
    KeyKind.EMAIL_ALIAS: By.EMAIL,
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A judgement with the lead it is about, and what leads stand like now."""

    lead: LiveRecord
    judgement: Judgement
    original: LiveRecord | None  # when it is a lead


async def judge_waiting(context: PortalContext) -> None:
    """Judge every lead that was noted, and plan what the rules want done; raises PortalBusy."""
    while True:
        async with context.read() as tx:
            waiting = await tx.enquiries.waiting(AT_ONCE)
            rules = await read_enquiry_rules(tx)
        if not waiting or not await _judge(context, waiting, rules):
            return


async def judge_enquiry(
    context: PortalContext, ref: RecordRef, outcome: Outcome, rules: EnquiryRules
) -> Judgement | None:
    """Return the verdict on one lead whose outcome ``find_enquiry_outcomes`` found; None: nobody's repeat."""
    if outcome.status is Status.NOT_CHECKED:
        return None
    async with context.read() as tx:
        clients = await _own_clients(tx, ref)
    candidates = [*map(_candidate, outcome.matches), *clients]
    return judge(ref.id, outcome.created_at, candidates, rules, now=context.now())


async def find_enquiry_outcomes(
    context: PortalContext, refs: Sequence[RecordRef]
) -> dict[RecordRef, Outcome]:
    """Find outcomes in which every type, age and stage is looked at: the enquiry rules have their own."""
    wide = replace(context.rules, types=ALL_TYPES, include_closed=True, look_back_days=0)
    return await find_outcomes(context, refs, wide)


async def _judge(context: PortalContext, lead_ids: Sequence[int], rules: EnquiryRules) -> bool:
    """Judge these; False when the index is not complete and all of them have to wait."""
    refs = [RecordRef(RecordType.LEAD, lead_id) for lead_id in lead_ids]
    outcomes = await find_enquiry_outcomes(context, refs) if rules.is_on else {}
    if any(outcome.status is Status.NOT_CHECKED for outcome in outcomes.values()):
        return False
    judged = {
        ref.id: found
        for ref, outcome in outcomes.items()
        if (found := await judge_enquiry(context, ref, outcome, rules)) is not None
    }
    verdicts = await _with_live_leads(context, judged)
    async with context.begin() as tx:
        for verdict in verdicts:
            await _keep(tx, verdict, rules, at=context.now())
        repeats = {verdict.lead.record.ref.id for verdict in verdicts}
        await tx.enquiries.judge_no_repeats(set(lead_ids) - repeats, context.now())
    if verdicts:
        await context.runtime.queue.ask(DELIVERY_TASK, context.portal.portal_id)
    return True


async def _with_live_leads(context: PortalContext, judged: Mapping[int, Judgement]) -> list[_Verdict]:
    """Read how the leads and their originals stand; one that was deleted meanwhile has no verdict."""
    originals = {one.original.id for one in judged.values() if one.original.type is RecordType.LEAD}
    leads = await _read_leads(context, {*judged, *originals})
    return [
        _Verdict(leads[lead_id], one, _lead_of(one.original, leads))
        for lead_id, one in judged.items()
        if lead_id in leads
    ]


async def _read_leads(context: PortalContext, lead_ids: Iterable[int]) -> dict[int, LiveRecord]:
    wanted = sorted(set(lead_ids))
    if not wanted:
        return {}
    command = methods.list_records("lead", select=LIVE_FIELDS, filter_by={"@ID": wanted}, order={"ID": "ASC"})
    rows = answers.rows(await context.client.call(command.method, command.params))
    found = (to_live_record(RecordType.LEAD, row) for row in rows)
    return {live.record.ref.id: live for live in found}


def _lead_of(ref: RecordRef, leads: Mapping[int, LiveRecord]) -> LiveRecord | None:
    return leads.get(ref.id) if ref.type is RecordType.LEAD else None


async def _keep(tx: Transaction, verdict: _Verdict, rules: EnquiryRules, *, at: float) -> None:
    judgement, lead_id = verdict.judgement, verdict.lead.record.ref.id
    is_first = await tx.enquiries.judge_repeat(
        lead_id, judgement.original, rule=judgement.rule, number=judgement.number, at=at
    )
    if not is_first:
        return
    for kind, payload in _plan(verdict, rules):
        await plan_effect(tx, f"enquiry:{lead_id}:{kind.value}", kind, payload, lead_id=lead_id)
    told = WebhookEvent(
        kind=EventKind.ENQUIRY_REPEAT,
        key=f"enquiry:{lead_id}",
        ref=verdict.lead.record.ref,
        status=Status.DUPLICATE.value,
        grade=None,
        matches=[judgement.original],
        at=at,
    )
    await plan_event(tx, told)


def _plan(verdict: _Verdict, rules: EnquiryRules) -> list[tuple[EffectKind, Payload]]:
    """Decide what to do. A move comes last: the portal's own automation may start with it."""
    lead, judgement = verdict.lead.record, verdict.judgement
    told: dict[str, JSON] = {"lead": lead.ref.id, "original": str(judgement.original)}
    if rules.count:
        told |= {"number": judgement.number, "story": list(judgement.story[-STORY_LIMIT:])}
    keeper = judgement.responsible_id or lead.responsible_id
    planned: list[tuple[EffectKind, Payload]] = []
    if rules.comment:
        planned.append((EffectKind.COMMENT, told))
    if rules.task and keeper is not None:
        planned.append((EffectKind.TASK, {**told, "user": keeper, "days": rules.task_days}))
    if rules.link and (link := _link(verdict)) is not None:
        planned.append((EffectKind.LINK, link))
    if rules.assign and judgement.responsible_id not in (None, lead.responsible_id):
        change = _change(lead.ref.id, lead.responsible_id, judgement.responsible_id)
        planned.append((EffectKind.ASSIGN, change))
    if rules.move and not lead.stage.is_closed and verdict.lead.stage_id != rules.move_to:
        planned.append((EffectKind.MOVE, _change(lead.ref.id, verdict.lead.stage_id, rules.move_to)))
    return planned


def _link(verdict: _Verdict) -> Payload | None:
    """Return the link to the client: the original, or whom the original lead belongs to; None: there is none."""
    original, lead = verdict.judgement.original, verdict.lead.record
    clients = [original] if verdict.original is None else list(verdict.original.record.links)
    for client in sorted(
        (one for one in clients if one.type is not RecordType.LEAD), key=lambda one: one.type
    ):
        if client in lead.links:
            return None
        if client.type is RecordType.CONTACT:
            return {"lead": lead.ref.id, "contact": client.id}
        if not any(link.type is RecordType.COMPANY for link in lead.links):
            return _change(lead.ref.id, None, client.id)
    return None


def _change(lead_id: int, old: int | str | None, new: int | str | None) -> Payload:
    return {"lead": lead_id, "old": str(old or ""), "new": str(new or "")}


def _candidate(match: OutcomeMatch) -> Candidate:
    return Candidate(
        ref=match.ref,
        by=shared_by(match.codes),
        stage=match.stage,
        responsible_id=match.responsible_id,
        created_at=match.created_at,
        modified_at=match.modified_at,
        has_open_deal=match.has_open_deal,
    )


async def _own_clients(tx: Transaction, ref: RecordRef) -> list[Candidate]:
    """Return the clients the lead is linked to already and shares a value with: no duplicates, yet earlier records."""
    lead = await tx.index.get(ref)
    if lead is None:
        return []
    linked = await tx.index.get_many(lead.links)
    return [
        Candidate(
            ref=client.ref,
            by=_shared_keys(lead, client),
            stage=Stage.NONE,
            responsible_id=client.responsible_id,
            created_at=client.created_at,
            modified_at=client.modified_at,
        )
        for client in linked.values()
    ]


def _shared_keys(lead: IndexedRecord, client: IndexedRecord) -> frozenset[By]:
    return frozenset(_BY_KIND[key.kind] for key in lead.keys & client.keys)
