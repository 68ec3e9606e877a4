"""What a caller may see and change: lists are cut in silence, single records are refused."""

from b24app.sandbox.records import Record
from b24app.sandbox.refusals import plain
from b24app.sandbox.rest.base import Call
from b24app.sandbox.users import Breadth


def readable_owners(call: Call, word: str) -> frozenset[int] | None:
    """Return whose records the caller may read, None for all; no right to the type at all is a refusal."""
    breadth = call.user.may_read(word)
    if breadth is Breadth.NONE:
        raise plain("Access denied.")
    return call.portal.users.within(call.user, breadth)


def may_read(call: Call, word: str, record: Record) -> bool:
    return _covers(call, call.user.may_read(word), record)


def may_write(call: Call, word: str, record: Record) -> bool:
    return _covers(call, call.user.may_write(word), record)


def _covers(call: Call, breadth: Breadth, record: Record) -> bool:
    owners = call.portal.users.within(call.user, breadth)
    return owners is None or record.fields.get("ASSIGNED_BY_ID") in owners


def reads_any_crm(call: Call) -> bool:
    return any(call.user.may_read(word) is not Breadth.NONE for word in ("lead", "contact", "company"))
