"""Robots' calls as the queue server posts them; odd, broken and hostile ones."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix24.forms import MalformedCall, parse_form
from b24app.bitrix24.incoming_robots import DocumentRef, parse_robot_call

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
MEMBER = "a223c6b3710f85df22e9377d6c4f7553"
CALL = {
    "workflow_id": "5f1a2b",
    "code": "find_duplicates",
    "document_id[0]": "crm",
    "document_id[1]": "CCrmDocumentLead",
    "document_id[2]": "LEAD_456",
    "document_type[0]": "crm",
    "document_type[1]": "CCrmDocumentLead",
    "document_type[2]": "LEAD",
    "event_token": "55c1|A51601_82584|secret.part",
    "properties[types][0]": "lead",
    "properties[types][1]": "company",
    "properties[look_back_days]": "30",
    "properties[closed]": "",
    "use_subscription": "Y",
    "timeout_duration": "600",
    "ts": "1742807175",
    "auth[member_id]": MEMBER,
    "auth[application_token]": "proof",
    "auth[access_token]": "access-1",
    "auth[user_id]": "7",
}


def call_of(**different: str | None):
    fields = {name: value for name, value in (CALL | different).items() if value is not None}
    return parse_robot_call(parse_form(urlencode(fields).encode(), FORM))


def test_a_call_is_read_with_single_and_multiple_inputs():
    call = call_of()

    assert call.document == DocumentRef("lead", 456)
    assert call.properties == {"types": ("lead", "company"), "look_back_days": ("30",), "closed": ()}
    assert (call.code, call.event_token, call.timeout_s) == ("find_duplicates", CALL["event_token"], 600)
    assert (call.member_id, call.application_token, call.user_id) == (MEMBER, "proof", 7)
    assert call.is_awaited


def test_a_call_without_inputs_or_a_time_out_is_read():
    gone = dict.fromkeys([name for name in CALL if name.startswith("properties")])

    call = call_of(**gone, timeout_duration="0", use_subscription="N")

    assert (call.properties, call.timeout_s, call.is_awaited) == ({}, None, False)


@pytest.mark.parametrize(
    ("named", "document"),
    [
        ("LEAD_1", DocumentRef("lead", 1)),
        ("CONTACT_22", DocumentRef("contact", 22)),
        ("COMPANY_3", DocumentRef("company", 3)),
        ("DEAL_123", DocumentRef("deal", 123)),
        ("DYNAMIC_147_1", DocumentRef("dynamic_147", 1)),
        ("SMART_INVOICE_3", DocumentRef("smart_invoice", 3)),
        ("LEAD_0", None),
        ("LEAD_-1", None),
        ("LEAD_", None),
        ("LEAD", None),
        ("456", None),
        ("LEAD_" + "9" * 19, None),
        ("lead_5", None),
        ("LEAD_5 OR 1=1", None),
        ("", None),
        (None, None),
    ],
)
def test_the_document_is_read_from_its_third_part(named, document):
    assert call_of(**{"document_id[2]": named}).document == document


def test_a_list_element_is_no_record_of_the_crm():
    assert call_of(**{"document_id[0]": "lists", "document_id[2]": "LEAD_5"}).document is None


@pytest.mark.parametrize(
    ("different", "field"),
    [
        ({"event_token": None}, "event_token"),
        ({"event_token": ""}, "event_token"),
        ({"event_token": "x" * 5000}, "event_token"),
        ({"code": None}, "code"),
        ({"code": "a code"}, "code"),
        ({"auth[member_id]": None}, "auth[member_id]"),
        ({"auth[member_id]": "../.."}, "auth[member_id]"),
        ({"timeout_duration": "soon"}, "timeout_duration"),
        ({"auth[user_id]": "-1"}, "auth[user_id]"),
        ({"properties[9]": "x"}, "properties"),
        ({"properties[types][0][x]": "x", "properties[types][0]": None}, "properties[types]"),
        ({"properties[look_back_days]": "x" * 5000}, "properties[look_back_days]"),
    ],
)
def test_what_no_portal_sends_is_refused_by_the_name_of_the_field(different, field):
    with pytest.raises(MalformedCall) as refused:
        call_of(**different)

    assert refused.value.field == field


def test_too_many_values_are_refused():
    many = {f"properties[keys][{number}]": "phone" for number in range(101)}

    with pytest.raises(MalformedCall):
        call_of(**many)


def test_a_call_does_not_show_its_secrets_when_printed():
    text = repr(call_of())

    assert not any(secret in text for secret in ("secret.part", "proof", "access-1"))


@given(st.dictionaries(st.sampled_from([*CALL, "auth", "document_id", "properties"]), st.text(max_size=20)))
def test_whatever_is_posted_is_read_or_refused(different):
    try:
        call = call_of(**different)
    except MalformedCall:
        return
    assert call.event_token
