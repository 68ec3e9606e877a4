"""Shows the page of repeat enquiries to administrators; titles are read with their own rights and not kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import Command
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.enquiries.rules import read_enquiry_rules
from b24app.services.indexing.records import to_live_record
from b24app.services.links import card_path
from b24app.services.pages.enquiries import (
    EnquiriesPage,
    ShownEffect,
    ShownEnquiry,
    ShownEnquiryRules,
    ShownRecord,
)
from b24app.services.pages.enquiry_acts import EnquiryForm, read_stages
from b24app.services.portal.access import PageToken, issue_app_page_token
from b24app.services.portal.context import PortalContext, Runtime
from b24app.services.portal.viewers import open_for_administrator
from b24app.store.effects import Effect, EffectState
from b24app.store.enquiries import Enquiry, EnquiryState

ROWS = 20
TITLE_FIELDS: Mapping[RecordType, tuple[str, ...]] = {
    RecordType.LEAD: ("ID", "TITLE"),
    RecordType.CONTACT: ("ID", "NAME", "SECOND_NAME", "LAST_NAME"),
    RecordType.COMPANY: ("ID", "TITLE"),
}


async def show_enquiries(
    runtime: Runtime, token: PageToken, *, page: str = "1", form: EnquiryForm | None = None
) -> EnquiriesPage:
    """Return the page; raises Refused for anybody but an administrator."""
    context, _ = await open_for_administrator(runtime, token)
    async with context.read() as tx:
        total = await tx.enquiries.count_repeats()
        pages = max(1, -(-total // ROWS))
        number = min(max(1, int(page)), pages) if page.isascii() and page.isdigit() and len(page) < 9 else 1
        found = await tx.enquiries.repeats(ROWS, offset=(number - 1) * ROWS)
        effects = await tx.effects.of_leads([enquiry.lead_id for enquiry in found])
        rules = await read_enquiry_rules(tx)
    is_refused = form is not None and form.mistake is not None
    return EnquiriesPage(
        page_token=issue_app_page_token(runtime, token),
        rules=form.typed if form is not None and is_refused else ShownEnquiryRules.of(rules),
        stages=await read_stages(context),
        enquiries=await _shown(context, found, effects),
        total=total,
        page=number,
        pages=pages,
        saved=form is not None and not is_refused,
        mistake=form.mistake if form is not None else None,
    )


async def _shown(
    context: PortalContext, found: Sequence[Enquiry], effects: Iterable[Effect]
) -> tuple[ShownEnquiry, ...]:
    done: defaultdict[int | None, list[ShownEffect]] = defaultdict(list)
    for effect in effects:
        done[effect.lead_id].append(_shown_effect(effect))
    leads = [RecordRef(RecordType.LEAD, enquiry.lead_id) for enquiry in found]
    titles = await _read_titles(context, {*leads, *(enquiry.original for enquiry in found)})
    return tuple(
        ShownEnquiry(
            lead=_shown_record(lead, titles),
            original=_shown_record(enquiry.original, titles),
            rule=enquiry.rule,
            number=enquiry.number,
            judged_at=enquiry.judged_at,
            is_undone=enquiry.state is EnquiryState.UNDONE,
            effects=tuple(done[enquiry.lead_id]),
        )
        for lead, enquiry in zip(leads, found, strict=True)
    )


async def _read_titles(context: PortalContext, refs: Iterable[RecordRef]) -> dict[RecordRef, str]:
    """Ask for all titles in one request; what the viewer may not read is missing."""
    by_type: defaultdict[RecordType, list[int]] = defaultdict(list)
    for ref in sorted(refs):
        by_type[ref.type].append(ref.id)
    commands: dict[str, Command] = {
        kind.word: methods.list_records(
            kind.word, select=TITLE_FIELDS[kind], filter_by={"@ID": ids}, order={"ID": "ASC"}
        )
        for kind, ids in by_type.items()
    }
    batch = await context.client.batch(commands)
    rows = ((kind, row) for kind in by_type for row in answers.rows(batch.get(kind.word)))
    found = (to_live_record(kind, row) for kind, row in rows)
    return {live.record.ref: live.title for live in found}


def _shown_record(ref: RecordRef, titles: Mapping[RecordRef, str]) -> ShownRecord:
    return ShownRecord(ref.type.word, ref.id, titles.get(ref, ""), card_path(ref))


def _shown_effect(effect: Effect) -> ShownEffect:
    return ShownEffect(
        id=effect.effect_id,
        kind=effect.kind,
        state=effect.state.value,
        reason=effect.reason,
        may_undo=effect.state in (EffectState.DONE, EffectState.PLANNED),
    )
