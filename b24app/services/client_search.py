"""Finds a client for the picker of a CRM card by a typed phone or e-mail: in any type, any spelling, any age.

The index finds, the portal shows: titles and values are read with the token of the person who types, so rights
hold. What the documented answer can carry is options with a name, a phone and an e-mail, and the choice of a contact
or a company (CRM_DETAIL_SEARCH). So a lead stands for its client; one without a client is shown as a text, and
choosing it opens the lead.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.calls import BatchAnswer, Command
from b24app.bitrix24.errors import AccessDenied
from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import KeyedValue, MatchKey, keyed_values
from b24app.dedupe.record import Record, RecordRef, RecordType, ValueKind
from b24app.dedupe.rules import Reveal, RuleSet
from b24app.services.card.candidates import Candidates, find_candidates
from b24app.services.check import CheckQuestion, read_values
from b24app.services.indexing.records import SELECTED, LiveRecord, to_live_record
from b24app.services.links import card_path
from b24app.services.portal.context import PortalContext, Runtime, open_portal_as

MAX_FOUND = 30  # options of one answer; whoever shares a value with more is a switchboard
MAX_QUERY = 200  # characters of a phone or an e-mail

Live = Mapping[RecordRef, LiveRecord]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What was typed, where, by whom."""

    portal_id: int
    wanted: str  # contact or company: the field of the card that is searched
    query: str = field(repr=False)
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FoundClient:
    """One option. ``ref`` is what choosing it fills in; a lead is opened instead. ``by_lead`` led to it."""

    ref: RecordRef
    title: str = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(repr=False)
    by_lead: int | None = None

    @property
    def path(self) -> str:
        """Return the address of its card."""
        return card_path(self.ref)


@dataclass(frozen=True, slots=True)
class ClientSearch:
    """The answer. ``is_value`` False: what was typed is no phone and no e-mail. ``hidden``: somebody else exists."""

    clients: tuple[FoundClient, ...]
    is_value: bool
    hidden: bool


async def search_clients(runtime: Runtime, asked: SearchRequest) -> ClientSearch:
    """Return who has this phone or e-mail, as far as the person may read it; raises Bitrix24Error.

    The portal is asked even when nobody is found: its answer proves who is asking, and without that nothing is told.
    """
    context = await open_portal_as(runtime, asked.portal_id, asked.access_token)
    rules = _wide(context.rules)
    keys = _keys(asked.query, rules, context.hashing_key)
    async with context.read() as tx:
        found = await find_candidates(tx, (), keys, rules, now=context.now())
    near = _chosen(found)
    live = await _read(context, near)
    holders = {ref: record for ref, record in live.items() if _has(record.record, keys, context)}
    clients = await _read(context, _clients_of_leads(holders) - set(holders)) if holders else {}
    return ClientSearch(
        clients=tuple(_options(RecordType.parse(asked.wanted), holders, clients, keys, context)),
        is_value=bool(keys),
        hidden=context.rules.reveal is not Reveal.NOTHING and bool(set(near) - set(live)),
    )


def _wide(rules: RuleSet) -> RuleSet:
    """Return the rules without what narrows the search for duplicates: here somebody looks for one client."""
    types = frozenset(RecordType)
    return replace(rules, types=types, look_back_days=0, include_closed=True, least_grade=Grade.WEAK)


def _keys(query: str, rules: RuleSet, hashing_key: bytes) -> Collection[MatchKey]:
    text = query.strip()[:MAX_QUERY]
    question = CheckQuestion(emails=(text,)) if "@" in text else CheckQuestion(phones=(text,))
    return read_values(question, rules, hashing_key).by_key


def _chosen(found: Candidates) -> list[RecordRef]:
    return [candidate.ref for candidate in (*found.near, *found.far)][:MAX_FOUND]


async def _read(context: PortalContext, refs: Iterable[RecordRef]) -> dict[RecordRef, LiveRecord]:
    """Return the records this person may read; without any, still ask who he is."""
    wanted = sorted(set(refs))
    commands: dict[str, Command] = {"me": methods.profile()}
    for record_type in RecordType:
        ids = [ref.id for ref in wanted if ref.type is record_type]
        if ids:
            commands[record_type.word] = methods.list_records(
                record_type.word, select=SELECTED[record_type], filter_by={"@ID": ids}, order={"ID": "ASC"}
            )
    batch = await context.client.batch(commands)
    answers.viewer(batch.get("me"))
    read = (live for kind in RecordType if kind.word in commands for live in _rows(batch, kind))
    return {live.record.ref: live for live in read}


def _rows(batch: BatchAnswer, record_type: RecordType) -> list[LiveRecord]:
    if isinstance(batch.errors.get(record_type.word), AccessDenied):
        return []
    return [to_live_record(record_type, row) for row in answers.rows(batch.get(record_type.word))]


def _has(record: Record, keys: Collection[MatchKey], context: PortalContext) -> bool:
    """Tell whether the record still has the value: the index may be seconds behind."""
    return any(value.key in keys for value in keyed_values(record, context.rules, context.hashing_key))


def _clients_of_leads(holders: Live) -> set[RecordRef]:
    leads = (live.record for ref, live in holders.items() if ref.type is RecordType.LEAD)
    return {link for lead in leads for link in lead.links}


def _options(
    wanted: RecordType, holders: Live, clients: Live, keys: Collection[MatchKey], context: PortalContext
) -> list[FoundClient]:
    """Return the options: the type that is asked for first, then other clients, then leads; each client once."""
    shown: dict[RecordRef, FoundClient] = {}
    for ref in sorted(holders, key=lambda ref: (_rank(ref, wanted), ref)):
        live = holders[ref]
        linked = [link for link in live.record.links if link in clients or link in holders]
        if ref.type is not RecordType.LEAD or not linked:
            shown.setdefault(ref, _option(ref, live, keys, context))
            continue
        client = min(linked, key=lambda link: (_rank(link, wanted), link))
        found = _option(client, clients.get(client) or holders[client], keys, context, by_lead=ref.id)
        shown.setdefault(client, found)
    return sorted(shown.values(), key=lambda option: _rank(option.ref, wanted))


def _rank(ref: RecordRef, wanted: RecordType) -> int:
    return 0 if ref.type is wanted else 2 if ref.type is RecordType.LEAD else 1


def _option(
    ref: RecordRef,
    live: LiveRecord,
    keys: Collection[MatchKey],
    context: PortalContext,
    by_lead: int | None = None,
) -> FoundClient:
    values = keyed_values(live.record, context.rules, context.hashing_key)
    spelt = sorted(values, key=lambda value: value.key not in keys)  # what was asked for first
    return FoundClient(
        ref, live.title, _first(spelt, ValueKind.PHONE), _first(spelt, ValueKind.EMAIL), by_lead
    )


def _first(values: Sequence[KeyedValue], kind: ValueKind) -> str:
    return next((value.display for value in values if value.kind is kind), "")
