"""``PortalClient``: one place for turns at the limit, renewal, repetition and the log of every request.

It knows no method by name and nothing of CRM. Tokens stand in JSON bodies only, never in an address; only a
webhook is an address by nature, and no address is ever logged.
Source: REST documentation, "general-principles", "limits", "change-domen" (redirects).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from b24app.bitrix24 import wire
from b24app.bitrix24.batches import batch_params, chunks, read_answer, read_batch, refers_to_others
from b24app.bitrix24.calls import JSON, Answer, BatchAnswer, CallLog, CallRecord, Command
from b24app.bitrix24.encoding import parameter_names
from b24app.bitrix24.errors import (
    Bitrix24Error,
    MethodTimeSpent,
    PortalBusy,
    PortalMoved,
    PortalUnreachable,
    RateLimited,
    TokenExpired,
    TokenRejected,
    UnexpectedAnswer,
)
from b24app.bitrix24.throttle import Priority, Throttle
from b24app.bitrix24.tokens import Access, Grant
from b24app.clock import Clock

__all__ = ["Answer", "BatchAnswer", "CallLog", "CallRecord", "Command", "PortalClient"]

_REQUEST_TIME_S = 65.0  # a portal may work for 60 seconds on one request
_FIRST_PAUSE_S = 0.5
_MAX_ATTEMPTS = 6
_METHOD_PAUSE_S = 60.0  # the running time is counted in baskets of a minute
_RESET_UNKNOWN_S = 600.0  # ten such baskets


@dataclass(slots=True)
class _Errand:
    """One request on its way: what is asked, and what has been tried."""

    method: str
    params: Mapping[str, JSON]
    commands: tuple[Command, ...]
    deadline: float
    loads: wire.Loads = orjson.loads
    attempt: int = 0
    grant: Grant | None = None
    renewed: bool = False
    redirected: bool = False

    @property
    def methods(self) -> set[str]:
        return {command.method for command in self.commands}

    @property
    def is_reading(self) -> bool:
        return all(command.is_reading for command in self.commands)


class PortalClient:
    """Calls one portal as one user, at one priority.

    What can't be had within ``max_wait_s`` raises PortalBusy, so that a person is not kept waiting and
    a job can be put back.
    """

    def __init__(
        self,
        *,
        http: wire.Http,
        access: Access,
        throttle: Throttle,
        clock: Clock,
        log: CallLog,
        priority: Priority,
        max_wait_s: float = 10.0,
    ) -> None:
        self._http = http
        self._access = access
        self._throttle = throttle
        self._clock = clock
        self._log = log
        self._priority = priority
        self._max_wait_s = max_wait_s

    async def call(self, method: str, params: Mapping[str, JSON] | None = None) -> Answer:
        """Return the answer of one method, or raise the refusal."""
        command = Command(method, params or {})
        errand = _Errand(method, command.params, (command,), self._deadline())
        body = await self._run(errand)
        if "result" not in body:
            raise UnexpectedAnswer(method=method)
        answer = read_answer(body["result"], body.get("total"), body.get("next"), body.get("time"))
        await self._note_spent({method: answer})
        return answer

    async def batch(
        self, commands: Mapping[str, Command], *, halt: bool = False, loads: wire.Loads = orjson.loads
    ) -> BatchAnswer:
        """Return the answers of any number of commands, fifty to a request.

        A command's own refusal is in ``errors``; a refusal of a whole request is raised. More than fifty
        commands need ``halt`` False and no ``$result[…]`` (ValueError). ``loads`` reads the JSON.
        """
        answers: dict[str, Answer] = {}
        errors: dict[str, Bitrix24Error] = {}
        for chunk in chunks(commands, halt=halt):
            done = await self._batch_chunk(chunk, halt=halt, loads=loads)
            answers.update(done.answers)
            errors.update(done.errors)
        return BatchAnswer(answers=answers, errors=errors)

    async def _batch_chunk(
        self, chunk: Mapping[str, Command], *, halt: bool, loads: wire.Loads
    ) -> BatchAnswer:
        errand = self._batch_errand(chunk, halt=halt, loads=loads)
        done = await self._run_batch(errand, chunk)
        again = _expired_inside(done, chunk)
        if not again or errand.renewed or errand.grant is None:
            return done
        # The hour ran out between two commands of the batch; the next request renews.
        repeated = self._batch_errand({key: chunk[key] for key in again}, halt=halt, loads=loads)
        repeated.renewed = True
        await self._access.renewed(errand.grant)
        second = await self._run_batch(repeated, {key: chunk[key] for key in again})
        kept = {key: error for key, error in done.errors.items() if key not in again}
        return BatchAnswer(answers={**done.answers, **second.answers}, errors={**kept, **second.errors})

    def _batch_errand(self, chunk: Mapping[str, Command], *, halt: bool, loads: wire.Loads) -> _Errand:
        params = batch_params(chunk, halt=halt)
        return _Errand("batch", params, tuple(chunk.values()), self._deadline(), loads)

    async def _run_batch(self, errand: _Errand, chunk: Mapping[str, Command]) -> BatchAnswer:
        done = read_batch(await self._run(errand), chunk)
        await self._note_spent({chunk[key].method: answer for key, answer in done.answers.items()})
        for error in done.errors.values():
            if isinstance(error, MethodTimeSpent):
                await self._note_blocked(error)
        return done

    async def _run(self, errand: _Errand) -> Mapping[str, JSON]:
        """Return the body of a good answer, after as many attempts as are safe and in time."""
        while True:
            await self._wait_for_turn(errand)
            grant = errand.grant = await self._access.current()
            errand.attempt += 1
            try:
                return await self._attempt(errand, grant)
            except (TokenExpired, PortalMoved) as refused:
                await self._renew(errand, grant, refused)
            except RateLimited as limited:
                await self._throttle.refused(retry_after_s=self._pause(errand, limited))
                if errand.attempt >= _MAX_ATTEMPTS:
                    raise
            except MethodTimeSpent as spent:
                await self._note_blocked(spent)
                raise
            except PortalUnreachable as unreachable:
                await self._pause_or_raise(errand, unreachable)

    async def _wait_for_turn(self, errand: _Errand) -> None:
        while (wait_s := await self._throttle.take(self._priority, errand.methods)) > 0:
            if self._clock.now() + wait_s > errand.deadline:
                raise RateLimited(method=errand.method, retry_after_s=wait_s)
            await self._clock.sleep(wait_s)

    async def _renew(self, errand: _Errand, grant: Grant, refused: TokenExpired | PortalMoved) -> None:
        """Get a newer grant, once for an expired token and once for a redirect."""
        if isinstance(refused, TokenExpired):
            if errand.renewed:
                raise TokenRejected(
                    method=errand.method, code=refused.code, http_status=refused.http_status
                ) from refused
            errand.renewed = True
            await self._access.renewed(grant)
            return
        if errand.redirected:
            raise refused
        errand.redirected = True
        newer = await self._access.moved(grant)
        if newer.origin == grant.origin:
            raise refused

    async def _pause_or_raise(self, errand: _Errand, unreachable: PortalUnreachable) -> None:
        pause_s = self._pause(errand, unreachable)
        is_safe = errand.is_reading or not unreachable.was_sent
        in_time = self._clock.now() + pause_s <= errand.deadline
        if not is_safe or not in_time or errand.attempt >= _MAX_ATTEMPTS:
            raise unreachable
        await self._clock.sleep(pause_s)

    @staticmethod
    def _pause(errand: _Errand, busy: PortalBusy) -> float:
        grown_s: float = _FIRST_PAUSE_S * 2 ** (errand.attempt - 1)
        asked_s = busy.retry_after_s if isinstance(busy, RateLimited) else 0.0
        return max(grown_s, asked_s)

    async def _attempt(self, errand: _Errand, grant: Grant) -> Mapping[str, JSON]:
        sent = orjson.dumps(grant.signed(errand.params))
        started = self._clock.now()
        reply: wire.Reply | None = None
        error: Bitrix24Error | None = None
        try:
            reply = await wire.post(
                self._http,
                grant.address(errand.method),
                sent,
                content_type="application/json",
                timeout_s=self._request_time(errand),
            )
            return wire.read_body(reply, errand.method, errand.loads)
        except Bitrix24Error as refused:
            refused.method = refused.method or errand.method
            error = refused
            raise
        finally:
            is_batch = errand.method == "batch"
            self._log(
                CallRecord(
                    origin=grant.origin,
                    method=errand.method,
                    commands=Counter(command.method for command in errand.commands) if is_batch else {},
                    priority=self._priority.word,
                    request_bytes=len(sent),
                    response_bytes=len(reply.body) if reply else 0,
                    status=reply.status if reply else None,
                    duration_s=self._clock.now() - started,
                    error=(error.code or type(error).__name__) if error else None,
                    attempt=errand.attempt,
                    parameters=() if is_batch else parameter_names(errand.params),
                )
            )

    def _deadline(self) -> float:
        return self._clock.now() + self._max_wait_s

    def _request_time(self, errand: _Errand) -> float:
        if self._priority is not Priority.PERSON:
            return _REQUEST_TIME_S
        return max(1.0, errand.deadline - self._clock.now())

    async def _note_spent(self, answers: Mapping[str, Answer]) -> None:
        unknown = self._clock.now() + _RESET_UNKNOWN_S
        spent = {
            method: (answer.operating_s, answer.reset_at or unknown)
            for method, answer in answers.items()
            if answer.operating_s is not None
        }
        if spent:
            await self._throttle.spent(spent)

    async def _note_blocked(self, spent: MethodTimeSpent) -> None:
        now = self._clock.now()
        until = spent.reset_at if spent.reset_at and spent.reset_at > now else now + _METHOD_PAUSE_S
        spent.reset_at, spent.retry_after_s = until, until - now
        await self._throttle.blocked(spent.method, until)


def _expired_inside(done: BatchAnswer, chunk: Mapping[str, Command]) -> list[str]:
    """Return the keys worth repeating after a renewal, in order; commands that depend on others
    only together with all of them, and only where everything is reading."""
    expired = [key for key, error in done.errors.items() if isinstance(error, TokenExpired)]
    if not expired or not any(map(refers_to_others, chunk.values())):
        return expired
    return list(chunk) if all(command.is_reading for command in chunk.values()) else []
