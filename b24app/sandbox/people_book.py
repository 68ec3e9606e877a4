"""The book in which the seeded records are entered, and in which it is noted who carries which value.

Owns ids, dates, links and the register of carriers; what to enter is decided by the scenes and the crowd.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from b24app.sandbox.people_names import Person
from b24app.sandbox.people_values import Value

Row = dict[str, Any]  # a record in the portal's own field names
FIRST_FREE_ID = 1001  # below: records with documented ids
_SPAN_S = 3 * 365 * 86_400  # the portal is three years old
NOBODY = Person("", "", "")


class Ref(NamedTuple):
    """A record: ``Ref("lead", 101)``."""

    type: str
    id: int


Pair = frozenset[Ref]  # always two


class Shared(NamedTuple):
    """A value on a contact and on a company; kind: own_company, foreign_company, several."""

    value: str
    contact: Ref
    company: Ref
    kind: str
    same_responsible: bool


@dataclass(frozen=True, slots=True)
class Look:
    """How a record to be entered looks beside its values; None lets the book choose."""

    person: Person = NOBODY
    title: str = ""
    company_title: str = ""
    status: str = "NEW"
    source: str = "WEB"
    responsible: int = 2
    client: Ref | None = None  # a lead's own contact or company
    companies: tuple[Ref, ...] = ()  # a contact's companies, primary first
    id: int | None = None
    age_s: float | None = None


class Book:
    """Everything seeded so far."""

    def __init__(self, size: int, random: Random, now: datetime) -> None:
        self.size = size
        self.random = random
        self.rows: dict[str, list[Row]] = {"lead": [], "contact": [], "company": [], "deal": []}
        self.by_ref: dict[Ref, Row] = {}
        self.carriers: defaultdict[str, list[Ref]] = defaultdict(list)
        self.links: dict[int, list[int]] = {}
        self.clients: dict[Ref, Ref] = {}
        self.entered = 0
        self._now = now
        self._now_s = now.timestamp()
        self._next = dict.fromkeys(self.rows, FIRST_FREE_ID)

    @property
    def room(self) -> int:
        """How many records may still be entered."""
        return self.size - self.entered

    def enter(self, type_word: str, values: Sequence[Value], look: Look) -> Ref:
        """Enter a lead, contact or company and note what it carries."""
        ref = Ref(type_word, look.id or self._take_id(type_word))
        row = {"ID": ref.id, **_FIELDS[type_word](look), "ASSIGNED_BY_ID": look.responsible}
        row["PHONE"] = [{"VALUE": v.raw, "VALUE_TYPE": v.value_type} for v in values if v.kind == "PHONE"]
        row["EMAIL"] = [{"VALUE": v.raw, "VALUE_TYPE": v.value_type} for v in values if v.kind == "EMAIL"]
        self._date(row, look.age_s)
        for value in values:
            self._note(ref, value)
        if look.client:
            self.clients[ref] = look.client
        if look.companies:
            self.links[ref.id] = [company.id for company in look.companies]
        self.rows[type_word].append(row)
        self.by_ref[ref] = row
        self.entered += 1
        return ref

    def add_phone(self, ref: Ref, value: Value) -> None:
        """Give an entered record one more phone."""
        self.by_ref[ref]["PHONE"].append({"VALUE": value.raw, "VALUE_TYPE": value.value_type})
        self._note(ref, value)

    def enter_deal(self, title: str, client: Ref, lead: Ref | None, stage: str, deal_id: int | None) -> int:
        """Enter a deal of a contact or company, perhaps made from a lead; deals do not count for the size."""
        row: Row = {
            "ID": deal_id or self._take_id("deal"),
            "TITLE": title,
            "STAGE_ID": stage,
            "CLOSED": "Y" if stage in ("WON", "LOSE") else "N",
            "CONTACT_ID": client.id if client.type == "contact" else None,
            "COMPANY_ID": client.id if client.type == "company" else self.links.get(client.id, [None])[0],
            "LEAD_ID": lead.id if lead else None,
            "OPPORTUNITY": 1_000 * int(5 + 400 * self.random.random()),
            "ASSIGNED_BY_ID": self.by_ref[client]["ASSIGNED_BY_ID"],
        }
        self._date(row, None)
        self.rows["deal"].append(row)
        return int(row["ID"])

    def _take_id(self, type_word: str) -> int:
        taken = self._next[type_word]
        self._next[type_word] = taken + 1
        return taken

    def _note(self, ref: Ref, value: Value) -> None:
        carriers = self.carriers[value.canonical]
        if not carriers or carriers[-1] != ref:
            carriers.append(ref)

    def _date(self, row: Row, age_s: float | None) -> None:
        """Later records are younger; a change lies between creation and now."""
        if age_s is None:
            age_s = _SPAN_S * max(0.0, 1 - (self.entered + self.random.random()) / self.size)
        modified_age_s = age_s * self.random.random() ** 2
        row["DATE_CREATE"] = self._moment(age_s)
        row["DATE_MODIFY"] = self._moment(modified_age_s)

    def _moment(self, age_s: float) -> str:
        return datetime.fromtimestamp(int(self._now_s - age_s), self._now.tzinfo).isoformat()


def _lead_fields(look: Look) -> Row:
    client = look.client
    return {
        "TITLE": look.title,
        "NAME": look.person.first,
        "SECOND_NAME": look.person.second,
        "LAST_NAME": look.person.last,
        "COMPANY_TITLE": look.company_title,
        "STATUS_ID": look.status,
        "SOURCE_ID": look.source,
        "COMPANY_ID": client.id if client and client.type == "company" else None,
        "CONTACT_ID": client.id if client and client.type == "contact" else None,
    }


def _contact_fields(look: Look) -> Row:
    return {
        "NAME": look.person.first,
        "SECOND_NAME": look.person.second,
        "LAST_NAME": look.person.last,
        "SOURCE_ID": look.source,
        "COMPANY_ID": look.companies[0].id if look.companies else None,
    }


def _company_fields(look: Look) -> Row:
    return {"TITLE": look.company_title}


_FIELDS = {"lead": _lead_fields, "contact": _contact_fields, "company": _company_fields}
