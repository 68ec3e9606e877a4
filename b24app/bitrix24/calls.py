"""What is asked of a portal, what comes back, and what is logged of it. Values only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from b24app.bitrix24.errors import Bitrix24Error

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None

BATCH_LIMIT = 50  # commands in one batch; REST documentation, "batch"

# A method whose last word is one of these changes nothing, so it may be asked again blindly.
# event.offline.get is the exception: it clears what it returns.
_READING_WORDS = frozenset(
    {"get", "list", "info", "fields", "profile", "admin", "current", "events", "findbycomm", "scope", "time"}
)
_WRITING_IN_SPITE = frozenset({"event.offline.get"})


@dataclass(frozen=True, slots=True)
class Command:
    """One REST method with its parameters; the token is added by the client."""

    method: str
    params: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def is_reading(self) -> bool:
        """Tell whether asking twice does no harm."""
        return self.method.rsplit(".", 1)[-1] in _READING_WORDS and self.method not in _WRITING_IN_SPITE


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer. ``total`` and ``next`` are None when absent; times in seconds, Unix seconds."""

    result: JSON
    total: int | None = None
    next: int | None = None
    operating_s: float | None = None
    reset_at: float | None = None


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """The answers of a batch by command key; every key is either in ``answers`` or in ``errors``."""

    answers: Mapping[str, Answer]
    errors: Mapping[str, Bitrix24Error]

    def get(self, key: str) -> Answer:
        """Return the command's answer, or raise the error it ended with."""
        if key in self.errors:
            raise self.errors[key]
        return self.answers[key]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request and its answer, without any value of either.

    ``commands`` counts the methods inside a batch, empty otherwise. ``parameters`` are names
    (``filter[>ID]``). ``status`` is None when no answer came; ``error`` is a code or a class name.
    """

    origin: str
    method: str
    commands: Mapping[str, int]
    priority: str
    request_bytes: int
    response_bytes: int
    status: int | None
    duration_s: float
    error: str | None
    attempt: int
    parameters: tuple[str, ...]


CallLog: TypeAlias = Callable[[CallRecord], None]
