"""Who acts on a page, as the portal says at this moment."""

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import Viewer
from b24app.services.portal.access import PageToken, Refused
from b24app.services.portal.context import PortalContext, Runtime, open_portal_as


async def open_for_viewer(runtime: Runtime, token: PageToken) -> tuple[PortalContext, Viewer]:
    """Return the portal, spoken to with the viewer's own rights, and who it says he is.

    Raises Refused when it is not who the page was shown to.
    """
    context = await open_portal_as(runtime, token.portal_id, token.access_token)
    viewer = answers.viewer((await context.client.batch({"me": methods.profile()})).get("me"))
    if viewer.id != token.user_id:
        raise Refused("no_access", 403)
    return context, viewer


async def open_for_administrator(runtime: Runtime, token: PageToken) -> tuple[PortalContext, Viewer]:
    """Return the same for an act that is an administrator's; raises Refused for anybody else."""
    context, viewer = await open_for_viewer(runtime, token)
    if not viewer.is_admin:
        raise Refused("not_admin_settings", 403)
    return context, viewer
