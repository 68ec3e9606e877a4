"""Where documentation and source differ, or portals do: each can be played either way. And what the plan lacks."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class PlanPart(StrEnum):
    """What a portal's plan may lack; the value is how the portal's switch is spelled."""

    ROBOTS = "robots"
    TRIGGERS = "triggers"
    TASKS = "tasks"
    FIELDS = "fields"
    NOTIFICATIONS = "notifications"
    COMMENTS = "comments"


_METHODS = {
    PlanPart.ROBOTS: ("bizproc.",),
    PlanPart.TRIGGERS: ("crm.automation.trigger",),
    PlanPart.TASKS: ("tasks.",),
    PlanPart.FIELDS: tuple(f"crm.{word}.userfield.add" for word in ("lead", "contact", "company", "deal")),
    PlanPart.NOTIFICATIONS: ("im.notify",),
    PlanPart.COMMENTS: ("crm.timeline.",),
}


@dataclass(slots=True)
class Quirks:
    """How this portal answers where two answers are known."""

    item_total_when_uncounted: Literal["zero", "absent"] = "absent"
    boolean_fields: Literal["json", "digits", "letters"] = "json"
    second_event_send: Literal["true", "denied"] = "true"
    ignored_parameters: frozenset[str] = frozenset()  # what foreign clients add; a real portal ignores it all


@dataclass(slots=True)
class Plan:
    """The portal's plan. Methods of a part that it lacks are refused as REST of a free plan is."""

    lacks: set[PlanPart] = field(default_factory=set)

    def refuses(self, method: str) -> bool:
        """Tell whether this method, in lower case, is not in the plan."""
        return any(method.startswith(_METHODS[part]) for part in self.lacks)
