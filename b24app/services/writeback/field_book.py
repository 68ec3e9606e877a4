"""Which of our fields a portal has, and the ids of their list items: read when needed, remembered for minutes.

A field that an administrator deleted is made again by ``register_portal``; until then the others are written.
"""

from collections.abc import Mapping

from b24app.bitrix24 import answers_fields, registering
from b24app.bitrix24.errors import AccessDenied, BadRequest, Bitrix24Error, MethodUnknown
from b24app.dedupe.record import RecordType
from b24app.services.portal.context import PortalContext
from b24app.services.portal.parts import Part, note_part, part_reason, parts_off
from b24app.services.writeback.result_fields import PortalFields, ResultCode, Spelling
from b24app.texts import language_of

OPTION = "written_fields"  # which fields the values were written to


async def read_spelling(context: PortalContext) -> Spelling | None:
    """Return how results are spelt in this portal; None while it has no fields, or does not let us see them."""
    fields = context.runtime.caches.fields.get(context.portal.portal_id)
    if fields is None:
        async with context.read() as tx:
            if Part.FIELDS in await parts_off(tx):
                return None
        fields = await _ask(context)
        if fields is None:
            return None
    return Spelling(fields, language_of(context.portal.language))


async def _ask(context: PortalContext) -> Mapping[RecordType, PortalFields] | None:
    """Read the fields, have missing ones made, and remember them when they are complete."""
    batch = await context.client.batch(
        {record_type.word: registering.user_fields(record_type.word) for record_type in RecordType}
    )
    try:
        fields = {
            record_type: answers_fields.user_fields(batch.get(record_type.word)) for record_type in RecordType
        }
    except (AccessDenied, BadRequest, MethodUnknown) as refused:
        await note_refused(context, refused)
        return None
    if all(set(ResultCode) <= present.keys() for present in fields.values()):
        context.runtime.caches.fields[context.portal.portal_id] = fields
    else:
        await context.runtime.queue.ask("register_portal", context.portal.portal_id)
    return fields if any(set(ResultCode) & present.keys() for present in fields.values()) else None


async def note_refused(context: PortalContext, refused: Bitrix24Error) -> None:
    """Keep that fields can't be written; when they can again, everything published is written anew."""
    async with context.begin() as tx:
        await tx.options.put(OPTION, {})
    context.runtime.caches.fields.pop(context.portal.portal_id, None)
    await note_part(context, Part.FIELDS, part_reason(refused))


async def write_anew_where_fields_are_new(context: PortalContext, spelling: Spelling) -> None:
    """Note everything published when a field was made, or made again, since it was written."""
    signature = {"signature": spelling.signature()}
    async with context.read() as tx:
        if await tx.options.get(OPTION) == signature:
            return
    async with context.begin() as tx:
        await tx.options.put(OPTION, signature)
        await tx.pending.note_all(context.now(), hub_limit=context.rules.hub_limit)
