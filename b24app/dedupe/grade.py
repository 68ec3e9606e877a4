"""How sure a match is. Apart from `match`, because the rules name a least grade."""

from __future__ import annotations

from enum import IntEnum


class Grade(IntEnum):
    """How sure a match is; a higher one is surer."""

    WEAK = 1
    POSSIBLE = 2
    LIKELY = 3
    EXACT = 4

    @property
    def word(self) -> str:
        """Return "weak", "possible", "likely" or "exact"."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> Grade:
        """Return the grade of a word; ValueError for any other word."""
        for grade in cls:
            if grade.word == word:
                return grade
        raise ValueError("not a grade: expected weak, possible, likely or exact")
