"""The common spellings of +7 and +375 numbers, read by one regular expression each.

A short cut of `phones`, never another opinion: what it answers is what phonenumbers answers (a property
test holds it to that), and whatever it is not sure of it leaves alone.
"""

from __future__ import annotations

import re

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
