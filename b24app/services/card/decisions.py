"""What a person decided: this is not a duplicate. For everybody in the portal, until the data change or a date."""

import hashlib
from collections.abc import Iterable, Sequence

from b24app.bitrix24 import answers, methods
from b24app.dedupe.keys import MatchKey
from b24app.dedupe.record import RecordRef, RecordType
from b24app.services.portal.access import PageToken, Refused
from b24app.services.portal.context import PortalContext, Runtime, open_portal_as
from b24app.services.publishing import ask_to_publish
from b24app.store.decisions import RejectReason

DAY_S = 86_400.0
EXPIRIES_DAYS = (0, 30, 180, 365)  # 0: never
CARD_TYPES = {record_type.word: record_type for record_type in RecordType}


def keys_fingerprint(keys: Iterable[MatchKey]) -> int:
    """Return a signed 64-bit hash of a record's keys: it changes when a phone or an e-mail does, and only then."""
    text = ",".join(f"{int(key.kind)}:{key.hash}" for key in sorted(keys))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


async def reject(runtime: Runtime, token: PageToken, ref: str, reason: str, days: str) -> None:
    """Note that the open record and ``ref`` are different; the viewer must be able to read both.

    Raises Refused for a pair, reason or expiry that the page did not offer.
    """
    _check(reason, days)
    context, subject, other = await _pair(runtime, token, ref)
    await reject_records(context, token.user_id, subject, [other], reason, days)


async def reject_records(
    context: PortalContext,
    author_id: int,
    subject: RecordRef,
    others: Sequence[RecordRef],
    reason: str,
    days: str,
) -> None:
    """Note that a record is different from each of the others; that its author may read them was proven before.

    Raises Refused for a reason or expiry that no page offers, or when one of them is known no more.
    """
    _check(reason, days)
    now = context.now()
    async with context.begin() as tx:
        known = await tx.index.get_many([subject, *others])
        if len(known) != len(others) + 1:
            raise Refused("page_outdated", 409)
        for other in others:
            await tx.decisions.reject_pair(
                subject,
                other,
                author_id=author_id,
                reason=RejectReason(reason),
                expires_at=now + int(days) * DAY_S if int(days) else None,
                fingerprint_a=keys_fingerprint(known[subject].keys),
                fingerprint_b=keys_fingerprint(known[other].keys),
                at=now,
            )
        await tx.pending.note([subject, *others], now)
    await ask_to_publish(context.runtime, context.portal.portal_id)


def _check(reason: str, days: str) -> None:
    if reason not in set(RejectReason) or days not in map(str, EXPIRIES_DAYS):
        raise Refused("malformed", 400)


async def undo(runtime: Runtime, token: PageToken, ref: str) -> None:
    """Take the decision about the pair back; taking back what is not there changes nothing."""
    context, subject, other = await _pair(runtime, token, ref)
    async with context.begin() as tx:
        await tx.decisions.undo(subject, other, author_id=token.user_id, at=context.now())
        await tx.pending.note([subject, other], context.now())
    await ask_to_publish(runtime, token.portal_id)


async def _pair(runtime: Runtime, token: PageToken, ref: str) -> tuple[PortalContext, RecordRef, RecordRef]:
    """Return the open record and the other one, once the portal has shown the viewer both."""
    if token.page not in CARD_TYPES:
        raise Refused("malformed", 400)
    subject = RecordRef(CARD_TYPES[token.page], token.record_id)
    try:
        other = RecordRef.parse(ref)
    except ValueError as error:
        raise Refused("malformed", 400) from error
    if other == subject:
        raise Refused("malformed", 400)
    context = await open_portal_as(runtime, token.portal_id, token.access_token)
    batch = await context.client.batch(
        {
            "me": methods.profile(),
            **{
                str(wanted): methods.list_records(
                    wanted.type.word, select=["ID"], filter_by={"@ID": [wanted.id]}
                )
                for wanted in (subject, other)
            },
        }
    )
    if answers.viewer(batch.get("me")).id != token.user_id:
        raise Refused("no_access", 403)
    if not all(answers.rows(batch.get(str(wanted))) for wanted in (subject, other)):
        raise Refused("no_access", 403)
    return context, subject, other
