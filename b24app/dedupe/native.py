"""Bitrix24's own normal form of phones and e-mails: what its duplicate search finds, and what it misses.

Rebuilt from the steps and vectors of the notes on portal behaviour, section 1. No country table, no check
of validity: that blindness is what a manager is told about, so it is kept to the letter.
"""

from __future__ import annotations

import re

from b24app.dedupe.record import ValueKind

LEAST_PREFIXED_LENGTH = 10  # signs; shorter values keep their prefix
_PHP_TRIMMED = " \t\n\r\0\x0b"
_DROPPED = re.compile(r"[^0-9#*,;]")
_EXTENSION = re.compile(r"([0-9]+)[;#]*[0-9,]*")
_HAS_DIGIT = re.compile(r"[0-9]")


def native_form(raw: str, kind: ValueKind) -> str:
    """Return what Bitrix24 puts into its index for a value; empty when it indexes nothing."""
    return native_phone(raw) if kind is ValueKind.PHONE else native_email(raw)


def would_bitrix_find(a_raw: str, b_raw: str, kind: ValueKind) -> bool:
    """Tell whether Bitrix24 holds two spellings for one value; true across record types as well."""
    form = native_form(a_raw, kind)
    return form != "" and form == native_form(b_raw, kind)


def native_phone(raw: str) -> str:
    """Return a phone as Bitrix24 indexes it: "8 (495) 123-45-67" and "+7 495 …" give 74951234567."""
    is_long_plus_8 = len(raw) >= LEAST_PREFIXED_LENGTH and raw.startswith("+8")
    kept = _DROPPED.sub("", f"00{raw[1:]}" if is_long_plus_8 else raw)
    if len(kept) >= LEAST_PREFIXED_LENGTH:
        kept = _without_prefix(kept)
    form = _EXTENSION.sub(r"\1", kept)
    return form if _HAS_DIGIT.search(form) else ""


def native_email(raw: str) -> str:
    """Return an e-mail as Bitrix24 indexes it: trimmed, in small letters, nothing else."""
    return raw.strip(_PHP_TRIMMED).lower()


def _without_prefix(digits: str) -> str:
    """Apply the first prefix rule that fits: 80-82 stays, 00 and 011 go, 8 becomes 7, 0 goes."""
    if digits.startswith(("80", "81", "82")):
        return digits
    for prefix, replacement in (("00", ""), ("011", ""), ("8", "7"), ("0", "")):
        if digits.startswith(prefix):
            return replacement + digits.removeprefix(prefix)
    return digits
