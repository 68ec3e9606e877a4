"""The list of phones that a robot brought to one form, for administrators, and taking one back."""

from dataclasses import dataclass, field

from b24app.services.links import card_path
from b24app.services.phone_fixes import UNDO_LIFE_S, may_be_undone, undo_phone_fix
from b24app.services.portal.access import PageToken, Refused
from b24app.services.portal.context import Runtime
from b24app.services.portal.viewers import open_for_administrator
from b24app.store.database import Transaction
from b24app.store.phone_fixes import PhoneFix

ROWS = 20
_LONGEST_ID = 18  # digits


@dataclass(frozen=True, slots=True)
class ShownPhoneFix:
    """One record. ``phones``: before and after, as they stood in the card."""

    fix_id: int
    type: str
    id: int
    path: str
    made_at: float
    phones: tuple[tuple[str, str], ...] = field(repr=False)
    is_undone: bool
    may_undo: bool


@dataclass(frozen=True, slots=True)
class ShownPhoneFixes:
    """The newest of them. ``restored``: how many phones were written back just now, None when nobody asked."""

    fixes: tuple[ShownPhoneFix, ...]
    days: int = int(UNDO_LIFE_S // 86_400)
    restored: int | None = None


async def list_phone_fixes(tx: Transaction, *, now: float, restored: int | None = None) -> ShownPhoneFixes:
    """Return what may be shown to an administrator."""
    kept = await tx.phone_fixes.recent(ROWS)
    return ShownPhoneFixes(tuple(_shown(fix, now) for fix in kept), restored=restored)


async def undo_listed_fix(runtime: Runtime, token: PageToken, fix_id: str) -> int:
    """Take one back and return how many phones were written; raises Refused for anybody but an administrator."""
    if not (fix_id.isascii() and fix_id.isdigit() and len(fix_id) <= _LONGEST_ID):
        raise Refused("malformed", 400)
    context, viewer = await open_for_administrator(runtime, token)
    return await undo_phone_fix(context, int(fix_id), viewer.id)


def _shown(fix: PhoneFix, now: float) -> ShownPhoneFix:
    return ShownPhoneFix(
        fix_id=fix.fix_id,
        type=fix.ref.type.word,
        id=fix.ref.id,
        path=card_path(fix.ref),
        made_at=fix.made_at,
        phones=tuple((phone.old, phone.new) for phone in fix.phones),
        is_undone=fix.undone_at is not None,
        may_undo=may_be_undone(fix, now),
    )
