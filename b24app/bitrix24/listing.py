"""Answers of many ``crm.*.list`` commands read straight into typed rows: a third of the time that dicts take.

A portal whose answer has another shape (numbers in place of texts, a command that is no list, nothing but errors)
is read the general way, with the same rows at the end.
Source: REST documentation, crm-lead-list, crm-contact-list, crm-company-list; facts, section 7 (values as texts).
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from b24app.bitrix24.answers import rows
from b24app.bitrix24.calls import JSON, Answer

Scalar = str | int | None


class ListedValue(msgspec.Struct, frozen=True, gc=False, rename="upper"):
    """One phone or e-mail of a record."""

    value: str | int | float | None = None


class ListedRow(msgspec.Struct, frozen=True, gc=False, rename="upper"):
    """One row of a list, as it came: texts where Bitrix24 sends texts, None for what was not sent."""

    id: Scalar = None
    phone: tuple[ListedValue, ...] | None = None
    email: tuple[ListedValue, ...] | None = None
    name: Scalar = None
    second_name: Scalar = None
    last_name: Scalar = None
    title: Scalar = None
    company_title: Scalar = None
    assigned_by_id: Scalar = None
    status_id: Scalar = None
    status_semantic_id: Scalar = None
    company_id: Scalar = None
    contact_id: Scalar = None
    date_create: Scalar = None
    date_modify: Scalar = None

    @classmethod
    def of(cls, row: Mapping[str, JSON]) -> "ListedRow":
        """Return a row that was read the general way; whatever is no list of values is none."""
        plain: dict[str, Any] = {field: row.get(field.upper()) for field in _PLAIN}
        return cls(phone=_values(row.get("PHONE")), email=_values(row.get("EMAIL")), **plain)


_PLAIN = tuple(field for field in ListedRow.__struct_fields__ if field not in ("phone", "email"))


class _Maps(msgspec.Struct):
    result: dict[str, list[ListedRow]]
    result_error: Any = None
    result_total: Any = None
    result_next: Any = None
    result_time: Any = None


class _Body(msgspec.Struct):
    result: _Maps
    error: Any = msgspec.UNSET


_decoder = msgspec.json.Decoder(_Body)


def loads(body: bytes) -> Any:
    """Return the JSON of a batch of lists with its rows as ``ListedRow``; any other JSON as it is.

    Raises ``orjson.JSONDecodeError``.
    """
    try:
        found = _decoder.decode(body)
    except msgspec.MsgspecError:
        return orjson.loads(body)
    if found.error is not msgspec.UNSET:
        return orjson.loads(body)
    return {"result": msgspec.structs.asdict(found.result)}


def listed_rows(answer: Answer) -> list[ListedRow]:
    """Return the rows of a list, however its batch was read. Raises UnexpectedAnswer."""
    found: Any = answer.result
    if isinstance(found, list) and found and type(found[0]) is ListedRow:  # then all of them are
        return found
    return [ListedRow.of(row) for row in rows(answer)]


def _values(multifield: JSON) -> tuple[ListedValue, ...]:
    if not isinstance(multifield, list):
        return ()
    values: list[Any] = [each.get("VALUE") for each in multifield if isinstance(each, dict)]
    return tuple(map(ListedValue, values))
