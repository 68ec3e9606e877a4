"""Links: crm.contact.company.*, crm.company.contact.*, crm.lead.contact.*, crm.deal.contact.*.

Rows hold integers, unlike the rows of lists. Errors differ by method, as on their pages; one of them comes with 200.
"""

from collections.abc import Callable
from dataclasses import dataclass

from b24app.sandbox.links import Link, LinkBook
from b24app.sandbox.records import Record
from b24app.sandbox.refusals import Refusal, plain
from b24app.sandbox.rest.base import Answer, Call, Handler, Method
from b24app.sandbox.rest.rights import may_read, may_write
from b24app.sandbox.wire import Json, as_int, as_list, as_map, is_true


@dataclass(frozen=True, slots=True)
class Side:
    """One pair of types as a method's name says it: ``owner`` has ``targets``; the book may be kept the other way."""

    owner: str
    target: str
    book_of: str
    missing: Refusal

    @property
    def is_reversed(self) -> bool:
        return self.book_of != self.owner

    @property
    def key(self) -> str:
        return f"{self.target.upper()}_ID"


def _book(call: Call, side: Side) -> LinkBook:
    return call.portal.crm.links[side.book_of]


def _owner(call: Call, side: Side, *, writing: bool) -> Record:
    record_id = call.number("id")
    if record_id <= 0:
        status = 200 if (side.owner, side.target, writing) == ("contact", "company", False) else 400
        raise plain("The parameter ownerEntityID is invalid or not defined.", status)
    record = call.portal.crm.get(side.owner, record_id)
    if record is None:
        raise Refusal(side.missing.code, side.missing.text)
    allowed = may_write if writing else may_read
    if not allowed(call, side.owner, record):
        raise Refusal("ACCESS_DENIED", "Access denied!")
    return record


def _rows(call: Call, side: Side, owner_id: int) -> list[Link]:
    book = _book(call, side)
    if not side.is_reversed:
        return book.of(owner_id)
    found = []
    for at, contact_id in enumerate(book.owners(owner_id)):
        primary = book.primary(contact_id) == owner_id
        found.append(Link(contact_id, 10 * (at + 1), 0, primary))
    return found


def _get(call: Call, side: Side) -> Answer:
    owner = _owner(call, side, writing=False)
    return Answer(
        [
            {
                side.key: row.target_id,
                "SORT": row.sort,
                "ROLE_ID": row.role_id,
                "IS_PRIMARY": "Y" if row.primary else "N",
            }
            for row in _rows(call, side, owner.id)
        ]
    )


def _set(call: Call, side: Side) -> Answer:
    owner = _owner(call, side, writing=True)
    items = as_list(call.params.get("items"))
    if items is None:
        raise plain("The parameter items must be array.")
    links = [_link(call, side, item, 10 * (at + 1)) for at, item in enumerate(items)]
    _replace(call, side, owner.id, links)
    return Answer(True)


def _clear(call: Call, side: Side) -> Answer:
    owner = _owner(call, side, writing=True)
    _replace(call, side, owner.id, [])
    return Answer(True)


def _add(call: Call, side: Side) -> Answer:
    owner = _owner(call, side, writing=True)
    link = _link(call, side, call.params.get("fields"), 10 * (len(_rows(call, side, owner.id)) + 1))
    book = _book(call, side)
    if side.is_reversed:
        added = book.add(link.target_id, Link(owner.id, link.sort, link.role_id, link.primary))
    else:
        added = book.add(owner.id, link)
    if added:
        _tell(call, side, owner.id, [link.target_id])
    return Answer(added)


def _drop(call: Call, side: Side) -> Answer:
    owner = _owner(call, side, writing=True)
    link = _link(call, side, call.params.get("fields"), 10)
    ends = (link.target_id, owner.id) if side.is_reversed else (owner.id, link.target_id)
    dropped = _book(call, side).drop(*ends)
    if dropped:
        _tell(call, side, owner.id, [link.target_id])
    return Answer(dropped)


def _link(call: Call, side: Side, raw: Json, sort: int) -> Link:
    fields = as_map(raw)
    if fields is None:
        raise plain("The parameter 'fields' must be array.")
    target_id = as_int(fields.get(side.key))
    if call.portal.crm.get(side.target, target_id) is None:
        raise plain("The parameter 'fields' is not valid.")
    given = as_int(fields.get("SORT")) or sort
    return Link(target_id, given, as_int(fields.get("ROLE_ID")), is_true(fields.get("IS_PRIMARY")))


def _replace(call: Call, side: Side, owner_id: int, links: list[Link]) -> None:
    book = _book(call, side)
    if not side.is_reversed:
        book.set(owner_id, links)
        _tell(call, side, owner_id, [])
        return
    before = book.owners(owner_id)
    for contact_id in before:
        book.drop(contact_id, owner_id)
    for link in links:
        book.add(link.target_id, Link(owner_id, link.sort, link.role_id, link.primary))
    _tell(call, side, owner_id, sorted({*before, *(link.target_id for link in links)}))


def _tell(call: Call, side: Side, owner_id: int, target_ids: list[int]) -> None:
    """Mirror the primary link and raise the owner's update event."""
    owners = target_ids if side.is_reversed else [owner_id]
    for one in owners:
        call.portal.crm.mirror_primary(side.book_of, one)
    call.portal.touch(side.owner, owner_id, by=call.user.id, app_made=call.is_app_made)


_NOT_FOUND = Refusal("NOT_FOUND", "Not found.")
_PLAIN_NOT_FOUND = Refusal("", "Not found.")
_SIDES = (
    Side("contact", "company", "contact", _PLAIN_NOT_FOUND),
    Side("company", "contact", "contact", _PLAIN_NOT_FOUND),
    Side("lead", "contact", "lead", _NOT_FOUND),
    Side("deal", "contact", "deal", _PLAIN_NOT_FOUND),
)
_ACTIONS: tuple[tuple[str, Callable[[Call, Side], Answer], tuple[str, ...]], ...] = (
    ("items.get", _get, ("id",)),
    ("items.set", _set, ("id", "items")),
    ("items.delete", _clear, ("id",)),
    ("add", _add, ("id", "fields")),
    ("delete", _drop, ("id", "fields")),
)


def _for(side: Side, handle: Callable[[Call, Side], Answer]) -> Handler:
    return lambda call: handle(call, side)


METHODS = tuple(
    Method(f"crm.{side.owner}.{side.target}.{action}", _for(side, handle), params, ("crm",))
    for side in _SIDES
    for action, handle, params in _ACTIONS
)
