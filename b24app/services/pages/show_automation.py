"""Shows the page of what the app does in a portal by itself; administrators only."""

from dataclasses import dataclass, field

from b24app.services.pages.notice_settings import ShownNotices, show_notices
from b24app.services.pages.overview import ShownParts
from b24app.services.pages.phone_fix_list import ShownPhoneFixes, list_phone_fixes
from b24app.services.pages.publishing_settings import ShownPublishing, show_publishing
from b24app.services.pages.show_parts import read_parts
from b24app.services.portal.access import PageToken, issue_app_page_token
from b24app.services.portal.context import Runtime
from b24app.services.portal.viewers import open_for_administrator


@dataclass(frozen=True, slots=True)
class Automation:
    """The page."""

    page_token: str
    publishing: ShownPublishing
    notices: ShownNotices
    phone_fixes: ShownPhoneFixes = field(default_factory=lambda: ShownPhoneFixes(()))
    parts: ShownParts = field(default_factory=lambda: ShownParts(()))


async def show_automation(
    runtime: Runtime,
    token: PageToken,
    *,
    publishing: ShownPublishing | None = None,
    notices_saved: bool = False,
    restored: int | None = None,
) -> Automation:
    """Return the page; raises Refused for anybody but an administrator.

    ``publishing``: the form that was just sent; ``restored``: phones just written back.
    """
    context, _ = await open_for_administrator(runtime, token)
    async with context.read() as tx:
        writing = await show_publishing(tx, publishing)
        notices = await show_notices(tx, saved=notices_saved)
        fixes = await list_phone_fixes(tx, now=context.now(), restored=restored)
        parts = await read_parts(context, tx)
    return Automation(
        page_token=issue_app_page_token(runtime, token),
        publishing=writing,
        notices=notices,
        phone_fixes=fixes,
        parts=parts,
    )
