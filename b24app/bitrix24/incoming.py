"""What a portal posts to us, parsed strictly and believed not at all: ``services`` verifies.

Sources: REST documentation, "widgets/_includes/widget_data", "events/index", the pages of the events;
portal behaviour on fields that older portals leave out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from b24app.bitrix24.forms import Form, MalformedCall, parse_form

__all__ = ["FrameCall", "MalformedCall", "PortalEvent", "parse_event", "parse_form", "parse_frame"]

_MEMBER_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_CODE = re.compile(r"[A-Za-z0-9_]{1,128}")
_LANGUAGE = re.compile(r"[A-Za-z_-]{2,8}")
_RECORD_EVENT = re.compile(r"ONCRM(LEAD|CONTACT|COMPANY)(ADD|UPDATE|DELETE)")
_TEXT_LIMIT = 4096
_ID_DIGITS = 18


@dataclass(frozen=True, slots=True)
class FrameCall:
    """A page of ours opened inside the portal. What the portal left out is None.

    ``options`` are PLACEMENT_OPTIONS with texts and whole numbers only.
    """

    member_id: str
    placement: str
    domain: str
    is_https: bool
    language: str
    app_sid: str | None
    access_token: str | None = field(repr=False)
    expires_in_s: int | None
    refresh_token: str | None = field(repr=False)
    server_endpoint: str | None
    application_token: str | None = field(repr=False)
    scopes: frozenset[str] | None
    status: str | None
    options: Mapping[str, str | int] = field(repr=False)

    @property
    def record_id(self) -> int | None:
        """Return the card's record; None for a card that is not saved yet and for other places."""
        return _whole(self.options.get("ID"), "PLACEMENT_OPTIONS")


@dataclass(frozen=True, slots=True)
class PortalEvent:
    """Something happened in a portal; of a record only the id comes along.

    ``record_type_word`` is ``lead``, ``contact`` or ``company``, and None for other events.
    """

    name: str
    record_type_word: str | None
    record_id: int | None
    member_id: str
    application_token: str | None = field(repr=False)
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in_s: int | None
    user_id: int | None
    client_endpoint: str | None
    ts: int | None
    data: Form = field(repr=False)

    @property
    def is_delete(self) -> bool:
        return self.record_type_word is not None and self.name.endswith("DELETE")

    @property
    def is_clean(self) -> bool:
        """Tell whether ONAPPUNINSTALL asks to delete the app's settings and data too."""
        return self.data.get("CLEAN") == "1"

    @property
    def version(self) -> int | None:
        """Return the new version of ONAPPUPDATE and ONAPPINSTALL."""
        version = self.data.get("VERSION")
        return _whole(version if isinstance(version, str) else None, "data[VERSION]")


def parse_frame(query: Mapping[str, str], form: Form) -> FrameCall:
    """Return the call of the app's page, its installer or a widget. Raises MalformedCall."""
    protocol = query.get("PROTOCOL", "1")
    if protocol not in ("0", "1"):
        raise MalformedCall("PROTOCOL", "neither 0 nor 1")
    scope = _text(form, "APPLICATION_SCOPE")
    return FrameCall(
        member_id=_matching(form, "member_id", _MEMBER_ID),
        placement=_matching(form, "PLACEMENT", _CODE, default="DEFAULT").upper(),
        domain=_required(query, "DOMAIN"),
        is_https=protocol == "1",
        language=_matching(query, "LANG", _LANGUAGE, default="en").lower(),
        app_sid=_text(query, "APP_SID"),
        access_token=_text(form, "AUTH_ID"),
        expires_in_s=_whole(_text(form, "AUTH_EXPIRES"), "AUTH_EXPIRES"),
        refresh_token=_text(form, "REFRESH_ID"),
        server_endpoint=_text(form, "SERVER_ENDPOINT"),
        application_token=_text(form, "APPLICATION_TOKEN"),
        scopes=None if scope is None else frozenset(re.findall(r"[^ ,]+", scope)),
        status=_text(form, "status"),
        options=_options(_text(form, "PLACEMENT_OPTIONS")),
    )


def parse_event(form: Form) -> PortalEvent:
    """Return an event of the portal or of the app's life. Raises MalformedCall."""
    name = _matching(form, "event", _CODE).upper()
    auth, data = _group(form, "auth"), _group(form, "data")
    about_record = _RECORD_EVENT.fullmatch(name)
    record_id = None
    if about_record:
        fields = _group(data, "FIELDS", called="data[FIELDS]")
        record_id = _whole(_text(fields, "ID", called="data[FIELDS][ID]"), "data[FIELDS][ID]")
        if record_id is None:
            raise MalformedCall("data[FIELDS][ID]", "missing")
    return PortalEvent(
        name=name,
        record_type_word=about_record[1].lower() if about_record else None,
        record_id=record_id,
        member_id=_matching(auth, "member_id", _MEMBER_ID, called="auth[member_id]"),
        application_token=_text(auth, "application_token", called="auth[application_token]"),
        access_token=_text(auth, "access_token", called="auth[access_token]"),
        refresh_token=_text(auth, "refresh_token", called="auth[refresh_token]"),
        expires_in_s=_whole(_text(auth, "expires_in", called="auth[expires_in]"), "auth[expires_in]"),
        user_id=_whole(_text(auth, "user_id", called="auth[user_id]"), "auth[user_id]"),
        client_endpoint=_text(auth, "client_endpoint", called="auth[client_endpoint]"),
        ts=_whole(_text(form, "ts"), "ts"),
        data=data,
    )


def _options(text: str | None) -> Mapping[str, str | int]:
    if text is None:
        return {}
    try:
        options = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise MalformedCall("PLACEMENT_OPTIONS", "not JSON") from None
    if options == []:  # PHP's empty map
        return {}
    if not isinstance(options, dict):
        raise MalformedCall("PLACEMENT_OPTIONS", "not an object")
    return {
        key: value
        for key, value in options.items()
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    }


def _group(form: Form, key: str, called: str = "") -> Form:
    """Return a bracketed group, an empty one when it is missing."""
    group = form.get(key, {})
    if isinstance(group, str):
        if group:
            raise MalformedCall(called or key, "not a group")
        return {}
    return group


def _text(form: Mapping[str, str | Form], key: str, called: str = "") -> str | None:
    """Return a text, None when it is missing or empty."""
    value = form.get(key)
    if isinstance(value, dict):
        raise MalformedCall(called or key, "not a text")
    if value is not None and len(value) > _TEXT_LIMIT:
        raise MalformedCall(called or key, "too long")
    return value or None


def _required(form: Mapping[str, str | Form], key: str, called: str = "") -> str:
    text = _text(form, key, called)
    if text is None:
        raise MalformedCall(called or key, "missing")
    return text


def _matching(
    form: Mapping[str, str | Form],
    key: str,
    pattern: re.Pattern[str],
    *,
    default: str | None = None,
    called: str = "",
) -> str:
    text = _text(form, key, called)
    if text is None and default is not None:
        return default
    if text is None:
        raise MalformedCall(called or key, "missing")
    if not pattern.fullmatch(text):
        raise MalformedCall(called or key, "not of the expected form")
    return text


def _whole(value: str | int | None, called: str) -> int | None:
    """Return a whole number; None for nothing and 0."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _ID_DIGITS:
        raise MalformedCall(called, "not a whole number")
    return int(text) or None
