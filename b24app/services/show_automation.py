"""Shows the page of what the app does in a portal by itself; administrators only."""

from dataclasses import dataclass

from b24app.services.access import PageToken, issue_page_token
from b24app.services.notice_settings import ShownNotices, show_notices
from b24app.services.portal import Runtime
from b24app.services.viewers import open_for_administrator


@dataclass(frozen=True, slots=True)
class Automation:
    """The page."""

    page_token: str
    notices: ShownNotices


async def show_automation(runtime: Runtime, token: PageToken, *, notices_saved: bool = False) -> Automation:
    """Return the page; raises Refused for anybody but an administrator."""
    context, viewer = await open_for_administrator(runtime, token)
    async with context.read() as tx:
        notices = await show_notices(tx, saved=notices_saved)
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
    )
