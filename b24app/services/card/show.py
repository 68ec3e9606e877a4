"""Shows the tab: read the index, ask the portal once as the viewer, decide, return a ready ``Card``.

A second request is sent only when the open record was not in the index as it stands, for a deal (whose clients must
be known first), or for a far page of a hub's records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from b24app.bitrix24 import methods
from b24app.dedupe.keys import MatchKey, match_keys
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.services.card.build import CardParts, build_card
from b24app.services.card.candidates import Candidates, find_candidates
from b24app.services.card.deal_clients import read_deal_clients
from b24app.services.card.far import missing_pages
from b24app.services.card.reading import (
    FarPage,
    LiveView,
    candidate_commands,
    client_commands,
    far_commands,
    far_pages,
    read_view,
    who_and_what,
)
from b24app.services.card.shown import Card, Coverage
from b24app.services.portal.access import PageToken, Refused, issue_page_token
from b24app.services.portal.context import PortalContext, Runtime, open_portal_as
from b24app.store.index_batch import IndexedRecord
from b24app.store.sync_state import SyncKind


@dataclass(frozen=True, slots=True)
class CardRequest:
    """Which tab, for whom. ``pages`` names the page of a type when it is not the first."""

    portal_id: int
    type_word: str
    record_id: int
    language: str
    access_token: str = field(repr=False)
    user_id: int | None = None  # known from a page token; must be who the access token says
    pages: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def again(cls, token: PageToken, pages: Mapping[str, int] | None = None) -> "CardRequest":
        """Return the request for the page a token was issued for."""
        return cls(
            token.portal_id,
            token.page,
            token.record_id,
            token.language,
            token.access_token,
            token.user_id,
            pages or {},
        )


async def show_card(runtime: Runtime, asked: CardRequest) -> Card:
    """Return the tab; raises Refused when the viewer is not who the page was for or may not read the record."""
    if asked.type_word not in ("lead", "contact", "company", "deal"):
        raise Refused("malformed", 400)
    if asked.record_id <= 0:
        raise Refused("unsaved", 200)
    context = await open_portal_as(runtime, asked.portal_id, asked.access_token)
    subjects, keys = await _subjects(context, asked)
    found, coverage, indexed = await _look_up(context, subjects, keys)
    used = _all_keys(indexed, subjects) if keys is None else keys
    view, pages = await _ask(context, subjects, found)
    _check_viewer(asked, subjects, view)
    live = _live_keys(context, subjects, view)
    readable = [ref for ref in subjects if ref in view.records]
    if live != _all_keys(indexed, readable):
        await _heal(context, readable)
    if live != used:
        found, coverage, _ = await _look_up(context, subjects, live)
        view, pages = await _ask(context, subjects, found)
    parts = CardParts(subjects, found, coverage, view, pages, asked.pages, context.rules, context.hashing_key)
    return _finish(context, asked, await _with_far_rows(context, parts))


async def _subjects(
    context: PortalContext, asked: CardRequest
) -> tuple[tuple[RecordRef, ...], frozenset[MatchKey] | None]:
    """Return whose matches are shown: the open record, or the clients of the open deal with their keys."""
    if asked.type_word != "deal":
        return (RecordRef(RecordType.parse(asked.type_word), asked.record_id),), None
    clients = await read_deal_clients(context, asked.record_id)
    return clients.refs, None if clients.records is None else _keys_of(context, clients.records)


async def _look_up(
    context: PortalContext, subjects: Sequence[RecordRef], live: frozenset[MatchKey] | None
) -> tuple[Candidates, Coverage, dict[RecordRef, IndexedRecord]]:
    """Return candidates for the keys the index holds (or ``live`` ones), its coverage, and the subjects in it."""
    async with context.read() as tx:
        indexed = await tx.index.get_many(subjects)
        keys = _all_keys(indexed, subjects) if live is None else live
        found = await find_candidates(tx, subjects, keys, context.rules, now=context.now())
        waiting = await tx.inbox.count()
        swept_at = await tx.sync.all_swept_at()
        progress = await tx.sync.progress(SyncKind.FIRST)
    is_indexed = context.portal.indexed_at is not None
    total = progress.total if progress else 0
    coverage = Coverage(
        checked_at=context.now(),
        complete=is_indexed and waiting == 0,
        indexed=total if is_indexed or progress is None else progress.done,
        expected=total,
        waiting=waiting,
        swept_at=swept_at,
    )
    return found, coverage, indexed


def _all_keys(indexed: Mapping[RecordRef, IndexedRecord], refs: Iterable[RecordRef]) -> frozenset[MatchKey]:
    return frozenset(key for ref in refs if ref in indexed for key in indexed[ref].keys)


async def _ask(
    context: PortalContext, subjects: Sequence[RecordRef], found: Candidates
) -> tuple[LiveView, list[FarPage]]:
    pages = far_pages(found)
    stages, portal_id = context.runtime.caches.stages, context.portal.portal_id
    clients = [c.ref for c in found.near if c.ref.type is not RecordType.LEAD]
    clients += [ref for ref in subjects if ref.type is not RecordType.LEAD]
    commands = {
        **who_and_what(subjects),
        **candidate_commands(found, with_stages=portal_id not in stages),
        **(client_commands(clients) if _may_be_shared(clients) else {}),
        **far_commands(pages),
    }
    view = read_view(await context.client.batch(commands), pages)
    if view.stages is not None:
        stages[portal_id] = view.stages
    return replace(view, stages=stages.get(portal_id, {})), pages


def _may_be_shared(clients: Iterable[RecordRef]) -> bool:
    return len({ref.type for ref in clients}) > 1


def _live_keys(context: PortalContext, subjects: Iterable[RecordRef], view: LiveView) -> frozenset[MatchKey]:
    return _keys_of(context, [view.records[ref].record for ref in subjects if ref in view.records])


def _keys_of(context: PortalContext, records: Iterable[Record]) -> frozenset[MatchKey]:
    return frozenset(
        key for record in records for key in match_keys(record, context.rules, context.hashing_key)
    )


async def _heal(context: PortalContext, subjects: Sequence[RecordRef]) -> None:
    """Have the record indexed as it stands now: its event is late or lost."""
    async with context.begin() as tx:
        await tx.inbox.put(subjects, at=context.now())
    await context.runtime.queue.ask("drain_inbox", context.portal.portal_id)


def _check_viewer(asked: CardRequest, subjects: Sequence[RecordRef], view: LiveView) -> None:
    if asked.user_id is not None and asked.user_id != view.viewer.id:
        raise Refused("no_access", 403)
    if asked.type_word != "deal" and not any(ref in view.records for ref in subjects):
        raise Refused("no_access", 403)


async def _with_far_rows(context: PortalContext, parts: CardParts) -> CardParts:
    """Fetch the rows of a far page of a hub that the first answer did not bring."""
    missing = missing_pages(parts.view, parts.pages, parts.near_counts, parts.wanted_pages)
    if not missing:
        return parts
    commands = {"me": methods.profile(), **far_commands(missing)}
    more = read_view(await context.client.batch(commands), missing)
    return replace(parts, view=replace(parts.view, far_rows={**parts.view.far_rows, **more.far_rows}))


def _finish(context: PortalContext, asked: CardRequest, parts: CardParts) -> Card:
    token = issue_page_token(
        context.runtime,
        portal_id=asked.portal_id,
        user_id=parts.view.viewer.id,
        page=asked.type_word,
        record_id=asked.record_id,
        language=asked.language,
        access_token=asked.access_token,
    )
    card = build_card(parts)
    return replace(card, type_word=asked.type_word, record_id=asked.record_id, page_token=token)
