"""Invented phones and e-mails, each handed out once, and the ways a person types them.

A value is made in its one true spelling first and misspelt afterwards, so the truth needs no normalising.
Ranges: a planted scene takes ``+7 900 000-00-00 … -99-99``; everybody else takes the codes below.
"""

from random import Random
from typing import NamedTuple

from b24app.sandbox.people_names import Person, transliterate


class Value(NamedTuple):
    """One phone or e-mail of a record: what it is, and how it was typed."""

    kind: str  # PHONE or EMAIL
    canonical: str  # E.164, or the address in small letters
    raw: str
    value_type: str = "WORK"


# Codes of the near misses are left out, so that no filler can meet them.
MOBILE_CODES = tuple(code for code in range(910, 1000) if code not in (912, 945, 954, 980))
CITY_CODES = (
    495,
    499,
    812,
    343,
    383,
    846,
    831,
    863,
    861,
    351,
    423,
    391,
    473,
    342,
    347,
    842,
    843,
    845,
    848,
    862,
)
KAZAKH_CODES = (700, 702, 705, 707, 747, 771, 775, 777)
_FOREIGN_STARTS = (  # country and operator, and how many digits follow
    ("+375290", 6), ("+375330", 6), ("+38050", 7), ("+90500", 7), ("+97150", 7),
    ("+86138", 8), ("+99890", 7), ("+996700", 6), ("+37410", 6), ("+99555", 7),
)  # fmt: skip
_STRIDE = 611_953  # has no common divisor with the pools' sizes: numbers come mixed and never twice

MAIL_DOMAINS = (
    "pochta.example", "zerno.example", "dom-i-sad.example", "parus.example", "mebel-les.example",
    "okno.example", "teplo.example", "mir-sveta.example", "sever.example", "uyut.example",
    "stroyka.example", "kedr.example", "volna.example", "bereg.example", "rosa.example", "sokol.example",
    "ladoga.example", "metall.example",
)  # fmt: skip
_VALUE_TYPES = ("WORK", "WORK", "MOBILE", "HOME", "OTHER")


class _Codes:
    """The numbers ``+7 CODE 000-xx-xx`` from a first tail on, mixed, each once."""

    def __init__(self, codes: tuple[int, ...], first_tail: int) -> None:
        self._codes = codes
        self._first_tail = first_tail
        self._tails = 10_000 - first_tail
        self._taken = 0

    def take(self) -> str | None:
        """Return the next number; None when there are no more."""
        total = len(self._codes) * self._tails
        if self._taken >= total:
            return None
        code, tail = divmod(self._taken * _STRIDE % total, self._tails)
        self._taken += 1
        return f"+7{self._codes[code]}000{tail + self._first_tail:04d}"


class ValuePool:
    """Hands out each invented number and address once."""

    def __init__(self) -> None:
        self._mobiles = _Codes(MOBILE_CODES, 0)
        self._cities = _Codes(CITY_CODES, 5_000)
        self._kazakhs = _Codes(KAZAKH_CODES, 5_000)
        self._foreigners = 0
        self._mails = 0

    def mobile(self) -> str:
        """Return the next Russian mobile, 860,000 in all; then a number of a further country."""
        return self._mobiles.take() or self.foreign()

    def city(self) -> str:
        """Return the next city number; a mobile when there are no more."""
        return self._cities.take() or self.mobile()

    def kazakh(self) -> str:
        """Return the next Kazakh mobile; a Russian one when there are no more."""
        return self._kazakhs.take() or self.mobile()

    def foreign(self) -> str:
        """Return the next number of a further country."""
        start, width = _FOREIGN_STARTS[self._foreigners % len(_FOREIGN_STARTS)]
        self._foreigners += 1
        return f"{start}{self._foreigners + 50_000:0{width}d}"

    def email(self, person: Person) -> str:
        """Return the next address, made of the person's name."""
        self._mails += 1
        local = f"{transliterate(person.first[:1])}.{transliterate(person.last)}{self._mails}".lower()
        return f"{local}@{MAIL_DOMAINS[self._mails % len(MAIL_DOMAINS)]}"


def type_phone(e164: str, random: Random) -> Value:
    """Return a phone as somebody in a Russian portal types it; every spelling means this very number."""
    value_type = _VALUE_TYPES[int(random.random() * len(_VALUE_TYPES))]
    style = int(random.random() * 12)
    if not e164.startswith("+7"):
        raw = e164 if style < 6 else f"{e164[:4]} {e164[4:6]} {e164[6:]}" if style < 10 else "00" + e164[1:]
        return Value("PHONE", e164, raw, value_type)
    a, b, c, d = e164[2:5], e164[5:8], e164[8:10], e164[10:]
    return Value("PHONE", e164, _RUSSIAN_STYLES[style].format(a=a, b=b, c=c, d=d), value_type)


_RUSSIAN_STYLES = (
    "+7{a}{b}{c}{d}", "+7{a}{b}{c}{d}", "+7 {a} {b}-{c}-{d}", "+7 ({a}) {b}-{c}-{d}", "8 ({a}) {b}-{c}-{d}",
    "8{a}{b}{c}{d}", "8 {a} {b} {c} {d}", "8-{a}-{b}-{c}-{d}", "7{a}{b}{c}{d}", "{a}{b}{c}{d}",
    "+7({a}){b}{c}{d}", "8({a}){b}-{c}-{d}",
)  # fmt: skip


def type_email(address: str, random: Random) -> Value:
    """Return an e-mail as typed: mostly plain, sometimes with capitals."""
    style = random.random()
    raw = address if style < 0.8 else address.capitalize() if style < 0.95 else address.upper()
    return Value("EMAIL", address, raw)
