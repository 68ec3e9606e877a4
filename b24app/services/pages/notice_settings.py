"""The form by which an administrator chooses what is told of changes, and by which means."""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.services.notices.options import (
    OPTION,
    TRIGGERS,
    Happening,
    NoticeOptions,
    NoticesMistake,
    read_notice_options,
)
from b24app.services.portal.access import PageToken, Refused
from b24app.services.portal.context import Runtime
from b24app.services.portal.viewers import open_for_administrator
from b24app.store.database import Transaction

MEANS = ("note", "notify", "trigger")
JOURNAL_CODE = "notices"


@dataclass(frozen=True, slots=True)
class NoticeChoice:
    """One box of the form."""

    means: str
    kind: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class ShownNotices:
    """The form: a row a happening; a happening without a trigger has no box for it."""

    means: tuple[str, ...]
    rows: tuple[tuple[str, tuple[NoticeChoice | None, ...]], ...]
    saved: bool = False


async def show_notices(tx: Transaction, *, saved: bool = False) -> ShownNotices:
    """Return the form as the portal's options fill it in."""
    options = await read_notice_options(tx)
    chosen = {means: getattr(options, means) for means in MEANS}
    rows = tuple(
        (
            kind.value,
            tuple(
                NoticeChoice(means, kind.value, kind in chosen[means])
                if means != "trigger" or kind in TRIGGERS
                else None
                for means in MEANS
            ),
        )
        for kind in Happening
    )
    return ShownNotices(MEANS, rows, saved)


async def save_notices(runtime: Runtime, token: PageToken, fields: Mapping[str, list[str]]) -> None:
    """Save what was ticked; raises Refused for anybody but an administrator, and for choices that are none."""
    context, viewer = await open_for_administrator(runtime, token)
    try:
        wanted = NoticeOptions.from_dict({means: fields.get(means, []) for means in MEANS})
    except NoticesMistake as mistaken:
        raise Refused("malformed", 400) from mistaken
    async with context.begin() as tx:
        before = await read_notice_options(tx)
        if before == wanted:
            return
        await tx.options.put(OPTION, wanted.to_dict())
        await tx.journal.note(viewer.id, JOURNAL_CODE, _spell(before), _spell(wanted), context.now())


def _spell(options: NoticeOptions) -> list[str]:
    return [f"{means}: {kind}" for means, kinds in options.to_dict().items() for kind in kinds]  # type: ignore[attr-defined]
