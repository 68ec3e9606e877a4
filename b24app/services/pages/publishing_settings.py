"""The form by which an administrator sets whether results are written into records, and which match is the best."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from b24app.services.portal.access import PageToken
from b24app.services.portal.context import Runtime
from b24app.services.portal.viewers import open_for_administrator
from b24app.services.publishing import (
    OPTION,
    PublishingMistake,
    PublishingOptions,
    ask_to_publish,
    read_options,
)
from b24app.store.database import Transaction

JOURNAL_CODE = "publishing"


@dataclass(frozen=True, slots=True)
class ShownPublishing:
    """The form as it is filled in; ``waiting``: records whose fields are still to be looked at."""

    write_fields: bool
    order: tuple[str, ...]
    waiting: int = 0
    saved: bool = False
    is_mistaken: bool = False


async def show_publishing(tx: Transaction, typed: ShownPublishing | None = None) -> ShownPublishing:
    """Return the form as the options fill it in, or as somebody has just sent it."""
    options = await read_options(tx)
    kept = ShownPublishing(options.write_fields, tuple(kind.value for kind in options.best_order))
    return replace(typed or kept, waiting=await tx.pending.count_waiting())


async def save_publishing(
    runtime: Runtime, token: PageToken, fields: Mapping[str, list[str]]
) -> ShownPublishing:
    """Save the form and have everything published anew; an order that names a kind twice is not saved.

    Raises Refused for anybody but an administrator.
    """
    context, viewer = await open_for_administrator(runtime, token)
    typed = ShownPublishing("write_fields" in fields, tuple(fields.get("best_order", [])))
    try:
        wanted = PublishingOptions.from_dict(
            {"write_fields": typed.write_fields, "best_order": list(typed.order)}
        )
    except PublishingMistake:
        return replace(typed, is_mistaken=True)
    async with context.begin() as tx:
        before = await read_options(tx)
        if before != wanted:
            await tx.options.put(OPTION, wanted.to_dict())
            await tx.journal.note(viewer.id, JOURNAL_CODE, _spell(before), _spell(wanted), context.now())
            await tx.pending.note_all(context.now(), hub_limit=context.rules.hub_limit)
    await ask_to_publish(runtime, token.portal_id)
    return replace(typed, saved=True)


def _spell(options: PublishingOptions) -> list[str]:
    return [
        f"write_fields: {str(options.write_fields).lower()}",
        *(f"{place}: {kind.value}" for place, kind in enumerate(options.best_order, start=1)),
    ]
