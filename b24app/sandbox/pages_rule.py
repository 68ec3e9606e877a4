"""A robot's settings in the designer: names, descriptions and inputs as the application registered them, as a form.

After the robot come a condition on what it returns and the next steps. Only administrators save.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from b24app.sandbox.automation import WrongRule
from b24app.sandbox.automation_rules import Act, Condition, NextStep, Rule, Test
from b24app.sandbox.installs import Robot
from b24app.sandbox.pages_automation import robots_for, said
from b24app.sandbox.pages_screen import WORDS, Screen, Viewer, go_to
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text, is_true

_STEPS = 3


@dataclass(frozen=True, slots=True)
class InputView:
    """One setting of a robot; ``chosen`` are the values it has."""

    code: str
    label: str
    hint: str
    type: str
    options: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]
    is_multiple: bool
    is_required: bool


async def show_rule(screen: Screen, request: Request) -> Response:
    """Answer the settings of a robot: one that stands on a stage, or one that is being put there."""
    viewer, word = screen.viewer(request), request.path_params["word"]
    robots = robots_for(viewer, word) if word in WORDS else {}
    rule = _asked_rule(viewer, word, request)
    if rule is None or rule.robot not in robots:
        return screen.notice(request, "not_found", status=404)
    registered = viewer.portal.the_app().registrations.robots[rule.robot]
    language = viewer.user.language
    returned = as_map(registered.settings.get("RETURN_PROPERTIES")) or {}
    return screen.page(
        request,
        "rule.html",
        word=word,
        rule=rule,
        robot=robots[rule.robot],
        inputs=_inputs(registered, rule, language),
        results=[(code, said((as_map(one) or {}).get("Name"), language)) for code, one in returned.items()],
        tests=tuple(Test),
        acts=tuple(Act),
        branches=(("then", _padded(rule.then)), ("otherwise", _padded(rule.otherwise))),
    )


async def save_rule(screen: Screen, request: Request) -> Response:
    """Save a robot's settings, or take the robot away."""
    viewer, word = screen.viewer(request), request.path_params["word"]
    if not viewer.user.admin or word not in WORDS:
        return screen.notice(request, "access_denied", "change_denied_text", status=403)
    form = await request.form()
    automation = screen.portal.automation
    rule = _rule_of(viewer, word, form)
    if "remove" in form:
        automation.rules = [one for one in automation.rules if one.id != rule.id]
    elif rule.id:
        automation.change_rule(rule)
    else:
        try:
            automation.add_rule(rule)
        except WrongRule:
            return screen.notice(request, "not_found", status=404)
    return go_to(f"/crm/{word}/automation/")


# --- what is shown


def _inputs(robot: Robot, rule: Rule, language: str) -> list[InputView]:
    described = as_map(robot.settings.get("PROPERTIES")) or {}
    return [_input(code, as_map(one) or {}, rule, language) for code, one in described.items()]


def _input(code: str, described: Mapping[str, Json], rule: Rule, language: str) -> InputView:
    value = rule.properties[code] if code in rule.properties else described.get("Default")
    several = as_list(value)
    chosen = [as_text(value)] if several is None else [as_text(one) for one in several]
    options = as_map(described.get("Options")) or {}
    return InputView(
        code,
        said(described.get("Name"), language),
        said(described.get("Description"), language),
        as_text(described.get("Type")) or "string",
        tuple((key, said(title, language)) for key, title in options.items()),
        tuple(one for one in chosen if one),
        is_true(described.get("Multiple")),
        is_true(described.get("Required")),
    )


def _padded(steps: tuple[NextStep, ...]) -> list[NextStep | None]:
    return [*steps, *[None] * (_STEPS - len(steps))]


# --- what comes in


def _asked_rule(viewer: Viewer, word: str, request: Request) -> Rule | None:
    query = request.query_params
    number = as_int(query.get("rule"))
    if number:
        return next((one for one in viewer.portal.automation.rules if one.id == number), None)
    return Rule(word, query.get("stage", ""), query.get("robot", ""))


def _rule_of(viewer: Viewer, word: str, form: FormData) -> Rule:
    code = str(form.get("robot", ""))
    robot = viewer.portal.the_app().registrations.robots.get(code)
    described = as_map(robot.settings.get("PROPERTIES")) if robot else None
    result = str(form.get("result", ""))
    condition = Condition(result, Test(str(form.get("test"))), str(form.get("value", ""))) if result else None
    return Rule(
        word,
        str(form.get("stage", "")),
        code,
        {name: _given(form, name, as_map(one) or {}) for name, one in (described or {}).items()},
        condition,
        _given_steps(form, "then"),
        _given_steps(form, "otherwise"),
        as_int(str(form.get("timeout_s", ""))),
        as_int(str(form.get("id", ""))),
    )


def _given(form: FormData, name: str, described: Mapping[str, Json]) -> Json:
    values = [str(one) for one in form.getlist(f"in-{name}") if str(one)]
    if is_true(described.get("Multiple")):
        return values
    return values[-1] if values else ""


def _given_steps(form: FormData, branch: str) -> tuple[NextStep, ...]:
    acts, values = form.getlist(f"{branch}-act"), form.getlist(f"{branch}-value")
    given = zip(acts, values, strict=False)
    return tuple(NextStep(Act(str(act)), str(value)) for act, value in given if str(act) and str(value))
