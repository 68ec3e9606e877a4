"""Readers of answers about the company's structure; what does not fit raises UnexpectedAnswer."""

from dataclasses import dataclass

from b24app.bitrix24 import answers
from b24app.bitrix24.calls import Answer


@dataclass(frozen=True, slots=True)
class Department:
    """A department, from ``department.get``; the topmost one has no ``parent_id``."""

    id: int
    name: str
    parent_id: int | None


def departments(answer: Answer) -> tuple[Department, ...]:
    """Return a page of departments as the portal sorts them; a row without an id is none."""
    return tuple(
        Department(number, str(row.get("NAME") or ""), answers.to_id(row.get("PARENT")))
        for row in answers.rows(answer)
        if (number := answers.to_id(row.get("ID"))) is not None
    )
