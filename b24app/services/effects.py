"""What the app does in a portal beyond writing fields: planned in a transaction, carried out once, taken back exactly.

Planning asks no portal. Carrying out is ``writeback/carry_out.py``, what each kind does ``writeback/effect_kinds.py``.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from b24app.bitrix24.calls import JSON
from b24app.services.portal.context import PortalContext
from b24app.store.database import Transaction

Payload: TypeAlias = Mapping[str, JSON]


class EffectKind(StrEnum):
    """What can be done; the words are stored."""

    TRIGGER = "trigger"
    NOTE = "note"
    NOTIFY = "notify"
    COMMENT = "comment"
    TASK = "task"
    MOVE = "move"
    LINK = "link"
    ASSIGN = "assign"


class NothingToDo(Exception):
    """The portal is not as it was when this was planned; ``reason`` is the code of the text an administrator reads."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Handler(Protocol):
    """How one kind is done. Reads first, and writes with its last request: a crash leaves one open question at most."""

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Do it, and return what an undo needs: ids and codes. ``payload["key"]`` is the effect's own key.

        Raises NothingToDo.
        """

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Take it back, as often as asked; what is gone or was changed by others is left alone."""


@runtime_checkable
class Findable(Protocol):
    """A kind whose doing leaves a trace by which it is known after a crash."""

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Return the result as the portal shows it; None when it was not done."""


async def plan_effect(
    tx: Transaction,
    key: str,
    kind: EffectKind,
    payload: Payload,
    *,
    lead_id: int | None = None,
) -> bool:
    """Note that this is to be done, in the transaction of what it follows from.

    ``key`` is unique in the portal: False when it was planned before. ``payload``: ids and codes, nothing
    personal. ``lead_id`` names the enquiry it belongs to. Ask for the task ``carry_out_effects`` afterwards.
    """
    return await tx.effects.plan(key, kind.value, payload, lead_id=lead_id)
