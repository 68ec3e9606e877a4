"""Readers of answers whose shape is odd; what does not fit raises UnexpectedAnswer.

Classic CRM methods write ids as texts, "no link" as null, "" or "0", and an empty map as ``[]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.bitrix24.calls import JSON, Answer
from b24app.bitrix24.errors import UnexpectedAnswer


@dataclass(frozen=True, slots=True)
class Viewer:
    """The token's user, from ``profile``."""

    id: int
    is_admin: bool


@dataclass(frozen=True, slots=True)
class PortalUser:
    """An employee as far as ``user_brief`` shows one. The name is personal data: show, don't keep."""

    id: int
    name: str
    is_active: bool
    position: str = ""


@dataclass(frozen=True, slots=True)
class AppState:
    """How far the app is installed, from ``app.info``."""

    version: int
    status: str
    is_installed: bool
    is_payment_expired: bool
    license: str  # such as ru_ent250: a hint at the plan, no more

    @property
    def is_enterprise(self) -> bool:
        """Tell whether the plan looks like one with the wider request limit."""
        return "_ent" in self.license


@dataclass(frozen=True, slots=True)
class PlacementHandler:
    code: str
    handler: str
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EventHandler:
    event: str
    handler: str
    auth_type: int
    is_offline: bool


@dataclass(frozen=True, slots=True)
class Status:
    """A stage. ``semantics``: ``P`` in work, ``S`` success, ``F`` failure."""

    id: str
    name: str
    semantics: str


def rows(answer: Answer) -> list[Mapping[str, JSON]]:
    """Return the rows of a list."""
    if not isinstance(answer.result, list) or not all(isinstance(row, dict) for row in answer.result):
        raise UnexpectedAnswer
    return list(answer.result)


def row(answer: Answer) -> Mapping[str, JSON]:
    """Return the one record of a ``get``."""
    if not isinstance(answer.result, dict):
        raise UnexpectedAnswer
    return answer.result


def to_id(value: JSON) -> int | None:
    """Return a record's id from ``"12"`` or ``12``; None for null, "", "0" and anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    return int(text) or None if text.isascii() and text.isdigit() else None


def to_bool(value: JSON) -> bool:
    """Return a yes or no, whichever of the four spellings it has."""
    return value in (True, 1, "1", "Y", "y", "true")


def linked_ids(answer: Answer, field: str) -> tuple[int, ...]:
    """Return the ids under CONTACT_ID or COMPANY_ID of a link list, the primary one first."""
    primary_first = sorted(rows(answer), key=lambda link: not to_bool(link.get("IS_PRIMARY")))
    return tuple(found for link in primary_first if (found := to_id(link.get(field))) is not None)


def found_ids(answer: Answer) -> dict[str, tuple[int, ...]]:
    """Return ``{"LEAD": (1, 2)}`` of crm.duplicate.findbycomm; empty when nothing was found."""
    if answer.result == []:
        return {}
    return {
        word: tuple(found for value in ids if (found := to_id(value)) is not None)
        for word, ids in row(answer).items()
        if isinstance(ids, list)
    }


def viewer(answer: Answer) -> Viewer:
    person = row(answer)
    return Viewer(id=_id(person.get("ID")), is_admin=to_bool(person.get("ADMIN")))


def portal_users(answer: Answer) -> dict[int, PortalUser]:
    """Return users by id; a user that ``user.get`` never shows is simply missing."""
    found = [
        PortalUser(
            id=_id(person.get("ID")),
            name=_name(person),
            is_active=to_bool(person.get("ACTIVE")),
            position=_text(person.get("WORK_POSITION")),
        )
        for person in rows(answer)
    ]
    return {person.id: person for person in found}


def app_state(answer: Answer) -> AppState:
    info = row(answer)
    return AppState(
        version=to_id(info.get("VERSION")) or 0,
        status=_text(info.get("STATUS")),
        is_installed=to_bool(info.get("INSTALLED")),
        is_payment_expired=to_bool(info.get("PAYMENT_EXPIRED")),
        license=_text(info.get("LICENSE")),
    )


def codes(answer: Answer) -> frozenset[str]:
    """Return the event or placement codes this portal knows, in upper case."""
    if not isinstance(answer.result, list):
        raise UnexpectedAnswer
    return frozenset(code.upper() for code in answer.result if isinstance(code, str))


def placement_handlers(answer: Answer) -> tuple[PlacementHandler, ...]:
    return tuple(
        PlacementHandler(
            code=_text(placed.get("placement")).upper(),
            handler=_text(placed.get("handler")),
            titles=_titles(placed.get("langAll")),
        )
        for placed in rows(answer)
    )


def event_handlers(answer: Answer) -> tuple[EventHandler, ...]:
    return tuple(
        EventHandler(
            event=_text(bound.get("event")).upper(),
            handler=_text(bound.get("handler")),
            auth_type=to_id(bound.get("auth_type")) or 0,
            is_offline=to_bool(bound.get("offline")),
        )
        for bound in rows(answer)
    )


def removed_count(answer: Answer) -> int:
    """Return how many handlers an unbind removed."""
    return to_id(row(answer).get("count")) or 0


def is_done(answer: Answer) -> bool:
    """Return what a method that only answers true said."""
    return to_bool(answer.result)


def status_list(answer: Answer) -> tuple[Status, ...]:
    """Return the stages in the portal's order."""
    return tuple(
        Status(
            id=_text(status.get("STATUS_ID")), name=_text(status.get("NAME")), semantics=_semantics(status)
        )
        for status in rows(answer)
    )


_SEMANTICS_BY_WORD = {"process": "P", "success": "S", "failure": "F", "apology": "F"}


def _semantics(status: Mapping[str, JSON]) -> str:
    # EXTRA is the fuller source where it exists: leads, deals, quotes.
    extra = status.get("EXTRA")
    word = extra.get("SEMANTICS") if isinstance(extra, dict) else None
    return _SEMANTICS_BY_WORD.get(_text(word)) or _text(status.get("SEMANTICS")) or "P"


def _name(person: Mapping[str, JSON]) -> str:
    return " ".join(filter(None, (_text(person.get("NAME")), _text(person.get("LAST_NAME")))))


def _titles(value: JSON) -> dict[str, str]:
    by_language = value if isinstance(value, dict) else {}
    return {
        language: _text(texts.get("TITLE"))
        for language, texts in by_language.items()
        if isinstance(texts, dict)
    }


def _text(value: JSON) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _id(value: JSON) -> int:
    found = to_id(value)
    if found is None:
        raise UnexpectedAnswer
    return found
