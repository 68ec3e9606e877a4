"""E-mail addresses: what was typed → the addresses it names, and the box behind an alias.

email-validator is the truth about syntax and international domains. The normalised form is case-folded as a
whole, with the domain in ASCII (xn--…): a local part could be case-sensitive by the standard, but no
provider in use does that.

A value with an @ in which nothing validates ("ivan@mail,ru") is equal to the same garbage only: its whole
folded text is the normalised form, `is_valid` is False, and matching holds it for less. A value without @,
or with nothing on one side of it, is no address.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from b24app.dedupe.email_providers import PROVIDERS, ROLES

CACHED_VALUES = 8_192
LONGEST_VALUE = 500
RESERVED_TOP_LEVELS = frozenset({"test", "local", "invalid", "localhost", "onion", "arpa"})
NEUTRAL_SUFFIX = ".example"  # the one reserved name that email-validator takes

# Sixty-four signs are allowed on either side of the @, so a text no longer than that needs no counting.
_PLAIN = re.compile(
    r"(?=.{6,64}\Z)[a-z0-9]++(?:[._+\-][a-z0-9]++)*+@(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)+[a-z]{2,24}"
)
is_plain_email = _PLAIN.fullmatch  # a folded address that needs no second look: a Match, or None
_BRACKETED = re.compile(r"<([^<>]*@[^<>]*)>")
_MAILTO = re.compile(r"\bmailto:\s*", re.IGNORECASE)
_QUERY = re.compile(r"(@[^\s?]+)\?\S*")
_SPACED_AT = re.compile(r"\s*@\s*")
_SEPARATORS = re.compile(r"[\s,;|<>]+|/(?=[^/@]*@)|\b[иИ]ли\b")
_AROUND = " \t\r\n.,;:!?'\"`«»“”„()[]{}<>*"
_INVISIBLE = ("Cf", "Cc", "Cs")  # marks, control signs, halves of a broken pair
_SPACES = re.compile(r"\s+")
_TRAILING_NUMBER = re.compile(r"[\d._\-]+\Z")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """One address: `normalised` for comparing, `display` for reading (its domain in letters)."""

    normalised: str
    display: str
    is_valid: bool = True

    @property
    def is_role(self) -> bool:
        """Tell whether it is an office's box (info@, sales2@) and not a person's."""
        local = self.normalised.partition("@")[0].partition("+")[0]
        return local in ROLES or _TRAILING_NUMBER.sub("", local) in ROLES

    @property
    def alias_form(self) -> str | None:
        """Return the box that the provider delivers to, or None where the provider's habits are unknown.

        An address that is no alias has one too: it must be found by its aliases.
        """
        local, _, domain = self.normalised.rpartition("@")
        provider = PROVIDERS.get(domain)
        if provider is None or not self.is_valid:
            return None
        box = local.partition("+")[0]
        for sign, replacement in provider.replaced:
            box = box.replace(sign, replacement)
        return f"{box}@{provider.domain}" if box else None


@lru_cache(maxsize=CACHED_VALUES)
def emails_in(raw: str) -> tuple[EmailAddress, ...]:
    """Return the addresses a value names, in order, each once; empty when it names none."""
    folded = raw.strip().lower()
    if is_plain_email(folded) is not None:
        return (EmailAddress(folded, folded),)
    return read_slowly(raw[:LONGEST_VALUE])


def read_slowly(raw: str) -> tuple[EmailAddress, ...]:
    """Return the addresses of a text the long way round; the fast path is held equal to this by a test."""
    text = _SPACED_AT.sub("@", _QUERY.sub(r"\1", _MAILTO.sub("", _to_plain_text(raw))))
    if "@" not in text:
        return ()
    bracketed = _BRACKETED.findall(text)
    candidates = bracketed or _SEPARATORS.split(text)
    valid = [address for address in map(_validated, candidates) if address is not None]
    if valid:
        return tuple(dict.fromkeys(valid))
    garbage = _SPACES.sub(" ", text.strip(_AROUND)).casefold()
    before, _, after = garbage.partition("@")
    has_both_sides = any(map(str.isalnum, before)) and any(map(str.isalnum, after))
    return (EmailAddress(garbage, garbage, is_valid=False),) if has_both_sides else ()


def to_ascii_domain(domain: str) -> str | None:
    """Return a domain as normalised addresses have it ("пример.рф" as xn--…), or None: it is none."""
    address = _validated(f"any@{domain}")
    return None if address is None else address.normalised.removeprefix("any@")


def _to_plain_text(raw: str) -> str:
    """Return the text with full-width signs narrowed and invisible ones gone."""
    if raw.isascii():
        return raw
    narrowed = unicodedata.normalize("NFKC", raw)
    return "".join(
        sign for sign in narrowed if sign.isspace() or unicodedata.category(sign) not in _INVISIBLE
    )


def _validated(candidate: str) -> EmailAddress | None:
    address = candidate.strip(_AROUND)
    if "@" not in address:
        return None
    suffix = NEUTRAL_SUFFIX if address.rpartition(".")[2].lower() in RESERVED_TOP_LEVELS else ""
    try:
        checked = validate_email(address + suffix, check_deliverability=False)
    except EmailNotValidError:
        return None
    local = checked.local_part.casefold()
    ascii_domain = checked.ascii_domain.removesuffix(suffix) if suffix else checked.ascii_domain
    domain = checked.domain.removesuffix(suffix) if suffix else checked.domain
    return EmailAddress(f"{local}@{ascii_domain}", f"{local}@{domain}")
