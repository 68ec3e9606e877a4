"""One call: renewals, redirects, limits, repetition and the log."""

import asyncio
import gzip

import httpx
import pytest

from b24app.bitrix24.errors import (
    AccessDenied,
    MethodTimeSpent,
    PortalGone,
    PortalMoved,
    PortalUnreachable,
    RateLimited,
    RestStopped,
    TokenRejected,
    UnexpectedAnswer,
)
from b24app.bitrix24.throttle import Limits, Priority
from b24app.bitrix24.wire import ANSWER_LIMIT_BYTES
from tests.bitrix24.peer import ORIGIN, Bench, Peer, error, failing, raw

PHONE = "+79990001122"


async def test_the_token_travels_in_the_body_and_in_no_address():
    bench = Bench()

    answer = await bench.client.call("crm.lead.get", {"id": 12})

    request = bench.peer.requests[0]
    assert str(request.url) == f"{ORIGIN}/rest/crm.lead.get"
    assert bench.peer.body() == {"id": 12, "auth": "first"}
    assert "first" not in str(request.headers)
    assert request.headers["user-agent"].startswith("b24app/")
    assert answer.result is True
    assert answer.operating_s == 1.5


async def test_an_expired_token_is_renewed_once_and_the_call_repeated():
    bench = Bench(peer=Peer(valid_token="second"))

    answer = await bench.client.call("profile")

    assert answer.result is True
    assert bench.access.renewals == 1
    assert [bench.peer.body(index)["auth"] for index in (0, 1)] == ["first", "second"]


async def test_a_writing_call_is_repeated_after_a_renewal_because_nothing_was_done():
    bench = Bench(peer=Peer(valid_token="second"))

    assert (await bench.client.call("event.bind", {"event": "ONCRMLEADADD"})).result is True


async def test_a_second_refusal_after_a_renewal_is_a_rejected_token():
    bench = Bench(peer=Peer(valid_token="another"))

    with pytest.raises(TokenRejected):
        await bench.client.call("profile")

    assert bench.access.renewals == 1
    assert len(bench.peer.requests) == 2


async def test_twenty_calls_on_an_expired_token_renew_it_once():
    bench = Bench(peer=Peer(valid_token="second"))

    answers = await asyncio.gather(*(bench.client.call("crm.lead.get", {"id": n}) for n in range(20)))

    assert len(answers) == 20
    assert bench.access.renewals == 1


async def test_a_wrong_token_is_not_renewed():
    bench = Bench(peer=Peer(prepared=[error("NO_AUTH_FOUND", 401)]))

    with pytest.raises(TokenRejected):
        await bench.client.call("profile")

    assert bench.access.renewals == 0


async def test_a_portal_that_is_gone_is_not_called():
    bench = Bench()
    bench.access.is_gone = True

    with pytest.raises(PortalGone):
        await bench.client.call("profile")

    assert bench.peer.requests == []


async def test_a_portal_that_goes_while_we_wait_is_not_called_again():
    bench = Bench()

    def leave(request: httpx.Request) -> httpx.Response:
        bench.access.is_gone = True
        return httpx.Response(502)

    bench.peer.prepared.append(leave)

    with pytest.raises(PortalGone):
        await bench.client.call("profile")

    assert len(bench.peer.requests) == 1


async def test_a_renamed_portal_is_followed_when_the_renewal_names_the_new_address():
    bench = Bench(peer=Peer(valid_token="second"))
    bench.access.next_origin = "https://renamed.bitrix24.example"
    bench.peer.prepared.append(raw(302, b"", location="https://renamed.bitrix24.example/rest/profile"))

    answer = await bench.client.call("profile", {"a": 1})

    assert answer.result is True
    assert str(bench.peer.requests[1].url) == "https://renamed.bitrix24.example/rest/profile"
    assert bench.peer.body()["a"] == 1


async def test_a_redirect_alone_is_not_believed():
    bench = Bench()
    bench.peer.prepared.append(raw(302, b"", location="https://evil.example/rest/profile"))

    with pytest.raises(PortalMoved) as refused:
        await bench.client.call("profile")

    assert refused.value.new_host == "evil.example"
    assert {request.url.host for request in bench.peer.requests} == {"acme.bitrix24.example"}


@pytest.mark.parametrize(
    "fault",
    [
        raw(502, b"<html>bad gateway</html>"),
        raw(200, b'{"result": tru'),
        raw(200, b""),
        raw(500, b'{"error":"INTERNAL_SERVER_ERROR","error_description":""}'),
        failing(httpx.ReadError),
        failing(httpx.ConnectTimeout),
        failing(httpx.ReadTimeout),
        failing(httpx.RemoteProtocolError),
    ],
)
async def test_a_reading_call_survives_a_passing_fault(fault):
    bench = Bench(peer=Peer(prepared=[fault, fault]))

    answer = await bench.client.call("crm.lead.list")

    assert answer.result is True
    assert bench.clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("fault", [raw(502, b""), failing(httpx.ReadError), raw(200, b"{")])
async def test_a_writing_call_is_not_repeated_when_it_may_have_been_done(fault):
    bench = Bench(peer=Peer(prepared=[fault]))

    with pytest.raises(PortalUnreachable):
        await bench.client.call("placement.bind")

    assert len(bench.peer.requests) == 1


async def test_a_writing_call_that_never_left_is_repeated():
    bench = Bench(peer=Peer(prepared=[failing(httpx.ConnectError)]))

    assert (await bench.client.call("placement.bind")).result is True


async def test_a_person_is_not_kept_waiting_for_a_portal_that_stays_down():
    bench = Bench(peer=Peer(prepared=[raw(503, b"")] * 50))

    with pytest.raises(PortalUnreachable):
        await bench.client.call("crm.lead.list")

    assert sum(bench.clock.slept) <= 10.0


async def test_a_full_bucket_at_the_portal_is_waited_out():
    bench = Bench(peer=Peer(prepared=[error("QUERY_LIMIT_EXCEEDED", 503)]))

    answer = await bench.client.call("placement.bind")

    assert answer.result is True
    assert sum(bench.clock.slept) >= 1.0


async def test_a_limit_that_lasts_is_told_as_such():
    bench = Bench(peer=Peer(prepared=[error("QUERY_LIMIT_EXCEEDED", 503)] * 50))

    with pytest.raises(RateLimited) as refused:
        await bench.client.call("crm.lead.list")

    assert refused.value.retry_after_s > 0
    assert len(bench.peer.requests) <= 6


async def test_our_own_count_keeps_within_the_portal_s_rate():
    bench = Bench(limits=Limits(capacity=5, rate_per_s=2), max_wait_s=60)

    started = bench.clock.now()
    for number in range(25):
        await bench.client.call("crm.lead.get", {"id": number})

    assert bench.clock.now() - started == pytest.approx((25 - 5) / 2, abs=0.6)


async def test_background_work_that_would_wait_long_is_put_back():
    bench = Bench(priority=Priority.BACKGROUND, max_wait_s=1.0)
    await bench.throttle.refused(retry_after_s=30)

    with pytest.raises(RateLimited) as refused:
        await bench.client.call("crm.lead.list")

    assert refused.value.retry_after_s == pytest.approx(30)
    assert bench.peer.requests == []


async def test_a_method_whose_time_is_spent_blocks_itself_and_nothing_else():
    bench = Bench(peer=Peer(prepared=[error("OPERATION_TIME_LIMIT", 429)]))

    with pytest.raises(MethodTimeSpent) as refused:
        await bench.client.call("crm.lead.list")
    with pytest.raises(RateLimited):
        await bench.client.call("crm.lead.list")
    await bench.client.call("crm.contact.list")

    assert refused.value.method == "crm.lead.list"
    assert refused.value.retry_after_s == pytest.approx(60)
    assert len(bench.peer.requests) == 2


async def test_rest_stopped_by_support_is_not_asked_again():
    bench = Bench(peer=Peer(prepared=[error("OVERLOAD_LIMIT", 503)]))

    with pytest.raises(RestStopped) as refused:
        await bench.client.call("crm.lead.list")

    assert refused.value.retry_after_s >= 600
    assert len(bench.peer.requests) == 1


async def test_an_error_body_with_status_200_is_an_error():
    bench = Bench(peer=Peer(prepared=[error("ACCESS_DENIED", 200, "Access denied!")]))

    with pytest.raises(AccessDenied):
        await bench.client.call("placement.bind")


@pytest.mark.parametrize("content", [b"[]", b'"text"', b'{"time": {}}'])
async def test_an_answer_of_unknown_shape_is_told_as_such(content):
    bench = Bench(peer=Peer(prepared=[raw(200, content)]))

    with pytest.raises(UnexpectedAnswer):
        await bench.client.call("profile")


async def test_an_answer_that_unpacks_to_more_than_the_limit_is_cut_off():
    packed = gzip.compress(b" " * (ANSWER_LIMIT_BYTES + 1), compresslevel=1)
    bench = Bench(peer=Peer(prepared=[raw(200, packed, **{"Content-Encoding": "gzip"})]))

    with pytest.raises(UnexpectedAnswer):
        await bench.client.call("profile")


async def test_every_request_is_logged_with_names_and_sizes_and_without_values():
    bench = Bench(peer=Peer(prepared=[error("expired_token", 401)], valid_token="second"))

    await bench.client.call("crm.lead.list", {"filter": {"PHONE": PHONE}, "select": ["ID"]})

    first, second = bench.log
    assert (first.status, first.error, first.attempt) == (401, "expired_token", 1)
    assert (second.status, second.error, second.attempt) == (200, None, 2)
    assert second.origin == ORIGIN
    assert second.parameters == ("filter[PHONE]", "select")
    assert second.request_bytes > 50
    assert second.response_bytes > 10
    assert PHONE not in repr(bench.log)
    assert "second" not in repr(bench.log)


async def test_no_exception_repeats_a_token_or_what_the_portal_wrote():
    secrets = (PHONE, "first")
    bench = Bench(peer=Peer(prepared=[error(f"Bad value {PHONE}", 400, f"{PHONE} is taken")]))

    with pytest.raises(Exception) as refused:
        await bench.client.call("crm.lead.list", {"filter": {"PHONE": PHONE}})

    told = f"{refused.value!r} {refused.value} {vars(refused.value)} {bench.log}"
    assert not any(secret in told for secret in secrets)
