"""Small planted scenes: each is one case that the matcher must get right, with the truth noted.

Every scene says how many records it needs; in a small portal those that do not fit are left out.
Scenes take their numbers from +7 900 000-40-00 on; tables bring their own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from b24app.sandbox.people_book import Book, Look, Ref
from b24app.sandbox.people_names import draw_company, draw_lead_title, draw_person, spell_company
from b24app.sandbox.people_showcase import SHOWCASE
from b24app.sandbox.people_truth import Planted
from b24app.sandbox.people_values import Value, type_phone
from b24app.sandbox.spellings import EMAIL_ALIASES, EMAIL_SPELLINGS, NEAR_MISSES, SPELLINGS

REGION = "RU"  # of the seeded portal; rows of other regions can't be read there
TYPES = ("lead", "contact", "company")
MANAGERS = (2, 3, 4, 5, 6, 7, 8)
Scene = tuple[int, Callable[[], None]]  # records needed, how to plant it


class Stage:
    """Plants the scenes into a book."""

    def __init__(self, book: Book, planted: Planted) -> None:
        self._book = book
        self._planted = planted
        self._numbers = 4_000

    def scenes(self) -> Iterator[Scene]:
        """Return all scenes, most telling first."""
        yield from self._shared_scenes()
        yield 3, self._chain
        yield 4, self._long_chain
        yield 5, self._finished_leads
        yield 2, self._repeated_lead
        yield from ((2, self._alias(row.raw, row.plain)) for row in EMAIL_ALIASES)
        yield 4, self._few_on_a_role
        yield 6, self._weak_numbers
        yield 3, self._odd_records
        for count in (1, 19, 20, 21):
            yield count, self._exact_count(count)
        for row in SPELLINGS:
            if row.region == REGION:
                yield 1 + len(row.e164), self._spelling(row.raw, row.e164)
        for mail in EMAIL_SPELLINGS:
            yield (
                2,
                self._hard_pair(Value("EMAIL", mail.plain, mail.raw), Value("EMAIL", mail.plain, mail.plain)),
            )
        for index, miss in enumerate(NEAR_MISSES):
            if miss.region == REGION:
                yield 2, self._near_miss(index, miss.raw_a, miss.raw_b, miss.why)
        for _ in range(6):
            yield 2, self._namesakes

    def enter(self, type_word: str, values: Sequence[Value], look: Look | None = None) -> Ref:
        """Enter a record that looks like any other of its type."""
        return self._book.enter(type_word, values, self.draw_look(type_word, look or Look()))

    def draw_look(self, type_word: str, look: Look) -> Look:
        """Fill what the look leaves open."""
        random = self._book.random
        if type_word == "company":
            return replace(
                look, company_title=look.company_title or spell_company(*draw_company(random), random)
            )
        person = look.person if look.person.first else draw_person(random)
        if type_word == "contact":
            return replace(look, person=person)
        title, source = draw_lead_title(random)
        return replace(look, person=person, title=look.title or title, source=source)

    def _phone(self) -> str:
        self._numbers += 1
        return f"+7900000{self._numbers:04d}"

    def _typed(self, e164: str) -> Value:
        return type_phone(e164, self._book.random)

    def _shared_scenes(self) -> Iterator[Scene]:
        for kind in ("own_company", "foreign_company", "several"):
            for bosses in ((3, 3), (3, 5)):
                yield 3, self._shared(kind, bosses)

    def _shared(self, kind: str, bosses: tuple[int, int]) -> Callable[[], None]:
        def plant() -> None:
            phone, other_phone = self._phone(), self._phone()
            company = self.enter("company", [self._typed(phone)], Look(responsible=bosses[0]))
            third = [self._typed(phone if kind == "several" else other_phone)]
            other = self.enter("company", third, Look(responsible=bosses[0]))
            companies = (other, company) if kind == "own_company" else (other,)
            look = Look(responsible=bosses[1], companies=companies)
            contact = self.enter("contact", [self._typed(phone)], look)
            bosses_word = "same" if bosses[0] == bosses[1] else "different"
            self._planted.scenes[f"shared_{kind}_{bosses_word}_responsible"] = (contact, company, other)

        return plant

    def _chain(self) -> None:
        phone, mail = self._phone(), _mail("tsepochka@primer.example")
        first = self.enter("lead", [self._typed(phone)])
        middle = self.enter("contact", [self._typed(phone), mail])
        last = self.enter("lead", [mail])
        self._planted.scenes["chain"] = (first, middle, last)

    def _long_chain(self) -> None:
        one, two = self._phone(), self._phone()
        mail = _mail("dlinnaya.tsepochka@primer.example")
        refs = (
            self.enter("lead", [self._typed(one)]),
            self.enter("contact", [self._typed(one), self._typed(two)]),
            self.enter("company", [self._typed(two), mail]),
            self.enter("lead", [mail]),
        )
        self._planted.scenes["long_chain"] = refs

    def _finished_leads(self) -> None:
        """Junk beside new; converted with its contact; a junk lead that nobody else meets."""
        phone, other_phone = self._phone(), self._phone()
        junk = self.enter("lead", [self._typed(phone)], Look(status="JUNK", responsible=4))
        fresh = self.enter("lead", [self._typed(phone)], Look(status="NEW", responsible=5))
        contact = self.enter("contact", [self._typed(other_phone)], Look(responsible=3))
        won = self.enter(
            "lead", [self._typed(other_phone)], Look(status="CONVERTED", client=contact, responsible=3)
        )
        alone = self.enter("lead", [self._typed(self._phone())], Look(status="JUNK"))
        self._planted.scenes["finished_leads"] = (junk, fresh, contact, won, alone)

    def _repeated_lead(self) -> None:
        phone = self._phone()
        contact = self.enter("contact", [self._typed(phone)], Look(responsible=4))
        lead = self.enter(
            "lead", [self._typed(phone)], Look(client=contact, responsible=4, status="IN_PROCESS")
        )
        self._planted.scenes["repeated_lead"] = (contact, lead)

    def _alias(self, raw: str, plain: str) -> Callable[[], None]:
        def plant() -> None:
            refs = [self.enter("lead", [_mail(raw)]), self.enter("contact", [_mail(plain)])]
            self._planted.mailboxes[plain] = refs

        return plant

    def _few_on_a_role(self) -> None:
        """Four customers on one office's address: too few for a hub, and still nobody's own."""
        address = "info@ofis-primer.example"
        self._planted.roles.add(address)
        refs = [self.enter(word, [_mail(address), self._typed(self._phone())]) for word in (*TYPES, "lead")]
        self._planted.scenes["role"] = tuple(refs)

    def _weak_numbers(self) -> None:
        """Pairs that share what is no whole number: local, too long, too short."""
        for index, (one, other) in enumerate(
            (("000-41-01", "0004101"), ("+7 900 000-41-022",) * 2, ("41-03",) * 2)
        ):
            refs = [self.enter("lead", [Value("PHONE", f"weak:{index}", raw)]) for raw in (one, other)]
            self._planted.scenes[f"weak_{index}"] = tuple(refs)

    def _odd_records(self) -> None:
        """Nothing to match by; one number twice in a record; a title that must be escaped."""
        phone = self._phone()
        silent = self.enter("contact", [])
        twice = self.enter(
            "contact", [Value("PHONE", phone, phone), Value("PHONE", phone, "8" + phone[2:], "HOME")]
        )
        hostile = '<script>alert("заявка")</script> & <b>«окна»</b> ' + "очень длинное название " * 8
        loud = self.enter("lead", [self._typed(phone)], Look(title=hostile.strip(), status="UC_MEASURE"))
        self._planted.scenes["odd_records"] = (silent, twice, loud)

    def _exact_count(self, count: int) -> Callable[[], None]:
        def plant() -> None:
            phone = self._phone()
            lead_id = dict(SHOWCASE.counts)[count]
            look = self.draw_look("lead", Look(id=lead_id, responsible=3))
            first = self._book.enter("lead", [Value("PHONE", phone, phone)], look)
            words = ["lead"] * (count - 2) + ["contact"] * (count > 19) + ["lead"] * (1 < count <= 19)
            for index, word in enumerate(words):
                self.enter(word, [self._typed(phone)], Look(responsible=MANAGERS[index % len(MANAGERS)]))
            self._planted.counts[count] = (phone, first)

        return plant

    def _spelling(self, raw: str, numbers: tuple[str, ...]) -> Callable[[], None]:
        """A record with the odd spelling, which may hold two numbers, and a plain one for each number."""

        def plant() -> None:
            odd = self._enter_turn([Value("PHONE", number, raw) for number in numbers[:1]])
            for number in numbers[1:]:
                self._book.carriers[number].append(odd)
            for number in numbers:
                plain = self._enter_turn([Value("PHONE", number, number)])
                self._planted.hard_spellings.add(frozenset((odd, plain)))

        return plant

    def _hard_pair(self, odd: Value, plain: Value) -> Callable[[], None]:
        def plant() -> None:
            self._planted.hard_spellings.add(frozenset((self._enter_turn([odd]), self._enter_turn([plain]))))

        return plant

    def _near_miss(self, index: int, raw_a: str, raw_b: str, why: str) -> Callable[[], None]:
        def plant() -> None:
            values = [_as_typed(f"near:{index}:{side}", raw) for side, raw in (("a", raw_a), ("b", raw_b))]
            self._planted.near_misses[frozenset(self._enter_turn([value]) for value in values)] = why

        return plant

    def _namesakes(self) -> None:
        person = draw_person(self._book.random)
        refs = [
            self.enter(word, [self._typed(self._phone())], Look(person=person))
            for word in ("lead", "contact")
        ]
        self._planted.near_misses[frozenset(refs)] = "the same name and no shared value"

    def _enter_turn(self, values: Sequence[Value]) -> Ref:
        """Enter a record of the type whose turn it is."""
        turn = self._book.entered
        word = TYPES[turn % len(TYPES)] if turn % 2 else "lead"
        return self.enter(word, values, Look(responsible=MANAGERS[turn % len(MANAGERS)]))


def _mail(address: str) -> Value:
    return Value("EMAIL", address, address)


def _as_typed(canonical: str, raw: str) -> Value:
    return Value("EMAIL" if "@" in raw else "PHONE", canonical, raw)
