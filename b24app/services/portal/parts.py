"""The parts of the app that a plan, a right or a scope may switch off, each for itself; the rest works on.

Kept in the portal's options under ``parts``: only what is off, why (a code) and since when.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from b24app.bitrix24.errors import (
    AccessDenied,
    Bitrix24Error,
    InsufficientScope,
    MethodUnknown,
    PlanRefused,
)
from b24app.services.portal.context import PortalContext
from b24app.store.database import Transaction

OPTION = "parts"

# The narrowest class that fits decides. Whatever else a portal answers is "refused".
_REASONS: tuple[tuple[type[Bitrix24Error], str], ...] = (
    (PlanRefused, "plan_refused"),
    (InsufficientScope, "scope_missing"),
    (AccessDenied, "access_denied"),
    (MethodUnknown, "method_unknown"),
)
REFUSED = "refused"
FIELD_MISFIT = "field_misfit"  # a field with a code of ours is of another kind: somebody else made it
REASONS: tuple[str, ...] = (*(code for _, code in _REASONS), REFUSED, FIELD_MISFIT)


class Part(StrEnum):
    """What can be off while the rest works."""

    FIELDS = "fields"
    ROBOTS = "robots"
    ACTIVITIES = "activities"
    TRIGGERS = "triggers"
    TASKS = "tasks"
    NOTES = "notes"
    NOTIFICATIONS = "notifications"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class PartOff:
    """Why a part is off, as one of REASONS, and since when (Unix seconds)."""

    reason: str
    at: float


def part_reason(error: Bitrix24Error) -> str:
    """Return the code under which a refusal of a part is noted and explained."""
    return next((code for kind, code in _REASONS if isinstance(error, kind)), REFUSED)


async def note_part(context: PortalContext, part: Part, reason: str | None) -> None:
    """Keep that a part is off, or with None that it works (again).

    Nothing is written when that is known already, so it may be said after every call: the time stays that of
    the first refusal with this reason.
    """
    async with context.read() as tx:
        if _reason_of(await parts_off(tx), part) == reason:
            return
    async with context.begin() as tx:
        await _keep(tx, part, reason, context.now())


async def _keep(tx: Transaction, part: Part, reason: str | None, at: float) -> None:
    off = dict(await parts_off(tx))
    if _reason_of(off, part) == reason:  # another process said so in between
        return
    off.pop(part, None)
    if reason is not None:
        off[part] = PartOff(reason, at)
    await tx.options.put(OPTION, {each: {"reason": why.reason, "at": why.at} for each, why in off.items()})


def _reason_of(off: Mapping[Part, PartOff], part: Part) -> str | None:
    return off[part].reason if part in off else None


async def parts_off(tx: Transaction) -> dict[Part, PartOff]:
    """Return the parts that are off now; an empty map when all work."""
    kept = await tx.options.get(OPTION) or {}
    return {
        Part(name): PartOff(str(why["reason"]), float(why["at"]))
        for name, why in kept.items()
        if isinstance(why, dict)
    }
