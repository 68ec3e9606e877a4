"""Sample values of the app's own page: every state of the index, the rules and their journal."""

from b24app.dedupe.match import Grade
from b24app.dedupe.rules import RuleSet
from b24app.services.card.shown import Person
from b24app.services.pages.overview import (
    Change,
    IndexingProgress,
    Mistake,
    Overview,
    ShownPart,
    ShownParts,
    ShownRules,
)
from b24app.services.portal.parts import Part

NOW = 1_772_000_000.0
DAY_S = 86_400.0
SCRIPT = '<script>alert("1")</script><img src=x onerror=alert(2)>'

ANNA = Person(7, "Анна Соколова")
BORIS = Person(8, "Борис Ким")
UNNAMED = Person(9, "")

RULES = RuleSet(stop_list=("+7495123*", "@romashka.example"), least_grade=Grade.POSSIBLE)
CHANGES = (
    Change(NOW - DAY_S, ANNA, "hub_limit", "50", "100"),
    Change(NOW - 2 * DAY_S, BORIS, "types", "lead, contact", "lead, contact, company"),
    Change(NOW - 3 * DAY_S, UNNAMED, "email_aliases", "true", "false"),
    Change(NOW - 4 * DAY_S, ANNA, "reveal", "responsible", "exists"),
    Change(NOW - 5 * DAY_S, ANNA, "least_grade", "weak", "possible"),
    Change(NOW - 6 * DAY_S, ANNA, "stop_list", "", SCRIPT),
    Change(NOW - 7 * DAY_S, ANNA, "something_new", "1", "2"),
    Change(NOW - 8 * DAY_S, ANNA, "api_key", "", "Форма на сайте"),
)


PARTS = ShownParts(tuple(ShownPart(part.value, "works") for part in Part))
PARTS_OFF = ShownParts(
    (
        ShownPart("fields", "off", "field_misfit", NOW - DAY_S),
        ShownPart("robots", "off", "plan_refused", NOW - 3 * DAY_S),
        ShownPart("activities", "off", "something_new", NOW - 3 * DAY_S),
        ShownPart("triggers", "waits"),
        ShownPart("tasks", "off", "scope_missing"),
        ShownPart("notes", "off", "access_denied", NOW - 60),
        ShownPart("notifications", "works"),
        ShownPart("search", "off", "refused", NOW - 60),
    ),
    restored=2,
)


def a_progress(**differences: object) -> IndexingProgress:
    """Return the first indexing, half way."""
    usual: dict[str, object] = {
        "kind": "first",
        "done": 49_380,
        "total": 123_450,
        "started_at": NOW - 240,
        "finished_at": None,
        "eta_s": 360.0,
        "failure": None,
    }
    return IndexingProgress(**{**usual, **differences})  # type: ignore[arg-type]


def an_overview(**differences: object) -> Overview:
    """Return the app's page as an administrator sees it when all is well."""
    usual: dict[str, object] = {
        "is_admin": True,
        "state": "active",
        "blocked_reason": None,
        "progress": a_progress(done=123_450, finished_at=NOW - 60),
        "records": {"lead": 84_120, "contact": 31_004, "company": 8_326},
        "keys": {"phone": 141_002, "email": 66_120, "weak_phone": 812, "email_alias": 9_440},
        "hubs": 37,
        "waiting": 0,
        "swept_at": NOW - 300,
        "reconciled_at": NOW - 9 * 3600,
        "missing_scopes": (),
        "rules": ShownRules.of(RULES),
        "changes": CHANGES,
        "page_token": "token-of-the-page",
        "now": NOW,
        "parts": PARTS,
    }
    return Overview(**{**usual, **differences})  # type: ignore[arg-type]


OVERVIEWS: dict[str, Overview] = {
    "ready": an_overview(saved=True),
    "running": an_overview(progress=a_progress(), waiting=2, changes=()),
    "starting": an_overview(progress=None, swept_at=None, reconciled_at=None, records={}, keys={}, hubs=0),
    "comparing": an_overview(progress=a_progress(kind="full", done=0, total=0, eta_s=None)),
    "failed": an_overview(progress=a_progress(failure="access_denied"), missing_scopes=("bizproc",)),
    "failed_oddly": an_overview(progress=a_progress(failure="something_new")),
    "parts_off": an_overview(parts=PARTS_OFF),
    "blocked": an_overview(state="blocked", blocked_reason="invalid_grant"),
    "mistaken": an_overview(mistake=Mistake("stop_list", "not_a_stop_entry", 2)),
    "mistaken_types": an_overview(mistake=Mistake("types", "empty")),
    "manager": an_overview(is_admin=False, rules=None, changes=(), parts=None),
}
