"""A new lead told to whoever keeps its client: who, when, from where, with which words, and what was before.

Read from the portal when it is written into the portal, and never kept.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import JSON, BatchAnswer, Command
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.services.effects import Payload
from b24app.services.enquiries.lead_effects import field_text, number
from b24app.services.indexing.records import LiveRecord, to_live_record
from b24app.services.links import card_path
from b24app.services.portal.context import PortalContext
from b24app.services.portal.people import ask_names
from b24app.texts import Say, language_of, plain_translator

SOURCES = "SOURCE"
UTM = ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM")
STORY_FIELDS = ("ID", "TITLE", "SOURCE_ID", "STATUS_SEMANTIC_ID", "ASSIGNED_BY_ID", "DATE_CREATE")
LONGEST_TEXT = 5_000
_TAG = re.compile(r"<[^<>]*>")
_WHEN = "%d.%m.%Y %H:%M"  # of the portal's own clock, which need not be the reader's
_UNBROKEN = "[\u200b"  # so that a stranger's square brackets are no markup


@dataclass(frozen=True, slots=True)
class EnquiryText:
    """What goes into the portal; personal data."""

    title: str = field(repr=False)
    text: str = field(repr=False)


async def read_enquiry(context: PortalContext, payload: Payload) -> EnquiryText:
    """Read the new lead and the client's story, and put them into words; raises NotFound when the lead is gone."""
    lead_id = number(payload, "lead")
    commands: dict[str, Command] = {
        "lead": methods.get_record("lead", lead_id),
        "sources": methods.statuses(SOURCES),
    }
    earlier = payload.get("story")
    if isinstance(earlier, list) and earlier:
        commands["story"] = methods.list_records(
            "lead", select=STORY_FIELDS, filter_by={"@ID": earlier}, order={"ID": "ASC"}
        )
    batch = await context.client.batch(commands)
    t = plain_translator(language_of(context.portal.language))
    row = answers.row(batch.get("lead"))
    sources = {status.id: status.name for status in answers.status_list(batch.get("sources"))}
    title = safe(field_text(row, "TITLE")) or f"№ {lead_id}"
    lines = [*_head(t, payload, title, context.portal.origin), *_lead_lines(t, row, sources)]
    if "number" in payload:
        lines += await _story(context, t, batch, sources)
    return EnquiryText(title=title, text="\n".join(lines))


def _head(t: Say, payload: Payload, title: str, origin: str) -> list[str]:
    first = t("enquiry_note.again")
    if "number" in payload:
        first = t("enquiry_note.again_number", number=payload["number"])
    address = f"{origin}{card_path(RecordRef(RecordType.LEAD, number(payload, 'lead')))}"
    return [first, t("enquiry_note.lead", title=title, address=address)]


def _lead_lines(t: Say, row: Mapping[str, JSON], sources: Mapping[str, str]) -> list[str]:
    """Return a line for everything the lead says; what it does not say has none."""
    live = to_live_record(RecordType.LEAD, row)
    source = field_text(row, "SOURCE_ID")
    utm = ", ".join(f"{name.lower()}={safe(field_text(row, name))}" for name in UTM if field_text(row, name))
    values = ", ".join(safe(value.value) for value in live.record.multifields)
    words = safe(_TAG.sub(" ", field_text(row, "COMMENTS")))[:LONGEST_TEXT]
    told = (
        (_when(row.get("DATE_CREATE")), t("enquiry_note.time")),
        (_person(live), t("enquiry_note.name")),
        (values, t("enquiry_note.contacts")),
        (
            _joined(sources.get(source, source), field_text(row, "SOURCE_DESCRIPTION")),
            t("enquiry_note.source"),
        ),
        (utm, t("enquiry_note.utm")),
        (words, t("enquiry_note.text")),
    )
    return [f"{label}: {value}" for value, label in told if value]


async def _story(context: PortalContext, t: Say, batch: BatchAnswer, sources: Mapping[str, str]) -> list[str]:
    """Return what was before: channels, last responsible, won or lost."""
    rows = answers.rows(batch.get("story")) if "story" in {*batch.answers, *batch.errors} else []
    if not rows:
        return []
    leads = [to_live_record(RecordType.LEAD, row).record for row in rows]
    channels = dict.fromkeys(
        sources.get(field_text(row, "SOURCE_ID"), field_text(row, "SOURCE_ID")) for row in rows
    )
    stages = Counter(lead.stage for lead in leads)
    last = max(leads, key=lambda lead: (lead.created_at or 0.0, lead.ref.id))
    lines = [
        t("enquiry_note.story", count=len(rows)),
        t(
            "enquiry_note.ended",
            won=stages[Stage.WON],
            lost=stages[Stage.LOST],
            in_work=stages[Stage.IN_WORK],
        ),
    ]
    if told := ", ".join(filter(None, channels)):
        lines.append(t("enquiry_note.channels", value=told))
    if last.responsible_id is not None:
        lines.append(t("enquiry_note.last_responsible", value=await _name(context, last.responsible_id)))
    return lines


async def _name(context: PortalContext, user_id: int) -> str:
    names = await ask_names(context.client, [user_id])
    return names.get(user_id) or f"№ {user_id}"


def _person(live: LiveRecord) -> str:
    person = live.record.person
    return safe(" ".join(part for part in (person.first, person.second, person.last) if part))


def _when(value: JSON) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    zone = moment.tzname()
    return moment.strftime(_WHEN) + (f" ({zone})" if zone else "")


def _joined(source: str, description: str) -> str:
    return safe(": ".join(filter(None, (source, description))))


def safe(text: str) -> str:
    """Return a stranger's words such that the portal takes none of them for markup."""
    return text.strip().replace("[", _UNBROKEN)
