"""Sample view values: what the tab, the app's page and the other pages may have to show. All people are invented."""

from collections.abc import Iterable
from types import SimpleNamespace

from b24app.dedupe.keys import MatchKey
from b24app.dedupe.match import compare
from b24app.dedupe.record import Multifield, PersonName, Record, RecordRef, RecordType, Stage, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.shared import Severity, SharedKind
from b24app.services.card.shown import (
    Card,
    CardValue,
    Coverage,
    Hidden,
    Person,
    Rejected,
    Row,
    Section,
    SharedNote,
    Verdict,
)
from tests.web.sample_audits import audit_pages
from tests.web.sample_automation import AUTOMATION
from tests.web.sample_connections import CONNECTIONS
from tests.web.sample_enquiries import ENQUIRIES
from tests.web.sample_overviews import ANNA, BORIS, DAY_S, NOW, OVERVIEWS, SCRIPT, UNNAMED
from tests.web.sample_search import SEARCHES

PORTAL_ORIGIN = "https://portal.example"
PORTAL_KEY = b"sample key of sixteen bytes or more"
LONG = "Заявка с сайта на поставку и монтаж вентиляционного оборудования для торгового центра, третья очередь"

OPENED = (
    (ValueKind.PHONE, "8 (912) 345-67-89 доб. 5"),
    (ValueKind.PHONE, "+7 495 123-45-67"),
    (ValueKind.EMAIL, "Anna.Petrova+site@gmail.com"),
    (ValueKind.EMAIL, "info@romashka.example"),
    (ValueKind.PHONE, "2-34-56"),
)
VALUES = (
    CardValue(ValueKind.PHONE, OPENED[0][1], "+7 912 345-67-89", "5", False, False, False),
    CardValue(ValueKind.PHONE, OPENED[1][1], "+7 495 123-45-67", None, False, True, False),
    CardValue(ValueKind.EMAIL, OPENED[2][1], "anna.petrova+site@gmail.com", None, False, False, False),
    CardValue(ValueKind.EMAIL, OPENED[3][1], OPENED[3][1], None, True, False, False),
    CardValue(ValueKind.PHONE, OPENED[4][1], "23456", None, False, False, True),
)
COMPLETE = Coverage(NOW - 5, True, 12_345, 12_345, 0, NOW - 300)
BUILDING = Coverage(NOW - 5, False, 4_938, 12_345, 21, None)
FINISHING = Coverage(NOW - 5, False, 12_345, 12_345, 2, None)


def a_record(
    record_type: RecordType, number: int, values: Iterable[tuple[ValueKind, str]], name: str = ""
) -> Record:
    """Return a record as matching sees it."""
    multifields = tuple(Multifield(kind, value) for kind, value in values)
    return Record(RecordRef(record_type, number), multifields, PersonName(last=name))


def a_row(
    record_type: RecordType,
    number: int,
    title: str,
    *values: tuple[ValueKind, str],
    responsible: Person | None = ANNA,
    stage: tuple[str, Stage] = ("", Stage.NONE),
    name: str = "",
    is_hub: bool = False,
) -> Row:
    """Return a row; with values it is a match of the opened lead, graded by the matcher itself."""
    opened = a_record(RecordType.LEAD, 1, OPENED, "Петрова")
    other = a_record(record_type, number, values, name)
    hubs = _all_keys(opened) if is_hub else frozenset()
    match = compare(opened, other, RuleSet(), PORTAL_KEY, hubs)
    return Row(
        ref=other.ref,
        title=title,
        path=f"/crm/{record_type.word}/details/{number}/",
        responsible=responsible,
        stage_name=stage[0],
        stage=stage[1],
        created_at=NOW - number * DAY_S,
        grade=match.grade if match else None,
        reasons=match.reasons if match else (),
    )


def _all_keys(record: Record) -> frozenset[MatchKey]:
    match = compare(record, a_record(RecordType.LEAD, 2, OPENED), RuleSet(), PORTAL_KEY)
    return frozenset(reason.key for reason in match.reasons) if match else frozenset()


def a_section(record_type: RecordType, rows: tuple[Row, ...], total: int = 0, page: int = 1) -> Section:
    """Return one type's section; ``total`` beyond the rows means more pages of twenty."""
    total = total or len(rows)
    return Section(record_type.word, total, rows, page, max(1, -(-total // 20)))


def a_card(verdict: Verdict, *sections: Section, **differences: object) -> Card:
    """Return a lead's tab with the given difference."""
    usual: dict[str, object] = {
        "type_word": "lead",
        "record_id": 1,
        "verdict": verdict,
        "total": sum(section.total for section in sections),
        "coverage": COMPLETE,
        "values": VALUES,
        "sections": sections,
        "hidden": None,
        "relatives": (),
        "shared": (),
        "rejected": (),
        "page_token": "token-of-the-page",
    }
    return Card(**{**usual, **differences})  # type: ignore[arg-type]


LEAD_ROWS = (
    a_row(
        RecordType.LEAD,
        12,
        "Анна Петрова — заявка с сайта",
        (ValueKind.PHONE, "+7 912 345 67 89"),
        (ValueKind.EMAIL, "annapetrova@gmail.com"),
        stage=("Новый", Stage.IN_WORK),
        name="Петрова",
    ),
    a_row(
        RecordType.LEAD,
        13,
        LONG,
        (ValueKind.PHONE, "8(912)3456789 доб. 9"),
        responsible=BORIS,
        stage=("Качественный лид", Stage.WON),
    ),
    a_row(
        RecordType.LEAD,
        14,
        "",
        (ValueKind.EMAIL, "info@romashka.example"),
        responsible=UNNAMED,
        stage=("", Stage.LOST),
    ),
    a_row(RecordType.LEAD, 15, SCRIPT, (ValueKind.PHONE, "23456"), responsible=None, name="Иванов"),
)
CONTACT_ROWS = (
    a_row(
        RecordType.CONTACT,
        21,
        "Петрова Анна Сергеевна",
        (ValueKind.PHONE, "9123456789"),
        name="Петрова",
    ),
    a_row(
        RecordType.CONTACT,
        22,
        "Смирнов Олег",
        (ValueKind.EMAIL, "anna.petrova@gmail.com"),
        name="Смирнов",
        responsible=BORIS,
    ),
)
COMPANY_ROWS = (
    a_row(RecordType.COMPANY, 31, "ООО «Ромашка»", (ValueKind.PHONE, "8 (495) 123-45-67"), is_hub=True),
)
RELATIVE = a_row(RecordType.COMPANY, 32, "ИП Петрова А. С.")
FAMILY = a_row(RecordType.CONTACT, 23, "Петров Сергей", responsible=BORIS)


def a_note(
    kind: SharedKind, severity: Severity, *, same: bool, misrouted: bool, misfiled: bool = True
) -> SharedNote:
    """Return a note on one value of a contact and a company."""
    contact, company = CONTACT_ROWS[0], COMPANY_ROWS[0]
    return SharedNote(
        display="+7 912 345-67-89",
        kind=kind,
        severity=severity,
        same_responsible=same,
        contact=contact,
        company=company,
        receiver=contact,
        stored_in=(company,),
        should_receive=company if misrouted else contact,
        is_misrouted=misrouted,
        is_misfiled=misfiled,
    )


FOUND = (
    a_section(RecordType.LEAD, LEAD_ROWS),
    a_section(RecordType.CONTACT, CONTACT_ROWS),
    a_section(RecordType.COMPANY, COMPANY_ROWS),
)
HUB_ROWS = tuple(
    a_row(RecordType.LEAD, 100 + n, f"Звонок № {n}", (ValueKind.PHONE, "84951234567"), is_hub=True)
    for n in range(1, 21)
)
REJECTED = (
    Rejected(FAMILY, ANNA, "shared_value", NOW - 3 * DAY_S, NOW + 27 * DAY_S),
    Rejected(RELATIVE, BORIS, "different_people", NOW - 90 * DAY_S, None),
)

CARDS: dict[str, Card] = {
    "found": a_card(Verdict.FOUND, *FOUND, relatives=(RELATIVE,), rejected=REJECTED, hidden=Hidden((BORIS,))),
    "alarm": a_card(
        Verdict.FOUND,
        *FOUND[1:],
        shared=(
            a_note(SharedKind.FOREIGN_COMPANY, Severity.ALARM, same=False, misrouted=True),
            a_note(SharedKind.SEVERAL, Severity.WARNING, same=True, misrouted=False),
            a_note(SharedKind.OWN_COMPANY, Severity.INFO, same=True, misrouted=False, misfiled=False),
        ),
        notices=("users_unreadable", "something_new"),
    ),
    "hub": a_card(Verdict.ONLY_WEAK, a_section(RecordType.LEAD, HUB_ROWS, total=5_000, page=3)),
    "clear": a_card(Verdict.CLEAR),
    "checking": a_card(Verdict.CHECKING, coverage=BUILDING, values=VALUES[:1]),
    "finishing": a_card(Verdict.CHECKING, coverage=FINISHING, values=VALUES[:1]),
    "hidden": a_card(Verdict.HIDDEN, hidden=Hidden((ANNA, BORIS)), values=VALUES[:1]),
    "hidden_existence": a_card(Verdict.HIDDEN, hidden=Hidden(()), values=VALUES[:1]),
    "no_values": a_card(Verdict.NO_VALUES, values=()),
    "deal": a_card(Verdict.FOUND, FOUND[0], type_word="deal"),
}

REFUSALS = (
    "page_outdated",
    "portal_busy",
    "unknown_portal",
    "portal_gone",
    "no_access",
    "not_admin_settings",
    "unsaved",
    "forged",
    "malformed",
    "not_found",
    "internal",
    "something_new",
)


def every_page() -> dict[str, tuple[str, dict[str, object]]]:
    """Return name → (template, values) of everything a person may see."""
    problems = SimpleNamespace(problems=("plan_refused", "refused:placement.bind"))
    return {
        **{f"card_{name}": ("widget/card.html", {"card": card}) for name, card in CARDS.items()},
        **{f"overview_{name}": ("pages/overview.html", {"overview": it}) for name, it in OVERVIEWS.items()},
        **{
            f"automation_{name}": ("pages/automation.html", {"automation": it})
            for name, it in AUTOMATION.items()
        },
        **{
            f"connections_{name}": ("pages/connections.html", {"connections": it})
            for name, it in CONNECTIONS.items()
        },
        **{
            f"enquiries_{name}": ("pages/enquiries.html", {"enquiries": it}) for name, it in ENQUIRIES.items()
        },
        **{
            f"search_{name}": ("widget/search.html", {"found": it, "wanted": "contact", "code": None})
            for name, it in SEARCHES.items()
        },
        "search_refused": ("widget/search.html", {"code": "portal_busy"}),
        **audit_pages(),
        **{f"refusal_{code}": ("pages/refusal.html", {"code": code}) for code in REFUSALS},
        "installed": ("install/install.html", {"state": "done", "installed": SimpleNamespace(problems=())}),
        "installed_partly": ("install/install.html", {"state": "done", "installed": problems}),
        "not_admin": ("install/install.html", {"state": "not_admin"}),
        "about": ("pages/about.html", {}),
    }
