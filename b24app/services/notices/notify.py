"""A notification of whoever a changed outcome concerns. It names records by number and nobody by name."""

from b24app.bitrix24 import acting, answers, methods
from b24app.bitrix24.calls import JSON, Answer, Command
from b24app.dedupe.record import RecordRef
from b24app.services.audit.run.hand_notice import GROUP_HANDED, tell_group_handed
from b24app.services.audit.run.notices import AUDIT_DONE, tell_audit_done
from b24app.services.effects import NothingToDo, Payload
from b24app.services.indexing.records import to_live_record
from b24app.services.links import numbered_link
from b24app.services.notices.options import Happening
from b24app.services.portal.context import PortalContext
from b24app.texts import language_of, plain_translator

AUDITS = {AUDIT_DONE: tell_audit_done, GROUP_HANDED: tell_group_handed}  # by the payload's kind


class Notification:
    """Tells a person. Payload: ``kind``, ``ref``, and for a repeat enquiry ``best``, the client's earlier record.

    A notification with the same tag replaces the one before, so sending it again shows it once.
    """

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Read whom it concerns, and notify him."""
        if (tell := AUDITS.get(str(payload["kind"]))) is not None:
            return await tell(context, payload)
        ref = RecordRef.parse(str(payload["ref"]))
        is_repeat = payload["kind"] == Happening.REPEAT.value
        best = RecordRef.parse(str(payload["best"])) if is_repeat else ref
        responsible = await self._responsible(context, {ref, best})
        reader = responsible[best]
        if reader is None:
            raise NothingToDo("nobody_responsible")
        if is_repeat and reader == responsible[ref]:
            raise NothingToDo("same_responsible")
        t, origin = plain_translator(language_of(context.portal.language)), context.portal.origin
        record, earlier = (numbered_link(t, origin, each) for each in (ref, best))
        text = t(f"notify.{payload['kind']}", record=record, best=earlier)
        answer = await _call(context, acting.notify(reader, text, f"b24app:{payload['key']}"))
        if not answer.result:
            raise NothingToDo("not_accepted")
        return {"user": reader}

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Send it again after a crash: the tag keeps it single."""
        return None

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Leave it: it was read."""

    async def _responsible(self, context: PortalContext, refs: set[RecordRef]) -> dict[RecordRef, int | None]:
        batch = await context.client.batch(
            {str(ref): methods.get_record(ref.type.word, ref.id) for ref in refs}
        )
        rows = {ref: answers.row(batch.get(str(ref))) for ref in refs}
        return {ref: to_live_record(ref.type, row).record.responsible_id for ref, row in rows.items()}


async def _call(context: PortalContext, command: Command) -> Answer:
    return await context.client.call(command.method, command.params)
