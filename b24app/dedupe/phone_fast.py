"""The common spellings of +7 and +375 numbers, read by one regular expression each.

A short cut of `phones`, never another opinion: what it answers is what phonenumbers answers (a property
test holds it to that), and whatever it is not sure of it leaves alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GAP = r"[ \-.]*"
# The first digit decides whether phonenumbers strips the prefix; other numbers take the long way.
_SEVEN_PLUS = rf"\+{_GAP}7{_GAP}\(?([34789]\d\d)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
_SEVEN_HOME = rf"(?:[78]{_GAP})?\(?(?!810)([34789]\d\d)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
_BELARUS_PLUS = rf"\+{_GAP}375{_GAP}\(?(17|25|29|33|44)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
_BELARUS_HOME = (
    rf"(?:375{_GAP}|8{_GAP}0{_GAP}|0)?\(?(17|25|29|33|44)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
)

_ANYWHERE = (("+7", re.compile(_SEVEN_PLUS, re.ASCII)), ("+375", re.compile(_BELARUS_PLUS, re.ASCII)))
_AT_HOME = {
    "RU": ("+7", re.compile(_SEVEN_HOME, re.ASCII)),
    "KZ": ("+7", re.compile(_SEVEN_HOME, re.ASCII)),
    "BY": ("+375", re.compile(_BELARUS_HOME, re.ASCII)),
}


def fast_e164(text: str, region: str) -> str | None:
    """Return the E.164 form of a number in one of the common spellings, or None: ask the long way.

    `text` has no spaces at its ends.
    """
    if text.startswith("+"):
        for code, pattern in _ANYWHERE:
            found = pattern.fullmatch(text)
            if found is not None:
                return _joined(code, found)
        return None
    home = _AT_HOME.get(region)
    if home is None:
        return None
    found = home[1].fullmatch(text)
    return None if found is None else _joined(home[0], found)


def _joined(code: str, found: re.Match[str]) -> str | None:
    national = "".join(found.groups())
    is_placeholder = national == national[0] * len(national)
    return None if is_placeholder else code + national


@dataclass(frozen=True, slots=True)
class Numbering:
    """How everyday spellings of one kind are read when many come at once: the same short cut, by columns.

    `pattern` fits a spelling whose every digit is written as 9. `lead` are the digits before the national
    number, each a choice of digits; `first` are the sure first digits of a national number.
    """

    code: str
    pattern: re.Pattern[str]
    lead: tuple[str, ...]
    first: tuple[str, ...]
    national_digits: int
    not_first: str = ""  # a national number that begins so is left alone

    def is_sure(self, digits: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell which rows of digits the short cut answers."""
        national = digits[:, -self.national_digits :]
        sure: NDArray[np.bool_] = (national != national[:, :1]).any(axis=1)
        for column, choice in zip(digits.T, self.lead, strict=False):
            sure &= np.isin(column, _numbers(choice))
        sure &= np.logical_or.reduce([_begins(national, first) for first in self.first])
        return sure & ~_begins(national, self.not_first) if self.not_first else sure


def _begins(rows: NDArray[np.uint8], text: str) -> NDArray[np.bool_]:
    begins: NDArray[np.bool_] = (rows[:, : len(text)] == _numbers(text)).all(axis=1)
    return begins


def _numbers(text: str) -> NDArray[np.uint8]:
    return np.array([int(sign) for sign in text], np.uint8)


def _seven(before: str, *lead: str, not_first: str = "") -> Numbering:
    pattern = re.compile(rf"{before}\(?999\)?{_GAP}999{_GAP}99{_GAP}99")
    return Numbering("+7", pattern, lead, ("3", "4", "7", "8", "9"), 10, not_first)


def _belarus(before: str, *lead: str) -> Numbering:
    pattern = re.compile(rf"{before}\(?99\)?{_GAP}999{_GAP}99{_GAP}99")
    return Numbering("+375", pattern, lead, ("17", "25", "29", "33", "44"), 9)


_SEVEN_AT_HOME = (_seven(rf"9{_GAP}", "78", not_first="810"), _seven("", not_first="810"))
PLUS_SHAPES = (_seven(rf"\+{_GAP}9{_GAP}", "7"), _belarus(rf"\+{_GAP}999{_GAP}", "3", "7", "5"))
HOME_SHAPES = {
    "RU": _SEVEN_AT_HOME,
    "KZ": _SEVEN_AT_HOME,
    "BY": (
        _belarus(rf"999{_GAP}", "3", "7", "5"),
        _belarus(rf"9{_GAP}9{_GAP}", "8", "0"),
        _belarus("9", "0"),
        _belarus(""),
    ),
}
