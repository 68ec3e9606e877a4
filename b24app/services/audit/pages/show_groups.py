"""Lists of groups: filtered, sorted, page by page; and a manager's own, with records he is responsible for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from b24app.dedupe.grade import Grade
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.shared import Severity
from b24app.services.audit.pages.figures import numbers_of
from b24app.services.audit.pages.live_members import LiveMembers, read_members
from b24app.services.audit.pages.open_desk import Desk, find_run_before
from b24app.services.audit.pages.page_values import Choice, GroupsPage, ShownGroup
from b24app.services.card.shown import Person
from b24app.services.portal.access import Refused
from b24app.store.audit_groups import cursor_of
from b24app.store.audit_values import (
    PAIR_TYPES,
    AuditGroup,
    AuditMember,
    AuditRun,
    Change,
    GroupCursor,
    GroupFilter,
    GroupOrder,
    NameGrade,
)

PAGE: Final = 25
PEOPLE_SHOWN: Final = 3
TRAIL: Final = 40  # pages one can go back
Kind = TypeVar("Kind")

START: Final = "start"
SOLVED: Final = "solved"
RESPONSIBLES_OFFERED: Final = 100
ORDERS: Mapping[str, GroupOrder] = {
    "size": GroupOrder.SIZE,
    "severity": GroupOrder.SEVERITY,
    "grade": GroupOrder.GRADE,
    "newest": GroupOrder.NEWEST,
}
PAIRS = {f"{a.word}-{b.word}": (a, b) for a, b in PAIR_TYPES}
NAMES = {grade.word: grade for grade in NameGrade if grade is not NameGrade.NOT_READ}
SEVERITIES = {severity.word: severity for severity in Severity}
CHANGES = {change.word: change for change in Change if change is not Change.NOT_COMPARED}
GRADES = {grade.word: grade for grade in Grade}


async def show_groups(
    desk: Desk, run: AuditRun, choice: Choice, after: str, trail: str, *, only_own: bool
) -> GroupsPage:
    """Return the page of groups behind the cursor; raises Refused for a choice that was not offered.

    Groups that are solved since the last run stand in that run, and are opened there.
    """
    order = _pick(ORDERS, choice.order) or GroupOrder.SIZE
    wanted = to_filter(choice, desk.viewer.id if only_own else None)
    told = run if choice.change != SOLVED else await find_run_before(desk, run)
    if told is None:
        return replace(no_groups(desk, choice, only_own=only_own), head=desk.head(run), are_gone=True)
    async with desk.context.read() as tx:
        found = await tx.audits.find_groups(told.run_id, wanted, order, _cursor(after), PAGE + 1)
        total = await tx.audits.count_groups(told.run_id, wanted)
        members = await tx.audits.members(told.run_id, [group.group_no for group in found[:PAGE]])
    if only_own:  # his own are what he may read, and what he knows the group by
        members = sorted(members, key=lambda member: member.responsible_id != desk.viewer.id)
    groups = found[:PAGE]
    offered = _offered(run)
    live = await read_members(desk, _firsts(members), _people(groups, offered), with_stages=False)
    forth = _spelled(cursor_of(groups[-1], order)) if len(found) > PAGE else None
    steps = ",".join([*filter(None, trail.split(",")), after or START][-TRAIL:])
    return GroupsPage(
        head=desk.head(run),
        choice=choice,
        rows=tuple(shown_group(desk, group, _of(members, group), live) for group in groups),
        total=total,
        people=tuple(person(user_id, live.names) for user_id in offered),
        after=forth,
        forth=f"{forth}|{steps}",
        back=_back(steps),
        is_later=bool(after),
        is_mine=only_own,
        rows_run_id=told.run_id,
    )


def no_groups(desk: Desk, choice: Choice, *, only_own: bool) -> GroupsPage:
    """Return the page before there is any result."""
    return GroupsPage(desk.head(), choice, (), 0, (), None, "", "", False, only_own)


def read_turn(text: str) -> tuple[str, str]:
    """Return the cursor and the trail that a button of the pager posted."""
    after, _, trail = text.partition("|")
    return after, trail


def _back(steps: str) -> str:
    """Return what leads to the page before the last one of the steps."""
    gone = steps.split(",")
    before = gone[-2] if len(gone) > 1 else START
    return f"{'' if before == START else before}|{','.join(gone[:-2])}"


def to_filter(choice: Choice, own_id: int | None) -> GroupFilter:
    """Return which groups are meant; raises Refused for what no page offers."""
    return GroupFilter(
        least_size=_number(choice.least_size),
        grade=_pick(GRADES, choice.grade),
        name_grade=_pick(NAMES, choice.names),
        severity=_pick(SEVERITIES, choice.severity),
        pair=_pick(PAIRS, choice.pair),
        change=_pick(CHANGES, choice.change),
        is_solved=True if choice.change == SOLVED else None,
        responsible_id=_number(choice.responsible),
        concerns=own_id,
    )


def _pick(offered: Mapping[str, Kind], word: str) -> Kind | None:
    if not word or word == SOLVED:
        return None
    if word not in offered:
        raise Refused("malformed", 400)
    return offered[word]


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise Refused("malformed", 400)
    return int(text)


def _cursor(text: str) -> GroupCursor | None:
    if not text:
        return None
    value, _, number = text.partition("_")
    try:
        return GroupCursor(float(value), int(number))
    except ValueError as error:
        raise Refused("malformed", 400) from error


def _spelled(cursor: GroupCursor) -> str:
    return f"{cursor.value!r}_{cursor.group_no}"


def shown_group(desk: Desk, group: AuditGroup, refs: Sequence[RecordRef], live: LiveMembers) -> ShownGroup:
    """Return a row, named after the first of these records that the viewer may read."""
    told = group.responsibles if desk.tells_people else ()
    first = next((ref for ref in refs if ref in live.records), None)
    return ShownGroup(
        number=group.group_no,
        title=live.records[first].title if first else "",
        first=first,
        size=group.size,
        counts=counts_of(group.leads, group.contacts, group.companies),
        grade=group.grade.word,
        names=names_word(group.name_grade),
        kinds=tuple(kind.name.lower() for kind in sorted(group.kinds)),
        severity=group.severity.word if group.severity else "",
        is_weak=group.is_weakly_held,
        change="" if group.change is Change.NOT_COMPARED else group.change.word,
        is_solved=group.is_solved,
        responsibles=tuple(person(user, live.names) for user in told[:PEOPLE_SHOWN]),
        more_responsibles=max(0, len(told) - PEOPLE_SHOWN),
        newest_at=group.newest_at or None,
        handed_to=None if group.handed_to is None else person(group.handed_to, live.names),
        due_at=group.due_at,
    )


def names_word(grade: NameGrade) -> str:
    """Return what the names say; nothing as long as nobody has read them."""
    return (NameGrade.UNKNOWN if grade is NameGrade.NOT_READ else grade).word


def counts_of(leads: int, contacts: int, companies: int) -> tuple[tuple[str, int], ...]:
    """Return type and count of the types that are there."""
    counted = zip((kind.word for kind in RecordType), (leads, contacts, companies), strict=True)
    return tuple((word, count) for word, count in counted if count)


def person(user_id: int, names: Mapping[int, str]) -> Person:
    return Person(user_id, names.get(user_id, ""))


def _offered(run: AuditRun) -> list[int]:
    """Return the responsibles with most records in groups, whom the filter offers."""
    counted = {int(user): groups for user, (groups, _) in numbers_of(run).responsibles.items() if int(user)}
    return sorted(counted, key=lambda user: (-counted[user], user))[:RESPONSIBLES_OFFERED]


def _people(groups: Sequence[AuditGroup], offered: Sequence[int]) -> set[int]:
    shown = {user for group in groups for user in group.responsibles[:PEOPLE_SHOWN]}
    return shown | {group.handed_to for group in groups if group.handed_to is not None} | set(offered)


def _firsts(members: Sequence[AuditMember]) -> list[RecordRef]:
    """Return the first records of each group: whichever of them can be read names the row."""
    taken: dict[int, list[RecordRef]] = {}
    for member in members:
        refs = taken.setdefault(member.group_no, [])
        if len(refs) < 3:
            refs.append(member.ref)
    return [ref for refs in taken.values() for ref in refs]


def _of(members: Sequence[AuditMember], group: AuditGroup) -> list[RecordRef]:
    return [member.ref for member in members if member.group_no == group.group_no]
