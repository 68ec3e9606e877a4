"""The page of automation: stages with their robots and triggers, and what happened lately.

Names are those the application registered, in the viewer's language. Contacts and companies have no stages, only
workflows that are started by hand from their cards. A robot's settings stand in ``pages_rule``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from b24app.sandbox.automation import STAGED, WrongRule, offers
from b24app.sandbox.automation_rules import Rule, TriggerPlace
from b24app.sandbox.pages_records import LinkView, moment_text, path_of, show_link
from b24app.sandbox.pages_screen import WORDS, Screen, Viewer, go_to
from b24app.sandbox.wire import Json, as_map, as_text

MOST_READ, MOST_TOLD = 1_000, 30
_ELSEWHERE = frozenset({"changed", "app_changed"})  # a record's own story tells these


@dataclass(frozen=True, slots=True)
class RobotView:
    """A robot as the designer shows it."""

    code: str
    name: str
    description: str
    is_activity: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One stage, or the workflows of a type without stages."""

    code: str
    name: str
    rules: tuple[tuple[Rule, RobotView], ...]
    triggers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the diary."""

    at: str
    link: LinkView | None
    what: str
    detail: str


async def show_automation(screen: Screen, request: Request) -> Response:
    """Answer the stages of a type, what can be put on them, and what happened lately."""
    viewer, word = screen.viewer(request), request.path_params["word"]
    if word not in WORDS:
        return screen.notice(request, "not_found", status=404)
    robots = robots_for(viewer, word)
    app = viewer.portal.app
    return screen.page(
        request,
        "automation.html",
        word=word,
        columns=_columns(viewer, word, robots),
        robots=[one for one in robots.values() if word not in STAGED or not one.is_activity],
        triggers=app.registrations.triggers if app and word in STAGED else {},
        told=_told(viewer, word),
    )


async def place_trigger(screen: Screen, request: Request) -> Response:
    """Put a trigger on a stage."""
    viewer, word = screen.viewer(request), request.path_params["word"]
    form = await request.form()
    if not viewer.user.admin:
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    try:
        screen.portal.automation.place_trigger(
            TriggerPlace(word, str(form.get("stage")), str(form.get("code")))
        )
    except WrongRule:
        return screen.notice(request, "not_found", status=404)
    return go_to(f"/crm/{word}/automation/")


async def start_workflow(screen: Screen, request: Request) -> Response:
    """Start a workflow on a record by hand."""
    viewer, word, record_id = screen.viewer(request), request.path_params["word"], request.path_params["id"]
    form = await request.form()
    record = screen.portal.crm.get(word, record_id) if word in WORDS else None
    rule = next((one for one in manual_rules(viewer, word) if str(one.id) == form.get("rule")), None)
    if record is None or rule is None:
        return screen.notice(request, "not_found", status=404)
    if not viewer.may_write(word, record):
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    screen.portal.automation.start(rule, record_id)
    return go_to(path_of(word, record_id))


def manual_rules(viewer: Viewer, word: str) -> list[Rule]:
    """Return the workflows that people start from a card of this type."""
    return [rule for rule in viewer.portal.automation.rules if rule.word == word and not rule.stage]


def robot_names(viewer: Viewer, word: str) -> Mapping[str, str]:
    """Return what the robots offered for a type are called."""
    return {code: robot.name for code, robot in robots_for(viewer, word).items()}


# --- what is shown


def robots_for(viewer: Viewer, word: str) -> dict[str, RobotView]:
    """Return the robots and activities that are offered for a type, by code."""
    app = viewer.portal.app
    if app is None:
        return {}
    language = viewer.user.language
    return {
        code: RobotView(
            code,
            said(robot.settings.get("NAME"), language),
            said(robot.settings.get("DESCRIPTION"), language),
            robot.is_activity,
        )
        for code, robot in app.registrations.robots.items()
        if offers(robot, word)
    }


def _columns(viewer: Viewer, word: str, robots: Mapping[str, RobotView]) -> list[Column]:
    stages = viewer.portal.crm.statuses.stage_rows(word)
    names = [("", viewer.texts["workflows"])] if not stages else [(row.code, row.name) for row in stages]
    automation, app = viewer.portal.automation, viewer.portal.app
    triggers = app.registrations.triggers if app else {}
    return [
        Column(
            code,
            name,
            tuple(
                (rule, robots[rule.robot])
                for rule in automation.rules
                if (rule.word, rule.stage) == (word, code) and rule.robot in robots
            ),
            tuple(
                triggers.get(one.code, one.code)
                for one in automation.places
                if (one.word, one.stage) == (word, code)
            ),
        )
        for code, name in names
    ]


def _told(viewer: Viewer, word: str) -> list[Told]:
    lines = viewer.portal.diary.latest(MOST_READ)
    lines = [line for line in lines if line.word == word and line.what not in _ELSEWHERE][:MOST_TOLD]
    return [
        Told(moment_text(line.at), show_link(viewer, word, line.record_id), line.what, line.detail)
        for line in lines
    ]


def said(text: Json, language: str) -> str:
    """Return a text that is one string or one for each language."""
    by_language = as_map(text)
    if by_language is None:
        return as_text(text)
    return as_text(by_language.get(language)) or next(
        (as_text(one) for one in by_language.values() if one), ""
    )
