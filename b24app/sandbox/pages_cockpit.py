"""The demo's cockpit at ``/sandbox/``: the portal's events, what it was asked, and the truth about a record."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import httpx
from starlette.requests import Request
from starlette.responses import Response

from b24app.sandbox.events import Delivered, EventDelivery
from b24app.sandbox.pages_records import LinkView, moment_text, show_link
from b24app.sandbox.pages_screen import WORDS, Screen, Viewer, go_to
from b24app.sandbox.people_book import Pair, Ref
from b24app.sandbox.people_truth import Truth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.quirks import PlanPart
from b24app.sandbox.repeats import create_repeat
from b24app.sandbox.story import story
from b24app.sandbox.wire import as_int

MOST_SHOWN = 20
Action: TypeAlias = Callable[[SandboxPortal], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the log of deliveries; ``status`` None was lost."""

    name: str
    status: int | None
    at: str


@dataclass(frozen=True, slots=True)
class TruthView:
    """Records that stand in one relation to the chosen one; ``kind`` is a text key, ``note`` says by what."""

    kind: str
    note: str
    links: tuple[LinkView, ...]
    total: int


async def show_cockpit(screen: Screen, request: Request) -> Response:
    portal, viewer = screen.portal, screen.viewer(request)
    chosen = _chosen(request.query_params.get("record", ""))
    traffic = portal.traffic
    methods = sorted({*traffic.by_method, *traffic.calls})
    return screen.page(
        request,
        "cockpit.html",
        waiting=[call.name for call in portal.events.waiting],
        is_held=portal.events.is_held,
        deliveries=[Delivery(one.name, one.status, moment_text(one.at)) for one in _latest(portal.events)],
        requests=traffic.requests,
        methods=[(name, traffic.by_method[name], traffic.calls[name]) for name in methods],
        has_truth=screen.truth is not None,
        chosen=show_link(viewer, *chosen) if chosen else None,
        record=f"{chosen.type}:{chosen.id}" if chosen else "",
        truths=tuple(_truths(viewer, screen.truth, chosen)) if screen.truth and chosen else (),
        told=story(portal, *chosen) if chosen else [],
        plan=[(part, part in portal.plan.lacks) for part in PlanPart],
    )


async def do_in_cockpit(screen: Screen, request: Request) -> Response:
    """Carry out what a button of the cockpit says."""
    action = _ACTIONS.get(request.path_params["action"])
    if action is None:
        return screen.notice(request, "not_found", status=404)
    await action(screen.portal)
    return go_to("/sandbox/")


async def make_repeat(screen: Screen, request: Request) -> Response:
    """Make a lead that repeats the chosen record, and show its chain."""
    chosen = _chosen(str((await request.form()).get("record", "")))
    if chosen is None or screen.portal.crm.get(*chosen) is None:
        return screen.notice(request, "not_found", status=404)
    lead_id = create_repeat(screen.portal, *chosen)
    return go_to(f"/sandbox/?record=lead:{lead_id}")


async def change_plan(screen: Screen, request: Request) -> Response:
    """Say what the portal's plan lacks from now on."""
    form = await request.form()
    screen.portal.plan.lacks = {part for part in PlanPart if part.value in form.getlist("lacks")}
    return go_to("/sandbox/")


async def _hold(portal: SandboxPortal) -> None:
    portal.events.is_held = True


async def _release(portal: SandboxPortal) -> None:
    portal.events.is_held = False


async def _deliver(portal: SandboxPortal) -> None:
    await portal.events.deliver_all()


async def _double(portal: SandboxPortal) -> None:
    """Put every waiting call into the queue once more."""
    for call in portal.events.waiting:
        portal.events.put(call)


async def _shuffle(portal: SandboxPortal) -> None:
    events = portal.events
    plan = events.plan
    events.plan = replace(plan, is_shuffled=True)
    try:
        await events.deliver_all()
    finally:
        events.plan = plan


async def _lose(portal: SandboxPortal) -> None:
    """Send everything that waits into the void: the queue notes it as lost and never tries again."""
    events = portal.events
    transport = events.transport
    events.transport = _Void()
    try:
        await events.deliver_all()
    finally:
        events.transport = transport


async def _reset(portal: SandboxPortal) -> None:
    portal.traffic.reset()


_ACTIONS: dict[str, Action] = {
    "hold": _hold,
    "release": _release,
    "deliver": _deliver,
    "double": _double,
    "shuffle": _shuffle,
    "lose": _lose,
    "reset": _reset,
}


class _Void(httpx.AsyncBaseTransport):
    """A network in which nobody can be reached."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("lost on purpose", request=request)


def _latest(events: EventDelivery) -> list[Delivered]:
    return list(events.log)[: -MOST_SHOWN - 1 : -1]


def _chosen(text: str) -> Ref | None:
    """Read ``lead:101`` or ``lead 101``; None when it names no type of record."""
    word, _, number = text.strip().lower().replace(" ", ":").partition(":")
    return Ref(word, as_int(number)) if word in WORDS else None


def _truths(viewer: Viewer, truth: Truth, ref: Ref) -> Iterator[TruthView]:
    for value, group in truth.by_value.items():
        yield from _group(viewer, "same", value, group, ref)
    yield from _joined(viewer, "alias", "", _partners(truth.alias_pairs, ref))
    yield from _joined(viewer, "relatives", "", _relatives(truth, ref))
    for value, group in truth.hubs.items():
        yield from _group(viewer, "hub", value, group, ref)
    for value, group in truth.roles.items():
        yield from _group(viewer, "role", value, group, ref)
    for group in truth.weak:
        yield from _group(viewer, "weak", "", group, ref)
    for pair, reason in truth.near_misses.items():
        yield from _joined(viewer, "near_misses", reason, _partners([pair], ref))


def _group(viewer: Viewer, kind: str, note: str, group: frozenset[Ref], ref: Ref) -> Iterator[TruthView]:
    if ref in group:
        yield from _joined(viewer, kind, note, group - {ref})


def _joined(viewer: Viewer, kind: str, note: str, refs: Iterable[Ref]) -> Iterator[TruthView]:
    found = sorted(refs)
    links = tuple(link for one in found[:MOST_SHOWN] if (link := show_link(viewer, one.type, one.id)))
    if links:
        yield TruthView(kind, note, links, len(found))


def _partners(pairs: Iterable[Pair], ref: Ref) -> set[Ref]:
    return {other for pair in pairs if ref in pair for other in pair if other != ref}


def _relatives(truth: Truth, ref: Ref) -> set[Ref]:
    mine = set(truth.relatives.get(ref, ()))
    return mine | {owner for owner, others in truth.relatives.items() if ref in others}
