"""Makes a portal have exactly what ``install/portal.toml`` lists: asks what is there, does the difference, remembers.

Each part is on its own: what a plan, a right or a scope forbids is noted with its reason (``parts``), and the rest
is registered all the same. Pages and events come first and alone, because an administrator waits for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from b24app.bitrix24 import answers, answers_fields, methods, registering
from b24app.bitrix24.calls import BatchAnswer, Command
from b24app.bitrix24.errors import (
    AccessDenied,
    AlreadyRegistered,
    BadRequest,
    Bitrix24Error,
    MethodUnknown,
    NotFound,
)
from b24app.bitrix24.registering import FIELD_OWNERS, StepKind
from b24app.bitrix24.throttle import Limits, Priority
from b24app.logs import logger
from b24app.services.installation.memory import FIELD_RESTORED, FieldOf, Memory
from b24app.services.installation.plan import (
    find_misfits,
    plan_events,
    plan_fields,
    plan_placements,
    plan_steps,
    plan_triggers,
    wanted_steps,
)
from b24app.services.portal.context import PortalContext, Runtime, open_portal
from b24app.services.portal.limits import StoredThrottle
from b24app.services.portal.parts import FIELD_MISFIT, Part, note_part, part_reason
from b24app.texts import language_of

log = logger(__name__)

SEARCH_PLACEMENT = "CRM_DETAIL_SEARCH"
STEP_PARTS: Mapping[Part, StepKind] = {Part.ROBOTS: "robot", Part.ACTIVITIES: "activity"}
GOING = ("unbind", "delete")  # last words of methods that take something out
FINAL = (AccessDenied, AlreadyRegistered, BadRequest, MethodUnknown, NotFound)  # asking again says the same


@dataclass(slots=True)
class _Plan:
    """What is to be done for one part, None being what the app can't do without, and what became of it."""

    part: Part | None
    commands: Sequence[Command] = ()
    fields: Sequence[FieldOf] = ()  # which field each command makes
    present: Sequence[FieldOf] = ()  # fields that are there already
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None  # why the part is off
    done: list[int] = field(default_factory=list)  # places of commands that were carried out
    refused: list[Bitrix24Error] = field(default_factory=list)
    delay: Bitrix24Error | None = None  # the portal could not do it now

    def note(self, place: int, error: Bitrix24Error | None) -> None:
        """Write down what became of a command."""
        if error is None or isinstance(error, AlreadyRegistered):
            self.done.append(place)
            return
        self.refused.append(error)
        if isinstance(error, FINAL):
            self.reason = self.reason or part_reason(error)
        else:
            self.delay = self.delay or error


async def sync_pages(runtime: Runtime, portal_id: int, priority: Priority) -> tuple[int, tuple[str, ...]]:
    """Register pages and events, by difference; doing it twice changes nothing.

    Returns the number of changes and the reason codes of refusals; what is a part of its own is noted there.
    """
    context = await open_portal(runtime, portal_id, priority)
    have = await context.client.batch(
        {
            "app": methods.app_info(),
            "placements": methods.registered_placements(),
            "events": methods.registered_events(),
        }
    )
    app = have.answers.get("app")
    if app is not None and answers.app_state(app).is_enterprise:
        await StoredThrottle(runtime.store, portal_id, runtime.clock).widen(Limits.ENTERPRISE)
    plans = _plan_pages(context, have)
    await _carry_out(context, plans)
    await _note_parts(context, plans)
    problems = {_problem(error) for plan in plans if plan.part is None for error in plan.refused}
    return sum(len(plan.done) for plan in plans), tuple(sorted(problems))


def _plan_pages(context: PortalContext, have: BatchAnswer) -> list[_Plan]:
    manifest, base_url = context.runtime.manifest, context.runtime.base_url
    placed = plan_placements(manifest, base_url, answers.placement_handlers(have.get("placements")))
    bound = plan_events(manifest, base_url, answers.event_handlers(have.get("events")))
    search = [command for command in placed if command.params["PLACEMENT"] == SEARCH_PLACEMENT]
    tabs = [command for command in placed if command not in search]
    return [_Plan(None, [*tabs, *bound]), _Plan(Part.SEARCH, search)]


def _problem(error: Bitrix24Error) -> str:
    reason = part_reason(error)
    return reason if reason == "plan_refused" else f"refused:{error.method}"


async def sync_registrations(runtime: Runtime, portal_id: int, priority: Priority) -> int:
    """Register everything the manifest lists, by difference; returns the number of changes.

    Doing it twice changes nothing. Raises Bitrix24Error when the portal can't be asked now, or does not let us
    do what the app can't do without.
    """
    changed, _ = await sync_pages(runtime, portal_id, priority)
    context = await open_portal(runtime, portal_id, priority)
    memory = await _recall(context)
    plans = _plan_automation(context, await context.client.batch(_lists()), memory)
    await _carry_out(context, plans)
    await _keep(context, plans, memory)
    await _note_parts(context, plans)
    if delays := [plan.delay for plan in plans if plan.delay is not None]:
        raise delays[0]
    return changed + sum(len(plan.done) for plan in plans)


def _lists() -> dict[str, Command]:
    return {
        **{owner: registering.user_fields(owner) for owner in FIELD_OWNERS},
        **{kind: registering.registered_steps(kind) for kind in STEP_PARTS.values()},
        "triggers": registering.registered_triggers(),
    }


def _plan_automation(context: PortalContext, have: BatchAnswer, memory: Memory) -> list[_Plan]:
    language = language_of(context.portal.language)
    return [
        _plan_fields(context, have, language),
        *(_plan_steps(context, part, have, memory, language) for part in STEP_PARTS),
        _plan_triggers(context, have, language),
    ]


def _plan_fields(context: PortalContext, have: BatchAnswer, language: str) -> _Plan:
    manifest = context.runtime.manifest
    plan = _Plan(Part.FIELDS)
    commands: list[Command] = []
    makes: list[FieldOf] = []
    present: list[FieldOf] = []
    for owner in FIELD_OWNERS:
        if (error := have.errors.get(owner)) is not None:
            plan.reason = _final_reason(error)
            continue
        found = answers_fields.user_fields(have.get(owner))
        if find_misfits(manifest, found):
            plan.reason = FIELD_MISFIT
        wanted = plan_fields(manifest, owner, found, language)
        commands += wanted.values()
        makes += [(owner, code) for code in wanted]
        present += [(owner, each.code) for each in manifest.fields if each.code not in wanted]
    plan.commands, plan.fields, plan.present = commands, makes, present
    return plan


def _plan_steps(
    context: PortalContext, part: Part, have: BatchAnswer, memory: Memory, language: str
) -> _Plan:
    kind = STEP_PARTS[part]
    if (error := have.errors.get(kind)) is not None:
        return _Plan(part, reason=_final_reason(error))
    wanted = wanted_steps(context.runtime.manifest, kind, context.runtime.base_url, language)
    commands = plan_steps(kind, wanted, answers_fields.step_codes(have.get(kind)), memory.steps)
    return _Plan(part, commands, fingerprints={code: step.fingerprint for code, step in wanted.items()})


def _plan_triggers(context: PortalContext, have: BatchAnswer, language: str) -> _Plan:
    if (error := have.errors.get("triggers")) is not None:
        return _Plan(Part.TRIGGERS, reason=_final_reason(error))
    names = answers_fields.trigger_names(have.get("triggers"))
    return _Plan(Part.TRIGGERS, plan_triggers(context.runtime.manifest, names, language))


async def _carry_out(context: PortalContext, plans: Sequence[_Plan]) -> None:
    """Send every plan's commands, fifty a request, and write into the plans what became of them.

    What goes, goes first: robots and activities share one space of codes.
    """
    commands = [
        (number, place, command)
        for number, plan in enumerate(plans)
        for place, command in enumerate(plan.commands)
    ]
    if not commands:
        return
    commands.sort(key=lambda entry: not entry[2].method.endswith(GOING))
    answer = await context.client.batch(
        {f"p{number}n{place}": command for number, place, command in commands}
    )
    for number, place, _ in commands:
        plans[number].note(place, answer.errors.get(f"p{number}n{place}"))


def _final_reason(error: Bitrix24Error) -> str:
    """Return why a part is off; raises the error when asking again later may end otherwise."""
    if not isinstance(error, FINAL):
        raise error
    return part_reason(error)


async def _note_parts(context: PortalContext, plans: Sequence[_Plan]) -> None:
    for plan in plans:
        if plan.part is not None and plan.delay is None:
            await note_part(context, plan.part, plan.reason)


async def _recall(context: PortalContext) -> Memory:
    async with context.read() as tx:
        return await Memory.load(tx)


async def _keep(context: PortalContext, plans: Sequence[_Plan], memory: Memory) -> None:
    """Remember what is registered now, and note in the journal which deleted fields were made again."""
    made = [plan.fields[place] for plan in plans if plan.fields for place in plan.done]
    present = [field_of for plan in plans for field_of in plan.present]
    restored = memory.known_of(made)
    steps: dict[str, str] = {}
    for plan in plans:
        steps |= plan.fingerprints if plan.reason is None and plan.delay is None else {}
    now = context.now()
    async with context.begin() as tx:
        await memory.with_these(made + present, restored, steps, at=now).save(tx)
        for owner, code in restored:
            await tx.journal.note(None, FIELD_RESTORED, "", f"{owner} {code}", now)
        await tx.portal.set_manifest_version(context.runtime.manifest.version)
    if restored:
        log.info("deleted fields made again", portal=context.portal.portal_id, fields=len(restored))
