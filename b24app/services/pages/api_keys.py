"""Keys by which outside programs ask: made and revoked by administrators, judged at every call.

A key is shown once and kept as a hash. It is 32 random bytes, so a plain hash of it can't be tried out.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

from b24app.services.mistake import Mistake
from b24app.services.portal.access import PageToken, Refused
from b24app.services.portal.context import Runtime
from b24app.services.portal.viewers import open_for_administrator
from b24app.store.api_keys import KeyOwner

KEY_PREFIX = "b24_"  # so that a key is recognised where it should not be: in a repository, in a chat
KEY_BYTES = 32
KEY_CHARACTERS = len(KEY_PREFIX) + 43  # base64 of 32 bytes
MAX_KEYS = 20  # living ones of one portal
MAX_NAME = 64
RATE_PER_S = 100.0  # of one key, in one process
BURST = 100.0
USE_NOTED_EVERY_S = 3600.0  # finer would be a write at every call
JOURNAL_CODE = "api_key"


class KeyRefused(Exception):
    """The key is nobody's: mistyped, revoked, or its portal has uninstalled the app."""


class TooFast(Exception):
    """The key has used up its rate; nothing was looked up."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too fast, retry in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """What became of a form: ``created`` is the new key's text, which nobody can read a second time."""

    created: str = field(default="", repr=False)
    typed: str = field(default="", repr=False)  # the name, when it was refused
    mistake: Mistake | None = None


async def create_key(runtime: Runtime, token: PageToken, name: str) -> KeyOutcome:
    """Make a key with this name; raises Refused for anybody but an administrator."""
    context, viewer = await open_for_administrator(runtime, token)
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        return KeyOutcome(typed=name, mistake=Mistake("name", "too_long" if name else "empty"))
    text = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    now = context.now()
    async with context.begin() as tx:
        if await tx.api_keys.count() >= MAX_KEYS:
            return KeyOutcome(typed=name, mistake=Mistake("name", "too_many"))
        await tx.api_keys.add(_hash(text), name, created_by=viewer.id, at=now)
        await tx.journal.note(viewer.id, JOURNAL_CODE, "", name, now)
    return KeyOutcome(created=text)


async def revoke_key(runtime: Runtime, token: PageToken, key_id: str) -> None:
    """Remove a key for good; one that is gone already changes nothing.

    Raises Refused for anybody but an administrator, and for what is no key's id.
    """
    if not (key_id.isascii() and key_id.isdigit() and len(key_id) < 19):
        raise Refused("malformed", 400)
    context, viewer = await open_for_administrator(runtime, token)
    async with context.begin() as tx:
        removed = await tx.api_keys.remove(int(key_id))
        if removed is not None:
            await tx.journal.note(viewer.id, JOURNAL_CODE, removed.name, "", context.now())


async def admit(runtime: Runtime, text: str) -> int:
    """Return the portal a key speaks for; raises KeyRefused, TooFast."""
    if not text.startswith(KEY_PREFIX) or len(text) != KEY_CHARACTERS:
        raise KeyRefused
    async with runtime.store.begin_shared() as shared:
        owner = await shared.owner_of_key(_hash(text))
    if owner is None:
        raise KeyRefused
    _take_turn(runtime, owner.key_id)
    await _note_use(runtime, owner)
    return owner.portal_id


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _take_turn(runtime: Runtime, key_id: int) -> None:
    """Take one call out of the key's bucket, which refills by the second; raises TooFast."""
    buckets, now = runtime.caches.key_buckets, runtime.clock.now()
    left, at = buckets.get(key_id, (BURST, now))
    left = min(BURST, left + max(0.0, now - at) * RATE_PER_S)
    if left < 1:
        raise TooFast((1 - left) / RATE_PER_S)
    buckets[key_id] = (left - 1, now)


async def _note_use(runtime: Runtime, owner: KeyOwner) -> None:
    now = runtime.clock.now()
    if owner.last_used_at is not None and now - owner.last_used_at < USE_NOTED_EVERY_S:
        return
    async with runtime.store.begin(owner.portal_id) as tx:
        await tx.api_keys.note_use(owner.key_id, now)
