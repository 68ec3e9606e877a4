"""What webhooks are told: events of ids and codes, planned in the transaction of what they follow from.

Who is told, how often it is tried and how it is signed is in ``deliver.py``.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from b24app.bitrix24.calls import JSON
from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordRef
from b24app.store.database import Transaction

MAX_MATCHES = 1_000  # of one event; ``total`` counts all


class EventKind(StrEnum):
    """What an administrator chooses from; a test is told to whoever asks for it."""

    OUTCOME_CHANGED = "outcome.changed"
    ENQUIRY_REPEAT = "enquiry.repeat"


TEST_KIND = "webhook.test"
DELIVERY_TASK = "deliver_webhooks"


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One thing that happened to a record. ``key`` is what makes it one thing, however often it is planned."""

    kind: EventKind
    key: str
    ref: RecordRef
    status: str
    grade: Grade | None
    matches: Sequence[RecordRef]  # best first
    at: float

    def body(self) -> dict[str, JSON]:
        """Return what is told, without the event's id and the portal, which are put in when it is sent."""
        return {
            "kind": self.kind.value,
            "record": _spell(self.ref),
            "status": self.status,
            "grade": self.grade.word if self.grade is not None else None,
            "matches": [_spell(ref) for ref in self.matches[:MAX_MATCHES]],
            "total": len(self.matches),
            "at": spell_moment(self.at),
        }


async def plan_event(tx: Transaction, event: WebhookEvent) -> bool:
    """Note the event for every webhook that wants it; False when nobody does, or it was noted before.

    Ask for the task ``deliver_webhooks`` afterwards.
    """
    return await tx.webhooks.plan(
        event.kind.value, event.key, event_id=new_event_id(), body=event.body(), at=event.at
    )


def new_event_id() -> str:
    """Return an id that no event has, in this installation or after it."""
    return secrets.token_hex(16)


def spell_moment(at: float) -> str:
    """Return ``2026-09-21T14:13:20Z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _spell(ref: RecordRef) -> dict[str, JSON]:
    return {"type": ref.type.word, "id": ref.id}
