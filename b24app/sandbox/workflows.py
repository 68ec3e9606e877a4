"""Robots at work: a step that calls the application and may wait for its answer.

The portal looks only at the signature of the token and at whether the step still waits (portal-behaviour
notes, point 7).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex

from b24app.sandbox.wire import Json

DOCUMENT_CLASSES = {
    "lead": "CCrmDocumentLead",
    "contact": "CCrmDocumentContact",
    "company": "CCrmDocumentCompany",
    "deal": "CCrmDocumentDeal",
}


@dataclass(slots=True)
class RobotStep:
    """One started robot."""

    token: str
    code: str
    word: str
    record_id: int
    is_waiting: bool
    answer: Mapping[str, Json] | None = None
    messages: list[str] = field(default_factory=list)
    answers_seen: int = 0


class Workflows:
    """All started robots of a portal."""

    def __init__(self) -> None:
        self.steps: dict[str, RobotStep] = {}

    def start(self, code: str, word: str, record_id: int, *, waits: bool) -> RobotStep:
        token = f"{token_hex(11)}|A{len(self.steps) + 1}_{record_id}|{token_hex(16)}.{token_hex(32)}"
        step = RobotStep(token, code, word, record_id, waits)
        self.steps[token] = step
        return step


def robot_form(
    step: RobotStep, properties: Mapping[str, Json], *, now: float, auth: Mapping[str, Json]
) -> dict[str, Json]:
    """Return the form a robot's handler gets."""
    upper = step.word.upper()
    return {
        "workflow_id": token_hex(7),
        "code": step.code,
        "document_id": ["crm", DOCUMENT_CLASSES[step.word], f"{upper}_{step.record_id}"],
        "document_type": ["crm", DOCUMENT_CLASSES[step.word], upper],
        "event_token": step.token,
        "properties": properties,
        "use_subscription": "Y" if step.is_waiting else "N",
        "timeout_duration": "0",
        "ts": str(int(now)),
        "auth": auth,
    }
