"""batch: references, empty maps, errors of commands, fifty of them."""

from urllib.parse import quote

from b24app.sandbox.rest.commands import MOST_COMMANDS
from tests.sandbox.builders import ADMIN, OWNER, Caller, a_portal


def _with_leads(count: int) -> Caller:
    portal = a_portal()
    for _ in range(count):
        portal.add_record("lead", {"ASSIGNED_BY_ID": ADMIN})
    return Caller(portal, ADMIN)


def _page(after: str) -> str:
    return f"crm.lead.list?start=-1&order[ID]=ASC&select[]=ID&filter[{quote('>ID')}]={after}"


async def test_earlier_results_fill_later_commands() -> None:
    admin = _with_leads(120)

    answer = await admin.batch(
        {"p0": _page("0"), "p1": _page("$result[p0][49][ID]"), "p2": _page("$result[p1][49][ID]")}
    )

    found = answer["result"]
    assert [(rows[0]["ID"], len(rows)) for rows in found.values()] == [("1", 50), ("51", 50), ("101", 20)]
    assert answer["result_total"] == {"p0": 0, "p1": 0, "p2": 0}
    assert answer["result_error"] == [] and answer["result_next"] == []
    assert set(answer["result_time"]) == {"p0", "p1", "p2"}


async def test_a_reference_that_leads_nowhere_becomes_empty_and_the_first_page_comes_again() -> None:
    admin = _with_leads(3)

    answer = await admin.batch({"p0": _page("0"), "p1": _page("$result[p0][49][ID]")})

    assert [row["ID"] for row in answer["result"]["p1"]] == ["1", "2", "3"]


async def test_a_whole_list_may_be_passed_on() -> None:
    admin = _with_leads(1)

    answer = await admin.batch({"me": "user.current", "deps": "department.get?ID=$result[me][UF_DEPARTMENT]"})

    assert [row["ID"] for row in answer["result"]["deps"]] == ["1"]
    assert answer["result_total"] == {"deps": 1}


async def test_http_is_always_200_and_errors_stand_beside() -> None:
    admin = _with_leads(1)

    status, body = await admin.ask("batch", cmd={"bad": "crm.lead.get?id=99", "none": "no.such.method"})

    assert status == 200
    assert body["result"]["result"] == []
    assert body["result"]["result_error"] == {
        "bad": {"error": "", "error_description": "Not found"},
        "none": {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"},
    }
    assert body["result"]["result_time"] == []


async def test_halt_stops_at_the_first_error() -> None:
    admin = _with_leads(1)
    commands = {"bad": "crm.lead.get?id=99", "good": "profile"}

    halted = await admin.batch(commands, halt=1)
    ran = await admin.batch(commands, halt=0)

    assert (halted["result"], list(ran["result"])) == ([], ["good"])


async def test_the_surplus_over_fifty_fails() -> None:
    admin = _with_leads(1)

    answer = await admin.batch({f"c{number}": "profile" for number in range(MOST_COMMANDS + 1)})

    assert len(answer["result"]) == MOST_COMMANDS
    assert answer["result_error"][f"c{MOST_COMMANDS}"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"


async def test_there_is_no_batch_in_a_batch() -> None:
    answer = await _with_leads(1).batch({"inner": "batch?cmd[a]=profile"})

    assert answer["result_error"]["inner"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


async def test_numbered_commands_come_back_as_a_list() -> None:
    answer = await _with_leads(1).batch(["profile", "user.admin"])

    assert [type(one) for one in answer["result"]] == [dict, bool]


async def test_a_batch_has_the_callers_rights() -> None:
    portal = _with_leads(2).portal

    answer = await Caller(portal, OWNER).batch({"leads": "crm.lead.list", "one": "crm.lead.get?id=1"})

    assert answer["result"]["leads"] == []
    assert answer["result_error"]["one"]["error_description"] == "Access denied."


async def test_a_batch_is_one_request_and_its_commands_are_counted_apart() -> None:
    admin = _with_leads(1)

    await admin.batch({"a": "profile", "b": "profile", "c": "crm.lead.list"})

    assert admin.portal.traffic.to_json()["requests"] == 1
    assert admin.portal.traffic.calls == {"profile": 2, "crm.lead.list": 1}
    assert admin.portal.traffic.by_app == {"local.test": 1}
