"""The test-only side door of a served portal, under ``/sandbox/``: JSON in, JSON out, no authorization.

| address | body | does |
|---|---|---|
| POST add | type, fields, by | makes a record as that user (``by`` null: as a robot); answers ``id`` |
| POST change | type, id, fields, by | changes it: phones by ``PHONE: [{"ID": …, "VALUE": …}]`` |
| POST delete | type, id, by | deletes it |
| POST deliver | – | delivers every waiting event now; answers ``delivered`` |
| POST plan | lost, doubled, delay_s, is_shuffled, seed, is_held | how events go from now on |
| POST faults | kind, times, probability, methods, skip, seconds | adds a fault; without ``kind`` clears all |
| POST expire | – | ends all access tokens of this portal |
| POST frame | user, placement, options | answers ``url`` and ``form`` of what the page would POST |
| POST install-finish | user | what ``BX24.installFinish()`` does |
| POST update-app | version, user, new_token | installs another version |
| POST uninstall | clean | deletes the application |
| POST rename | domain | moves the portal; the old address answers 302 |
| POST robot | code, type, id, properties | starts a robot; answers ``event_token`` |
| POST rule | type, stage, robot, properties, condition, then, otherwise, timeout_s | puts a robot on a stage; ``id`` |
| POST trigger | type, stage, code | puts a trigger on a stage |
| POST start | rule, id | starts a workflow on a record by hand; answers ``event_token`` |
| POST repeat | type, id, stage | makes a lead that repeats this record; answers ``id`` |
| GET story | type, id | what happened around a record, in order |
| GET stats, POST stats/reset | – | requests by method and application |
| POST lacks | parts | what the plan lacks from now on: robots, triggers, tasks, fields, comments, notifications |
| GET state | – | installation, registrations, waiting events, deliveries, robots, triggers, comments, tasks, bell |
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from b24app.sandbox import control_automation
from b24app.sandbox.events import DeliveryPlan
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.fields import SPECS
from b24app.sandbox.portal import NotInstalled, SandboxPortal
from b24app.sandbox.quirks import PlanPart
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text, is_true

Body: TypeAlias = Mapping[str, Json]
Action: TypeAlias = Callable[[SandboxPortal, Body], Awaitable[Mapping[str, object]]]


class WrongControl(ValueError):
    """The side door was asked for something that does not exist."""


async def _add(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    return {"id": portal.create(_word(body), as_map(body.get("fields")) or {}, by=_by(body))}


async def _change(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    fields = as_map(body.get("fields")) or {}
    changed = portal.change(_word(body), as_int(body.get("id")), fields, by=_by(body))
    return {"changed": changed is not None}


async def _delete(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    return {"deleted": portal.delete(_word(body), as_int(body.get("id")), by=_by(body))}


async def _deliver(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    return {"delivered": await portal.events.deliver_all()}


async def _plan(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    delay = [_number(one) for one in as_list(body.get("delay_s")) or (0, 0)]
    portal.events.follow(
        DeliveryPlan(
            lost=_number(body.get("lost")),
            doubled=_number(body.get("doubled")),
            delay_s=(delay[0], delay[-1]),
            is_shuffled=is_true(body.get("is_shuffled")),
            seed=as_int(body.get("seed", 1)),
        )
    )
    portal.events.is_held = is_true(body.get("is_held"))
    return {"plan": asdict(portal.events.plan)}


async def _faults(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    if not as_text(body.get("kind")):
        portal.faults.clear()
        return {"cleared": True}
    methods = as_list(body.get("methods"))
    portal.faults.add(
        Fault(
            FaultKind(as_text(body["kind"])),
            times=None if body.get("times", 1) is None else as_int(body.get("times", 1)),
            probability=_number(body.get("probability", 1)),
            methods=frozenset(as_text(one).lower() for one in methods) if methods else None,
            skip=as_int(body.get("skip")),
            seconds=_number(body.get("seconds", 1)),
        )
    )
    return {"added": True}


async def _expire(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    return {"expired": portal.oauth.expire_access(portal.member_id)}


async def _frame(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    options = as_map(body.get("options"))
    post = portal.open_frame(as_int(body.get("user")), as_text(body.get("placement")) or "DEFAULT", options)
    return {"url": post.url, "form": post.form}


async def _install_finish(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    return {"installed": portal.install_finish(as_int(body.get("user")))}


async def _update_app(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    portal.update_app(
        as_int(body.get("version")), by=as_int(body.get("user")), new_token=is_true(body.get("new_token"))
    )
    return {"updated": True}


async def _uninstall(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    portal.uninstall(clean=is_true(body.get("clean")))
    return {"uninstalled": True}


async def _rename(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    portal.rename(as_text(body.get("domain")))
    return {"domain": portal.domain}


async def _robot(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    step = portal.run_robot(
        as_text(body.get("code")), _word(body), as_int(body.get("id")), as_map(body.get("properties"))
    )
    return {"event_token": step.token}


async def _lacks(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    portal.plan.lacks = {PlanPart(as_text(part)) for part in as_list(body.get("parts")) or ()}
    return {"lacks": sorted(portal.plan.lacks)}


async def _stats(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    return portal.traffic.to_json()


async def _reset_stats(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    portal.traffic.reset()
    return portal.traffic.to_json()


async def _state(portal: SandboxPortal, body: Body) -> Mapping[str, object]:
    app = portal.app
    return {
        "member_id": portal.member_id,
        "domain": portal.domain,
        "installed": app.installed if app else None,
        "version": app.version if app else None,
        "registrations": asdict(app.registrations) if app else None,
        "waiting": [call.name for call in portal.events.waiting],
        "deliveries": [asdict(one) for one in portal.events.log],
        "robots": [asdict(step) for step in portal.workflows.steps.values()],
        "triggered": portal.triggered,
        "comments": [asdict(one) for one in portal.timeline.all()],
        "tasks": [asdict(one) for one in portal.tasks.all()],
        "notifications": [asdict(one) for one in portal.bell.all],
        "records": {word: len(table) for word, table in portal.crm.tables.items()},
    }


def _word(body: Body) -> str:
    word = as_text(body.get("type"))
    if word not in SPECS:
        raise WrongControl(f"no such type: {word!r}")
    return word


def _by(body: Body) -> int | None:
    return None if body.get("by") is None else as_int(body.get("by"))


def _number(value: Json) -> float:
    return float(as_text(value) or 0)


_POSTS: dict[str, Action] = {
    "add": _add,
    "change": _change,
    "delete": _delete,
    "deliver": _deliver,
    "plan": _plan,
    "faults": _faults,
    "expire": _expire,
    "frame": _frame,
    "install-finish": _install_finish,
    "update-app": _update_app,
    "uninstall": _uninstall,
    "rename": _rename,
    "robot": _robot,
    "lacks": _lacks,
    "rule": control_automation.add_rule,
    "trigger": control_automation.place_trigger,
    "start": control_automation.start_workflow,
    "repeat": control_automation.repeat,
    "stats/reset": _reset_stats,
}
_GETS: dict[str, Action] = {"stats": _stats, "state": _state, "story": control_automation.tell}


def control_routes(portal: SandboxPortal) -> list[Route]:
    """Return the side door of one portal."""
    posts = [
        Route(f"/sandbox/{name}", _endpoint(portal, act), methods=["POST"]) for name, act in _POSTS.items()
    ]
    gets = [Route(f"/sandbox/{name}", _endpoint(portal, act), methods=["GET"]) for name, act in _GETS.items()]
    return [*posts, *gets]


def _endpoint(portal: SandboxPortal, act: Action) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            body: Json = orjson.loads(await request.body() or b"{}")
            answer = await act(portal, {**request.query_params, **(as_map(body) or {})})
        except (ValueError, KeyError, NotInstalled) as mistake:
            return Response(orjson.dumps({"mistake": str(mistake)}), 400, media_type="application/json")
        return Response(orjson.dumps(answer), media_type="application/json")

    return endpoint
