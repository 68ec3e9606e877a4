"""Why a form was refused, as its page shows it."""

from typing import NamedTuple


class Mistake(NamedTuple):
    """Why a form was refused: the field, the reason code, and the line of a list (from 1)."""

    field: str
    code: str
    line: int | None = None
