"""What the portal sends out: a queue of form POSTs, delivered once, never repeated, as a plan says.

The plan may lose, double, delay or shuffle them; a real portal does all four (documentation, events/index).
Who is called and with what stands in the call; this file only delivers.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode

import httpx

from b24app.clock import Clock
from b24app.sandbox.wire import Json, to_pairs

HANDLER_TIMEOUT_S = 10
LOG_LENGTH = 10_000


@dataclass(slots=True)
class DeliveryPlan:
    """How the queue treats its calls. Probabilities are drawn from ``seed``; delays are seconds."""

    lost: float = 0.0
    doubled: float = 0.0
    delay_s: tuple[float, float] = (0.0, 0.0)
    is_shuffled: bool = False
    seed: int = 1


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """One POST to a handler of the application; ``about`` is the record it speaks of, such as ``lead:5``."""

    name: str
    handler: str
    form: Mapping[str, Json] = field(hash=False)
    about: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a call: the handler's status, or None when it could not be reached or was lost."""

    name: str
    handler: str
    status: int | None
    at: float
    about: str = ""


class EventDelivery:
    """The queue server between the portal and the application."""

    def __init__(
        self,
        clock: Clock,
        plan: DeliveryPlan | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.clock = clock
        self.plan = plan or DeliveryPlan()
        self.transport = transport
        self.tls: ssl.SSLContext | None = None
        self.is_held = False
        self.log: deque[Delivered] = deque(maxlen=LOG_LENGTH)
        self._random = Random(self.plan.seed)  # noqa: S311
        self._waiting: list[tuple[float, OutgoingCall]] = []
        self._sending = asyncio.Lock()

    @property
    def waiting(self) -> list[OutgoingCall]:
        """Return what is not delivered yet, in the order in which it was raised."""
        return [call for _, call in self._waiting]

    def follow(self, plan: DeliveryPlan) -> None:
        """Treat what is raised from now on by this plan."""
        self.plan = plan
        self._random = Random(plan.seed)  # noqa: S311

    def put(self, call: OutgoingCall) -> None:
        """Take one call; the plan decides at once whether it is lost or doubled, and when it is due."""
        if self._random.random() < self.plan.lost:
            self.log.append(Delivered(call.name, call.handler, None, self.clock.now(), call.about))
            return
        for _ in range(2 if self._random.random() < self.plan.doubled else 1):
            due = self.clock.now() + self._random.uniform(*self.plan.delay_s)
            self._waiting.append((due, call))

    async def deliver_all(self) -> int:
        """Send everything that waits, due or not, and what these calls raise is left; returns how many.

        What somebody else is just sending has been sent by then, too.
        """
        return await self._send_where(float("inf"))

    async def deliver_due(self) -> int:
        """Send what is due by now."""
        return await self._send_where(self.clock.now())

    async def run(self, every_s: float = 0.05) -> None:
        """Keep delivering what is due, until cancelled; ``is_held`` stops it for a while."""
        while True:
            if not self.is_held:
                await self.deliver_due()
            await asyncio.sleep(every_s)

    async def _send_where(self, due_by: float) -> int:
        async with self._sending:
            calls = self._take(due_by)
            if calls:
                await self._send_all(calls)
        return len(calls)

    def _take(self, due_by: float) -> list[OutgoingCall]:
        ready = [item for item in self._waiting if item[0] <= due_by]
        self._waiting = [item for item in self._waiting if item[0] > due_by]
        ready.sort(key=lambda item: item[0])
        calls = [call for _, call in ready]
        if self.plan.is_shuffled:
            self._random.shuffle(calls)
        return calls

    async def _send_all(self, calls: list[OutgoingCall]) -> None:
        async with httpx.AsyncClient(
            transport=self.transport,
            timeout=HANDLER_TIMEOUT_S,
            verify=self.tls or True,
            trust_env=False,
        ) as client:
            for call in calls:
                await self._send(client, call)

    async def _send(self, client: httpx.AsyncClient, call: OutgoingCall) -> None:
        status: int | None
        try:
            answer = await client.post(
                call.handler,
                content=urlencode(to_pairs(call.form)),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
            status = answer.status_code
        except httpx.HTTPError:
            status = None  # as the real queue: noted, and never tried again
        self.log.append(Delivered(call.name, call.handler, status, self.clock.now(), call.about))
