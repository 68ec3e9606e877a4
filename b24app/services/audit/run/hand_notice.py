"""Telling a person that a group was handed to him. It names a record by number and nobody by name."""

from datetime import UTC, datetime

from babel.dates import format_date

from b24app.bitrix24 import acting
from b24app.bitrix24.calls import JSON
from b24app.dedupe.record import RecordRef
from b24app.services.effects import EffectKind, NothingToDo, Payload, plan_effect
from b24app.services.links import numbered_link
from b24app.services.portal.context import PortalContext
from b24app.store.database import Transaction
from b24app.texts import language_of, plain_translator

GROUP_HANDED = "audit_group"  # the payload's kind


async def plan_hand_notice(tx: Transaction, run_id: int, group_no: int, to: int, at: float) -> None:
    """Plan one notification for this handing over, in its transaction."""
    payload: dict[str, JSON] = {"kind": GROUP_HANDED, "run": run_id, "group": group_no, "user": to}
    await plan_effect(
        tx, f"notify:{GROUP_HANDED}:{run_id}:{group_no}:{to}:{at:.3f}", EffectKind.NOTIFY, payload
    )


async def tell_group_handed(context: PortalContext, payload: Payload) -> dict[str, JSON]:
    """Notify the person; raises NothingToDo when the group is gone, or somebody else's by now."""
    user_id, run_id, group_no = (int(str(payload[name])) for name in ("user", "run", "group"))
    async with context.read() as tx:
        group = await tx.audits.group(run_id, group_no)
    if group is None or group.handed_to != user_id:
        raise NothingToDo("gone")
    language = language_of(context.portal.language)
    t = plain_translator(language)
    first = numbered_link(t, context.portal.origin, RecordRef.parse(group.code))
    due = t("audit_notice.no_date")
    if group.due_at is not None:
        due = format_date(datetime.fromtimestamp(group.due_at, tz=UTC), format="long", locale=language)
        due = due.removesuffix(".")  # a Russian date ends in one of its own, as the sentence does
    text = t("audit_notice.handed", first=first, size=group.size, due=due)
    command = acting.notify(user_id, text, f"b24app:{payload['key']}")
    if not (await context.client.call(command.method, command.params)).result:
        raise NothingToDo("not_accepted")
    return {"user": user_id}
