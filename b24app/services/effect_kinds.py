"""One table: kind of effect → who does it, and which part of the app is off when a portal forbids it."""

from collections.abc import Mapping

from b24app.services.effects import EffectKind, Handler
from b24app.services.enquiry_effects import EnquiryComment, EnquiryTask
from b24app.services.lead_effects import LeadClient, LeadField
from b24app.services.notice_effects import Notification
from b24app.services.parts import Part
from b24app.services.timeline_note import TimelineNote
from b24app.services.trigger_effects import TriggerRun

HANDLERS: Mapping[EffectKind, Handler] = {
    EffectKind.TRIGGER: TriggerRun(),
    EffectKind.NOTE: TimelineNote(),
    EffectKind.NOTIFY: Notification(),
    EffectKind.COMMENT: EnquiryComment(),
    EffectKind.TASK: EnquiryTask(),
    EffectKind.MOVE: LeadField("STATUS_ID"),
    EffectKind.LINK: LeadClient(),
    EffectKind.ASSIGN: LeadField("ASSIGNED_BY_ID"),
}

PARTS: Mapping[EffectKind, Part] = {
    EffectKind.TRIGGER: Part.TRIGGERS,
    EffectKind.NOTE: Part.NOTES,
    EffectKind.NOTIFY: Part.NOTIFICATIONS,
    EffectKind.COMMENT: Part.NOTES,
    EffectKind.TASK: Part.TASKS,
}
