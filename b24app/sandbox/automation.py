"""The automation of one portal at work: a stage is entered, a robot is called, its answer decides what comes next.

Robots are called through the same queue as events. What robots and triggers do is done by nobody, so its events bring
no token (portal-behaviour notes, points 5, 7 and 8).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from b24app.clock import Clock
from b24app.sandbox.automation_rules import Act, NextStep, Rule, TriggerPlace
from b24app.sandbox.crm import Crm, Fields
from b24app.sandbox.diary import Diary, Happening
from b24app.sandbox.events import EventDelivery, OutgoingCall
from b24app.sandbox.fields import SPECS, TYPE_WORDS
from b24app.sandbox.installs import AppInstall, Robot
from b24app.sandbox.notices import auth_block
from b24app.sandbox.oauth import SandboxOAuth, Tenant
from b24app.sandbox.records import Record
from b24app.sandbox.timeline import Timeline
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text
from b24app.sandbox.workflows import DOCUMENT_CLASSES, RobotStep, Workflows, robot_form

USER_PREFIX = "user_"  # how workflows write an employee
STAGED = ("lead", "deal")


class Ground(Tenant, Protocol):
    """What the automation needs of its portal."""

    oauth: SandboxOAuth
    clock: Clock
    crm: Crm
    events: EventDelivery
    timeline: Timeline
    diary: Diary

    def the_app(self) -> AppInstall: ...
    def change(self, word: str, record_id: int, fields: Fields, *, by: int | None) -> Record | None: ...


class WrongRule(ValueError):
    """An administrator asked for a rule that this portal cannot run."""


class Automation:
    """Rules, placed triggers, and the robots that they start; what happens is noted in the portal's diary."""

    def __init__(self, portal: Ground, workflows: Workflows) -> None:
        self._portal = portal
        self._workflows = workflows
        self.rules: list[Rule] = []
        self.places: list[TriggerPlace] = []

    # --- what an administrator does

    def add_rule(self, rule: Rule) -> Rule:
        """Put a robot on a stage, or a robot or activity into a workflow that is started by hand."""
        robot = self._robot(rule.robot)
        if not offers(robot, rule.word):
            raise WrongRule(f"{rule.robot} is not offered for {rule.word}")
        if rule.stage and (rule.word not in STAGED or robot.is_activity):
            raise WrongRule(f"{rule.robot} cannot stand on a stage of {rule.word}")
        made = replace(rule, id=max((one.id for one in self.rules), default=0) + 1)
        self.rules.append(made)
        return made

    def change_rule(self, rule: Rule) -> None:
        """Save the settings of a rule that is there."""
        self.rules = [rule if one.id == rule.id else one for one in self.rules]

    def place_trigger(self, place: TriggerPlace) -> None:
        """Put a trigger of the application on a stage."""
        if place.code not in self._portal.the_app().registrations.triggers:
            raise WrongRule(f"no trigger {place.code}")
        if place.word not in STAGED:
            raise WrongRule(f"{place.word} has no stages")
        self.places.append(place)

    def start(self, rule: Rule, record_id: int) -> RobotStep:
        """Start a workflow on a record by hand."""
        return self.run(rule.robot, rule.word, record_id, rule.properties, rule)

    # --- what happens by itself

    def entered(self, word: str, record: Record, stage_before: str | None) -> None:
        """Start the robots of a stage when a record has come to it."""
        stage = _stage(word, record)
        if not stage or stage == stage_before:
            return
        for rule in [one for one in self.rules if (one.word, one.stage) == (word, stage)]:
            self._note(word, record.id, "entered", stage)
            self.start(rule, record.id)

    def run(
        self,
        code: str,
        word: str,
        record_id: int,
        properties: Mapping[str, Json] | None = None,
        rule: Rule | None = None,
    ) -> RobotStep:
        """Call a robot or activity; one that does not wait ends at once."""
        portal, robot = self._portal, self._robot(code)
        waits = as_text(robot.settings.get("USE_SUBSCRIPTION")) != "N"
        timeout_s = rule.timeout_s if rule else 0
        ends_at = portal.clock.now() + timeout_s if timeout_s and waits else None
        step = self._workflows.start(code, word, record_id, waits=waits, rule=rule, ends_at=ends_at)
        user_id = as_int(robot.settings.get("AUTH_USER_ID")) or 1
        auth = auth_block(portal.oauth, portal, portal.the_app(), user_id, with_refresh=True)
        given = {**_defaults(robot), **(properties or {})}
        form = robot_form(step, given, now=portal.clock.now(), auth=auth, timeout_s=timeout_s)
        portal.events.put(OutgoingCall(f"robot:{code}", robot.handler, form, f"{word}:{record_id}"))
        self._note(word, record_id, "robot_called", code)
        if not waits:
            self._go_on(step)
        return step

    def answer(self, step: RobotStep, returned: Mapping[str, Json]) -> None:
        """Take a robot's answer and go on."""
        step.is_waiting = False
        step.answer = returned
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in returned.items())
        self._note(step.word, step.record_id, "robot_answered", shown)
        self._go_on(step)

    def end_overdue(self) -> None:
        """End the robots whose time is over: they return nothing, and the workflow goes on."""
        now = self._portal.clock.now()
        for step in tuple(self._workflows.steps.values()):
            if step.is_waiting and step.ends_at is not None and step.ends_at <= now:
                step.is_waiting, step.is_timed_out, step.answer = False, True, {}
                self._note(step.word, step.record_id, "timed_out", step.code)
                self._go_on(step)

    async def run_clock(self, every_s: float = 0.1) -> None:
        """Keep ending what is overdue, until cancelled."""
        while True:
            self.end_overdue()
            await asyncio.sleep(every_s)

    def execute_trigger(self, code: str, type_id: int, record_id: int) -> None:
        """Move a record to the stage on which the trigger stands, forward only."""
        word = TYPE_WORDS.get(type_id, "")
        record = self._portal.crm.get(word, record_id) if word in STAGED else None
        self._note(word, record_id, "trigger", code)
        if record is None:
            return
        stages = self._portal.crm.statuses.stages(word)
        for place in self.places:
            is_meant = (place.word, place.code) == (word, code)
            if is_meant and _is_later(stages, place.stage, _stage(word, record)):
                self._act(word, record_id, NextStep(Act.MOVE, place.stage), {})
                return

    # --- inside

    def _go_on(self, step: RobotStep) -> None:
        rule = step.rule
        if rule is None:
            return
        returned = step.answer or {}
        holds = rule.condition is None or rule.condition.holds(returned)
        if rule.condition is not None:
            self._note(step.word, step.record_id, "condition", "yes" if holds else "no")
        for next_step in rule.then if holds else rule.otherwise:
            self._act(step.word, step.record_id, next_step, returned)

    def _act(self, word: str, record_id: int, step: NextStep, returned: Mapping[str, Json]) -> None:
        if self._portal.crm.get(word, record_id) is None:
            return
        if step.act is Act.COMMENT:
            self._write(word, record_id, step.value, returned)
            return
        name = (SPECS[word].stage_field or "") if step.act is Act.MOVE else "ASSIGNED_BY_ID"
        value = _filled(step.value, returned).removeprefix(USER_PREFIX)
        self._note(word, record_id, "moved" if step.act is Act.MOVE else "assigned", value)
        self._portal.change(word, record_id, {name: value}, by=None)

    def _write(self, word: str, record_id: int, template: str, returned: Mapping[str, Json]) -> None:
        text = _filled(template, returned)
        now = self._portal.clock.now()
        self._portal.timeline.add(word, record_id, text, author_id=1, now=now, by_automation=True)
        self._note(word, record_id, "comment", text)

    def _robot(self, code: str) -> Robot:
        robot = self._portal.the_app().registrations.robots.get(code)
        if robot is None:
            raise WrongRule(f"no robot {code}")
        return robot

    def _note(self, word: str, record_id: int, what: str, detail: str) -> None:
        self._portal.diary.note(Happening(self._portal.clock.now(), word, record_id, what, detail))


def offers(robot: Robot, word: str) -> bool:
    """Tell whether the designer of this type shows the robot; its FILTER names document types, whole or in part."""
    rules = as_map(robot.settings.get("FILTER")) or {}
    document = ("crm", DOCUMENT_CLASSES[word], word.upper())
    included = [_fits(one, document) for one in as_list(rules.get("INCLUDE")) or ()]
    excluded = [_fits(one, document) for one in as_list(rules.get("EXCLUDE")) or ()]
    return (not included or any(included)) and not any(excluded)


def _fits(rule: Json, document: tuple[str, str, str]) -> bool:
    parts = as_list(rule)
    if parts is None:
        return as_text(rule) in ("b24", document[0])
    return tuple(as_text(one) for one in parts) == document[: len(parts)]


def _defaults(robot: Robot) -> dict[str, Json]:
    described = as_map(robot.settings.get("PROPERTIES")) or {}
    return {name: (as_map(one) or {}).get("Default") for name, one in described.items()}


def _stage(word: str, record: Record) -> str:
    return as_text(record.fields.get(SPECS[word].stage_field or ""))


def _is_later(stages: list[str], stage: str, than: str) -> bool:
    return stage in stages and than in stages and stages.index(stage) > stages.index(than)


def _filled(text: str, returned: Mapping[str, Json]) -> str:
    for name, value in returned.items():
        text = text.replace(f"{{{name}}}", _shown(value))
    return text


def _shown(value: Json) -> str:
    listed = as_list(value)
    return as_text(value) if listed is None else " ".join(as_text(one) for one in listed)
