"""The text of a phone field, taken apart: runs of digits and what stands between them.

Knows spelling only: brackets, dashes, labels, marks of an extension. What a run of digits means is
`phones`' business.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

_EXTENSION_WORD_LIST = """
доб добав добавочный добавочного дополнительный доп вн внутр внутренний қосымша дад
ext extn extension anexo int
"""
EXTENSION_WORDS = frozenset(_EXTENSION_WORD_LIST.split())
EXTENSION_LETTERS = frozenset("xх")  # Latin and Cyrillic: "x12"


class Mark(IntEnum):
    """What separates a run of digits from the run before it; of several marks the highest counts."""

    NOTHING = 0
    COMMA = 1  # , and ;
    SLASH = 2
    BREAK = 3  # a line, a word, a plus, any other sign: what follows is another number
    SYMBOL = 4  # # * and a lone x
    EXTENSION = 5  # a word that says so


@dataclass(frozen=True, slots=True)
class Run:
    """Digits with the signs people put between digits of one number; `mark` is what stood before."""

    text: str
    mark: Mark

    @property
    def digits(self) -> str:
        """Return the bare digits."""
        return only_digits(self.text)

    @property
    def has_plus(self) -> bool:
        """Tell whether the number is written with a plus."""
        return self.text.startswith("+")

    @property
    def has_gap_after_first_digit(self) -> bool:
        """Tell "+8 495 …" from "+84 95…": a sign right after the first digit."""
        return _GAP_AFTER_FIRST_DIGIT.match(self.text) is not None


_FILLER = r"[ \t()\[\].\-_~'’]"
_TOKEN = re.compile(
    rf"(?P<run>\+(?:{_FILLER})*[0-9](?:{_FILLER}*[0-9])*\)?|[0-9](?:{_FILLER}*[0-9])*\)?)"
    r"|(?P<word>[^\W\d_]+)"
    r"|(?P<symbol>[#*])"
    r"|(?P<comma>[,;])"
    r"|(?P<slash>/)"
    rf"|(?P<filler>{_FILLER}+)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_GAP_AFTER_FIRST_DIGIT = re.compile(r"\+[^0-9]*[0-9][^0-9]")
_VANITY = re.compile(r"\+?[0-9(][0-9()\s.\-]*[A-Z]{3,}[A-Z0-9\s.\-]*")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_MARKS = {
    "symbol": Mark.SYMBOL,
    "comma": Mark.COMMA,
    "slash": Mark.SLASH,
    "filler": Mark.NOTHING,
    "other": Mark.BREAK,
}
_DROPPED_CATEGORIES = frozenset({"Cf", "Mn", "Me"})  # invisible marks, keycaps, variation selectors


def only_digits(text: str) -> str:
    """Return the ASCII digits of a text, nothing else."""
    return _NOT_DIGITS.sub("", text)


def to_plain_text(raw: str) -> str:
    """Return the text with digits, dashes and spaces in their ASCII form, invisible signs gone."""
    if raw.isascii():
        return raw.strip()
    return "".join(map(_to_plain_sign, unicodedata.normalize("NFKC", raw))).strip()


def _to_plain_sign(sign: str) -> str:
    if sign.isascii():
        return sign
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    if category in _DROPPED_CATEGORIES:
        return ""
    if category == "Pd" or sign == "\u2212":  # minus
        return "-"
    return " " if category == "Zs" else sign


def split_runs(text: str) -> list[Run]:
    """Return the runs of digits of a plain text, each with the mark that stood before it."""
    runs: list[Run] = []
    mark = Mark.NOTHING
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "run":
            starts_anew = token.group().startswith("+") and mark < Mark.BREAK
            runs.append(Run(token.group(), Mark.BREAK if starts_anew else mark))
            mark = Mark.NOTHING
        elif kind == "word":
            mark = max(mark, _mark_of_word(token.group()))
        elif kind is not None:
            mark = max(mark, _MARKS[kind])
    return runs


def _mark_of_word(word: str) -> Mark:
    folded = word.lower()
    if folded in EXTENSION_WORDS:
        return Mark.EXTENSION
    return Mark.SYMBOL if folded in EXTENSION_LETTERS else Mark.BREAK


def is_vanity_spelling(text: str) -> bool:
    """Tell whether capital Latin letters stand for digits, as in 1-800-FLOWERS."""
    return _VANITY.fullmatch(text) is not None
