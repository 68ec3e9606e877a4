"""Who is calling? Nothing a form says is believed before one of these functions has checked it."""

import base64
import hmac
import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import Viewer
from b24app.bitrix24.errors import Bitrix24Error
from b24app.bitrix24.incoming import FrameCall, PortalEvent
from b24app.bitrix24.incoming_robots import RobotCall
from b24app.bitrix24.throttle import LocalThrottle, Priority
from b24app.bitrix24.tokens import Grant
from b24app.services.portal.context import OneTokenAccess, Runtime
from b24app.store.portals import Portal, PortalStatus

PAGE_TOKEN_LIFE_S = 3600.0  # no longer than the access token inside
NONCE_BYTES = 12
UPDATED = "ONAPPUPDATE"


class Refused(Exception):
    """A call we do not serve; ``reason`` is the code of the text the caller reads, ``status`` the HTTP status."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class UnknownPortal(Refused):
    """No installation has this member_id."""

    def __init__(self) -> None:
        super().__init__("unknown_portal", 403)


class ForgedCall(Refused):
    """The application token does not fit."""

    def __init__(self) -> None:
        super().__init__("forged", 403)


class PageOutdated(Refused):
    """The page token has expired, was used, or is no token of ours."""

    def __init__(self) -> None:
        super().__init__("page_outdated", 409)


async def verify_event(runtime: Runtime, event: PortalEvent) -> Portal:
    """Return the portal an event really comes from; raises UnknownPortal or ForgedCall.

    The application token is the only proof (REST documentation, safe-event-handlers). A portal that brought none
    when it was installed, or brings a new one with an update, proves itself by an administrator's access token.
    An employee's proves nothing: whoever sets the application token may uninstall the app and delete everything.
    """
    portal, application_token = await _find(runtime, event.member_id)
    if application_token is None:
        await _adopt_application_token(runtime, portal, event)
    elif not _equal(application_token, event.application_token):
        # An update may bring a new one: its access token is the proof then (REST documentation, on-app-update).
        if event.name != UPDATED:
            raise ForgedCall
        await _adopt_application_token(runtime, portal, event)
    return portal


async def verify_robot(runtime: Runtime, call: RobotCall) -> Portal:
    """Return the portal a robot really runs in; raises UnknownPortal or ForgedCall, as for events."""
    portal, application_token = await _find(runtime, call.member_id)
    if application_token is None:
        await _adopt_application_token(runtime, portal, call)
    elif not _equal(application_token, call.application_token):
        raise ForgedCall
    return portal


async def verify_frame(runtime: Runtime, call: FrameCall) -> Portal:
    """Return the portal a widget call claims, if nothing speaks against it. Not yet proof of the person.

    The proof is the first REST call with the brought token, to the address we hold.
    """
    portal, application_token = await _find(runtime, call.member_id)
    brought = call.application_token
    if brought is not None and application_token is not None and not _equal(application_token, brought):
        raise ForgedCall
    if not call.access_token:
        raise Refused("no_access", 403)
    return portal


async def _find(runtime: Runtime, member_id: str) -> tuple[Portal, str | None]:
    async with runtime.store.begin_shared() as shared:
        portal = await shared.portals.find(member_id)
    if portal is None or portal.status is PortalStatus.DELETED:
        raise UnknownPortal
    async with runtime.store.read(portal.portal_id) as tx:
        return portal, await tx.portal.application_token()


async def _adopt_application_token(runtime: Runtime, portal: Portal, call: PortalEvent | RobotCall) -> None:
    if not call.access_token or not call.application_token:
        raise ForgedCall
    try:
        owner = await runtime.oauth.owner_of(call.access_token)
        is_ours = owner.member_id == portal.member_id and owner.client_id == runtime.client_id
        if not is_ours or not (await ask_viewer(runtime, Grant(owner.origin, call.access_token))).is_admin:
            raise ForgedCall
    except Bitrix24Error as error:
        raise ForgedCall from error
    async with runtime.store.begin(portal.portal_id) as tx:
        await tx.portal.set_application_token(call.application_token)


async def ask_viewer(runtime: Runtime, grant: Grant) -> Viewer:
    """Ask the portal itself whose token this is; the authorization server has vouched for the address."""
    client = runtime.make_client(OneTokenAccess(grant), LocalThrottle(runtime.clock), Priority.PERSON)
    return answers.viewer((await client.batch({"me": methods.profile()})).get("me"))


def _equal(known: str, brought: str | None) -> bool:
    return brought is not None and hmac.compare_digest(known.encode(), brought.encode())


@dataclass(frozen=True, slots=True)
class PageToken:
    """What a page may do next: on which portal and record, for whom, until when, once.

    The viewer's own access token travels inside, sealed, so that no page and no server keeps it readable.
    """

    portal_id: int
    user_id: int
    page: str  # lead, contact, company, deal or overview
    record_id: int
    language: str
    expires_at: float
    nonce: str
    access_token: str = field(repr=False)


def issue_page_token(
    runtime: Runtime,
    *,
    portal_id: int,
    user_id: int,
    page: str,
    record_id: int,
    language: str,
    access_token: str,
) -> str:
    """Return the sealed token for a page that has just been shown to a proven person."""
    expires_at = runtime.clock.now() + PAGE_TOKEN_LIFE_S
    nonce = secrets.token_hex(NONCE_BYTES)
    return _seal(
        runtime, PageToken(portal_id, user_id, page, record_id, language, expires_at, nonce, access_token)
    )


def _seal(runtime: Runtime, token: PageToken) -> str:
    seal_nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(runtime.page_keys[0]).encrypt(seal_nonce, json.dumps(asdict(token)).encode(), None)
    return base64.urlsafe_b64encode(seal_nonce + sealed).decode()


def renew_page_token(runtime: Runtime, token: PageToken) -> str:
    """Return a token for the next act of the same person, who holds this one; it ends when this one does."""
    renewed = replace(token, nonce=secrets.token_hex(NONCE_BYTES))
    return _seal(runtime, renewed)


def issue_app_page_token(runtime: Runtime, token: PageToken) -> str:
    """Return a fresh token for the app's own page, for whom the spent one was issued to."""
    return issue_page_token(
        runtime,
        portal_id=token.portal_id,
        user_id=token.user_id,
        page="overview",
        record_id=0,
        language=token.language,
        access_token=token.access_token,
    )


def read_page_token(runtime: Runtime, text: str) -> PageToken:
    """Return what the token allows; raises PageOutdated for one that is old, broken or another's."""
    try:
        sealed = base64.urlsafe_b64decode(text.encode("ascii"))
    except ValueError as error:
        raise PageOutdated from error
    token = PageToken(**json.loads(_unseal(runtime, sealed)))
    if token.expires_at < runtime.clock.now():
        raise PageOutdated
    return token


def _unseal(runtime: Runtime, sealed: bytes) -> bytes:
    for key in runtime.page_keys:
        with suppress(ValueError, InvalidTag):
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    raise PageOutdated


async def use_page_token(runtime: Runtime, token: PageToken) -> None:
    """Spend the token: an act may be done once; raises PageOutdated when it was spent before."""
    async with runtime.store.begin(token.portal_id) as tx:
        fresh = await tx.page_tokens.use(token.nonce, token.expires_at)
    if not fresh:
        raise PageOutdated
