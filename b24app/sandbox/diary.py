"""What happened around the records of a portal, in order. What is told of one record stands in ``story``."""

from collections import deque
from dataclasses import dataclass

LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class Happening:
    """One line; ``what`` is a code such as ``created``, ``moved``, ``robot_answered``."""

    at: float
    word: str
    record_id: int
    what: str
    detail: str = ""


class Diary:
    """The latest happenings of a portal."""

    def __init__(self) -> None:
        self._lines: deque[Happening] = deque(maxlen=LENGTH)

    def note(self, line: Happening) -> None:
        self._lines.append(line)

    def latest(self, count: int) -> list[Happening]:
        """Return the newest lines, newest first."""
        return list(self._lines)[: -count - 1 : -1]

    def of(self, word: str, record_id: int) -> list[Happening]:
        """Return the lines about one record, as they happened."""
        return [line for line in self._lines if (line.word, line.record_id) == (word, record_id)]
