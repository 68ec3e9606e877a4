"""One group: its members side by side as the viewer may see them, and what holds them together."""

from collections.abc import Mapping, Sequence
from typing import Final

from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.audit.pages.compare_members import Sides, marks_of, merge_order, side_by_side
from b24app.services.audit.pages.form_values import HandForm
from b24app.services.audit.pages.forms import to_day
from b24app.services.audit.pages.live_members import REFS_AT_ONCE, LiveMembers, read_members
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.audit.pages.page_values import ChainLink, GroupPage, MergePath, ShownShared
from b24app.services.audit.pages.picker_values import Picker
from b24app.services.audit.pages.pickers import find_receivers
from b24app.services.audit.pages.show_groups import shown_group
from b24app.services.indexing.records import LiveRecord
from b24app.services.portal.access import Refused
from b24app.store.audit_values import AuditGroup, AuditMember, AuditRun, AuditShared

SIDES: Final = 4  # members beside each other on one page
LINKS_SHOWN: Final = 30
MERGED_AT_ONCE: Final = 20  # records on the portal's merge page
HIDDEN_MARK: Final = "?"


async def show_group(
    desk: Desk,
    run: AuditRun,
    group_no: int,
    *,
    page: int = 1,
    hand: HandForm | None = None,
    mistake: str = "",
    done: str = "",
) -> GroupPage:
    """Return the page; raises Refused for a group that is not the viewer's to see. ``hand``: the form as typed."""
    group, members, shared = await get_group(desk, run, group_no)
    refs = [member.ref for member in members]
    people = {*group.responsibles, *([group.handed_to] if group.handed_to else []), desk.viewer.id}
    live = await read_members(desk, refs[:REFS_AT_ONCE], people)
    readable = [live.records[ref] for ref in refs if ref in live.records]
    marks = marks_of([record.record.ref for record in readable])
    pages = max(1, -(-len(readable) // SIDES))
    page = min(max(1, page), pages)
    return GroupPage(
        head=desk.head(run),
        group=shown_group(desk, group, refs, live),
        sides=_sides(desk, readable[(page - 1) * SIDES : page * SIDES], marks, live),
        hidden=len(refs) - len(readable),
        chain=_chain(group, marks),
        merges=_merges(readable),
        shared=tuple(_shown_shared(value) for value in shared),
        hand=await _receivers(desk, group, live, hand),
        due=_due(group) if hand is None else hand.due,
        rejected=await _rejected(desk, marks),
        page=page,
        pages=pages,
        titles={live.record.ref: live.title for live in readable},
        mistake=mistake,
        done=done,
    )


async def get_group(
    desk: Desk, run: AuditRun, group_no: int
) -> tuple[AuditGroup, list[AuditMember], list[AuditShared]]:
    """Return a group of the run; raises Refused when it is not there, or has no record of the viewer's own."""
    async with desk.context.read() as tx:
        group = await tx.audits.group(run.run_id, group_no)
        members = await tx.audits.members(run.run_id, [group_no])
        shared = await tx.audits.shared_of(run.run_id, group_no)
    if group is None:
        raise Refused("audit_gone", 404)
    if not desk.may_all and desk.viewer.id not in (*group.responsibles, group.handed_to):
        raise Refused("not_auditor", 403)
    return group, members, shared


def _sides(
    desk: Desk, shown: Sequence[LiveRecord], marks: Mapping[RecordRef, str], live: LiveMembers
) -> Sides:
    context = desk.context
    return side_by_side(shown, marks, live.names, live.stages, context.rules, context.hashing_key)


def _chain(group: AuditGroup, marks: Mapping[RecordRef, str]) -> tuple[ChainLink, ...]:
    """Return the links between records the viewer knows of; who may not read one sees a question mark."""
    joined: dict[tuple[str, KeyKind, int], list[str]] = {}
    for link in group.chain:
        if link.a in marks or link.b in marks:
            others = joined.setdefault((marks.get(link.a, HIDDEN_MARK), link.kind, link.key_no), [])
            others.append(marks.get(link.b, HIDDEN_MARK))
    told = [ChainLink(a, tuple(others), kind.name.lower()) for (a, kind, _), others in joined.items()]
    return tuple(told[:LINKS_SHOWN])


def _merges(readable: Sequence[LiveRecord]) -> tuple[MergePath, ...]:
    """Return the portal's merge pages (facts 9.2: one type at a time, the first id stays)."""
    found = []
    for kind in RecordType:
        order = merge_order([live for live in readable if live.record.ref.type is kind])[:MERGED_AT_ONCE]
        if len(order) > 1:
            ids = ",".join(str(ref.id) for ref in order)
            found.append(MergePath(kind.word, f"/crm/{kind.word}/merge/?id={ids}", len(order)))
    return tuple(found)


def _shown_shared(value: AuditShared) -> ShownShared:
    return ShownShared(
        value_kind=value.value_kind,
        kind=value.shared_kind.value,
        severity=value.severity.word,
        contacts=value.contacts,
        companies=value.companies,
        receiver=value.receiver,
        should_receive=value.should_receive,
        is_misrouted=value.is_misrouted,
        advice=value.advice,
    )


async def _receivers(desk: Desk, group: AuditGroup, live: LiveMembers, form: HandForm | None) -> Picker:
    """Return to whom the group can be handed; nobody chooses but who may see all groups."""
    if not desk.may_all:
        return Picker()
    form = form or HandForm(user="" if group.handed_to is None else str(group.handed_to))
    return await find_receivers(desk, live.people.values(), form.user, form.query)


def _due(group: AuditGroup) -> str:
    return to_day(group.due_at)


async def _rejected(desk: Desk, marks: Mapping[RecordRef, str]) -> tuple[tuple[str, str], ...]:
    """Return the shown pairs that were called different: the next audit parts them."""
    pairs = set()
    async with desk.context.read() as tx:
        for ref in list(marks)[: SIDES * 4]:
            for decision in await tx.decisions.rejected_with(ref, at=desk.context.now()):
                if decision.a in marks and decision.b in marks:
                    pairs.add((marks[decision.a], marks[decision.b]))
    return tuple(sorted(pairs))
