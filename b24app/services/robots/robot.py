"""What every robot is: how it reads its inputs, how it answers many calls at once, and what it says when it can't."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from b24app.bitrix24.calls import JSON
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.portal.context import PortalContext
from b24app.store.robot_calls import KeptCall

Given: TypeAlias = Mapping[str, tuple[str, ...]]
Inputs: TypeAlias = dict[str, JSON]

_YES, _NO = frozenset({"y", "yes", "1", "true"}), frozenset({"n", "no", "0", "false"})
_LONGEST_NUMBER = 9  # digits
_CODES = {RecordType.LEAD: "L", RecordType.CONTACT: "C", RecordType.COMPANY: "CO"}


class Ended(StrEnum):
    """How a call ended: the robot's ``reason_code``, and the family of texts ``robots_ended``."""

    OK = "ok"
    GONE = "gone"  # the record does not exist any more
    NO_CLIENT = "no_client"  # a deal without a contact or company
    NOT_CHECKED = "not_checked"  # the first indexing is not complete
    WRONG_INPUT = "wrong_input"
    WRONG_DOCUMENT = "wrong_document"  # of a type that has no phones or e-mails
    ACCESS_DENIED = "access_denied"
    PORTAL_BUSY = "portal_busy"
    REFUSED = "refused"  # the portal did not do it, for another reason
    INTERNAL = "internal"


class InputMistake(Exception):
    """An input of the step makes no sense; ``name`` is its code."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the input {name} makes no sense")
        self.name = name


@dataclass(frozen=True, slots=True)
class RobotAnswer:
    """What goes back into the workflow. ``message`` is for its log; without one the text of ``ended`` is written."""

    ended: Ended
    values: Mapping[str, JSON] = field(default_factory=dict, repr=False)
    message: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot as values. ``answer`` gets calls that have the same inputs, and answers each.

    ``nothing`` are the values of a call that could not be answered otherwise. ``leaves_traces``: it changes the
    portal, so it works for a workflow that does not wait too.
    """

    read_inputs: Callable[[Given], Inputs]
    answer: Callable[[PortalContext, Sequence[KeptCall]], Awaitable[dict[bytes, RobotAnswer]]]
    nothing: Mapping[str, JSON]
    leaves_traces: bool = False


def one_text(given: Given, name: str) -> str:
    """Return an input's only value, an empty text when it was left empty; raises InputMistake for several."""
    texts = [text.strip() for text in given.get(name, ()) if text.strip()]
    if len(texts) > 1:
        raise InputMistake(name)
    return texts[0] if texts else ""


def one_number(given: Given, name: str, allowed: range) -> int | None:
    """Return a whole number, None when it was left empty; raises InputMistake."""
    text = one_text(given, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER or int(text) not in allowed:
        raise InputMistake(name)
    return int(text)


def one_flag(given: Given, name: str) -> bool | None:
    """Return yes or no, None when it was left empty; raises InputMistake."""
    text = one_text(given, name).lower()
    if not text:
        return None
    if text not in _YES | _NO:
        raise InputMistake(name)
    return text in _YES


def one_choice(given: Given, name: str, allowed: Iterable[str]) -> str | None:
    """Return one of the allowed codes, None when it was left empty; raises InputMistake."""
    text = one_text(given, name).lower()
    if text and text not in set(allowed):
        raise InputMistake(name)
    return text or None


def choices(given: Given, name: str, allowed: Iterable[str]) -> list[str]:
    """Return the codes that were chosen, each once; an empty list when none was; raises InputMistake."""
    chosen = {text.strip().lower() for text in given.get(name, ()) if text.strip()}
    if not chosen <= set(allowed):
        raise InputMistake(name)
    return sorted(chosen)


def to_code(ref: RecordRef) -> str:
    """Return how fields of the CRM name a record: ``L_12``, ``C_3``, ``CO_7``."""
    return f"{_CODES[ref.type]}_{ref.id}"


def to_user(user_id: int | None) -> str:
    """Return a value of the type "user"; nobody is an empty text."""
    return "" if user_id is None else f"user_{user_id}"
