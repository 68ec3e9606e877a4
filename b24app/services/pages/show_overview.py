"""Shows the app's own page, and reconnects a blocked portal when an administrator opens it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeGuard

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import Viewer
from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordType
from b24app.services.card.shown import Person
from b24app.services.pages.overview import (
    Change,
    IndexingProgress,
    Overview,
    ShownRules,
)
from b24app.services.pages.settings import RULES_CHANGED, SettingsOutcome
from b24app.services.pages.show_parts import read_parts
from b24app.services.portal.access import PageToken, Refused, issue_page_token
from b24app.services.portal.context import IndexNumbers, PortalContext, Runtime, open_portal_as
from b24app.services.portal.people import ask_names
from b24app.store.database import Transaction
from b24app.store.journal import JournalEntry
from b24app.store.portals import PortalStatus, StoredTokens
from b24app.store.sync_state import SyncKind

CHANGES_SHOWN = 50
OPENINGS = "audit.opened."  # who looked is no change; it is in the journal all the same
TO = "to"  # to whom a group was handed, in the journal of handing over
DEFAULT_LIFE_S = 3600
MIN_SHARE_FOR_ETA = 0.01


@dataclass(frozen=True, slots=True)
class OverviewRequest:
    """Who opens the page. The refresh token is used only to reconnect a blocked portal."""

    portal_id: int
    language: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in_s: int | None = None
    user_id: int | None = None

    @classmethod
    def again(cls, token: PageToken) -> "OverviewRequest":
        """Return the request for the page a token was issued for."""
        return cls(token.portal_id, token.language, token.access_token, user_id=token.user_id)


async def show_overview(
    runtime: Runtime, asked: OverviewRequest, outcome: SettingsOutcome | None = None
) -> Overview:
    """Return the page; raises Refused when the viewer is not who the page was for."""
    context = await open_portal_as(runtime, asked.portal_id, asked.access_token)
    viewer = answers.viewer((await context.client.batch({"me": methods.profile()})).get("me"))
    if asked.user_id is not None and asked.user_id != viewer.id:
        raise Refused("no_access", 403)
    if viewer.is_admin:
        await _mend(context, asked)
        context = await open_portal_as(runtime, asked.portal_id, asked.access_token)
    changes = await _changes(context) if viewer.is_admin else ()
    async with context.read() as tx:
        return await _overview(context, tx, asked, viewer, changes, outcome)


async def _mend(context: PortalContext, asked: OverviewRequest) -> None:
    """Reconnect a blocked portal with the administrator's tokens, and register what this version adds."""
    portal, runtime = context.portal, context.runtime
    if portal.status is PortalStatus.BLOCKED and asked.refresh_token:
        owner = await runtime.oauth.owner_of(asked.access_token)
        if owner.member_id != portal.member_id or owner.client_id != runtime.client_id:
            raise Refused("forged", 403)
        expires_at = context.now() + (asked.expires_in_s or DEFAULT_LIFE_S)
        async with context.begin() as tx:
            await tx.portal.save_tokens(StoredTokens(asked.access_token, asked.refresh_token, expires_at))
            await tx.portal.set_status(PortalStatus.ACTIVE)
        # What happened meanwhile was not listened to, deletions included.
        is_indexed = portal.indexed_at is not None
        await runtime.queue.ask("reconcile_portal" if is_indexed else "index_portal", portal.portal_id)
    if portal.manifest_version != runtime.manifest.version:
        await runtime.queue.ask("register_portal", portal.portal_id)


async def _overview(
    context: PortalContext,
    tx: Transaction,
    asked: OverviewRequest,
    viewer: Viewer,
    changes: tuple[Change, ...],
    outcome: SettingsOutcome | None,
) -> Overview:
    portal, runtime = context.portal, context.runtime
    numbers = await _numbers(context, tx, viewer)
    full = await tx.sync.progress(SyncKind.FULL)
    return Overview(
        is_admin=viewer.is_admin,
        state=portal.status.value,
        blocked_reason=portal.blocked_reason,
        progress=await _progress(context, tx),
        records={record_type.word: numbers.records.get(record_type, 0) for record_type in RecordType},
        keys={kind.name.lower(): numbers.keys.get(kind, 0) for kind in KeyKind},
        hubs=numbers.hubs,
        waiting=await tx.inbox.count(),
        swept_at=await tx.sync.all_swept_at(),
        reconciled_at=full.finished_at if full else None,
        missing_scopes=tuple(sorted(runtime.manifest.scopes - portal.scopes)),
        rules=_shown_rules(context, outcome) if viewer.is_admin else None,
        changes=changes,
        page_token=issue_page_token(
            runtime,
            portal_id=asked.portal_id,
            user_id=viewer.id,
            page="overview",
            record_id=0,
            language=asked.language,
            access_token=asked.access_token,
        ),
        now=context.now(),
        saved=outcome is not None and outcome.is_saved,
        mistake=outcome.form.mistake if outcome else None,
        parts=await read_parts(context, tx) if viewer.is_admin else None,
    )


def _shown_rules(context: PortalContext, outcome: SettingsOutcome | None) -> ShownRules:
    """Return the portal's rules; a refused form keeps what was typed."""
    is_refused = outcome is not None and not outcome.is_saved
    return outcome.form.typed if outcome and is_refused else ShownRules.of(context.rules)


async def _numbers(context: PortalContext, tx: Transaction, viewer: Viewer) -> IndexNumbers:
    """Return the index in numbers; counting hubs takes two seconds at a million records, so not at each look.

    Totals are the administrators': for anybody else nothing is counted.
    """
    if not viewer.is_admin:
        return IndexNumbers({}, {}, 0, context.rules)
    cache, portal_id = context.runtime.caches.numbers, context.portal.portal_id
    known = cache.get(portal_id)
    if known is not None and known.rules == context.rules:
        return known
    is_built = context.portal.indexed_at is not None
    hubs = len(await tx.index.hubs(context.rules.hub_limit)) if is_built else 0
    numbers = IndexNumbers(await tx.index.totals(), await tx.index.key_totals(), hubs, context.rules)
    if is_built:
        cache[portal_id] = numbers
    return numbers


async def _progress(context: PortalContext, tx: Transaction) -> IndexingProgress | None:
    """Return where the first indexing (or the nightly one, while it runs) stands; None: it is about to begin."""
    full = await tx.sync.current(SyncKind.FULL)
    kind = SyncKind.FULL if full and context.portal.indexed_at else SyncKind.FIRST
    run, progress = await tx.sync.latest(kind), await tx.sync.progress(kind)
    if run is None or progress is None:
        return None
    if context.portal.indexed_at is None and run.reason_code in (None, RULES_CHANGED) and run.finished_at:
        return None  # that run was for other rules
    share = progress.done / progress.total if progress.total else 1.0
    passed_s = context.now() - progress.started_at
    is_running = progress.finished_at is None
    return IndexingProgress(
        kind=kind.value,
        done=progress.done,
        total=progress.total,
        started_at=progress.started_at,
        finished_at=progress.finished_at,
        eta_s=passed_s * (1 - share) / share if is_running and share > MIN_SHARE_FOR_ETA else None,
        failure=run.reason_code,
    )


async def _changes(context: PortalContext) -> tuple[Change, ...]:
    async with context.read() as tx:
        entries = await tx.journal.recent(CHANGES_SHOWN, leave_out=OPENINGS)
    acted = {entry.user_id for entry in entries if entry.user_id is not None}
    told = {value[TO] for entry in entries for value in (entry.old, entry.new) if _names_somebody(value)}
    names = await ask_names(context.client, acted | told)
    return tuple(_shown_change(entry, names) for entry in entries)


def _shown_change(entry: JournalEntry, names: Mapping[int, str]) -> Change:
    return Change(
        at=entry.at,
        user=Person(entry.user_id or 0, names.get(entry.user_id or 0, "")),
        what=entry.what,
        old=_spell(entry.old, names),
        new=_spell(entry.new, names),
    )


def _names_somebody(value: object) -> TypeGuard[dict[str, int]]:
    return isinstance(value, dict) and isinstance(value.get(TO), int)


def _spell(value: object, names: Mapping[int, str]) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict) and TO in value:
        return _handed(value, names)
    if isinstance(value, dict) and "run" in value:
        return str(value["run"])  # of an audit its number says enough: it has a page of its own
    if isinstance(value, dict) and value.keys() == {"state"}:
        return ""  # what was done to the audit says it
    return value if isinstance(value, str) else json.dumps(value)


def _handed(value: Mapping[str, object], names: Mapping[int, str]) -> str:
    """Return whose a group is, until which day, and the group as its records' field tells it; "" for nobody's."""
    to, due_at, group = value.get(TO), value.get("due_at"), value.get("group")
    day = datetime.fromtimestamp(due_at, UTC).strftime("%Y-%m-%d") if isinstance(due_at, float | int) else ""
    name = names.get(to) or f"ID {to}" if isinstance(to, int) else ""
    return ", ".join(part for part in (name, day, str(group or "")) if part)
