"""The common spellings of +7 and +375 numbers, read by one regular expression each, and plain international ones.

A short cut of `phones`, never another opinion: what it answers is what phonenumbers answers (a property
test holds it to that), and whatever it is not sure of it leaves alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from b24app.dedupe.phone_plans import POST_SOVIET_CODES, TRUNK_8_REGIONS, is_surely_international
from b24app.dedupe.phone_text import only_digits

_GAP = r"[ \-.]*"
# The first digit decides whether phonenumbers strips the prefix; other numbers take the long way.
_SEVEN_PLUS = rf"\+{_GAP}7{_GAP}\(?([34789]\d\d)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
_SEVEN_HOME = rf"(?:[78]{_GAP})?\(?(?!810)([34789]\d\d)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
_BELARUS_PLUS = rf"\+{_GAP}375{_GAP}\(?(17|25|29|33|44)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
_BELARUS_HOME = (
    rf"(?:375{_GAP}|8{_GAP}0{_GAP}|0)?\(?(17|25|29|33|44)\)?{_GAP}(\d{{3}}){_GAP}(\d\d){_GAP}(\d\d)"
)

_INTERNATIONAL = re.compile(rf"\+{_GAP}\d(?:[ \-.()]*\d)*", re.ASCII)
_EXIT_PREFIX = "810"
_WITH_EXIT_PREFIX = re.compile(rf"8{_GAP}10{_GAP}\d(?:{_GAP}\d)*", re.ASCII)
_MAYBE_HOME = re.compile(r"\d{10}|8\d{10}", re.ASCII)  # a plus put by mistake before a number of the country

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
        return _international(text, region)
    home = _AT_HOME.get(region)
    if home is None:
        return None
    found = home[1].fullmatch(text)
    return _dialled_abroad(text) if found is None else _joined(home[0], found)


def _joined(code: str, found: re.Match[str]) -> str | None:
    national = "".join(found.groups())
    is_placeholder = national == national[0] * len(national)
    return None if is_placeholder else code + national


def _international(text: str, region: str) -> str | None:
    """Return "+998 90 123-45-67" in one piece, unless the plus may be a mistake."""
    if _INTERNATIONAL.fullmatch(text) is None:
        return None
    digits = only_digits(text)
    if region in TRUNK_8_REGIONS and _MAYBE_HOME.fullmatch(digits):
        return None
    return f"+{digits}" if is_surely_international(digits) else None


def _dialled_abroad(text: str) -> str | None:
    """Return "8 10 998 90 123-45-67" as dialled from a country of the trunk 8 to one of its neighbours."""
    if _WITH_EXIT_PREFIX.fullmatch(text) is None:
        return None
    digits = only_digits(text).removeprefix(_EXIT_PREFIX)
    return f"+{digits}" if is_surely_international(digits, POST_SOVIET_CODES) else None


@dataclass(frozen=True, slots=True)
class Numbering:
    """How everyday spellings of one kind are read when many come at once: the same short cut, by columns.

    `pattern` fits a spelling whose every digit is written as 9. `lead` tells of each digit before the national
    number which ones may stand there, `begins` which first three digits of a national number are sure.
    """

    code: str
    pattern: re.Pattern[str]
    lead: tuple[NDArray[np.bool_], ...]
    begins: NDArray[np.bool_]
    national_digits: int

    def is_sure(self, digits: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell which numbers the short cut answers; ``digits`` has a row for each place, a column for each."""
        national = digits[-self.national_digits :]
        first_three = national[0] * np.uint16(100) + national[1] * np.uint16(10) + national[2]
        sure: NDArray[np.bool_] = self.begins[first_three] & (national != national[0]).any(axis=0)
        for places, choice in zip(digits, self.lead, strict=False):
            sure &= choice[places]
        return sure


def _one_of(digits: str) -> NDArray[np.bool_]:
    return np.array([str(digit) in digits for digit in range(10)])


def _beginning(*first: str, but: str = "-") -> NDArray[np.bool_]:
    texts = [f"{number:03}" for number in range(1_000)]
    return np.array([text.startswith(first) and not text.startswith(but) for text in texts])


def _seven(before: str, *lead: str, but: str = "-") -> Numbering:
    pattern = re.compile(rf"{before}\(?999\)?{_GAP}999{_GAP}99{_GAP}99")
    begins = _beginning("3", "4", "7", "8", "9", but=but)
    return Numbering("+7", pattern, tuple(map(_one_of, lead)), begins, 10)


def _belarus(before: str, *lead: str) -> Numbering:
    pattern = re.compile(rf"{before}\(?99\)?{_GAP}999{_GAP}99{_GAP}99")
    begins = _beginning("17", "25", "29", "33", "44")
    return Numbering("+375", pattern, tuple(map(_one_of, lead)), begins, 9)


_SEVEN_AT_HOME = (_seven(rf"9{_GAP}", "78", but="810"), _seven("", but="810"))
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
