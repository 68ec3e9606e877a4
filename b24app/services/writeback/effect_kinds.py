"""One table: kind of effect → who does it, and which part of the app is off when a portal forbids it."""

from collections.abc import Mapping

from b24app.services.effects import EffectKind, Handler
from b24app.services.enquiries.effects import EnquiryComment, EnquiryTask
from b24app.services.enquiries.lead_effects import LeadClient, LeadField
from b24app.services.notices.notify import Notification
from b24app.services.notices.timeline_note import TimelineNote
from b24app.services.notices.triggers import TriggerRun
from b24app.services.portal.parts import Part

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
