"""Troubles that a test switches on: by count, or by a seeded probability, for all methods or for some.

What a fault does is decided here; the door (``server``) carries it out on the wire.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


class FaultKind(StrEnum):
    """What goes wrong: up to SLOW before the portal does anything, from TRUNCATED on after it."""

    BUSY = "busy"  # 503 QUERY_LIMIT_EXCEEDED
    TIME_LIMIT = "time_limit"  # 429 OPERATION_TIME_LIMIT
    SERVER_ERROR = "server_error"  # 500 with an HTML page, as a web server prints it
    BAD_GATEWAY = "bad_gateway"  # 502 with an HTML page
    EXPIRED_TOKEN = "expired_token"  # noqa: S105  # 401: every access token of the caller's app ends now
    RESET = "reset"  # the connection is reset before an answer
    SLOW = "slow"  # the answer comes after ``seconds``
    TRUNCATED = "truncated"  # the work is done, the JSON breaks off in the middle
    RESET_AFTER = "reset_after"  # the work is done, the connection is reset before the answer


@dataclass(slots=True)
class Fault:
    """One kind of trouble. ``times`` counts down; None means for ever. ``methods`` None means all."""

    kind: FaultKind
    times: int | None = 1
    probability: float = 1.0
    methods: frozenset[str] | None = None
    skip: int = 0
    seconds: float = 1.0


class Faults:
    """The troubles that are switched on."""

    def __init__(self, seed: int = 1) -> None:
        self._random = Random(seed)  # noqa: S311
        self._faults: list[Fault] = []
        self.happened: dict[FaultKind, int] = {}

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def next_for(self, method: str) -> Fault | None:
        """Return the fault that befalls this call, counting it; None when all is well."""
        for fault in self._faults:
            if fault.methods is not None and method not in fault.methods:
                continue
            if fault.skip > 0:
                fault.skip -= 1
            elif self._strikes(fault):
                self.happened[fault.kind] = self.happened.get(fault.kind, 0) + 1
                return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        if fault.times == 0 or (fault.probability < 1 and self._random.random() >= fault.probability):
            return False
        if fault.times is not None:
            fault.times -= 1
        return True
