"""What a workflow posts to a robot's handler, parsed strictly and believed not at all: ``services`` verifies.

Sources: REST documentation, "bizproc-robot-add", "bizproc-event-send", "bizproc-workflow-start" (ids of documents);
portal behaviour, point 7 (the list of fields, all of them texts).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from b24app.bitrix24.forms import Form, MalformedCall

_MEMBER_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_CODE = re.compile(r"[A-Za-z0-9.\-_]{1,128}")
_INPUT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_DOCUMENT = re.compile(r"([A-Z][A-Z_]{0,30}?(?:_[0-9]{1,9}(?=_))?)_([1-9][0-9]{0,17})")
_TEXT_LIMIT = 4096
_MOST_VALUES = 100  # of one input
_ID_DIGITS = 18


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """What a workflow runs on: ``lead``, ``contact``, ``company``, ``deal``, ``dynamic_147`` …, and its id."""

    type: str
    id: int


@dataclass(frozen=True, slots=True)
class RobotCall:
    """A step of a workflow that may wait for our answer.

    ``document`` is None when its id is none we can read: the call has to be answered all the same.
    ``timeout_s`` None: the workflow waits for ever. ``properties`` are the inputs, always as several texts.
    """

    workflow_id: str
    code: str
    document: DocumentRef | None
    event_token: str = field(repr=False)
    properties: Mapping[str, tuple[str, ...]] = field(repr=False)
    is_awaited: bool
    timeout_s: int | None
    ts: int | None
    member_id: str
    application_token: str | None = field(repr=False)
    access_token: str | None = field(repr=False)
    user_id: int | None


def parse_robot_call(form: Form) -> RobotCall:
    """Return the call of a robot or of a workflow's activity. Raises MalformedCall."""
    auth = _group(form, "auth")
    return RobotCall(
        workflow_id=_text(form, "workflow_id") or "",
        code=_matching(form, "code", _CODE),
        document=_document(_group(form, "document_id")),
        event_token=_required(form, "event_token"),
        properties=_properties(_group(form, "properties")),
        is_awaited=_text(form, "use_subscription") != "N",
        timeout_s=_whole(form, "timeout_duration"),
        ts=_whole(form, "ts"),
        member_id=_matching(auth, "member_id", _MEMBER_ID, within="auth"),
        application_token=_text(auth, "application_token", within="auth"),
        access_token=_text(auth, "access_token", within="auth"),
        user_id=_whole(auth, "user_id", within="auth"),
    )


def _document(parts: Form) -> DocumentRef | None:
    """Read ``crm``, a class and ``LEAD_456`` or ``DYNAMIC_147_1``; None for what is no record of the CRM."""
    if parts.get("0") != "crm":
        return None
    named = parts.get("2")
    found = _DOCUMENT.fullmatch(named) if isinstance(named, str) else None
    return None if found is None else DocumentRef(found[1].lower(), int(found[2]))


def _properties(group: Form) -> dict[str, tuple[str, ...]]:
    properties = {}
    for name, value in group.items():
        if not _INPUT.fullmatch(name):
            raise MalformedCall("properties", "a name that is no input's")
        texts = [value] if isinstance(value, str) else list(value.values())
        if len(texts) > _MOST_VALUES:
            raise MalformedCall(f"properties[{name}]", "too many values")
        properties[name] = tuple(_input(text, name) for text in texts if text != "")
    return properties


def _input(value: str | Form, name: str) -> str:
    if isinstance(value, dict):
        raise MalformedCall(f"properties[{name}]", "nested too deeply")
    if len(value) > _TEXT_LIMIT:
        raise MalformedCall(f"properties[{name}]", "too long")
    return value


def _group(form: Form, key: str) -> Form:
    group = form.get(key, {})
    if isinstance(group, str):
        if group:
            raise MalformedCall(key, "not a group")
        return {}
    return group


def _text(form: Form, key: str, *, within: str = "") -> str | None:
    """Return a text, None when it is missing or empty."""
    value = form.get(key)
    if isinstance(value, dict):
        raise MalformedCall(_called(key, within), "not a text")
    if value is not None and len(value) > _TEXT_LIMIT:
        raise MalformedCall(_called(key, within), "too long")
    return value or None


def _required(form: Form, key: str, *, within: str = "") -> str:
    text = _text(form, key, within=within)
    if text is None:
        raise MalformedCall(_called(key, within), "missing")
    return text


def _matching(form: Form, key: str, pattern: re.Pattern[str], *, within: str = "") -> str:
    text = _required(form, key, within=within)
    if not pattern.fullmatch(text):
        raise MalformedCall(_called(key, within), "not of the expected form")
    return text


def _whole(form: Form, key: str, *, within: str = "") -> int | None:
    """Return a whole number; None for nothing and 0."""
    text = (_text(form, key, within=within) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _ID_DIGITS:
        raise MalformedCall(_called(key, within), "not a whole number")
    return int(text) or None


def _called(key: str, within: str) -> str:
    return f"{within}[{key}]" if within else key
