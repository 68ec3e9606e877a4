"""Invented Russian people and companies, and the ways their names are misspelt.

Owns names only: no ids, no phones, no e-mails. Everything is drawn from the `Random` handed in.
"""

from random import Random
from typing import NamedTuple


class Person(NamedTuple):
    """A person as a passport has him; the other spellings come from the functions below."""

    first: str
    second: str
    last: str


FIRST_NAMES = {  # full name -> diminutive
    "Анна": "Аня", "Мария": "Маша", "Екатерина": "Катя", "Наталья": "Наташа", "Ольга": "Оля",
    "Татьяна": "Таня", "Ирина": "Ира", "Светлана": "Света", "Юлия": "Юля", "Дарья": "Даша",
    "Алина": "Аля", "Полина": "Поля", "Вера": "Верочка", "Людмила": "Люда", "Евгения": "Женя",
    "Ксения": "Ксюша", "Айгуль": "Айка", "Зоя": "Зоенька", "Александр": "Саша", "Дмитрий": "Дима",
    "Сергей": "Серёжа", "Андрей": "Андрюша", "Алексей": "Лёша", "Николай": "Коля", "Михаил": "Миша",
    "Павел": "Паша", "Иван": "Ваня", "Владимир": "Володя", "Тимур": "Тима", "Роман": "Рома",
    "Григорий": "Гриша", "Фёдор": "Федя", "Константин": "Костя", "Юрий": "Юра", "Пётр": "Петя",
    "Егор": "Егорка", "Максим": "Макс", "Ярослав": "Ярик", "Данияр": "Дан", "Степан": "Стёпа",
}  # fmt: skip
WOMEN = 18  # so many of the names above are women's

PATRONYMICS = (
    "Александров", "Дмитриев", "Сергеев", "Андреев", "Алексеев", "Николаев", "Михайлов", "Павлов", "Иванов",
    "Владимиров", "Романов", "Григорьев", "Фёдоров", "Константинов", "Юрьев", "Петров", "Егоров", "Максимов",
)  # fmt: skip

LAST_NAMES = (
    "Белкин", "Ветров", "Горчаков", "Дубравин", "Ежов", "Жаворонков", "Зимин", "Ильин", "Калинин",
    "Лисицын", "Малинин", "Незабудкин", "Осинин", "Пчёлкин", "Рябинин", "Синицын", "Травин", "Уткин",
    "Филин", "Хвощев", "Цаплин", "Чижов", "Шмелёв", "Щеглов", "Юрков", "Яблоков", "Березин", "Васильков",
    "Грибов", "Дятлов", "Ершов", "Журавлёв", "Заречнов", "Ивушкин", "Кленов", "Лучинин", "Морошкин",
    "Огородов", "Полынин", "Родников", "Снегирёв", "Тополев", "Угольков", "Фиалкин", "Хвоев", "Черёмухин",
    "Шиповников", "Ягодин", "Ландышев", "Камышин",
)  # fmt: skip

COMPANY_STARTS = (
    "Север", "Юг", "Восток", "Волга", "Урал", "Сибирь", "Нева", "Байкал", "Карелия", "Алтай", "Кедр",
    "Ладога", "Онега", "Печора", "Ангара", "Амур", "Сокол", "Ясень", "Гранит", "Янтарь", "Маяк", "Парус",
    "Компас", "Якорь",
)  # fmt: skip
COMPANY_ENDS = (
    "Строй", "Окна", "Плитка", "Мебель", "Свет", "Логистика", "Текстиль", "Кровля", "Двери", "Сад", "Климат",
    "Упаковка", "Металл", "Стекло", "Паркет", "Дизайн", "Кухни", "Насос", "Кабель", "Краска",
)  # fmt: skip
LEGAL_FORMS = ("ООО", "ООО", "ООО", "АО", "ЗАО", "ПАО", "ИП", "ТОО", "ОДО")

LEAD_SUBJECTS = (
    "окна ПВХ", "остекление балкона", "кухня на заказ", "ремонт квартиры", "доставка плитки",
    "межкомнатные двери", "натяжной потолок", "забор из профлиста", "тёплый пол", "кондиционер в офис",
    "партия кабеля", "шторы", "ландшафтный дизайн", "аренда погрузчика", "паркет, 60 м²", "кровля дома",
    "светильники для склада", "насос",
)  # fmt: skip
LEAD_CHANNELS = (
    ("Заявка с сайта", "WEB"), ("Звонок", "CALL"), ("Входящий звонок", "CALL"), ("Письмо", "EMAIL"),
    ("Чат", "WEBFORM"), ("Выставка", "TRADE_SHOW"), ("Рекомендация", "RECOMMENDATION"),
    ("Повторное обращение", "CALL"),
)  # fmt: skip

_RUSSIAN = "а б в г д е ё ж з и й к л м н о п р с т у ф х ц ч ш щ ъ ы ь э ю я"
_ENGLISH = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch _ y _ e yu ya"  # _ is nothing
_LATIN = {
    russian: english.strip("_") for russian, english in zip(_RUSSIAN.split(), _ENGLISH.split(), strict=True)
}
_LATIN_TABLE = str.maketrans(
    {**_LATIN, **{small.upper(): latin.capitalize() for small, latin in _LATIN.items()}}
)

_FULL_NAMES = tuple(FIRST_NAMES)


def transliterate(text: str) -> str:
    """Return Russian letters in Latin ones, the way a web form's customer types them."""
    return text.translate(_LATIN_TABLE)


def draw_person(random: Random) -> Person:
    """Return a person with first name, patronymic and last name that agree in gender."""
    index = int(random.random() * len(_FULL_NAMES))
    patronymic = PATRONYMICS[int(random.random() * len(PATRONYMICS))]
    last = LAST_NAMES[int(random.random() * len(LAST_NAMES))]
    if index < WOMEN:
        return Person(_FULL_NAMES[index], patronymic + "на", last + "а")
    return Person(_FULL_NAMES[index], patronymic + "ич", last)


def misspell_person(person: Person, random: Random) -> Person:
    """Return the same person as another colleague wrote him: short, transliterated, swapped or whole."""
    first, second, last = person
    spellings = (
        person,
        Person(first, "", last),
        Person(FIRST_NAMES.get(first, first), "", last),
        Person(FIRST_NAMES.get(first, first), "", ""),
        Person(transliterate(first), "", transliterate(last)),
        Person(last, "", first),
        Person(first, second, last.upper()),
        Person(first.replace("ё", "е"), second, last.replace("ё", "е")),
    )
    return spellings[int(random.random() * len(spellings))]


def draw_company(random: Random) -> tuple[str, str]:
    """Return legal form and name: ``("ООО", "СеверОкна")``."""
    form = LEGAL_FORMS[int(random.random() * len(LEGAL_FORMS))]
    start = COMPANY_STARTS[int(random.random() * len(COMPANY_STARTS))]
    return form, start + COMPANY_ENDS[int(random.random() * len(COMPANY_ENDS))]


def spell_company(form: str, name: str, random: Random) -> str:
    """Return one of the ways to write a company's title."""
    spellings = (
        f"{form} «{name}»",
        f'{form} "{name}"',
        f"{name}, {form}",
        f"{name} {form}",
        name,
        name.upper(),
        f"{form} {name.lower()}",
        f'{transliterate(form)} "{transliterate(name)}"',
    )
    return spellings[int(random.random() * len(spellings))]


def draw_lead_title(random: Random) -> tuple[str, str]:
    """Return a lead's title and its source id: ``("Заявка с сайта: окна ПВХ", "WEB")``."""
    channel, source = LEAD_CHANNELS[int(random.random() * len(LEAD_CHANNELS))]
    return f"{channel}: {LEAD_SUBJECTS[int(random.random() * len(LEAD_SUBJECTS))]}", source
