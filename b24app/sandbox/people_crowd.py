"""The crowd: hubs of a given size and the ordinary customers that fill the portal up.

Mostly lone leads, and some customers with records of several types: the shares are a guess, not a survey.
"""

from bisect import bisect
from dataclasses import replace
from itertools import accumulate

from b24app.sandbox.people_book import Book, Look, Ref
from b24app.sandbox.people_names import (
    Person,
    draw_company,
    draw_lead_title,
    draw_person,
    misspell_person,
    spell_company,
)
from b24app.sandbox.people_scenes import MANAGERS
from b24app.sandbox.people_showcase import SHOWCASE
from b24app.sandbox.people_truth import HUB_FROM, Planted
from b24app.sandbox.people_values import Value, ValuePool, type_email, type_phone

SWITCHBOARD = "+74950000000"
CALL_CENTRE = "+78000000500"
MAILING = "+78000005000"  # on 5,000 records
ROLE_MAIL = "info@bolshoy-ofis.example"
_DISMISSED = 9
_MAILED = 5_000  # records that carry the mailing's number
_COUNT_LEADS = dict(SHOWCASE.counts)
_STATUSES = ("NEW", "NEW", "IN_PROCESS", "IN_PROCESS", "PROCESSED", "UC_MEASURE", "JUNK", "JUNK", "CONVERTED")
_HUB_TYPES = ("lead", "lead", "contact", "lead", "contact", "lead", "lead", "contact", "lead", "company")

# What a customer has in the portal -> how many of a hundred. "+" joins the company's own contact to it.
_CUSTOMERS = {
    ("lead",): 48, ("contact",): 15, ("company",): 6, ("lead", "lead"): 8, ("contact", "won"): 4,
    ("contact", "lead"): 4, ("contact", "lead", "lead"): 3, ("contact", "contact"): 2,
    ("company", "+contact"): 4, ("company", "lead"): 3, ("company", "+contact", "lead"): 1,
    ("company", "contact"): 1, ("company", "won"): 1,
}  # fmt: skip
_TYPE_OF = {"won": "lead", "+contact": "contact"}
_DEAL_STAGES = ("NEW", "PREPARATION", "EXECUTING", "WON", "LOSE")
_SHAPES = tuple(_CUSTOMERS)
_WEIGHTS = tuple(accumulate(_CUSTOMERS.values()))


class Crowd:
    """Enters hubs and ordinary customers into a book."""

    def __init__(self, book: Book, planted: Planted) -> None:
        self._book = book
        self._random = book.random
        self._planted = planted
        self._pool = ValuePool()
        self._hub_members: list[Ref] = []
        self._customers: list[Ref] = []  # the first 5,000 records of the ordinary ones

    def plant_hubs(self) -> None:
        """Enter the switchboard on a quarter of the records, the role address, the value on 500 records."""
        size = self._book.size
        quarter = size // 4
        if quarter < HUB_FROM + 9:
            return
        self._plant_switchboard(quarter, _COUNT_LEADS[500] if quarter == 500 else None)
        if size >= 600:
            address = Value("EMAIL", ROLE_MAIL, ROLE_MAIL)
            for index in range(max(HUB_FROM + 9, size // 20)):
                self._enter_member(index, [address, type_phone(self._pool.mobile(), self._random)], None)
        if size >= 2_000 and quarter != 500:
            for index in range(500):
                lead_id = _COUNT_LEADS[500] if index == 0 else None
                member = self._enter_member(index, [type_phone(CALL_CENTRE, self._random)], lead_id)
                self._planted.counts.setdefault(500, (CALL_CENTRE, member))

    def fill(self) -> None:
        """Enter ordinary customers until the portal is full, then the value on 5,000 records."""
        book = self._book
        if book.size >= _MAILED + 1_000:
            look = replace(self._lead_look(draw_person(self._random), None, "NEW"), id=_COUNT_LEADS[_MAILED])
            first = book.enter("lead", [Value("PHONE", MAILING, MAILING)], look)
            self._planted.counts[_MAILED] = (MAILING, first)
        while book.room:
            shape = _SHAPES[bisect(_WEIGHTS, self._random.random() * 100)]
            self._enter_customer(shape if len(shape) <= book.room else ("lead",))
        if book.size >= _MAILED + 1_000:
            carriers = [*self._customers, *reversed(self._hub_members)][: _MAILED - 1]
            for ref in carriers:
                book.add_phone(ref, type_phone(MAILING, self._random))

    def _plant_switchboard(self, count: int, first_id: int | None) -> None:
        """Colleagues behind one number; neighbours with different extensions are noted as near misses."""
        members: list[Ref] = []
        for index in range(count):
            typed = type_phone(SWITCHBOARD, self._random)
            if 10 <= index < 30:
                typed = typed._replace(raw=f"{typed.raw} доб. {100 + index}")
            members.append(self._enter_member(index, [typed], first_id if index == 0 else None))
        for index in range(10, 30, 2):
            pair = frozenset(members[index : index + 2])
            self._planted.near_misses[pair] = "one switchboard, two extensions"
        if count == 500:
            self._planted.counts[500] = (SWITCHBOARD, members[0])

    def _enter_member(self, index: int, values: list[Value], record_id: int | None) -> Ref:
        word = _HUB_TYPES[index % len(_HUB_TYPES)]
        company = draw_company(self._random) if word == "company" else None
        look = replace(self._look_of(word, draw_person(self._random), company), id=record_id)
        member = self._book.enter(word, values, look)
        self._hub_members.append(member)
        return member

    def _look_of(self, word: str, person: Person, company: tuple[str, str] | None) -> Look:
        if word == "lead":
            return self._lead_look(person, company, _STATUSES[int(self._random.random() * len(_STATUSES))])
        if word == "company" and company:
            title = spell_company(*company, self._random)
            return Look(company_title=title, responsible=self._draw_responsible())
        return Look(person, responsible=self._draw_responsible())

    def _enter_customer(self, shape: tuple[str, ...]) -> None:
        """Enter one customer's records: several of them share his phone or his e-mail."""
        person = draw_person(self._random)
        company_name = draw_company(self._random) if shape[0] == "company" else None
        phone, mail = self._draw_phone(company_name is not None), self._pool.email(person)
        first: Ref | None = None
        for index, (word, carried) in enumerate(zip(shape, self._draw_carried(len(shape)), strict=True)):
            has_phone, has_mail = carried
            values = [type_phone(phone, self._random)] if has_phone else []
            if has_mail:
                values.append(type_email(mail, self._random))
            spelt = person if index == 0 else misspell_person(person, self._random)
            ref = self._enter_record(word, values, self._look_of_customer(word, spelt, company_name, first))
            first = first or ref

    def _draw_carried(self, records: int) -> list[tuple[bool, bool]]:
        """Draw, for each record of a customer, whether it carries his phone and whether his e-mail."""
        if records == 1:
            return [(self._random.random() > 0.12, self._random.random() < 0.5)]
        if records == 3 and self._random.random() < 0.3:
            return [(True, False), (True, True), (False, True)]  # a chain: the ends meet in the middle only
        return [(True, self._random.random() < 0.4) for _ in range(records)]

    def _enter_record(self, word: str, values: list[Value], look: Look) -> Ref:
        ref = self._book.enter(_TYPE_OF.get(word, word), values, look)
        if word == "won" and look.client:
            stage = _DEAL_STAGES[ref.id % len(_DEAL_STAGES)]
            self._book.enter_deal(look.title, look.client, ref, stage, None)
        if len(self._customers) < _MAILED:
            self._customers.append(ref)
        return ref

    def _look_of_customer(
        self, word: str, person: Person, company: tuple[str, str] | None, first: Ref | None
    ) -> Look:
        if word == "won":
            return self._lead_look(person, company, "CONVERTED", first)
        look = self._look_of(_TYPE_OF.get(word, word), person, company)
        return replace(look, companies=(first,)) if word == "+contact" and first else look

    def _lead_look(
        self, person: Person, company: tuple[str, str] | None, status: str, client: Ref | None = None
    ) -> Look:
        title, source = draw_lead_title(self._random)
        company_title = spell_company(*company, self._random) if company else ""
        return Look(person, title, company_title, status, source, self._draw_responsible(), client)

    def _draw_phone(self, is_company: bool) -> str:
        draw = self._random.random()
        if is_company and draw < 0.6:
            return self._pool.city()
        if draw < 0.9:
            return self._pool.mobile()
        return self._pool.kazakh() if draw < 0.95 else self._pool.foreign()

    def _draw_responsible(self) -> int:
        draw = self._random.random()
        return _DISMISSED if draw < 0.03 else MANAGERS[int(draw * len(MANAGERS))]
