"""Robots at work: a step that calls the application and may wait for its answer.

The portal looks only at the signature of the token and at whether the step still waits (portal-behaviour
notes, point 7).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex

from b24app.sandbox.automation_rules import Rule
from b24app.sandbox.wire import Json

DOCUMENT_CLASSES = {
    "lead": "CCrmDocumentLead",
    "contact": "CCrmDocumentContact",
    "company": "CCrmDocumentCompany",
    "deal": "CCrmDocumentDeal",
}


@dataclass(slots=True)
class RobotStep:
    """One started robot; ``ends_at`` is when the portal waits no longer."""

    token: str
    code: str
    word: str
    record_id: int
    is_waiting: bool
    answer: Mapping[str, Json] | None = None
    messages: list[str] = field(default_factory=list)
    answers_seen: int = 0
    rule: Rule | None = None
    ends_at: float | None = None
    is_timed_out: bool = False


class Workflows:
    """All started robots of a portal."""

    def __init__(self) -> None:
        self.steps: dict[str, RobotStep] = {}

    def start(
        self,
        code: str,
        word: str,
        record_id: int,
        *,
        waits: bool,
        rule: Rule | None = None,
        ends_at: float | None = None,
    ) -> RobotStep:
        token = f"{token_hex(11)}|A{len(self.steps) + 1}_{record_id}|{token_hex(16)}.{token_hex(32)}"
        step = RobotStep(token, code, word, record_id, waits, rule=rule, ends_at=ends_at)
        self.steps[token] = step
        return step


def robot_form(
    step: RobotStep,
    properties: Mapping[str, Json],
    *,
    now: float,
    auth: Mapping[str, Json],
    timeout_s: int = 0,
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
        "timeout_duration": str(timeout_s),
        "ts": str(int(now)),
        "auth": auth,
    }
