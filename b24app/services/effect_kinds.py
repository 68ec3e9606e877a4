"""One table: kind of effect → who does it, and which part of the app is off when a portal forbids it."""

from collections.abc import Mapping

from b24app.services.effects import EffectKind, Handler
from b24app.services.parts import Part

HANDLERS: Mapping[EffectKind, Handler] = {}

PARTS: Mapping[EffectKind, Part] = {
    EffectKind.TRIGGER: Part.TRIGGERS,
    EffectKind.NOTE: Part.NOTES,
    EffectKind.NOTIFY: Part.NOTIFICATIONS,
    EffectKind.COMMENT: Part.NOTES,
    EffectKind.TASK: Part.TASKS,
}
