"""Effects in the earlier record of a client who writes again: a comment and a task with the whole new enquiry.

Both carry a mark made of the effect's key, by which they are found when an answer was lost.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from b24app.bitrix24 import acting, answers_acting
from b24app.bitrix24.calls import JSON, Answer, Command
from b24app.dedupe.record import RecordRef
from b24app.services.effects import Payload
from b24app.services.enquiries.lead_effects import number
from b24app.services.enquiries.text import read_enquiry
from b24app.services.portal.context import PortalContext
from b24app.texts import language_of, plain_translator

MARK_BYTES = 5
LONGEST_TITLE = 250


class EnquiryComment:
    """Payload: ``lead``, ``original``, and with a story ``number`` and ``story``."""

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Write the enquiry into the original's timeline."""
        enquiry = await read_enquiry(context, payload)
        original = _original(payload)
        text = f"{enquiry.text}\n\n{mark(payload)}"
        made = await _call(context, acting.add_comment(original.type.word, original.id, text))
        return {"comment": answers_acting.made_id(made)}

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Look for the mark among the original's newest comments."""
        original = _original(payload)
        listed = await _call(context, acting.newest_comments(original.type.word, original.id))
        return _found("comment", answers_acting.comment_texts(listed), payload)

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Remove our comment."""
        await _call(context, acting.remove_comment(number(result, "comment")))


class EnquiryTask:
    """Payload: that of a comment, and ``user`` and ``days``."""

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Give the original's responsible a task bound to the original and the new lead."""
        enquiry = await read_enquiry(context, payload)
        t = plain_translator(language_of(context.portal.language))
        title = t("enquiry_note.task", title=enquiry.title)
        original, lead_id = _original(payload), number(payload, "lead")
        made = await _call(
            context,
            acting.add_task(
                title=title[:LONGEST_TITLE],
                description=f"{enquiry.text}\n\n{mark(payload)}",
                responsible_id=number(payload, "user"),
                bound_to=[_bound_to(original), acting.task_binding("lead", lead_id)],
                deadline=_deadline(context, number(payload, "days")),
            ),
        )
        return {"task": answers_acting.made_task(made)}

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Look for the mark among the newest tasks of the original."""
        listed = await _call(context, acting.tasks({"UF_CRM_TASK": _bound_to(_original(payload))}))
        return _found("task", answers_acting.task_texts(listed), payload)

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Delete our task; a refusal to delete one that is gone can't be told from others, so it is looked for."""
        task_id = number(result, "task")
        listed = await _call(context, acting.tasks({"ID": task_id}))
        if task_id in answers_acting.task_texts(listed):
            await _call(context, acting.remove_task(task_id))


def mark(payload: Payload) -> str:
    """Return the last line of our texts: the same for one effect, different for any other."""
    digest = hashlib.blake2b(str(payload["key"]).encode(), digest_size=MARK_BYTES).hexdigest()
    return f"#{digest}"


def _found(name: str, texts: Mapping[int, str], payload: Payload) -> dict[str, JSON] | None:
    ours = [found for found, text in texts.items() if mark(payload) in text]
    return {name: ours[0]} if ours else None


def _deadline(context: PortalContext, days: int) -> str | None:
    """Return when so many days will have passed; None for none: a task that is due now is overdue at once."""
    if not days:
        return None
    due = datetime.fromtimestamp(context.now(), UTC) + timedelta(days=days)
    return due.isoformat(timespec="seconds")


def _original(payload: Payload) -> RecordRef:
    return RecordRef.parse(str(payload["original"]))


def _bound_to(ref: RecordRef) -> str:
    return acting.task_binding(ref.type.word, ref.id)


async def _call(context: PortalContext, command: Command) -> Answer:
    return await context.client.call(command.method, command.params)
