"""From a request to an answer: who calls, is there room, what does it cost, what came out, and the ``time`` beside it.

Bytes, addresses and faults are the server's business. Usable without HTTP: ``await RestDoor(portal).answer(...)``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.records import print_time
from b24app.sandbox.refusals import Refusal, no_auth, not_in_plan, too_many_requests, too_much_time
from b24app.sandbox.rest.base import Answer, Call, Caller, Method
from b24app.sandbox.rest.commands import MOST_COMMANDS, Command, commands_of, is_halting
from b24app.sandbox.rest.registry import find_method
from b24app.sandbox.wire import Json, as_text, php_array

BATCH = "batch"


@dataclass(frozen=True, slots=True)
class RestRequest:
    """One request as it arrived; ``webhook`` is user and secret of the address, if it has them."""

    method: str
    params: Mapping[str, Json]
    source: str = "127.0.0.1"
    webhook: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class RestResponse:
    """What goes back."""

    status: int
    body: dict[str, Json]


class RestDoor:
    """The REST entrance of one portal."""

    def __init__(self, portal: SandboxPortal) -> None:
        self.portal = portal

    async def answer(self, request: RestRequest) -> RestResponse:
        """Answer one request; every refusal becomes its documented status and body."""
        self.portal.traffic.note_request(request.method.lower())
        try:
            return RestResponse(200, await self._answer(request))
        except Refusal as refusal:
            self.portal.traffic.refusals[str(refusal.code)] += 1
            return RestResponse(refusal.status, refusal.to_json())

    async def _answer(self, request: RestRequest) -> dict[str, Json]:
        name = request.method.lower()
        if not self.portal.bucket.admits(request.source, self.portal.clock.now()):
            raise too_many_requests()
        caller = self._caller(request)
        self.portal.traffic.by_app[caller.label] += 1
        if name == BATCH:
            return await self._batch(caller, request.params)
        method = find_method(name)
        started = self.portal.clock.now()
        answer = await self._perform(method, caller, request.params)
        return {**_body(answer), "time": self._time(started, caller, method.name)}

    async def _perform(self, method: Method, caller: Caller, params: Mapping[str, Json]) -> Answer:
        portal, name = self.portal, method.name.lower()
        if portal.operating.is_over(caller.label, name, portal.clock.now()):
            raise too_much_time()
        if portal.plan.refuses(name):
            raise not_in_plan()
        method.admits(caller)
        portal.traffic.calls[name] += 1
        cost = portal.limits.cost(name)
        if cost > 0:
            await portal.clock.sleep(cost)
        portal.operating.note(caller.label, name, cost, portal.clock.now())
        return method.handler(Call(portal, caller, method.named(params, portal.quirks.ignored_parameters)))

    def _time(self, started: float, caller: Caller, name: str) -> dict[str, Json]:
        now, name = self.portal.clock.now(), name.lower()
        return {
            "start": started,
            "finish": now,
            "duration": now - started,
            "processing": now - started,
            "date_start": print_time(started),
            "date_finish": print_time(now),
            "operating_reset_at": self.portal.operating.resets_at(caller.label, name, now),
            "operating": self.portal.operating.used(caller.label, name, now),
        }

    # --- batch

    async def _batch(self, caller: Caller, params: Mapping[str, Json]) -> dict[str, Json]:
        started = self.portal.clock.now()
        results: dict[str, Json] = {}
        parts: dict[str, dict[str, Json]] = {name: {} for name in ("error", "total", "next", "time")}
        halting = is_halting(params)
        for position, command in enumerate(commands_of(params)):
            began = self.portal.clock.now()
            try:
                answer = await self._command(caller, command, position, results)
            except Refusal as refusal:
                self.portal.traffic.refusals[str(refusal.code)] += 1
                parts["error"][command.key] = refusal.to_json()
                if halting:
                    break
                continue
            results[command.key] = answer.result
            if answer.total is not None:
                parts["total"][command.key] = answer.total
            if answer.next is not None:
                parts["next"][command.key] = answer.next
            parts["time"][command.key] = self._time(began, caller, command.method)
        inner: dict[str, Json] = {"result": php_array(results)}
        inner |= {f"result_{name}": php_array(part) for name, part in parts.items()}
        return {"result": inner, "time": self._time(started, caller, BATCH)}

    async def _command(
        self, caller: Caller, command: Command, position: int, results: Mapping[str, Json]
    ) -> Answer:
        if position >= MOST_COMMANDS:
            raise Refusal("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        if command.method.lower() == BATCH:
            raise Refusal("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)
        return await self._perform(find_method(command.method), caller, command.params(results))

    # --- who

    def _caller(self, request: RestRequest) -> Caller:
        if request.webhook is not None:
            return self._webhook_caller(request.webhook)
        token = as_text(request.params.get("auth"))
        grant = self.portal.oauth.grant_of(token)
        app = self.portal.app
        if app is None or (grant.member_id, grant.client_id) != (self.portal.member_id, app.client_id):
            raise no_auth()
        user = self.portal.users.get(grant.user_id)
        if user is None or not user.active or not user.may_use_app:
            raise Refusal("user_access_error", "The user does not have access to the application.", 403)
        return Caller(user, app, frozenset(app.scopes), app.client_id)

    def _webhook_caller(self, webhook: tuple[int, str]) -> Caller:
        scopes = self.portal.webhooks.get(webhook)
        user = self.portal.users.get(webhook[0])
        if scopes is None or user is None:
            raise no_auth()
        return Caller(user, None, frozenset(scopes), f"webhook:{webhook[0]}")


def _body(answer: Answer) -> dict[str, Json]:
    body: dict[str, Json] = {"result": answer.result}
    if answer.next is not None:
        body["next"] = answer.next
    if answer.total is not None:
        body["total"] = answer.total
    return body
