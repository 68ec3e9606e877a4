"""The records with documented ids: what the demo opens and the screenshots show.

They are in a seed of any size, and always the same.
"""

from dataclasses import dataclass

from b24app.sandbox.people_book import Book, Look, Ref
from b24app.sandbox.people_names import Person
from b24app.sandbox.people_truth import Planted
from b24app.sandbox.people_values import Value

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Showcase:
    """Ids of the showcase records and of the people who look at them.

    Around lead 101 (Анна Белкина, windows): the same phone in other spellings on a lead, a converted lead, a
    contact and a company that is NOT the contact's own (the alarm: shared contact data, other responsible); an
    extension on a further lead; the same mailbox in another spelling on one more; her exact e-mail on a second
    contact. `counts`: number of records that carry one value, a lead that carries it (500 and 5,000 in big
    portals only).
    """

    lead: int = 101
    other_spelling_lead: int = 102
    alias_lead: int = 103
    extension_lead: int = 104
    converted_lead: int = 105
    contact: int = 101
    email_contact: int = 102
    company: int = 101
    own_company: int = 102
    deal: int = 101
    phone: str = "+79000000101"
    email: str = "anna.belkina@pochta.example"
    viewer_of_all: int = 2
    viewer_of_own: int = 6  # responsible for lead 101, reads nothing of the others' records
    viewer_of_leads_only: int = 7
    counts: tuple[tuple[int, int], ...] = ((1, 201), (19, 219), (20, 220), (21, 221), (500, 250), (5000, 255))


SHOWCASE = Showcase()
SHOWCASE_RECORDS = 9

_ANNA = Person("Анна", "Сергеевна", "Белкина")
_MAILBOX = "vydumannayaannabelkinaokna@gmail.com"


def _phone(raw: str, value_type: str = "MOBILE") -> Value:
    return Value("PHONE", SHOWCASE.phone, raw, value_type)


def plant_showcase(book: Book, planted: Planted) -> None:
    """Enter the nine records and the deal."""
    clients = _plant_clients(book)
    leads = _plant_leads(book, clients["contact"])
    book.enter_deal("Окна ПВХ в коттедж", clients["contact"], leads[-1], "PREPARATION", SHOWCASE.deal)
    planted.mailboxes["showcase"] = [leads[0], leads[2]]
    planted.scenes["showcase"] = (*leads, *clients.values())
    extension_lead = leads[3]
    planted.hard_spellings.add(frozenset((leads[0], extension_lead)))


def _plant_clients(book: Book) -> dict[str, Ref]:
    own = book.enter(
        "company",
        [
            Value("PHONE", "+74950000102", "+7 495 000-01-02"),
            _email("voda@zerno.example", "voda@zerno.example"),
        ],
        Look(company_title="ООО «Зерно и Вода»", responsible=4, id=102, age_s=400 * _DAY_S),
    )
    foreign = book.enter(
        "company",
        [_phone("+7(900)0000101", "WORK"), Value("PHONE", "+74950000101", "(495) 000-01-01")],
        Look(company_title="ООО «Окна Плюс»", responsible=2, id=101, age_s=210 * _DAY_S),
    )
    contact = book.enter(
        "contact",
        [_phone("900 000 01 01")],
        Look(person=_ANNA, source="CALL", responsible=4, companies=(own,), id=101, age_s=190 * _DAY_S),
    )
    colleague = book.enter(
        "contact",
        [
            _email(SHOWCASE.email, "Anna.Belkina@Pochta.example"),
            Value("PHONE", "+79000000103", "8 900 000-01-03"),
        ],
        Look(person=Person("Пётр", "", "Белкин"), responsible=6, companies=(own,), id=102, age_s=30 * _DAY_S),
    )
    return {"contact": contact, "company": foreign, "email_contact": colleague, "own_company": own}


def _plant_leads(book: Book, contact: Ref) -> list[Ref]:
    lead = book.enter(
        "lead",
        [
            _phone("8 (900) 000-01-01"),
            _email(SHOWCASE.email, SHOWCASE.email),
            _email("vydumannaya.anna.belkina.okna@gmail.com", "vydumannaya.anna.belkina.okna@gmail.com"),
        ],
        Look(_ANNA, "Заявка с сайта: окна ПВХ", responsible=6, id=101, age_s=0.1 * _DAY_S),
    )
    other = book.enter(
        "lead",
        [_phone("+7 900 000 01 01")],
        Look(Person("Аня", "", "Белкина"), "Звонок: остекление балкона", status="IN_PROCESS", source="CALL",
             responsible=3, id=102, age_s=9 * _DAY_S),
    )  # fmt: skip
    alias = book.enter(
        "lead",
        [_email(_MAILBOX.replace("@", "+balkon@"), _MAILBOX.replace("@", "+balkon@"))],
        Look(Person("Anna", "", "Belkina"), "Письмо: тёплый балкон", source="EMAIL", responsible=5, id=103,
             age_s=5 * _DAY_S),
    )  # fmt: skip
    extension = book.enter(
        "lead",
        [_phone("8 (900) 000-01-01 доб. 5", "WORK")],
        Look(Person("А. С.", "", "Белкина"), "Заявка с сайта: подоконники", responsible=3, id=104,
             company_title="Зерно и Вода", status="PROCESSED", age_s=2 * _DAY_S),
    )  # fmt: skip
    converted = book.enter(
        "lead",
        [_phone("89000000101")],
        Look(_ANNA, "Выставка: окна в коттедж", status="CONVERTED", source="TRADE_SHOW", responsible=9,
             client=contact, id=105, age_s=191 * _DAY_S),
    )  # fmt: skip
    return [lead, other, alias, extension, converted]


def _email(canonical: str, raw: str) -> Value:
    return Value("EMAIL", canonical, raw, "WORK")
