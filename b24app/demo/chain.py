"""The demo's automation, and the story that it tells: a client writes again, and everything says so.

A new lead starts the robot *Find duplicates*; its answer moves repeats to a stage of their own, and a trigger stands on
another. The administrator has switched on repeat enquiries and notes. ``check_chain`` makes a repeat lead, tells what
happened around it and around the earlier record, and names every link that is missing.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from b24app.bootstrap import House
from b24app.dedupe.enquiry_rules import EnquiryRules
from b24app.sandbox.automation_rules import Act, Condition, NextStep, Rule, Test, TriggerPlace
from b24app.sandbox.diary import Happening
from b24app.sandbox.fields import BINDING_MARKS
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.repeats import create_repeat
from b24app.sandbox.story import binding, story
from b24app.sandbox.wire import as_int, as_list, as_text
from b24app.services.enquiries import rules as enquiry_rules
from b24app.services.notices import options as notices
from b24app.services.notices.options import NoticeOptions

ROBOT, WORKFLOW, TRIGGER = "find_duplicates", "find_duplicates_workflow", "duplicate_found"
REPEATS, TRIGGERED = "REPEAT", "IN_PROCESS"
ROBOT_MAY_TAKE_S = 60
CHAIN_WITHIN_S = 180.0

RULE = Rule(
    "lead",
    "NEW",
    ROBOT,
    {"types": ["lead", "contact", "company"], "keys": ["phone", "email"]},
    Condition("status", Test.EQUAL, "duplicate"),
    then=(NextStep(Act.COMMENT, "{reason}"), NextStep(Act.MOVE, REPEATS)),
    otherwise=(NextStep(Act.COMMENT, "Дубликатов нет: обычный новый лид."),),
    timeout_s=ROBOT_MAY_TAKE_S,
)
BY_HAND = tuple(
    Rule(word, "", WORKFLOW, then=(NextStep(Act.COMMENT, "{reason}"),)) for word in ("contact", "company")
)

_WORDS = {mark: word for word, mark in BINDING_MARKS.items()}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: a line of the story with this code, whose detail holds these words."""

    name: str
    what: str
    words: str = ""

    def is_in(self, lines: Sequence[Happening]) -> bool:
        return any(line.what == self.what and self.words in line.detail for line in lines)


OF_THE_LEAD = (
    Link("the event of the new lead reached the app", "delivered", "ONCRMLEADADD → HTTP 2"),
    Link("the app wrote the result fields", "app_changed", "UF_CRM_B24DUP_STATUS"),
    Link("the robot was called", "delivered", f"robot:{ROBOT} → HTTP 2"),
    Link("the robot answered", "robot_answered", "status=duplicate"),
    Link("the condition held", "condition", "yes"),
    Link("the lead was moved", "moved", REPEATS),
    Link("the trigger was executed", "trigger", TRIGGER),
    Link("a note is pinned in the timeline", "app_note"),
)
OF_THE_ORIGINAL = (
    Link("the earlier record has a comment", "app_comment"),
    Link("the earlier record has a task", "app_task"),
)


async def set_up_automation(house: House, portal: SandboxPortal) -> None:
    """Do what an administrator does once: the app's options, robots and triggers on stages."""
    async with house.runtime.store.begin_shared() as shared:
        known = await shared.portals.find(portal.member_id)
    if known is None:
        raise LookupError("the app does not know this portal")
    everything = NoticeOptions(note=notices.TRIGGERS, notify=frozenset({notices.Happening.REPEAT}))
    async with house.runtime.store.begin(known.portal_id) as tx:
        await tx.options.put(enquiry_rules.OPTION, EnquiryRules(is_on=True).to_dict())
        await tx.options.put(notices.OPTION, everything.to_dict())
    portal.crm.statuses.add("STATUS", REPEATS, "Повторное обращение")
    for rule in (RULE, *BY_HAND):
        portal.automation.add_rule(rule)
    portal.automation.place_trigger(TriggerPlace("lead", TRIGGERED, TRIGGER))


async def check_chain(portal: SandboxPortal, say: Say) -> list[str]:
    """Make a repeat lead and tell its story with times; returns the links that are missing."""
    lead = create_repeat(portal, "lead", SHOWCASE.lead)
    with suppress(TimeoutError):
        async with asyncio.timeout(CHAIN_WITHIN_S):
            while missing_links(portal, lead):
                await asyncio.sleep(0.05)
    _tell(portal, lead, say)
    record = portal.crm.get("lead", lead)
    stage = record.fields.get("STATUS_ID") if record else None
    wrong = [f"the chain of lead {lead} lacks: {name}" for name in missing_links(portal, lead)]
    return wrong if stage == REPEATS else [*wrong, f"lead {lead} stands on {stage}, not on {REPEATS}"]


def missing_links(portal: SandboxPortal, lead: int) -> list[str]:
    """Return what has not happened around a repeat lead, in words."""
    own, earlier = _stories(portal, lead)
    lacking = [link.name for link in OF_THE_LEAD if not link.is_in(own)]
    return lacking + [link.name for link in OF_THE_ORIGINAL if not link.is_in(earlier)]


def _stories(portal: SandboxPortal, lead: int) -> tuple[list[Happening], list[Happening]]:
    """Return the new lead's story, and what has happened to the earlier record since."""
    own = story(portal, "lead", lead)
    original = _original(portal, lead)
    earlier = story(portal, *original) if original else []
    return own, [line for line in earlier if line.at >= own[0].at]


def _original(portal: SandboxPortal, lead: int) -> tuple[str, int] | None:
    """Return the earlier record: the other one to which the new lead's task is bound."""
    for task in portal.tasks.bound_to(binding("lead", lead)):
        for bound in as_list(task.fields["UF_CRM_TASK"]) or ():
            mark, _, number = as_text(bound).partition("_")
            found = (_WORDS[mark], as_int(number))
            if found != ("lead", lead):
                return found
    return None


def _tell(portal: SandboxPortal, lead: int, say: Say) -> None:
    own, earlier = _stories(portal, lead)
    started = own[0].at
    say(f"lead {lead} repeats lead {SHOWCASE.lead}; what happened:")
    for line in sorted((*own, *earlier), key=lambda one: one.at):
        detail = " ".join(line.detail.split())
        say(
            f"  +{line.at - started:5.2f} s  {line.word} {line.record_id}: {line.what} {detail[:100]}".rstrip()
        )
