"""The stop list: values a portal does not want to match by, such as its own switchboard or a test address.

An entry is a phone or e-mail in any spelling, a mask with ``*``, or a domain: ``@mail.example`` means that
domain alone, ``example.com`` its subdomains as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from b24app.dedupe.emails import EmailAddress, emails_in, to_ascii_domain
from b24app.dedupe.phone_text import only_digits, to_plain_text
from b24app.dedupe.phones import PhoneNumber, phones_in

LONGEST_ENTRY = 254
LEAST_MASK_SIGNS = 3  # letters or digits; a wider mask would stop everybody
TRUNK_PREFIXES = {"RU": "8", "KZ": "8", "BY": "80"}
CACHED_LISTS = 256

_NOT_MASK_SIGNS = re.compile(r"[^0-9*+]")
_DOMAIN = re.compile(r"@?[^\s@*]+\.[^\s@*.\d][^\s@*.]+")


@dataclass(frozen=True, slots=True)
class StopList:
    """A stop list, read once."""

    region: str
    phones: frozenset[str]
    emails: frozenset[str]
    domains: frozenset[str]
    parent_domains: frozenset[str]
    phone_masks: tuple[re.Pattern[str], ...]
    email_masks: tuple[re.Pattern[str], ...]

    def stops_phone(self, number: PhoneNumber) -> bool:
        """Tell whether a number is on the list, whatever its extension."""
        if number.normalised in self.phones:
            return True
        if not self.phone_masks:
            return False
        spellings = _spellings(number, self.region)
        return any(mask.fullmatch(spelling) for mask in self.phone_masks for spelling in spellings)

    def stops_email(self, address: EmailAddress) -> bool:
        """Tell whether an address or its domain is on the list."""
        if address.normalised in self.emails:
            return True
        domain = address.normalised.rpartition("@")[2]
        if domain in self.domains or any(parent in self.parent_domains for parent in _with_parents(domain)):
            return True
        return any(
            mask.fullmatch(spelling)
            for mask in self.email_masks
            for spelling in (address.normalised, address.display)
        )


@lru_cache(maxsize=CACHED_LISTS)
def stop_list_of(entries: tuple[str, ...], region: str) -> StopList:
    """Return the list that entries describe; what is no entry (see `is_stop_entry`) stops nothing."""
    domains = {entry for entry in entries if _is_domain(entry)}
    masks = {entry for entry in entries if "*" in entry}
    values = set(entries) - domains - masks
    return StopList(
        region=region,
        phones=frozenset(n.normalised for e in values if "@" not in e for n in phones_in(e, region)),
        emails=frozenset(address.normalised for entry in values for address in emails_in(entry)),
        domains=_ascii_domains(entry for entry in domains if entry.strip().startswith("@")),
        parent_domains=_ascii_domains(entry for entry in domains if not entry.strip().startswith("@")),
        phone_masks=tuple(_compiled(_phone_mask(entry)) for entry in sorted(masks) if _is_phone_mask(entry)),
        email_masks=tuple(_compiled(_folded(entry)) for entry in sorted(masks) if not _is_phone_mask(entry)),
    )


def is_stop_entry(entry: str, region: str) -> bool:
    """Tell whether a text can be an entry: a value, a domain, or a mask that is not too wide."""
    if len(entry) > LONGEST_ENTRY:
        return False
    if "*" in entry:
        return sum(map(str.isalnum, entry)) >= LEAST_MASK_SIGNS
    if _is_domain(entry):
        return bool(_ascii_domains([entry]))
    return bool(emails_in(entry)) if "@" in entry else bool(phones_in(entry, region))


def _is_domain(entry: str) -> bool:
    return _DOMAIN.fullmatch(entry.strip()) is not None


def _is_phone_mask(entry: str) -> bool:
    return "@" not in entry and not any(map(str.isalpha, entry))


def _phone_mask(entry: str) -> str:
    return _NOT_MASK_SIGNS.sub("", to_plain_text(entry))


def _folded(entry: str) -> str:
    return entry.strip().casefold()


def _compiled(mask: str) -> re.Pattern[str]:
    """Return the pattern of a mask; an e-mail mask without @ ("*.example.com") is one for domains."""
    pattern = ".*".join(map(re.escape, mask.split("*")))
    needs_local_part = "@" not in mask and any(map(str.isalpha, mask))
    return re.compile(rf".*@{pattern}" if needs_local_part else pattern)


def _spellings(number: PhoneNumber, region: str) -> tuple[str, ...]:
    """Return how people of the region write a number: a mask is written in one of these ways."""
    if number.e164 is None:
        return (number.normalised,)
    parsed = phonenumbers.parse(number.e164)
    digits = only_digits(number.e164)
    if parsed.country_code != phonenumbers.country_code_for_region(region):
        return (number.e164, digits)
    national = phonenumbers.national_significant_number(parsed)
    return (number.e164, digits, TRUNK_PREFIXES.get(region, "0") + national, national)


def _ascii_domains(entries: Iterable[str]) -> frozenset[str]:
    domains = (to_ascii_domain(entry.strip().removeprefix("@")) for entry in entries)
    return frozenset(domain for domain in domains if domain is not None)


def _with_parents(domain: str) -> Iterable[str]:
    while domain:
        yield domain
        domain = domain.partition(".")[2]
