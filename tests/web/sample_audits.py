"""Sample values of the audit's pages. All people and numbers are invented."""

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import Multifield, PersonName, Record, RecordRef, RecordType, Stage, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.services.audit.pages.charts import bars, bars_in_order, heat, line, stacked
from b24app.services.audit.pages.compare_members import marks_of, merge_order, side_by_side
from b24app.services.audit.pages.form_values import OrderForm, RulesForm, ScheduleForm, Trial
from b24app.services.audit.pages.page_values import (
    ChainLink,
    Changes,
    Choice,
    Figures,
    FilesPage,
    GroupPage,
    GroupsPage,
    Head,
    HomePage,
    HubsPage,
    LiveRun,
    MergePath,
    ReportPage,
    RunLine,
    ShownExport,
    ShownGroup,
    ShownHub,
    ShownShared,
)
from b24app.services.audit.pages.picker_values import Option, Picker, Pickers, ScopePickers
from b24app.services.indexing.records import LiveRecord
from b24app.store.audit_values import PAIR_TYPES
from tests.web.sample_overviews import ANNA, BORIS, DAY_S, NOW, SCRIPT, UNNAMED

ORIGIN = "https://portal.example"
HEAD = Head("token-of-the-page", True, True, 12, "Весь портал, март", NOW - 3600, ORIGIN)
NO_RUN = Head("token-of-the-page", False, False, origin=ORIGIN)
LEAD, CONTACT, COMPANY = (RecordRef(kind, 7) for kind in RecordType)
LONG_NAME = "Общество с ограниченной ответственностью «Северо-Западная строительно-монтажная компания»"


def a_run(number: int, state: str, **differences: object) -> RunLine:
    usual: dict[str, object] = {
        "run_id": number,
        "name": f"Весь портал {number}",
        "state": state,
        "created_at": NOW - number * DAY_S,
        "finished_at": NOW - number * DAY_S + 600,
        "by": ANNA,
        "records": 123_450,
        "groups": 8_412,
        "rate": 14.3,
        "reason": "",
        "has_results": state == "done",
    }
    return RunLine(**{**usual, **differences})  # type: ignore[arg-type]


PEOPLE = Picker(
    (
        Option("7", "Анна Соколова", True, detail="Руководитель продаж"),
        Option("9", "Елена Бортникова", True, "dismissed", detail="Менеджер по продажам"),
        Option("88", "", True, "unknown"),
        Option("3", LONG_NAME, False),
        Option("4", SCRIPT, False, detail=SCRIPT),
    ),
    query="про", found=27, is_cut=True,
)  # fmt: skip
DEPARTMENTS = Picker(
    (
        Option("99", "", True, "unknown"),
        Option("1", "Компания «Пример»", False),
        *(Option(str(number), f"Отдел {number}", number == 6, depth=number % 5) for number in range(4, 13)),
        Option("14", LONG_NAME, False, depth=4),
    )
)
SOURCES_OFFERED = Picker(
    (Option("OLD", "", True, "unknown"), Option("WEB", "Веб-сайт", True), Option("CALL", "Звонок", False))
)
PICKERS = Pickers(
    start=ScopePickers(PEOPLE, DEPARTMENTS, SOURCES_OFFERED),
    schedule=ScopePickers(Picker(), Picker(DEPARTMENTS.options[1:]), Picker(SOURCES_OFFERED.options[1:])),
    told=Picker((Option("7", "Анна Соколова", True),)),
    people=Picker(query="Неттакой", found=0),
    named_departments=Picker(DEPARTMENTS.options[:4]),
)
UNTOLD_SCOPE = ScopePickers(
    Picker((Option("7", "", True), Option("8", "", True)), "people"),
    Picker((), "departments"),
    Picker((Option("WEB", "", True),), "sources"),
)
UNTOLD = Pickers(
    start=UNTOLD_SCOPE,
    schedule=UNTOLD_SCOPE,
    told=Picker((), "people"),
    people=Picker((), "people"),
    named_departments=Picker((), "departments"),
)


def a_home(**differences: object) -> HomePage:
    usual: dict[str, object] = {
        "head": Head("token-of-the-page", True, True, 12, origin=ORIGIN),
        "live": (),
        "runs": (
            a_run(1, "done"),
            a_run(2, "failed", reason="access_denied", groups=0, rate=0.0, by=UNNAMED),
            a_run(3, "cancelled", name=SCRIPT),
            a_run(4, "done", by=None, name=""),
        ),
        "form": OrderForm(name="Отдел продаж"),
        "schedule": ScheduleForm("week", 4),
        "pickers": PICKERS,
        "rules": RulesForm("50", "0", frozenset({"lead", "contact"}), True, True),
        "next_at": NOW + 3 * DAY_S,
    }
    return HomePage(**{**usual, **differences})  # type: ignore[arg-type]


RUNNING = LiveRun(5, "Контакты и компании", "running", "naming", 4_200, 8_412, 123_450, 8_412, 180, 24.0)
LIVE = (
    RUNNING,
    LiveRun(6, "", "queued", "grouping", 0, 0, 0, 0, 0, None),
    LiveRun(7, LONG_NAME, "paused", "storing", 100, 400, 9_000, 400, 0, None),
)
TRIAL = Trial(
    "", 8_412, 8_950, 560, 22, 40,
    (((LEAD, "Заявка с сайта"), (CONTACT, "Петрова Анна")), ((COMPANY, ""), (LEAD, SCRIPT))),
    (((CONTACT, "Смирнов Олег"), (LEAD, "")),),
)  # fmt: skip

BY_PAIR = dict(zip(PAIR_TYPES, (4_120, 2_310, 240, 1_890, 610, 95), strict=True))
RESPONSIBLES = (("Анна Соколова", 2_140), ("Борис Ким", 1_600), (LONG_NAME, 980), (SCRIPT, 420), ("ID 9", 60))
SOURCES = (("Веб-сайт", 1_930), ("Звонок", 1_410), ("CRM-форма", 822), ("", 300))
MONTHS = tuple((f"2025-{month:02d}", 120 + month * 37 % 400) for month in range(1, 13))


def an_export(number: int, state: str, **differences: object) -> ShownExport:
    usual: dict[str, object] = {
        "number": number, "kind": "xlsx", "state": state, "done": 9_000, "total": 17_600, "megabytes": 1.4,
        "created_at": NOW - 600, "dies_at": NOW + DAY_S,
    }  # fmt: skip
    return ShownExport(**{**usual, **differences})  # type: ignore[arg-type]


def a_report(**differences: object) -> ReportPage:
    usual: dict[str, object] = {
        "head": HEAD,
        "figures": Figures(123_450, 8_412, 17_654, 9_242, 14.3, 705, 38, 37, 12),
        "pairs": heat(BY_PAIR),
        "grades": bars_in_order((("exact", 5_120), ("likely", 2_200), ("possible", 900), ("weak", 192))),
        "names": stacked(
            [("all", {"same": 5_900, "different": 1_300, "passed_on": 212, "unknown": 1_000})],
            ("same", "different", "passed_on", "unknown"),
        ),
        "responsibles": bars(RESPONSIBLES, 10),
        "sources": bars(SOURCES, 10),
        "months": bars_in_order(MONTHS),
        "trend": line([(NOW - week * 7 * DAY_S, 8_412 + week * week * 23) for week in range(8, -1, -1)]),
        "changes": Changes(214, 31, 97, 6, 8_064),
        "exports": (
            an_export(3, "running"),
            an_export(2, "ready", kind="csv"),
            an_export(1, "broken"),
        ),
        "steps": (("alarms", 38), ("exact", 5_120), ("hubs", 37), ("weak", 12)),
        "duration_s": 420.0,
        "has_solved": True,
    }
    return ReportPage(**{**usual, **differences})  # type: ignore[arg-type]


def a_shown_group(number: int, **differences: object) -> ShownGroup:
    usual: dict[str, object] = {
        "number": number, "title": "Анна Петрова — заявка с сайта", "first": LEAD, "size": 4,
        "counts": (("lead", 2), ("contact", 1), ("company", 1)), "grade": Grade.EXACT.word, "names": "same",
        "kinds": ("phone", "email"), "severity": "", "is_weak": False, "change": "", "is_solved": False,
        "responsibles": (ANNA, BORIS), "more_responsibles": 0, "newest_at": NOW - DAY_S, "handed_to": None,
        "due_at": None,
    }  # fmt: skip
    return ShownGroup(**{**usual, **differences})  # type: ignore[arg-type]


GROUPS = (
    a_shown_group(1),
    a_shown_group(2, title=LONG_NAME, severity="alarm", grade="likely", names="different", change="new"),
    a_shown_group(3, title=SCRIPT, severity="warning", grade="possible", is_weak=True, more_responsibles=5),
    a_shown_group(4, title="", grade="weak", severity="info", handed_to=BORIS, due_at=NOW + 7 * DAY_S),
    a_shown_group(5, title="", first=None, names="passed_on", is_solved=True, responsibles=(UNNAMED,)),
    a_shown_group(6, change="grown", size=57, counts=(("lead", 57),), kinds=("weak_phone", "email_alias")),
)


def a_list(**differences: object) -> GroupsPage:
    usual: dict[str, object] = {
        "head": HEAD, "choice": Choice(severity="alarm"), "rows": GROUPS, "total": 8_412,
        "people": (ANNA, BORIS, UNNAMED), "after": "4.0_17", "forth": "4.0_17|start", "back": "|", "is_later": True,
    }  # fmt: skip
    return GroupsPage(**{**usual, **differences})  # type: ignore[arg-type]


def _member(
    kind: RecordType, number: int, title: str, responsible: int, *values: str, last: str = ""
) -> LiveRecord:
    fields = tuple(
        Multifield(ValueKind.EMAIL if "@" in value else ValueKind.PHONE, value) for value in values
    )
    record = Record(
        RecordRef(kind, number), fields, PersonName("Анна", "", last), "ООО «Ромашка»", responsible,
        Stage.IN_WORK if kind is RecordType.LEAD else Stage.NONE, (), NOW - number * DAY_S, NOW - number * 3600,
    )  # fmt: skip
    return LiveRecord(record, title, "NEW" if kind is RecordType.LEAD else "")


MEMBERS = (
    _member(RecordType.LEAD, 12, "Анна Петрова — заявка с сайта", 7, "8 (912) 345-67-89", last="Петрова"),
    _member(RecordType.LEAD, 13, SCRIPT, 8, "+79123456789", "info@romashka.example", last="Петров"),
    _member(
        RecordType.CONTACT, 21, "Петрова Анна Сергеевна", 7, "9123456789", "anna@example.com", last="Петрова"
    ),
    _member(RecordType.COMPANY, 31, LONG_NAME, 8, "8 (495) 123-45-67", "info@romashka.example"),
)
MARKS = marks_of([member.record.ref for member in MEMBERS])
SIDES = side_by_side(
    MEMBERS, MARKS, {7: ANNA.name, 8: BORIS.name}, {"NEW": "Новый"}, RuleSet(), b"sample key of sixteen bytes or more"
)  # fmt: skip


def a_group_page(**differences: object) -> GroupPage:
    ids = ",".join(str(ref.id) for ref in merge_order(MEMBERS[:2]))
    usual: dict[str, object] = {
        "head": HEAD,
        "group": a_shown_group(2, severity="alarm", is_weak=True, names="different"),
        "sides": SIDES,
        "hidden": 2,
        "chain": (
            ChainLink("A", ("B", "C"), "phone"), ChainLink("B", ("D",), "email"), ChainLink("A", ("?",), "email_alias"),
        ),
        "merges": (MergePath("lead", f"/crm/lead/merge/?id={ids}", 2),),
        "shared": (
            ShownShared(
                "phone", "foreign_company", "alarm", (CONTACT,), (COMPANY,), COMPANY, CONTACT, True, "link_contact"
            ),
            ShownShared("email", "own_company", "info", (CONTACT,), (COMPANY,), None, None, False, "nothing"),
        ),
        "hand": Picker((*PEOPLE.options[1:2], Option("7", "Анна Соколова", False, detail="Руководитель продаж"))),
        "due": "2030-01-31",
        "rejected": (("A", "B"),),
        "page": 1,
        "pages": 3,
    }  # fmt: skip
    return GroupPage(**{**usual, **differences})  # type: ignore[arg-type]


HUBS = (
    ShownHub(1, "phone", 5_000, (("lead", 4_000), ("company", 2)), ((LEAD, "Звонок"), (CONTACT, ""))),
    ShownHub(2, "email", 2_500, (("lead", 2_500),), ((COMPANY, LONG_NAME),)),
    ShownHub(3, "weak_phone", 1_666, (("contact", 1_666),), ()),
)

HOMES = {
    "ready": a_home(done="started"),
    "running": a_home(live=LIVE),
    "empty": a_home(runs=(), head=Head("token-of-the-page", True, True, origin=ORIGIN)),
    "mistaken": a_home(mistake="budget", opened="start"),
    "mistaken_oddly": a_home(mistake="something_new"),
    "untried": a_home(trial=Trial("needs_reading", 0, 0, 0, 0, 0, (), ())),
    "trial": a_home(trial=TRIAL, opened="schedule"),
    "untold": a_home(pickers=UNTOLD, opened="start"),
    "live": a_home(live=LIVE, pickers=None),
}
REPORTS = {"full": a_report(), "first": a_report(changes=None, trend=None, exports=(), names=())}
LISTS = {
    "groups": a_list(),
    "none": a_list(rows=(), total=0, after=None, is_later=False),
    "solved": a_list(choice=Choice(change="solved"), rows_run_id=11),
    "solved_gone": a_list(
        choice=Choice(change="solved"), rows=(), total=0, after=None, is_later=False, are_gone=True
    ),
    "mine": a_list(
        head=Head("token-of-the-page", False, False, 12, "Март", NOW, ORIGIN), is_mine=True, after=None
    ),
    "mine_none": a_list(head=NO_RUN, is_mine=True, rows=(), total=0, after=None, is_later=False),
}
GROUP_PAGES = {
    "alarm": a_group_page(),
    "hidden": a_group_page(
        sides=side_by_side((), {}, {}, {}, RuleSet(), b"k" * 16), merges=(), shared=(), rejected=(), pages=1, chain=(),
        group=a_shown_group(5, title="", first=None, names="unknown", handed_to=BORIS, due_at=NOW), done="handed",
    ),
    "managers": a_group_page(
        head=Head("token-of-the-page", False, False, 12, "Март", NOW, ORIGIN), hand=Picker(), due="",
        group=a_shown_group(2, handed_to=BORIS, due_at=NOW),
    ),
    "sought": a_group_page(hand=PEOPLE),
    "untold": a_group_page(hand=Picker((), "receivers")),
}  # fmt: skip


WAY = "order=size&turn=7.12%7Cstart"  # what a list posts to be found again


def audit_pages() -> dict[str, tuple[str, dict[str, object]]]:
    """Return name → (template, values) of the audit's pages."""
    return {
        **{f"audit_{name}": ("pages/audit.html", {"home": it}) for name, it in HOMES.items()},
        **{
            f"audit_report_{name}": ("pages/audit_report.html", {"report": it})
            for name, it in REPORTS.items()
        },
        **{
            f"audit_list_{name}": ("pages/audit_groups.html", {"list": it, "way": WAY})
            for name, it in LISTS.items()
        },
        **{
            f"audit_group_{name}": (
                "pages/audit_group.html",
                {"page": it, "way": WAY if name == "alarm" else ""},
            )
            for name, it in GROUP_PAGES.items()
        },
        "audit_files": ("pages/audit_files.html", {"page": FilesPage(HEAD, (an_export(3, "ready"),))}),
        "audit_hubs": ("pages/audit_hubs.html", {"list": HubsPage(HEAD, HUBS, 3)}),
        "audit_print": ("pages/audit_print.html", {"report": a_report()}),
    }
