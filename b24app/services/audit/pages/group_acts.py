"""What people do about a group on its page: part it, hand it to somebody with a date."""

from collections.abc import Sequence
from typing import Final

from b24app.dedupe.record import RecordRef
from b24app.services.audit.pages.form_values import HandForm
from b24app.services.audit.pages.forms import to_moment
from b24app.services.audit.pages.live_members import read_members
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.audit.pages.show_group import SIDES, get_group
from b24app.services.audit.run.acts import hand_over
from b24app.services.audit.run.orders import OrderMistake
from b24app.services.card.decisions import reject_records
from b24app.services.portal.access import Refused
from b24app.store.audit_values import AuditRun

LATEST_ZONE_S: Final = 43_200.0  # so much later than in UTC a day ends in the last of all time zones


async def part_group(desk: Desk, run: AuditRun, group_no: int, ref: str, reason: str, days: str) -> None:
    """Note that a record is no duplicate of the group's others, as far as the viewer may read them.

    Raises Refused for a record that is not in the group, or that he may not read.
    """
    _, members, _ = await get_group(desk, run, group_no)
    try:
        subject = RecordRef.parse(ref)
    except ValueError as error:
        raise Refused("malformed", 400) from error
    refs = [member.ref for member in members]
    if subject not in refs:
        raise Refused("malformed", 400)
    others = await _readable(desk, subject, refs)
    await reject_records(desk.context, desk.viewer.id, subject, others, reason, days)


async def _readable(desk: Desk, subject: RecordRef, refs: Sequence[RecordRef]) -> list[RecordRef]:
    near = [subject, *(ref for ref in refs if ref != subject)][: SIDES * SIDES]
    live = await read_members(desk, near, with_stages=False)
    others = [ref for ref in near if ref in live.records and ref != subject]
    if subject not in live.records or not others:
        raise Refused("no_access", 403)
    return others


async def hand_group(desk: Desk, run: AuditRun, group_no: int, form: HandForm) -> None:
    """Hand a group to an employee who still works here, or take it back; raises OrderMistake, Refused."""
    if not form.user:
        group, _, _ = await get_group(desk, run, group_no)
        if form.query or (form.due and group.handed_to is None):  # looked for or dated, and nobody chosen
            raise OrderMistake("user")
        await hand_over(desk.context, desk.viewer, run.run_id, group_no, None, None)
        return
    if not (form.user.isascii() and form.user.isdigit()):
        raise OrderMistake("user")
    user, due_at = int(form.user), to_moment(form.due, "due")
    if due_at is not None and due_at + LATEST_ZONE_S < desk.context.now():
        raise OrderMistake("due_past")
    live = await read_members(desk, (), [user], with_stages=False)
    if user not in live.people or not live.people[user].is_active:
        raise OrderMistake("user")
    await hand_over(desk.context, desk.viewer, run.run_id, group_no, user, due_at)
