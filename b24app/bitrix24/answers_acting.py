"""Readers of what writing methods and their lists answer."""

from collections.abc import Mapping, Sequence
from typing import cast

from b24app.bitrix24.answers import row, rows, to_id
from b24app.bitrix24.calls import JSON, Answer
from b24app.bitrix24.errors import UnexpectedAnswer


def made_id(answer: Answer) -> int:
    """Return the id that a method answers as a bare number."""
    return _sure(to_id(answer.result))


def made_task(answer: Answer) -> int:
    """Return the id of the task that was made."""
    return _sure(to_id(_inner(row(answer).get("task")).get("id")))


def comment_texts(answer: Answer) -> dict[int, str]:
    """Return comments by id."""
    return {_sure(to_id(one.get("ID"))): str(one.get("COMMENT") or "") for one in rows(answer)}


def task_texts(answer: Answer) -> dict[int, str]:
    """Return tasks' descriptions by id."""
    listed = row(answer).get("tasks")
    if not isinstance(listed, list):
        raise UnexpectedAnswer
    found = [_inner(one) for one in cast("Sequence[JSON]", listed)]
    return {_sure(to_id(one.get("id"))): str(one.get("description") or "") for one in found}


def _inner(value: JSON) -> Mapping[str, JSON]:
    if not isinstance(value, dict):
        raise UnexpectedAnswer
    return value


def _sure(found: int | None) -> int:
    if found is None:
        raise UnexpectedAnswer
    return found
