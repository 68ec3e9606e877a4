"""One note in a card's timeline: written once, changed afterwards, pinned, and removed with its reason.

It is known by its id, and by a mark in its last line where the id was lost. A note that a person has deleted
is written again when something changes, and not before.
"""

from contextlib import suppress

from b24app.bitrix24 import acting, answers_acting
from b24app.bitrix24.calls import JSON, Answer, Command
from b24app.bitrix24.errors import AccessDenied, BadRequest, MethodUnknown, NotFound
from b24app.dedupe.record import RecordRef
from b24app.services.effects import NothingToDo, Payload
from b24app.services.enquiries.effects import mark
from b24app.services.enquiries.lead_effects import number
from b24app.services.notices.note_text import NoteWriter
from b24app.services.notices.options import read_notice_options
from b24app.services.portal.context import PortalContext
from b24app.store.notes import KnownNote
from b24app.texts import language_of


class TimelineNote:
    """Payload: ``ref``. What is noted is what is true now, whatever it was planned for."""

    async def carry_out(self, context: PortalContext, payload: Payload) -> dict[str, JSON]:
        """Bring the card's note in line with its outcome."""
        ref = RecordRef.parse(str(payload["ref"]))
        async with context.read() as tx:
            outcome = (await tx.outcomes.get_many([ref])).get(ref)
            known = (await tx.notes.get_many([ref])).get(ref, KnownNote())
            options = await read_notice_options(tx)
        if outcome is None:
            raise NothingToDo("gone")
        comment_id = known.comment_id or await self._find_comment(context, ref)
        writer = NoteWriter(language_of(context.portal.language), context.portal.origin, options.note)
        text = writer.write(outcome, is_repeat=known.is_repeat, was_noted=comment_id is not None)
        if not text:
            return await self._remove(context, ref, comment_id)
        written = await self._write(context, ref, comment_id, text)
        async with context.begin() as tx:
            await tx.notes.put(ref, KnownNote(written, known.is_repeat))
        is_new = written != known.comment_id  # a person may unpin it, and it stays so
        return {"comment": written, "pinned": is_new and await self._pin(context, ref, written)}

    async def find(self, context: PortalContext, payload: Payload) -> dict[str, JSON] | None:
        """Have it done again after a crash: the mark leads to what was written."""
        return None

    async def undo(self, context: PortalContext, payload: Payload, result: Payload) -> None:
        """Remove the note."""
        await _call(context, acting.remove_comment(number(result, "comment")))

    async def _find_comment(self, context: PortalContext, ref: RecordRef) -> int | None:
        listed = await _call(context, acting.newest_comments(ref.type.word, ref.id))
        ours = [found for found, text in answers_acting.comment_texts(listed).items() if _mark(ref) in text]
        return max(ours, default=None)

    async def _write(self, context: PortalContext, ref: RecordRef, comment_id: int | None, text: str) -> int:
        """Change the comment, or write one where there is none; returns its id."""
        marked = f"{text}\n{_mark(ref)}"
        if comment_id is not None:
            with suppress(NotFound):  # a person has deleted it
                await _call(context, acting.change_comment(comment_id, marked))
                return comment_id
        added = await _call(context, acting.add_comment(ref.type.word, ref.id, marked))
        return answers_acting.made_id(added)

    async def _pin(self, context: PortalContext, ref: RecordRef, comment_id: int) -> bool:
        """Pin the note; a card with three pinned entries, or a portal that can't, keeps it unpinned."""
        try:
            await _call(context, acting.pin_comment(ref.type.word, ref.id, comment_id))
        except (AccessDenied, BadRequest, MethodUnknown, NotFound):
            return False
        return True

    async def _remove(
        self, context: PortalContext, ref: RecordRef, comment_id: int | None
    ) -> dict[str, JSON]:
        if comment_id is not None:
            with suppress(NotFound):  # a person was faster
                await _call(context, acting.remove_comment(comment_id))
        async with context.begin() as tx:
            await tx.notes.forget(ref)
        return {"comment": None}


def _mark(ref: RecordRef) -> str:
    return mark({"key": f"note:{ref}"})


async def _call(context: PortalContext, command: Command) -> Answer:
    return await context.client.call(command.method, command.params)
