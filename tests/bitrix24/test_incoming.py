"""Portals' calls: forms, frames, events; odd and hostile ones."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix24.forms import BODY_LIMIT_BYTES
from b24app.bitrix24.incoming import MalformedCall, parse_event, parse_form, parse_frame

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
MEMBER = "a223c6b3710f85df22e9377d6c4f7553"
QUERY = {"DOMAIN": "acme.bitrix24.example", "PROTOCOL": "1", "LANG": "RU", "APP_SID": "5" * 32}
FRAME = {
    "AUTH_ID": "access-1",
    "AUTH_EXPIRES": "3600",
    "REFRESH_ID": "refresh-1",
    "SERVER_ENDPOINT": "https://oauth.bitrix.info/rest/",
    "APPLICATION_TOKEN": "proof",
    "APPLICATION_SCOPE": "crm,placement",
    "member_id": MEMBER,
    "status": "L",
    "PLACEMENT": "CRM_LEAD_DETAIL_TAB",
    "PLACEMENT_OPTIONS": json.dumps({"ID": "8061", "URI": "/crm/lead/details/8061/"}),
}
EVENT = (
    "event=ONCRMLEADUPDATE&event_handler_id=707&data[FIELDS][ID]=1000983&ts=1742807175"
    "&auth[access_token]=access-1&auth[expires_in]=3600&auth[scope]=crm&auth[domain]=acme.bitrix24.example"
    "&auth[server_endpoint]=https://oauth.bitrix.info/rest/&auth[status]=L"
    "&auth[client_endpoint]=https://acme.bitrix24.example/rest/"
    f"&auth[member_id]={MEMBER}&auth[application_token]=proof&auth[user_id]=5"
)


def event_of(text: str):
    return parse_event(parse_form(text.encode(), FORM))


@pytest.mark.parametrize(
    ("body", "form"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("data[FIELDS][ID]=1", {"data": {"FIELDS": {"ID": "1"}}}),
        ("data%5BFIELDS%5D%5BID%5D=1", {"data": {"FIELDS": {"ID": "1"}}}),
        ("a[]=x&a[]=y", {"a": {"0": "x", "1": "y"}}),
        ("a[0]=x&a[2]=y", {"a": {"0": "x", "2": "y"}}),
        ("a=1&a=2", {"a": "2"}),
        ("a=%2B7+999", {"a": "+7 999"}),
    ],
)
def test_a_form_is_read_as_php_reads_it(body, form):
    assert parse_form(body.encode(), FORM) == form


@pytest.mark.parametrize(
    "body",
    [
        b"a[b=1",
        b"a]b=1",
        b"=1",
        b"a=1&a[b]=2",
        b"a[b]=2&a=1",
        b"a[b][c][d][e][f][g]=1",
        b"a=%FF",
        b"\xff=1",
        b"&".join(b"a%d=1" % number for number in range(1001)),
        b"a=" + b"x" * BODY_LIMIT_BYTES,
    ],
)
def test_a_form_beyond_all_measure_is_refused(body):
    with pytest.raises(MalformedCall):
        parse_form(body, FORM)


def test_another_content_type_is_refused():
    with pytest.raises(MalformedCall):
        parse_form(b"{}", "application/json")


@given(body=st.binary(max_size=300))
def test_any_bytes_are_a_form_or_a_malformed_call(body):
    try:
        parse_event(parse_form(body, FORM))
    except MalformedCall as refused:
        assert refused.field


def test_a_card_s_tab_is_read():
    call = parse_frame(QUERY, parse_form(urlencode(FRAME).encode(), FORM))

    assert (call.member_id, call.placement, call.record_id) == (MEMBER, "CRM_LEAD_DETAIL_TAB", 8061)
    assert (call.domain, call.is_https, call.language) == ("acme.bitrix24.example", True, "ru")
    assert (call.access_token, call.expires_in_s, call.refresh_token) == ("access-1", 3600, "refresh-1")
    assert call.scopes == {"crm", "placement"}
    assert not any(secret in repr(call) for secret in ("access-1", "refresh-1", "proof"))


def test_an_older_portal_leaves_parts_out():
    call = parse_frame({"DOMAIN": "127.0.0.1:8301", "PROTOCOL": "0"}, {"member_id": MEMBER})

    assert (call.placement, call.is_https, call.language) == ("DEFAULT", False, "en")
    assert call.access_token is call.application_token is call.scopes is call.server_endpoint is None
    assert call.options == {}
    assert call.record_id is None


@pytest.mark.parametrize(
    ("options", "record_id"),
    [
        ('{"ID":8061}', 8061),
        ('{"ID":"8061"}', 8061),
        ('{"ID":""}', None),
        ('{"ID":"0"}', None),
        ("{}", None),
        ("[]", None),
        ('{"ID":true}', None),
        ('{"ID":["1"]}', None),
    ],
)
def test_the_card_s_record_is_a_number_or_none(options, record_id):
    assert parse_frame(QUERY, FRAME | {"PLACEMENT_OPTIONS": options}).record_id == record_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("member_id", ""),
        ("member_id", "a' OR 1=1"),
        ("member_id", "a" * 65),
        ("PLACEMENT", "<script>"),
        ("PLACEMENT_OPTIONS", "{broken"),
        ("PLACEMENT_OPTIONS", '"text"'),
        ("AUTH_EXPIRES", "soon"),
        ("AUTH_ID", "x" * 5000),
        ("AUTH_ID", {"0": "x"}),
    ],
)
def test_a_malformed_frame_names_the_field_and_never_the_value(field, value):
    with pytest.raises(MalformedCall) as refused:
        parse_frame(QUERY, FRAME | {field: value})

    assert refused.value.field == field
    assert not value or str(value) not in str(refused.value)


@pytest.mark.parametrize(
    "options", ['{"ID":"12x"}', '{"ID":"-5"}', '{"ID":"٣"}', '{"ID":"9999999999999999999"}']
)
def test_an_id_that_is_no_number_is_malformed(options):
    with pytest.raises(MalformedCall):
        _ = parse_frame(QUERY, FRAME | {"PLACEMENT_OPTIONS": options}).record_id


def test_a_changed_lead_is_read():
    event = event_of(EVENT)

    assert (event.name, event.record_type_word, event.record_id) == ("ONCRMLEADUPDATE", "lead", 1000983)
    assert (event.member_id, event.application_token, event.user_id) == (MEMBER, "proof", 5)
    assert (event.ts, event.is_delete) == (1742807175, False)
    assert "access-1" not in repr(event)


@pytest.mark.parametrize("word", ["lead", "contact", "company"])
@pytest.mark.parametrize("action", ["ADD", "UPDATE", "DELETE"])
def test_every_record_event_is_known(word, action):
    event = event_of(EVENT.replace("ONCRMLEADUPDATE", f"OnCrm{word.title()}{action.title()}"))

    assert (event.record_type_word, event.is_delete) == (word, action == "DELETE")


def test_an_event_of_a_robot_brings_no_token():
    event = event_of(
        f"event=ONCRMLEADADD&data[FIELDS][ID]=1&auth[member_id]={MEMBER}&auth[application_token]=p"
    )

    assert event.access_token is event.user_id is event.ts is None


@pytest.mark.parametrize(("clean", "is_clean"), [("1", True), ("0", False), ("", False)])
def test_an_uninstall_says_whether_to_forget_everything(clean, is_clean):
    event = event_of(
        f"event=ONAPPUNINSTALL&data[LANGUAGE_ID]=de&data[CLEAN]={clean}&auth[member_id]={MEMBER}"
    )

    assert (event.name, event.record_id, event.is_clean) == ("ONAPPUNINSTALL", None, is_clean)


def test_an_update_names_the_version():
    event = event_of(f"event=ONAPPUPDATE&data[VERSION]=4&data[PREVIOUS_VERSION]=3&auth[member_id]={MEMBER}")

    assert event.version == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "event"),
        (f"event=ONCRMLEADADD&auth[member_id]={MEMBER}", "data[FIELDS][ID]"),
        (f"event=ONCRMLEADADD&data[FIELDS][ID]=x&auth[member_id]={MEMBER}", "data[FIELDS][ID]"),
        ("event=ONCRMLEADADD&data[FIELDS][ID]=1", "auth[member_id]"),
        ("event=ONCRMLEADADD&data[FIELDS][ID]=1&auth=x", "auth"),
        (f"event=ONCRMLEADADD&data=x&auth[member_id]={MEMBER}", "data"),
        (f"event=a b&auth[member_id]={MEMBER}", "event"),
    ],
)
def test_a_malformed_event_names_the_field(body, field):
    with pytest.raises(MalformedCall) as refused:
        event_of(body)

    assert refused.value.field == field
