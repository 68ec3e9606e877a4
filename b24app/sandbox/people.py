"""The toy portal's people with the truth: colleagues, customers, and who of them is the same customer.

`seed` gives the same portal for the same arguments, of any size. Nothing here normalises a value: every number
is made whole first and misspelt afterwards. Rows use the portal's classic field names; ids are numbers here, and
the portal's methods turn them into the strings that Bitrix24 sends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random

from b24app.sandbox.people_book import Book, Ref, Row
from b24app.sandbox.people_crowd import Crowd
from b24app.sandbox.people_scenes import Stage
from b24app.sandbox.people_showcase import SHOWCASE, SHOWCASE_RECORDS, Showcase, plant_showcase
from b24app.sandbox.people_truth import Planted, Truth, tell_truth

__all__ = [
    "DEPARTMENTS",
    "LEAD_STATUSES",
    "SEED_NOW",
    "SHOWCASE",
    "Ref",
    "Seeded",
    "Showcase",
    "Truth",
    "seed",
]

SEED_NOW = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=3)))

LEAD_STATUSES: tuple[Row, ...] = (
    {"STATUS_ID": "NEW", "NAME": "Не обработан", "SEMANTICS": None, "SORT": 10},
    {"STATUS_ID": "IN_PROCESS", "NAME": "В работе", "SEMANTICS": None, "SORT": 20},
    {
        "STATUS_ID": "UC_MEASURE",
        "NAME": "Замер назначен",
        "SEMANTICS": None,
        "SORT": 30,
    },  # the portal's own stage
    {"STATUS_ID": "PROCESSED", "NAME": "Обработан", "SEMANTICS": None, "SORT": 40},
    {"STATUS_ID": "CONVERTED", "NAME": "Качественный лид", "SEMANTICS": "S", "SORT": 50},
    {"STATUS_ID": "JUNK", "NAME": "Некачественный лид", "SEMANTICS": "F", "SORT": 60},
)

DEPARTMENTS: tuple[Row, ...] = (
    {"ID": 1, "NAME": "Компания «Пример»", "PARENT": None},
    {"ID": 4, "NAME": "Продажи", "PARENT": 1},
    {"ID": 5, "NAME": "Отдел продаж, Москва", "PARENT": 4},
    {"ID": 6, "NAME": "Отдел продаж, Казань", "PARENT": 4},
    {"ID": 7, "NAME": "Поддержка", "PARENT": 1},
)

_RIGHT_TYPES = ("lead", "contact", "company", "deal")
_COLLEAGUES = (  # id, name, last name, position, department, rights on lead, contact, company, deal
    (1, "Виктор", "Берестов", "Администратор портала", 1, "ALL ALL ALL ALL"),
    (2, "Мария", "Калинина", "Руководитель продаж", 1, "ALL ALL ALL ALL"),
    (3, "Олег", "Дроздов", "Менеджер по продажам", 5, "ALL OWN ALL OWN"),
    (4, "Ирина", "Соколовская", "Старший менеджер", 5, "DEPARTMENT DEPARTMENT DEPARTMENT DEPARTMENT"),
    (5, "Тимур", "Ахметшин", "Менеджер по продажам", 6, "DEPARTMENT OWN OWN DEPARTMENT"),
    (6, "Павел", "Ершов", "Менеджер по продажам", 6, "OWN OWN OWN OWN"),
    (7, "Светлана", "Рябинина", "Оператор поддержки", 7, "ALL NONE NONE NONE"),
    (8, "Никита", "Громов", "Стажёр", 5, "OWN NONE NONE NONE"),
    (9, "Елена", "Бортникова", "Менеджер по продажам (уволена)", 5, "OWN OWN OWN OWN"),
)
_DISMISSED = 9


@dataclass(frozen=True, slots=True)
class Seeded:
    """A whole portal. `links`: contact id → its companies' ids, primary first.

    `counts`: number of records → canonical value that exactly so many carry, and a lead that is one of them.
    `scenes`: name of a planted scene → its records.
    """

    leads: list[Row]
    contacts: list[Row]
    companies: list[Row]
    deals: list[Row]
    users: list[Row]
    links: dict[int, list[int]]
    truth: Truth
    counts: Mapping[int, tuple[str, Ref]]
    scenes: Mapping[str, tuple[Ref, ...]]
    departments: tuple[Row, ...] = DEPARTMENTS


def seed(size: int = 2000, seed: int = 7, seed_now: datetime = SEED_NOW) -> Seeded:
    """Return `size` leads, contacts and companies together (10 or more), deals beside them, and the truth.

    No record is younger than `seed_now`, which must know its time zone.
    """
    if size < SHOWCASE_RECORDS + 1:
        raise ValueError(f"a portal of {size} records is too small, {SHOWCASE_RECORDS + 1} is the least")
    if seed_now.tzinfo is None:
        raise ValueError("seed_now needs a time zone")
    book = Book(size, Random(seed), seed_now)  # noqa: S311 - invents people, guards nothing
    planted = Planted()
    plant_showcase(book, planted)
    crowd = Crowd(book, planted)
    crowd.plant_hubs()
    for needed, plant in Stage(book, planted).scenes():
        if needed <= book.room:
            plant()
    crowd.fill()
    return Seeded(
        leads=book.rows["lead"],
        contacts=book.rows["contact"],
        companies=book.rows["company"],
        deals=book.rows["deal"],
        users=make_users(),
        links=book.links,
        truth=tell_truth(book, planted),
        counts=planted.counts,
        scenes=planted.scenes,
    )


def make_users() -> list[Row]:
    """Return the portal's colleagues: an administrator, a head, managers of unlike rights, one dismissed."""
    return [
        {
            "ID": user_id,
            "NAME": name,
            "LAST_NAME": last_name,
            "WORK_POSITION": position,
            "ADMIN": user_id == 1,
            "ACTIVE": user_id != _DISMISSED,
            "UF_DEPARTMENT": [department],
            "RIGHTS": dict(zip(_RIGHT_TYPES, rights.split(), strict=True)),
        }
        for user_id, name, last_name, position, department, rights in _COLLEAGUES
    ]
