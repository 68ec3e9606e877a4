"""Events: what they carry, whose tokens, and a queue that delays, doubles, shuffles and loses, but never repeats."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import httpx

from b24app.sandbox.events import DeliveryPlan
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.wire import parse_pairs
from tests.sandbox.builders import ADMIN, OWNER, Caller, a_portal, phone

URL = "https://app.example.com/events"


class Handler:
    """An application's event address that notes what it was sent."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.forms: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        self.forms.append(dict(parse_pairs(parse_qsl(request.content.decode(), keep_blank_values=True))))
        return httpx.Response(self.status)

    @property
    def ids(self) -> list[int]:
        return [int(form["data"]["FIELDS"]["ID"]) for form in self.forms]


async def _listening(handler: Handler, *events: str) -> SandboxPortal:
    portal = a_portal()
    portal.events.transport = httpx.MockTransport(handler)
    for event in events or ("ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE"):
        await Caller(portal, ADMIN).result("event.bind", event=event, handler=URL)
    return portal


async def test_an_event_is_a_form_with_only_the_id_and_the_acting_users_token() -> None:
    handler = Handler()
    portal = await _listening(handler, "ONCRMLEADADD")

    record_id = portal.create("lead", {"TITLE": "Лид"}, by=OWNER)
    await portal.events.deliver_all()

    [form] = handler.forms
    auth = form.pop("auth")
    assert form == {
        "event": "ONCRMLEADADD",
        "event_handler_id": "701",
        "data": {"FIELDS": {"ID": str(record_id)}},
        "ts": "1750000000",
    }
    assert portal.oauth.grant_of(auth.pop("access_token")).user_id == OWNER
    assert portal.app
    assert auth == {
        "expires": "1750003600",
        "expires_in": "3600",
        "scope": "crm,placement,bizproc,user_brief,im,task,department",
        "domain": "acme.bitrix24.test",
        "server_endpoint": "https://oauth.bitrix.test/rest/",
        "status": "L",
        "client_endpoint": "https://acme.bitrix24.test/rest/",
        "member_id": "member-one",
        "application_token": portal.app.application_token,
        "user_id": str(OWNER),
    }


async def test_a_robots_change_brings_no_token() -> None:
    handler = Handler()
    portal = await _listening(handler)
    portal.add_record("lead", {})

    portal.change("lead", 1, {"TITLE": "x"}, by=None)
    await portal.events.deliver_all()

    assert not {"access_token", "refresh_token", "user_id"} & set(handler.forms[0]["auth"])
    assert handler.forms[0]["auth"]["application_token"]


async def test_the_applications_own_changes_come_back() -> None:
    handler = Handler()
    portal = await _listening(handler)
    admin = Caller(portal, ADMIN)

    record_id = await admin.result("crm.lead.add", fields={"TITLE": "x"})
    await admin.result("crm.lead.update", id=record_id, fields={"PHONE": phone("1")})
    await admin.result("crm.lead.delete", id=record_id)
    await portal.events.deliver_all()

    assert [form["event"] for form in handler.forms] == ["ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE"]
    assert set(handler.ids) == {record_id}


async def test_seeding_and_refused_changes_raise_nothing() -> None:
    portal = await _listening(Handler())

    portal.add_record("lead", {"ASSIGNED_BY_ID": ADMIN})
    await Caller(portal, OWNER).refusal("crm.lead.update", id=1, fields={"TITLE": "x"})

    assert portal.events.waiting == []


async def test_a_failing_handler_is_called_once() -> None:
    handler = Handler(status=500)
    portal = await _listening(handler)
    portal.create("lead", {}, by=ADMIN)

    await portal.events.deliver_all()
    await portal.events.deliver_all()

    assert len(handler.forms) == 1
    assert [one.status for one in portal.events.log] == [500]


async def test_the_queue_loses_doubles_and_shuffles_when_told_so() -> None:
    handler = Handler()
    portal = await _listening(handler, "ONCRMLEADADD")
    portal.events.follow(DeliveryPlan(lost=0.2, doubled=0.3, is_shuffled=True, seed=5))

    for _ in range(100):
        portal.create("lead", {}, by=None)
    await portal.events.deliver_all()

    assert 60 < len(set(handler.ids)) < 95
    assert len(handler.ids) > len(set(handler.ids))
    assert handler.ids != sorted(handler.ids)
    assert len([one for one in portal.events.log if one.status is None]) == 100 - len(set(handler.ids))


async def test_a_late_event_waits_for_its_time() -> None:
    handler = Handler()
    portal = await _listening(handler)
    portal.events.follow(DeliveryPlan(delay_s=(30, 30)))
    portal.create("lead", {}, by=ADMIN)

    early = await portal.events.deliver_due()
    await portal.clock.sleep(30)
    late = await portal.events.deliver_due()

    assert (early, late, len(handler.forms)) == (0, 1, 1)


async def test_who_delivers_everything_waits_for_what_is_on_its_way() -> None:
    is_on_its_way, may_answer = asyncio.Event(), asyncio.Event()

    async def handle(request: httpx.Request) -> httpx.Response:
        is_on_its_way.set()
        await may_answer.wait()
        return httpx.Response(200)

    portal = await _listening(Handler())
    portal.events.transport = httpx.MockTransport(handle)
    portal.create("lead", {}, by=ADMIN)

    due = asyncio.create_task(portal.events.deliver_due())
    await is_on_its_way.wait()
    everything = asyncio.create_task(portal.events.deliver_all())
    await asyncio.sleep(0)
    is_early = everything.done()
    may_answer.set()

    assert not is_early
    assert await asyncio.gather(due, everything) == [1, 0]


async def test_a_handler_may_ask_for_one_users_tokens() -> None:
    handler = Handler()
    portal = await _listening(handler, "ONCRMCONTACTADD")
    await Caller(portal, ADMIN).result("event.bind", event="ONCRMLEADADD", handler=URL, auth_type=OWNER)

    portal.create("lead", {}, by=None)
    await portal.events.deliver_all()

    assert portal.oauth.grant_of(handler.forms[0]["auth"]["access_token"]).user_id == OWNER


async def test_offline_rows_collapse_leave_own_changes_out_and_are_taken() -> None:
    portal = a_portal()
    admin = Caller(portal, ADMIN)
    await admin.result("event.bind", event="ONCRMLEADUPDATE", event_type="offline")
    portal.add_record("lead", {})
    portal.add_record("lead", {})

    for record_id in (1, 2, 1):
        portal.change("lead", record_id, {"TITLE": "x"}, by=OWNER)
    await admin.result("crm.lead.update", id=2, fields={"TITLE": "y"})

    reserved = await admin.result("event.offline.get", clear=0)
    again = await admin.result("event.offline.get", clear=0)
    message = reserved["events"][0]["MESSAGE_ID"]
    await admin.result("event.offline.clear", process_id=reserved["process_id"], message_id=[message])

    assert sorted(row["EVENT_DATA"]["FIELDS"]["ID"] for row in reserved["events"]) == ["1", "2"]
    assert again == {"process_id": None, "events": []}
    assert len(portal.offline.rows) == 1
