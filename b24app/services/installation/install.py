"""The life of an installation: installed, registered, updated, uninstalled. Only what is proven is believed."""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.bitrix24.answers import Viewer
from b24app.bitrix24.errors import Bitrix24Error, TokenExpired, TokenRejected
from b24app.bitrix24.incoming import FrameCall
from b24app.bitrix24.throttle import Priority
from b24app.bitrix24.tokens import Grant, TokenOwner
from b24app.dedupe.rules import RuleSet
from b24app.logs import logger
from b24app.services.installation.register import sync_pages, sync_registrations
from b24app.services.portal.access import Refused, ask_viewer
from b24app.services.portal.context import Runtime
from b24app.store.portals import Portal, PortalStatus, StoredTokens

DEFAULT_LIFE_S = 3600.0
REGIONS: Mapping[str, str] = {
    "ru": "RU",
    "kz": "KZ",
    "by": "BY",
    "ua": "UA",
    "pl": "PL",
    "de": "DE",
    "fr": "FR",
}
DEFAULT_REGION = "RU"

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Installed:
    """What the installer page tells."""

    portal: Portal
    user_id: int
    registered: int  # placements and events newly put in or taken out
    problems: tuple[str, ...]  # reason codes of what this portal refused to register


async def install_portal(runtime: Runtime, call: FrameCall) -> Installed:
    """Install, install again or update: believes the authorization server and the portal, never the form.

    Raises Refused (not an administrator, foreign token) and Bitrix24Error (portal busy or unreachable).
    """
    owner = await _owner(runtime, call)
    grant = Grant(owner.origin, _required(call.access_token))
    viewer = await _ask_who(runtime, grant)
    if not viewer.is_admin:
        raise Refused("not_admin", 403)
    tokens = StoredTokens(
        access_token=grant.access_token,
        refresh_token=_required(call.refresh_token),
        expires_at=runtime.clock.now() + float(call.expires_in_s or DEFAULT_LIFE_S),
    )
    portal = await _store(runtime, call, owner, tokens, viewer.id)
    registered, problems = await sync_pages(runtime, portal.portal_id, Priority.PERSON)
    await runtime.queue.ask(
        "register_portal", portal.portal_id
    )  # fields and automation: nobody waits for them
    is_indexed = portal.indexed_at is not None  # installed again: it has its index still
    await runtime.queue.ask("reconcile_portal" if is_indexed else "index_portal", portal.portal_id)
    log.info("portal installed", portal=portal.portal_id, registered=registered, problems=problems)
    return Installed(portal, viewer.id, registered, problems)


def _required(value: str | None) -> str:
    if not value:
        raise Refused("no_access", 403)
    return value


async def _owner(runtime: Runtime, call: FrameCall) -> TokenOwner:
    try:
        owner = await runtime.oauth.owner_of(_required(call.access_token))
    except (TokenExpired, TokenRejected) as error:
        raise Refused("no_access", 403) from error
    if owner.client_id != runtime.client_id or owner.member_id != call.member_id:
        raise Refused("forged", 403)
    return owner


async def _ask_who(runtime: Runtime, grant: Grant) -> Viewer:
    try:
        return await ask_viewer(runtime, grant)
    except (TokenExpired, TokenRejected) as error:
        raise Refused("no_access", 403) from error


async def _store(
    runtime: Runtime, call: FrameCall, owner: TokenOwner, tokens: StoredTokens, user_id: int
) -> Portal:
    async with runtime.store.begin_shared() as shared:
        portal = await shared.portals.install(
            owner.member_id,
            owner.origin,
            tokens,
            application_token=call.application_token,
            admin_user_id=user_id,
            scopes=owner.scopes,
            language=call.language,
            status=PortalStatus.ACTIVE,
            app_version=str(owner.version),
        )
    if not portal.rules:
        async with runtime.store.begin(portal.portal_id) as tx:
            await tx.portal.save_rules({**RuleSet(region=_region(call.language)).to_dict()})
    return portal


def _region(language: str) -> str:
    return REGIONS.get(language, DEFAULT_REGION)


async def update_portal(runtime: Runtime, portal: Portal) -> None:
    """Note an update: the portal has dropped all we registered. ``verify_event`` has taken its new token."""
    async with runtime.store.begin(portal.portal_id) as tx:
        await tx.portal.set_manifest_version(0)
    await runtime.queue.ask("register_portal", portal.portal_id)


async def uninstall_portal(runtime: Runtime, portal: Portal, *, clean: bool) -> None:
    """Forget the portal: everything, or everything but decisions (as ids) and settings. No request goes there."""
    async with runtime.store.begin(portal.portal_id) as tx:
        if clean:
            await tx.portal.forget_everything()
        else:
            await tx.portal.forget_all_but_decisions()
    log.info("portal uninstalled", portal=portal.portal_id, clean=clean)


async def register_again(runtime: Runtime, portal_id: int) -> None:
    """Register after an update; a portal that refuses is blocked no further than what it refused."""
    try:
        await sync_registrations(runtime, portal_id, Priority.EVENT)
    except Bitrix24Error as error:
        log.warning("registration failed", portal=portal_id, error_code=error.code)
        raise
