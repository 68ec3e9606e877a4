"""A CRM record as matching sees it, frozen.

Owns the words lead, contact, company, multifield. How Bitrix24 spells its fields is known by
`services.indexing.records` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal


class RecordType(IntEnum):
    """The three types matching knows; the values are Bitrix24's entityTypeId."""

    LEAD = 1
    CONTACT = 3
    COMPANY = 4

    @property
    def word(self) -> Literal["lead", "contact", "company"]:
        """Return the type's name as paths and method names have it."""
        return _WORDS[self]

    @classmethod
    def parse(cls, word: str) -> RecordType:
        """Return the type of a word; ValueError for any other word."""
        for record_type in cls:
            if record_type.word == word:
                return record_type
        raise ValueError("not a record type: expected lead, contact or company")


_WORDS: dict[RecordType, Literal["lead", "contact", "company"]] = {
    RecordType.LEAD: "lead",
    RecordType.CONTACT: "contact",
    RecordType.COMPANY: "company",
}


@dataclass(frozen=True, slots=True, order=True)
class RecordRef:
    """Which record: its type and its id. `str()` gives "lead:12"."""

    type: RecordType
    id: int

    def __str__(self) -> str:
        return f"{self.type.word}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> RecordRef:
        """Return the reference that "lead:12" names; ValueError when it names none."""
        word, colon, number = text.partition(":")
        if not colon or not (number.isascii() and number.isdigit()):
            raise ValueError("not a record reference: expected something like lead:12")
        return cls(RecordType.parse(word), int(number))


class ValueKind(StrEnum):
    """The multifields by which records find each other."""

    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Multifield:
    """One phone or e-mail, raw: exactly as it was typed."""

    kind: ValueKind
    value: str


class Stage(IntEnum):
    """What became of a lead (STATUS_SEMANTIC_ID P, S, F); contacts and companies have NONE."""

    NONE = 0
    IN_WORK = 1
    WON = 2
    LOST = 3

    @property
    def is_closed(self) -> bool:
        """Tell whether the lead is finished: converted or junk."""
        return self in (Stage.WON, Stage.LOST)


@dataclass(frozen=True, slots=True)
class PersonName:
    """NAME, SECOND_NAME and LAST_NAME as typed; people often put all of it into one of them."""

    first: str = ""
    second: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A lead, contact or company with everything that matching reads, and nothing else.

    `company_title` is a company's TITLE or a lead's COMPANY_TITLE. `links` of a contact are its companies,
    the primary one first; of a lead its client company and contacts. Times are unix seconds.
    """

    ref: RecordRef
    multifields: tuple[Multifield, ...] = ()
    person: PersonName = PersonName()
    company_title: str = ""
    responsible_id: int | None = None
    stage: Stage = Stage.NONE
    links: tuple[RecordRef, ...] = ()
    created_at: float | None = None
    modified_at: float | None = None
