"""The leaky bucket by address and the running time by method, on a clock that stands still."""

from b24app.sandbox.limits import SandboxLimits
from tests.sandbox.builders import ADMIN, Caller, a_portal


async def test_the_fifty_first_request_at_once_is_refused_and_room_comes_back() -> None:
    portal = a_portal(limits=SandboxLimits())
    admin = Caller(portal, ADMIN)
    for _ in range(50):
        await admin.result("profile")

    assert await admin.refusal("profile") == (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
    await portal.clock.sleep(0.5)

    await admin.result("profile")
    assert (await admin.refusal("profile"))[0] == 503


async def test_another_address_has_its_own_bucket_and_another_user_has_not() -> None:
    portal = a_portal(limits=SandboxLimits(bucket=1))
    await Caller(portal, ADMIN).result("profile")

    assert (await Caller(portal, 2).ask("profile"))[0] == 503
    assert (await Caller(portal, ADMIN, source="10.0.0.9").ask("profile"))[0] == 200


async def test_running_time_is_told_and_over_the_limit_the_next_call_is_refused() -> None:
    limits = SandboxLimits(
        bucket=1000, operating_limit_s=480, server_seconds_by_method={"crm.lead.list": 100}
    )
    portal = a_portal(limits=limits)
    admin = Caller(portal, ADMIN)

    for _ in range(5):
        _, body = await admin.ask("crm.lead.list")

    assert body["time"]["operating"] == 500
    assert body["time"]["duration"] == 100
    assert (await admin.refusal("crm.lead.list"))[:2] == (429, "OPERATION_TIME_LIMIT")
    assert (await admin.ask("crm.contact.list"))[0] == 200


async def test_at_the_reset_only_the_oldest_minute_is_freed() -> None:
    limits = SandboxLimits(
        bucket=1000, operating_limit_s=150, server_seconds_by_method={"crm.lead.list": 100}
    )
    portal = a_portal(limits=limits)
    admin = Caller(portal, ADMIN)
    await admin.ask("crm.lead.list")
    _, body = await admin.ask("crm.lead.list")
    assert (await admin.ask("crm.lead.list"))[0] == 429

    await portal.clock.sleep(body["time"]["operating_reset_at"] - portal.clock.now())

    _, freed = await admin.ask("crm.lead.list")
    assert freed["time"]["operating"] == 200


async def test_inside_a_batch_each_command_counts_under_its_own_method() -> None:
    limits = SandboxLimits(operating_limit_s=150, server_seconds_by_method={"crm.lead.list": 100})
    admin = Caller(a_portal(limits=limits), ADMIN)

    answer = await admin.batch({f"c{number}": "crm.lead.list" for number in range(3)} | {"me": "profile"})

    assert list(answer["result"]) == ["c0", "c1", "me"]
    assert answer["result_error"]["c2"]["error"] == "OPERATION_TIME_LIMIT"


async def test_a_server_of_ones_own_has_no_limits() -> None:
    admin = Caller(a_portal(limits=SandboxLimits.none()), ADMIN)

    assert {(await admin.ask("profile"))[0] for _ in range(200)} == {200}
