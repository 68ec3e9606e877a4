"""PHP's form bodies: ``data[FIELDS][ID]=1`` to nested dictionaries, with limits on everything.

The limits are far above what portals send and far below what could hurt us.
"""

import re
from typing import TypeAlias
from urllib.parse import parse_qsl

Form: TypeAlias = dict[str, "str | Form"]

BODY_LIMIT_BYTES = 256 * 1024
_FIELD_LIMIT = 1000
_DEPTH_LIMIT = 6
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")
_FORM_TYPE = "application/x-www-form-urlencoded"


class MalformedCall(ValueError):
    """A portal's call that can't be read. ``field`` names what is wrong; values are never repeated."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def parse_form(body: bytes, content_type: str) -> Form:
    """Return the form as nested dictionaries; lists (``a[]``, ``a[0]``) have the keys "0", "1" …

    A body without content is an empty form. Raises MalformedCall.
    """
    if len(body) > BODY_LIMIT_BYTES:
        raise MalformedCall("body", "too large")
    if not body:
        return {}
    if content_type.partition(";")[0].strip().lower() != _FORM_TYPE:
        raise MalformedCall("Content-Type", "not a form")
    return _nest(_pairs(body))


def _nest(pairs: list[tuple[str, str]]) -> Form:
    """Return nested dictionaries for bracketed names; the last of equal names wins, as in PHP."""
    form: Form = {}
    for name, value in pairs:
        _put(form, _path(name), value)
    return form


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELD_LIMIT, errors="strict"
        )
    except UnicodeDecodeError as error:
        raise MalformedCall("body", "not UTF-8") from error.with_traceback(None)
    except ValueError as error:
        raise MalformedCall("body", "too many fields") from error


def _path(name: str) -> list[str]:
    matched = _NAME.fullmatch(name)
    if matched is None:
        raise MalformedCall("body", "unbalanced brackets in a name")
    path = [matched[1], *_KEY.findall(matched[2])]
    if len(path) > _DEPTH_LIMIT:
        raise MalformedCall("body", "nested too deeply")
    return path


def _put(form: Form, path: list[str], value: str) -> None:
    place = form
    for key in path[:-1]:
        inner = place.setdefault(key or str(len(place)), {})
        if isinstance(inner, str):
            raise MalformedCall("body", "a name is both a value and a group")
        place = inner
    last = path[-1] or str(len(place))
    if isinstance(place.get(last), dict):
        raise MalformedCall("body", "a name is both a value and a group")
    place[last] = value
