"""Receivers of webhooks are told each change, signed, again and again for a day, and never by an inner address."""

import hashlib
import hmac
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from b24app.bitrix24.origins import ReceiverRefused, receiver_address
from b24app.bitrix24.wire import NotDelivered, PublicPinned, is_public, make_sender
from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.portal.context import Runtime
from b24app.services.webhooks.deliver import GIVE_UP_AFTER_S, PAUSES_S, deliver_webhooks, portals_to_tell
from b24app.services.webhooks.events import EventKind, WebhookEvent, plan_event
from b24app.store.database import Store
from b24app.store.webhooks import DeliveryState, WebhookState
from tests.conftest import StillClock
from tests.receiver import Receiver, receiver
from tests.store.builders import a_portal

SECRET = "b24s_" + "k" * 43
LEAD, CONTACT = RecordRef(RecordType.LEAD, 7), RecordRef(RecordType.CONTACT, 9)
NOWHERE = "http://127.0.0.1:9/hook"  # nobody listens there


class Asked(list[str]):
    """A queue that keeps what it was asked for."""

    async def ask(self, task: str, portal_id: int) -> None:
        self.append(task)

    async def counts(self) -> dict[str, int]:
        return {}


@dataclass
class Post:
    """One portal whose webhooks are told."""

    runtime: Runtime
    clock: StillClock
    portal_id: int
    asked: Asked = field(default_factory=Asked)

    async def add(self, url: str) -> int:
        async with self.runtime.store.begin(self.portal_id) as tx:
            kinds = [EventKind.OUTCOME_CHANGED.value]
            return await tx.webhooks.add(url, SECRET, kinds, created_by=1, at=self.clock.now())

    async def plan(self, key: str = "lead:7:1") -> bool:
        event = WebhookEvent(
            EventKind.OUTCOME_CHANGED, key, LEAD, "duplicate", Grade.EXACT, [CONTACT], self.clock.now()
        )
        async with self.runtime.store.begin(self.portal_id) as tx:
            return await plan_event(tx, event)

    async def deliver(self) -> None:
        await deliver_webhooks(self.runtime, self.portal_id)

    async def counts(self) -> dict[DeliveryState, int]:
        async with self.runtime.store.read(self.portal_id) as tx:
            return {state: number for (_, state), number in (await tx.webhooks.counts()).items()}

    async def state_of(self, webhook_id: int) -> tuple[WebhookState, str | None]:
        async with self.runtime.store.read(self.portal_id) as tx:
            hook = await tx.webhooks.find(webhook_id)
        assert hook is not None
        return hook.state, hook.result


@pytest.fixture
async def post(store: Store, clock: StillClock) -> AsyncIterator[Post]:
    portal, asked = await a_portal(store), Asked()
    async with make_sender(allow_insecure=True, timeout_s=10) as send:
        runtime = Runtime(
            store=store, oauth=None, make_client=None, queue=asked, send=send, clock=clock, manifest=None,
            base_url="", client_id="", bx24_js_url="", page_keys=(), allow_insecure=True,
        )  # type: ignore[arg-type]  # fmt: skip
        yield Post(runtime, clock, portal.portal_id, asked)


@pytest.fixture
async def listener() -> AsyncIterator[Receiver]:
    async with receiver() as built:
        yield built


async def test_a_change_is_told_in_ids_and_codes_and_signed(post: Post, listener: Receiver):
    await post.add(listener.url)
    await post.plan()

    await post.deliver()

    (told,) = listener.told
    assert told.path == "/hook?of=acme"
    assert told.headers["content-type"] == "application/json"
    signed = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", told.headers["b24app-signature"])
    assert signed is not None
    assert int(signed[1]) == int(post.clock.now())
    expected = hmac.new(SECRET.encode(), f"{signed[1]}.".encode() + told.body, hashlib.sha256).hexdigest()
    assert signed[2] == expected
    event_id = told.headers["b24app-event-id"]
    assert told.json == {
        "event_id": event_id,
        "portal": "acme",
        "kind": "outcome.changed",
        "record": {"type": "lead", "id": 7},
        "status": "duplicate",
        "grade": "exact",
        "matches": [{"type": "contact", "id": 9}],
        "total": 1,
        "at": "2025-06-15T15:06:40Z",
    }
    assert await post.counts() == {DeliveryState.DONE: 1}


async def test_what_fails_is_tried_again_with_one_id_and_one_body(post: Post, listener: Receiver):
    listener.answers = ["500 Oops", "302 Found", "503 Later"]
    await post.add(listener.url)
    await post.plan()
    assert not await post.plan(), "one key is one event"

    for pause_s in (0, *PAUSES_S[:3]):
        post.clock.advance(pause_s - 1)
        await post.deliver()
        post.clock.advance(1)
        assert await portals_to_tell(post.runtime) == [post.portal_id]
        await post.deliver()
    await post.deliver()

    assert len(listener.told) == 4
    assert len({(told.body, told.headers["b24app-event-id"]) for told in listener.told}) == 1
    assert len({told.headers["b24app-signature"] for told in listener.told}) == 4, "each names its moment"
    assert await post.counts() == {DeliveryState.DONE: 1}
    assert await portals_to_tell(post.runtime) == []


async def test_pauses_grow_and_after_a_day_all_is_given_up_and_shown(post: Post):
    hook = await post.add(NOWHERE)
    await post.plan("first")
    await post.plan("second")
    started_at, tries = post.clock.now(), []

    while True:
        if await portals_to_tell(post.runtime):
            tries.append(post.clock.now() - started_at)
            await post.deliver()
            if await post.counts() == {DeliveryState.GIVEN_UP: 2}:
                break
        post.clock.advance(60 if post.clock.now() - started_at < 900 else 900)

    pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert tries[-1] == GIVE_UP_AFTER_S
    assert len(tries) < 30, "an address that can't be reached is asked for one delivery, not for each"
    assert pauses[0] == PAUSES_S[0]
    assert max(pauses) > 3_600
    assert await post.state_of(hook) == (WebhookState.ACTIVE, "unreachable")


async def test_a_receiver_that_says_gone_is_told_nothing_more(post: Post, listener: Receiver):
    listener.answers = ["410 Gone"]
    hook = await post.add(listener.url)
    await post.plan("first")
    await post.plan("second")

    await post.deliver()
    planned_later = await post.plan("third")
    await post.deliver()

    assert (len(listener.told), planned_later) == (1, False)
    assert await post.state_of(hook) == (WebhookState.GONE, "410")
    assert await post.counts() == {DeliveryState.GIVEN_UP: 2}


async def test_one_receivers_trouble_keeps_nobody_else_waiting(post: Post, listener: Receiver):
    await post.add(NOWHERE)
    await post.add(listener.url)
    for number in range(120):
        await post.plan(f"lead:7:{number}")

    await post.deliver()

    assert len({told.headers["b24app-event-id"] for told in listener.told}) == len(listener.told) == 120
    assert await post.counts() == {DeliveryState.WAITING: 120, DeliveryState.DONE: 120}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://crm.example/hook", "https_only"),
        ("ftp://crm.example/hook", "https_only"),
        ("javascript:alert(1)", "unreadable"),
        ("https://user:secret@crm.example/", "user"),
        ("https://crm.example:22/", "port"),
        ("https://localhost/", "inner"),
        ("https://hooks.localhost/", "inner"),
        ("https://printer.lan/", "inner"),
        ("https://metadata.google.internal/", "inner"),
        ("https://intranet/", "inner"),
        ("https://127.0.0.1/", "inner"),
        ("https://127.1/", "inner"),
        ("https://2130706433/", "inner"),
        ("https://0x7f.0.0.1/", "inner"),
        ("https://169.254.169.254/latest/meta-data/", "inner"),
        ("https://[::1]/", "unreadable"),
        ("https://crm.example\\@evil.example/", "unreadable"),
        ("https://crm.exa mple/", "unreadable"),
        ("https://пример.рф/", "unreadable"),
        ("", "unreadable"),
    ],
)
def test_an_address_that_is_no_public_web_address_is_refused(url: str, code: str):
    with pytest.raises(ReceiverRefused) as refused:
        receiver_address(url, allow_insecure=False)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        (" https://CRM.example/Hook?token=A#part ", "https://crm.example/Hook?token=A"),
        ("crm.example/hook", "https://crm.example/hook"),
        ("https://crm.example:8443/", "https://crm.example:8443/"),
    ],
)
def test_a_public_https_address_is_kept_as_it_is_called(typed: str, called: str):
    assert receiver_address(typed, allow_insecure=False) == called


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
     "fe80::1", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "224.0.0.1", "ff02::1"],
)  # fmt: skip
def test_a_name_that_leads_into_an_inner_network_is_not_public(address: str):
    assert not is_public(address)


def test_addresses_of_the_public_network_are_public():
    assert is_public("93.184.215.14")
    assert is_public("2606:4700:4700::1111")


async def test_a_public_looking_name_that_resolves_to_loopback_is_never_connected_to(listener: Receiver):
    port = listener.url.split(":")[2].split("/")[0]
    async with make_sender(allow_insecure=False, timeout_s=2) as send:
        with pytest.raises(NotDelivered) as failure:
            await send(f"https://localhost:{port}/hook", b"{}", {})

    assert failure.value.code == "inner_address"
    assert listener.told == []


async def test_the_connection_goes_to_the_address_that_was_judged_and_keeps_the_name(listener: Receiver):
    async def judge(request: httpx.Request) -> str:
        return "127.0.0.1"

    port = listener.url.split(":")[2].split("/")[0]
    async with httpx.AsyncClient(transport=PublicPinned(limits=httpx.Limits(), judge=judge)) as http:
        answer = await http.post(f"http://a-name-nobody-has.example:{port}/hook")

    assert answer.status_code == 204
    assert answer.request.extensions["sni_hostname"] == "a-name-nobody-has.example"
    assert [told.headers["host"] for told in listener.told] == [f"a-name-nobody-has.example:{port}"]


async def test_a_receiver_that_does_not_answer_is_left_in_time(listener: Receiver):
    listener.answers = ["hang"]

    async with make_sender(allow_insecure=True, timeout_s=0.1) as send:
        with pytest.raises(NotDelivered) as failure:
            await send(listener.url, b"{}", {})

    assert failure.value.code == "time_out"
