"""The portal's own normal form of phones and e-mails, with its blind spots.

Steps and order are those of the server's phone normaliser (portal-behaviour notes, point 1): no country
table, no default country, no check of validity. Written anew for the sandbox; the app has its own, better
one, and shares nothing with this.
"""

import re

_KEPT = re.compile(r"[^0-9#*,;]")
_EXTENSION = re.compile(r"([0-9]+)[;#]*[0-9,]*")
LONG_ENOUGH = 10  # characters, separators counted, before any prefix is touched


def native_phone(raw: str) -> str:
    """Return what the portal indexes for this phone; empty when it has no digits."""
    if len(raw) >= LONG_ENOUGH and raw.startswith("+8"):
        raw = "00" + raw[1:]
    kept = _KEPT.sub("", raw)
    if len(kept) >= LONG_ENOUGH:
        kept = _without_prefix(kept)
    shortened = _EXTENSION.sub(r"\1", kept)
    return shortened if any(character.isdigit() for character in shortened) else ""


def _without_prefix(kept: str) -> str:
    if kept.startswith(("80", "81", "82")):
        return kept
    for prefix, length in (("00", 2), ("011", 3)):
        if kept.startswith(prefix):
            return kept[length:]
    if kept.startswith("8"):
        return "7" + kept[1:]
    return kept[1:] if kept.startswith("0") else kept


def native_email(raw: str) -> str:
    """Return what the portal indexes for this e-mail: trimmed and lower case, nothing else."""
    return raw.strip().lower()
