"""Shows the page of what the app does in a portal by itself; administrators only."""

from dataclasses import dataclass, field

from b24app.services.access import PageToken, issue_page_token
from b24app.services.notice_settings import ShownNotices, show_notices
from b24app.services.overview import ShownParts
from b24app.services.phone_fix_list import ShownPhoneFixes, list_phone_fixes
from b24app.services.portal import Runtime
from b24app.services.show_parts import read_parts
from b24app.services.viewers import open_for_administrator


@dataclass(frozen=True, slots=True)
class Automation:
    """The page."""

    page_token: str
    notices: ShownNotices
    phone_fixes: ShownPhoneFixes = field(default_factory=lambda: ShownPhoneFixes(()))
    parts: ShownParts = field(default_factory=lambda: ShownParts(()))


async def show_automation(
    runtime: Runtime, token: PageToken, *, notices_saved: bool = False, restored: int | None = None
) -> Automation:
    """Return the page; raises Refused for anybody but an administrator. ``restored``: phones just written back."""
    context, viewer = await open_for_administrator(runtime, token)
    async with context.read() as tx:
        notices = await show_notices(tx, saved=notices_saved)
        fixes = await list_phone_fixes(tx, now=context.now(), restored=restored)
        parts = await read_parts(context, tx)
    return Automation(
        page_token=issue_page_token(
            runtime,
            portal_id=token.portal_id,
            user_id=viewer.id,
            page="overview",
            record_id=0,
            language=token.language,
            access_token=token.access_token,
        ),
        notices=notices,
        phone_fixes=fixes,
        parts=parts,
    )
