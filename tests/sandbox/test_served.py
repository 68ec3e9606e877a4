"""The sandbox on real ports: bodies, addresses, redirects, faults, two portals, the side door."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from b24app.clock import SystemClock
from b24app.sandbox.faults import Fault, FaultKind
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.server import SandboxServer, client_tls
from tests.sandbox.builders import ADMIN, OWNER, Caller, a_portal


class Served:
    """Two served portals, their authorization server, and a client."""

    def __init__(self, portals: list[SandboxPortal], client: httpx.AsyncClient) -> None:
        self.one, self.other = portals
        self.client = client
        self.token = Caller(self.one, ADMIN).token

    async def ask(self, method: str, **params: Any) -> httpx.Response:
        return await self.client.post(
            f"{self.one.base_url}/rest/{method}", json={"auth": self.token, **params}
        )


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    clock = SystemClock()
    oauth = SandboxOAuth(clock)
    portals = [a_portal(clock=clock, oauth=oauth, member_id=f"member-{number}") for number in (1, 2)]
    async with SandboxServer(portals, oauth), httpx.AsyncClient(timeout=5) as client:
        yield Served(portals, client)


async def test_json_form_and_get_are_the_same_call(served: Served) -> None:
    served.one.add_record("lead", {"TITLE": "Лид"})
    url = f"{served.one.base_url}/rest/crm.lead.list"
    form = {"auth": served.token, "filter[ID]": "1", "select[]": "TITLE"}
    tree = {"filter": {"ID": 1}, "select": ["TITLE"]}

    answers = [
        await served.client.post(url, json={"auth": served.token, **tree}),
        await served.client.post(f"{url}.json?auth={served.token}", json=tree),
        await served.client.post(url, data=form),
        await served.client.get(url, params=form),
    ]

    assert [answer.json()["result"] for answer in answers] == [[{"ID": "1", "TITLE": "Лид"}]] * 4


async def test_two_portals_differ_only_by_port(served: Served) -> None:
    served.one.add_record("lead", {"TITLE": "Здесь"})
    foreign = await served.client.post(
        f"{served.other.base_url}/rest/crm.lead.list", json={"auth": served.token}
    )
    own = await served.ask("crm.lead.list")

    assert served.one.domain.split(":")[0] == served.other.domain.split(":")[0] == "127.0.0.1"
    assert (foreign.status_code, foreign.json()["error"]) == (401, "NO_AUTH_FOUND")
    assert len(own.json()["result"]) == 1


async def test_tokens_are_renewed_by_get_and_by_form(served: Served) -> None:
    assert served.one.app
    url = f"{served.one.oauth.base_url}oauth/token/"
    pair = served.one.oauth.issue(served.one, served.one.app, OWNER)
    app = {"grant_type": "refresh_token", "client_id": "local.test", "client_secret": "secret-of-the-app"}

    first = await served.client.get(url, params={**app, "refresh_token": pair.refresh_token})
    second = await served.client.post(url, data={**app, "refresh_token": first.json()["refresh_token"]})
    dead = await served.client.get(url, params={**app, "refresh_token": pair.refresh_token})
    info = await served.client.get(
        f"{served.one.oauth.base_url}rest/app.info", params={"auth": second.json()["access_token"]}
    )

    assert first.json()["client_endpoint"] == f"{served.one.base_url}/rest/"
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")
    assert info.json()["result"]["install"]["member_id"] == "member-1"


async def test_a_former_address_answers_302_to_the_new_one(served: Served) -> None:
    old = served.one.base_url
    served.one.rename(served.one.domain.replace("127.0.0.1", "localhost"))

    moved = await served.client.post(f"{old}/rest/profile.json?a=1", json={"auth": served.token})
    found = await served.client.post(
        moved.headers["location"].replace("?a=1", ""), json={"auth": served.token}
    )

    assert (moved.status_code, moved.headers["location"]) == (
        302,
        f"{served.one.base_url}/rest/profile.json?a=1",
    )
    assert found.json()["result"]["ID"] == "1"


ANSWERS = (
    (FaultKind.BUSY, 503, "QUERY_LIMIT_EXCEEDED"),
    (FaultKind.TIME_LIMIT, 429, "OPERATION_TIME_LIMIT"),
    (FaultKind.SERVER_ERROR, 500, "<html>"),
    (FaultKind.BAD_GATEWAY, 502, "<html>"),
    (FaultKind.EXPIRED_TOKEN, 401, "expired_token"),
)


@pytest.mark.parametrize(("kind", "status", "text"), ANSWERS)
async def test_a_fault_answers_in_the_portals_place(
    served: Served, kind: FaultKind, status: int, text: str
) -> None:
    served.one.faults.add(Fault(kind, skip=1))

    before = await served.ask("profile")
    struck = await served.ask("profile")

    assert before.status_code == 200
    assert (struck.status_code, text in struck.text) == (status, True)
    assert served.one.faults.happened == {kind: 1}


@pytest.mark.parametrize(("kind", "records"), [(FaultKind.RESET, 0), (FaultKind.RESET_AFTER, 1)])
async def test_a_connection_is_reset_before_or_after_the_work(
    served: Served, kind: FaultKind, records: int
) -> None:
    served.one.faults.add(Fault(kind))

    with pytest.raises(httpx.TransportError):
        await served.ask("crm.lead.add", fields={"TITLE": "x"})

    assert len(served.one.crm.tables["lead"]) == records
    assert (await served.ask("profile")).status_code == 200


async def test_a_truncated_answer_is_no_json_although_the_work_is_done(served: Served) -> None:
    served.one.faults.add(Fault(FaultKind.TRUNCATED, methods=frozenset({"crm.lead.add"})))

    whole = await served.ask("profile")
    cut = await served.ask("crm.lead.add", fields={"TITLE": "x"})

    assert whole.json()["result"]["ID"] == "1"
    with pytest.raises(ValueError):
        cut.json()
    assert len(served.one.crm.tables["lead"]) == 1


async def test_faults_strike_by_a_seeded_probability(served: Served) -> None:
    served.one.faults.add(Fault(FaultKind.BUSY, times=None, probability=0.3))

    statuses = [(await served.ask("profile")).status_code for _ in range(60)]

    assert 8 < statuses.count(503) < 30


async def test_a_slow_answer_comes_late(served: Served) -> None:
    served.one.faults.add(Fault(FaultKind.SLOW, seconds=0.3))

    with pytest.raises(httpx.ReadTimeout):
        await served.client.post(
            f"{served.one.base_url}/rest/profile",
            json={"auth": served.token},
            timeout=httpx.Timeout(None, read=0.1),
        )


async def test_the_side_door_drives_a_portal(served: Served) -> None:
    async def do(name: str, **body: Any) -> Any:
        answer = await served.client.post(f"{served.one.base_url}/sandbox/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    made = await do("add", type="lead", fields={"TITLE": "Лид", "PHONE": [{"VALUE": "1"}]}, by=OWNER)
    await do("change", type="lead", id=made["id"], fields={"PHONE": [{"VALUE": "2"}]}, by=None)
    frame = await do("frame", user=OWNER, placement="DEFAULT")
    await do("faults", kind="busy", times=1)
    busy = await served.ask("profile")
    await do("stats/reset")
    await served.ask("crm.lead.list")
    stats = (await served.client.get(f"{served.one.base_url}/sandbox/stats")).json()
    await do("expire")
    expired = await served.ask("profile")
    await do("update-app", version=2, user=ADMIN)
    state = (await served.client.get(f"{served.one.base_url}/sandbox/state")).json()
    mistake = await served.client.post(f"{served.one.base_url}/sandbox/add", json={"type": "planet"})

    assert frame["form"]["PLACEMENT"] == "DEFAULT"
    assert [one.value for one in served.one.crm.tables["lead"].get(made["id"]).values["PHONE"]] == ["1", "2"]  # type: ignore[union-attr]
    assert busy.status_code == 503
    assert stats == {
        "requests": 1,
        "by_method": {"crm.lead.list": 1},
        "calls": {"crm.lead.list": 1},
        "by_app": {"local.test": 1},
        "refusals": {},
    }
    assert expired.json()["error"] == "expired_token"
    assert (state["installed"], state["version"], state["records"]["lead"]) == (False, 2, 1)
    assert (mistake.status_code, mistake.json()) == (400, {"mistake": "no such type: 'planet'"})


async def test_https_is_served_with_a_certificate_of_its_own() -> None:
    clock = SystemClock()
    oauth = SandboxOAuth(clock)
    portal = a_portal(clock=clock, oauth=oauth)
    async with SandboxServer([portal], oauth, is_secure=True) as served:
        async with httpx.AsyncClient(verify=client_tls(served.certificate)) as client:
            answer = await client.get(
                f"{portal.base_url}/rest/profile", params={"auth": Caller(portal, ADMIN).token}
            )
        post = portal.open_frame(ADMIN)

    assert answer.json()["result"]["ADMIN"] is True
    assert "PROTOCOL=1" in post.url and served.oauth.startswith("https://127.0.0.1:")


async def test_due_events_are_delivered_by_themselves() -> None:
    clock = SystemClock()
    oauth = SandboxOAuth(clock)
    sender, receiver = (a_portal(clock=clock, oauth=oauth, member_id=name) for name in ("sender", "receiver"))
    async with SandboxServer([sender, receiver], oauth):
        handler = f"{receiver.base_url}/rest/events"
        await Caller(sender, ADMIN).result("event.bind", event="ONCRMLEADADD", handler=handler)
        sender.create("lead", {}, by=ADMIN)
        while not sender.events.log:
            await clock.sleep(0.02)

    assert [(one.name, one.handler) for one in sender.events.log] == [("ONCRMLEADADD", handler)]
    assert receiver.traffic.requests == 1


async def test_the_side_door_sets_up_the_automation_and_tells_its_story(served: Served) -> None:
    async def door(name: str, **body: Any) -> dict[str, Any]:
        answer = await served.client.post(f"{served.one.base_url}/sandbox/{name}", json=body)
        found: dict[str, Any] = answer.json()
        return found

    served.one.add_record("contact", {"ID": 5, "NAME": "Иван", "PHONE": [{"VALUE": "+7 900 000-00-05"}]})
    robot = {"CODE": "find", "HANDLER": f"{served.one.base_url}/nowhere", "NAME": "Найти"}
    await served.ask("bizproc.robot.add", **robot, RETURN_PROPERTIES={"status": {"Name": "Итог"}})
    await served.ask("crm.automation.trigger.add", CODE="found", NAME="Найден")
    condition = {"result": "status", "value": "duplicate"}
    then = [{"act": "move", "value": "PROCESSED"}]

    rule = await door("rule", type="lead", stage="NEW", robot="find", condition=condition, then=then)
    await door("trigger", type="lead", stage="UC_MEASURE", code="found")
    lead = (await door("repeat", type="contact", id=5))["id"]
    by_hand = (await door("start", rule=rule["id"], id=lead))["event_token"]
    await served.ask("bizproc.event.send", EVENT_TOKEN=by_hand, RETURN_VALUES={"status": "duplicate"})

    address = f"{served.one.base_url}/sandbox/story?type=lead&id={lead}"
    told = [line["what"] for line in (await served.client.get(address)).json()["story"]]
    row = (await served.ask("crm.lead.get", id=lead)).json()["result"]
    assert (row["STATUS_ID"], row["PHONE"][0]["VALUE"]) == ("PROCESSED", "8 900 000-00-05")
    assert [word for word in told if word != "delivered"] == [
        *("created", "entered", "robot_called", "robot_called"),
        *("robot_answered", "condition", "moved", "changed"),
    ]
    assert "mistake" in await door("rule", type="lead", stage="NEW", robot="no such")
