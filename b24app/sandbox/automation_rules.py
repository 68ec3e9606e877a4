"""What an administrator sets up in the automation of leads and deals: rules on stages, and triggers placed on them.

A rule is one robot of the application with its settings, a condition on what it returned, and the next steps. A rule
without a stage is a workflow that people start by hand; contacts and companies have only these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from b24app.sandbox.wire import Json, as_list, as_text


class Test(StrEnum):
    """How a returned value is compared."""

    __test__ = False

    EQUAL = "equal"
    NOT_EQUAL = "not_equal"
    MORE = "more"
    FILLED = "filled"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about one returned value."""

    result: str
    test: Test
    value: str = ""

    def holds(self, returned: Mapping[str, Json]) -> bool:
        """Answer it; of several values one is enough."""
        given = returned.get(self.result)
        values = [as_text(one) for one in as_list(given) or ()] or [as_text(given)]
        if self.test in (Test.FILLED, Test.EMPTY):
            return any(values) == (self.test is Test.FILLED)
        if self.test is Test.MORE:
            return any(_number(one) > _number(self.value) for one in values)
        return (self.value in values) == (self.test is Test.EQUAL)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


class Act(StrEnum):
    """What a next step does."""

    MOVE = "move"
    ASSIGN = "assign"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step after the condition: a stage, a user's id, or a text in which ``{name}`` is a returned value."""

    act: Act
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One robot on a stage; ``timeout_s`` 0 waits for ever. The id is given when the rule is added."""

    word: str
    stage: str
    robot: str
    properties: Mapping[str, Json] = field(default_factory=dict, hash=False)
    condition: Condition | None = None
    then: tuple[NextStep, ...] = ()
    otherwise: tuple[NextStep, ...] = ()
    timeout_s: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class TriggerPlace:
    """A trigger on a stage: when it is executed, a record on an earlier stage moves here."""

    word: str
    stage: str
    code: str
