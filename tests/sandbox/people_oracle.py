"""A slow and simple reader of phones and e-mails that shares nothing with the app: it checks the seed's truth."""

import re
import unicodedata
from collections import defaultdict

import phonenumbers

from b24app.sandbox.people import Ref, Seeded

_EXTENSION = re.compile(r"[\s,;(]*(?:(?:доб|вн|ext|x)[а-яa-z]*[.=]*\s*|#|,+|;)(\d{1,5})\)?$", re.IGNORECASE)
_REMARK = re.compile(r"\([^)]*[^\W\d_][^)]*\)\s*$")


def read_numbers(raw: str, region: str) -> tuple[set[str], str | None]:
    """Return the E.164 numbers in a value, and the extension."""
    text = plain(raw)
    found = _EXTENSION.search(text)
    extension = found[1] if found else None
    text = text[: found.start()] if found else text
    whole = _read_one(_REMARK.sub("", text), region)
    if whole:
        return {whole}, extension
    parts = (_read_one(part, region) for part in re.split(r"[,;/\n]| и ", text))
    return {number for number in parts if number}, extension


def read_email(raw: str) -> str:
    """Return the address in small letters with its domain as punycode."""
    local, _, domain = plain(raw).strip().lower().rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def read_mailbox(raw: str) -> str:
    """Return the mailbox behind an address at the providers whose aliases are planted."""
    local, _, domain = read_email(raw).rpartition("@")
    local = local.partition("+")[0]
    if domain in ("gmail.com", "googlemail.com"):
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@yandex.ru" if domain in ("ya.ru", "yandex.com") else f"{local}@{domain}"


def plain(raw: str) -> str:
    """Drop what can't be seen and narrow what is wide."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", raw) if unicodedata.category(sign) != "Cf")


def carriers_of(seeded: Seeded) -> dict[str, set[Ref]]:
    """Return each whole phone and each e-mail with the records that carry it."""
    carriers: dict[str, set[Ref]] = defaultdict(set)
    for word, rows in (("lead", seeded.leads), ("contact", seeded.contacts), ("company", seeded.companies)):
        for row in rows:
            keys = {read_email(each["VALUE"]) for each in row["EMAIL"]}
            for each in row["PHONE"]:
                keys |= read_numbers(each["VALUE"], "RU")[0]
            for key in keys:
                carriers[key].add(Ref(word, row["ID"]))
    return carriers


def _read_one(text: str, region: str) -> str | None:
    digits = re.sub(r"[^\d+]", "", text.replace("(0)", ""))
    digits = re.sub(r"^(00|810)(?=\d{10})|^(?=375\d{9}$)", "+", digits)
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
