"""Batches: spelling of commands, the five maps, parts of fifty, and refusals inside."""

import httpx
import pytest

from b24app.bitrix24.calls import Command
from b24app.bitrix24.encoding import command_line
from b24app.bitrix24.errors import (
    AccessDenied,
    CommandNotRun,
    MethodTimeSpent,
    NotFound,
    RateLimited,
    TokenExpired,
    UnexpectedAnswer,
)
from b24app.bitrix24.throttle import Priority
from tests.bitrix24.peer import Bench, Peer, batch_of


def answers(body):
    return lambda request: httpx.Response(200, json=body)


EXPIRED = {"error": "expired_token", "error_description": ""}


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({}, "m"),
        ({"id": 5}, "m?id=5"),
        ({"select": ["ID", "PHONE"]}, "m?select[0]=ID&select[1]=PHONE"),
        ({"filter": {">ID": "$result[p0][49][ID]"}}, "m?filter[%3EID]=$result[p0][49][ID]"),
        ({"values": ["+7 999"]}, "m?values[0]=%2B7%20999"),
        ({"a": {"b": {"c": True}}, "d": None, "e": False}, "m?a[b][c]=1&d=&e=0"),
        ({"a": "x&y=z", "b": []}, "m?a=x%26y%3Dz"),
        ({"имя": "Ёж"}, "m?%D0%B8%D0%BC%D1%8F=%D0%81%D0%B6"),
    ],
)
def test_a_command_is_spelt_as_php_reads_it(params, line):
    assert command_line(Command("m", params)) == line


async def test_commands_and_answers_keep_their_keys():
    bench = Bench(peer=Peer(result=[{"ID": "1"}]))

    done = await bench.client.batch(
        {"me": Command("profile"), "leads": Command("crm.lead.list", {"filter": {"@ID": [1, 2]}})}
    )

    assert done.get("leads").result == [{"ID": "1"}]
    assert bench.peer.command("me") == ("profile", {})
    assert bench.peer.command("leads") == ("crm.lead.list", {"filter[@ID][0]": "1", "filter[@ID][1]": "2"})
    assert bench.peer.body()["halt"] == 0
    assert bench.log[0].commands == {"profile": 1, "crm.lead.list": 1}


async def test_a_hundred_and_twenty_commands_are_three_requests():
    bench = Bench()

    done = await bench.client.batch({str(n): Command("crm.lead.get", {"id": n}) for n in range(120)})

    assert len(done.answers) == 120
    assert [len(bench.peer.body(index)["cmd"]) for index in range(3)] == [50, 50, 20]


@pytest.mark.parametrize("halt", [True, False])
async def test_commands_that_depend_on_each_other_are_not_split(halt):
    bench = Bench()
    chained = {str(n): Command("crm.lead.list", {"filter": {">ID": "$result[0][0][ID]"}}) for n in range(51)}

    with pytest.raises(ValueError, match="fifty"):
        await bench.client.batch(chained, halt=halt)

    assert bench.peer.requests == []


async def test_empty_maps_come_as_lists_in_all_five_places():
    maps = {f"result{part}": [] for part in ("", "_error", "_total", "_next", "_time")}
    bench = Bench(peer=Peer(prepared=[answers({"result": maps})]))

    done = await bench.client.batch({"a": Command("profile")}, halt=True)

    assert done.answers == {}
    with pytest.raises(CommandNotRun):
        done.get("a")


async def test_counted_keys_may_come_back_as_a_list():
    maps = {
        "result": ["x", "y"],
        "result_error": [],
        "result_total": [7, 8],
        "result_next": [],
        "result_time": [],
    }
    bench = Bench(peer=Peer(prepared=[answers({"result": maps})]))

    done = await bench.client.batch({"0": Command("crm.lead.list"), "1": Command("crm.deal.list")})

    assert (done.get("0").result, done.get("0").total) == ("x", 7)
    assert (done.get("1").result, done.get("1").total) == ("y", 8)


async def test_a_command_s_refusal_is_its_own():
    failed = {"gone": {"error": "", "error_description": "Not found"}, "shut": {"error": "ACCESS_DENIED"}}
    bench = Bench(peer=Peer(prepared=[answers(batch_of({"good": None}, failed))]))

    done = await bench.client.batch({key: Command("crm.lead.get") for key in ("good", "gone", "shut")})

    assert done.get("good").result is None
    with pytest.raises(NotFound):
        done.get("gone")
    with pytest.raises(AccessDenied):
        done.get("shut")
    assert done.errors["gone"].method == "crm.lead.get"


@pytest.mark.parametrize(("priority", "is_held"), [(Priority.PERSON, False), (Priority.BACKGROUND, True)])
async def test_running_time_is_counted_by_method_and_people_may_use_the_rest(priority, is_held):
    times = {"a": {"operating": 100, "operating_reset_at": 1_000_500}, "b": {"operating": 466}}
    bench = Bench(peer=Peer(prepared=[answers(batch_of({"a": [], "b": []}, times=times))]), priority=priority)
    await bench.client.batch({"a": Command("crm.lead.list"), "b": Command("crm.deal.list")})

    await bench.client.call("crm.lead.list")
    held = None
    try:
        await bench.client.call("crm.deal.list")
    except RateLimited as limited:
        held = limited.retry_after_s

    assert (held is not None) == is_held
    assert not is_held or held == pytest.approx(600)


async def test_spent_time_inside_a_batch_blocks_that_method():
    failed = {"b": {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"}}
    bench = Bench(peer=Peer(prepared=[answers(batch_of({"a": []}, failed))]))

    done = await bench.client.batch({"a": Command("crm.lead.list"), "b": Command("crm.deal.list")})

    with pytest.raises(MethodTimeSpent):
        done.get("b")
    with pytest.raises(RateLimited):
        await bench.client.call("crm.deal.list")
    await bench.client.call("crm.lead.list")


async def test_a_token_that_expires_between_two_commands_is_renewed_and_the_rest_repeated():
    half = batch_of({"a": 1}, {"b": EXPIRED, "c": EXPIRED})
    bench = Bench(peer=Peer(prepared=[answers(half)], valid_token="second", result=2))

    done = await bench.client.batch({key: Command("event.bind") for key in "abc"})

    assert {key: done.get(key).result for key in "abc"} == {"a": 1, "b": 2, "c": 2}
    assert list(bench.peer.body()["cmd"]) == ["b", "c"]
    assert bench.access.renewals == 1


async def test_a_chain_that_broke_by_expiry_is_read_again_from_its_start():
    half = batch_of({"p0": []}, {"p1": EXPIRED})
    bench = Bench(peer=Peer(prepared=[answers(half)], valid_token="second"))
    chain = {
        "p0": Command("crm.lead.list"),
        "p1": Command("crm.lead.list", {"filter": {">ID": "$result[p0][49][ID]"}}),
    }

    done = await bench.client.batch(chain)

    assert done.errors == {}
    assert list(bench.peer.body()["cmd"]) == ["p0", "p1"]


async def test_a_writing_chain_that_broke_by_expiry_is_left_to_the_caller():
    half = batch_of({"p0": 1}, {"p1": EXPIRED})
    bench = Bench(peer=Peer(prepared=[answers(half)]))

    done = await bench.client.batch(
        {"p0": Command("event.bind"), "p1": Command("event.bind", {"x": "$result[p0]"})}
    )

    assert isinstance(done.errors["p1"], TokenExpired)
    assert len(bench.peer.requests) == 1


async def test_a_batch_with_one_writing_command_is_not_repeated_blindly():
    bench = Bench(peer=Peer(prepared=[lambda request: httpx.Response(502)]))

    with pytest.raises(Exception, match="no answer"):
        await bench.client.batch({"a": Command("crm.lead.list"), "b": Command("placement.bind")})

    assert len(bench.peer.requests) == 1


async def test_a_batch_answer_without_maps_is_unexpected():
    bench = Bench(peer=Peer(prepared=[answers({"result": True})]))

    with pytest.raises(UnexpectedAnswer):
        await bench.client.batch({"a": Command("profile")})
