"""One small function per REST method by which the app registers robots, triggers and fields in a portal.

Each returns a Command; tabs and events are in ``methods.py``. None but the lists may be repeated blindly: adding
what is there already is an error, and the lists say whether it is.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from b24app.bitrix24.calls import JSON, Command

FieldOwner: TypeAlias = Literal["lead", "contact", "company"]
StepKind: TypeAlias = Literal["robot", "activity"]

FIELD_OWNERS: tuple[FieldOwner, ...] = ("lead", "contact", "company")
_STEP_KINDS: tuple[StepKind, ...] = ("robot", "activity")

METHODS: frozenset[str] = frozenset(
    {
        *(f"crm.{word}.userfield.{action}" for word in FIELD_OWNERS for action in ("list", "add")),
        *(
            f"bizproc.{kind}.{action}"
            for kind in _STEP_KINDS
            for action in ("list", "add", "update", "delete")
        ),
        *(f"crm.automation.trigger.{action}" for action in ("list", "add", "delete")),
    }
)


def user_fields(word: FieldOwner) -> Command:
    """Ask for all user fields of a type; labels don't come, ids of list items do."""
    return Command(f"crm.{word}.userfield.list", {"order": {"ID": "ASC"}})


def add_user_field(word: FieldOwner, fields: Mapping[str, JSON]) -> Command:
    """Make a user field. ``fields`` in the documentation's words; a code that is taken is a refusal."""
    return Command(f"crm.{word}.userfield.add", {"fields": dict(fields)})


def registered_steps(kind: StepKind) -> Command:
    """Ask which robots or activities are ours: their codes, no more."""
    return Command(f"bizproc.{kind}.list")


def add_step(kind: StepKind, code: str, settings: Mapping[str, JSON]) -> Command:
    """Register a robot or activity; a code that is taken by either is AlreadyRegistered."""
    return Command(f"bizproc.{kind}.add", {"CODE": code, **settings})


def update_step(kind: StepKind, code: str, settings: Mapping[str, JSON]) -> Command:
    return Command(f"bizproc.{kind}.update", {"CODE": code, "FIELDS": dict(settings)})


def delete_step(kind: StepKind, code: str) -> Command:
    return Command(f"bizproc.{kind}.delete", {"CODE": code})


def registered_triggers() -> Command:
    """Ask which triggers are ours: codes and names."""
    return Command("crm.automation.trigger.list")


def add_trigger(code: str, name: str) -> Command:
    """Register a trigger; with a code that is ours already this renames it."""
    return Command("crm.automation.trigger.add", {"CODE": code, "NAME": name})


def delete_trigger(code: str) -> Command:
    return Command("crm.automation.trigger.delete", {"CODE": code})
