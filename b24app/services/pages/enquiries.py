"""What the page of repeat enquiries shows: the rules' form, and the enquiries with everything done for them."""

from dataclasses import dataclass, field

from b24app.dedupe.enquiry_rules import By, EnquiryRules, Original
from b24app.services.mistake import Mistake

ACTIONS = ("comment", "task", "count", "link", "assign", "move")


@dataclass(frozen=True, slots=True)
class ShownEnquiryRules:
    """The form as it is filled in: the portal's rules, or what was typed and refused."""

    is_on: bool
    by: tuple[str, ...]
    look_back_days: str
    originals: tuple[str, ...]
    actions: tuple[str, ...]
    task_days: str
    move_to: str

    @classmethod
    def of(cls, rules: EnquiryRules) -> "ShownEnquiryRules":
        """Return the form for valid rules."""
        return cls(
            is_on=rules.is_on,
            by=tuple(word.value for word in By if word in rules.by),
            look_back_days=str(rules.look_back_days),
            originals=tuple(word.value for word in Original if word in rules.originals),
            actions=tuple(name for name in ACTIONS if getattr(rules, name)),
            task_days=str(rules.task_days),
            move_to=rules.move_to,
        )


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record with its title as the viewer may read it; "" when he may not, or it is gone."""

    type: str
    id: int
    title: str = field(repr=False)
    path: str


@dataclass(frozen=True, slots=True)
class ShownEffect:
    """One thing that was to be done. ``reason`` None: nothing went wrong."""

    id: int
    kind: str
    state: str
    reason: str | None
    may_undo: bool


@dataclass(frozen=True, slots=True)
class ShownEnquiry:
    """A lead judged a repeat."""

    lead: ShownRecord
    original: ShownRecord
    rule: str
    number: int
    judged_at: float
    is_undone: bool
    effects: tuple[ShownEffect, ...]

    @property
    def may_undo(self) -> bool:
        """Tell whether there is anything to take back at once."""
        return not self.is_undone and any(
            effect.state in ("planned", "doing", "done") for effect in self.effects
        )


@dataclass(frozen=True, slots=True)
class EnquiriesPage:
    """Everything the page shows. ``stages``: (id, name) of lead stages, in the portal's order."""

    page_token: str
    rules: ShownEnquiryRules
    stages: tuple[tuple[str, str], ...]
    enquiries: tuple[ShownEnquiry, ...]
    total: int
    page: int  # from 1
    pages: int
    saved: bool = False
    mistake: Mistake | None = None
