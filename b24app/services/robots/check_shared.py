"""The robot "Check shared contact data": does a contact and a company carry one value, and who gets the next call."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from b24app.bitrix24.calls import JSON
from b24app.dedupe.keys import KeyKind, match_keys
from b24app.dedupe.outcome import Outcome, Status
from b24app.dedupe.record import Record, RecordRef, RecordType
from b24app.dedupe.routing import Holder, Routing, next_call
from b24app.dedupe.shared import SharedData, classify_shared
from b24app.services.card.reading import LiveView, deal_commands, link_commands, read_view, who_and_what
from b24app.services.portal.context import PortalContext
from b24app.services.robots.robot import Ended, Given, Inputs, Robot, RobotAnswer, to_code, to_user
from b24app.services.robots.subjects import catch_up, find_subjects, find_their_outcomes, refs_of
from b24app.store.robot_calls import KeptCall

NOTHING: Mapping[str, JSON] = {
    "status": Status.NOT_CHECKED.value,
    "shared": "",
    "severity": "",
    "partners": [],
    "contact_ids": [],
    "company_ids": [],
    "receiver": "",
    "should_receive": "",
}
_COMPARED = (KeyKind.PHONE, KeyKind.EMAIL)


@dataclass(frozen=True, slots=True)
class Sharing:
    """The worst value that contacts and companies share, and what happens to the next call from it."""

    data: SharedData
    routing: Routing | None
    holders: Mapping[RecordRef, Record]

    def responsible_of(self, ref: RecordRef | None) -> int | None:
        return None if ref is None else self.holders[ref].responsible_id


def read_inputs(given: Given) -> Inputs:
    """Return nothing: the step has no inputs, and what an older version had does not matter."""
    return {}


async def answer(context: PortalContext, calls: Sequence[KeptCall]) -> dict[bytes, RobotAnswer]:
    """Answer all calls with two looks at the portal: who shares values, and what these records are."""
    subjects = await find_subjects(context, calls)
    await catch_up(context)
    refs = refs_of(subjects)
    outcomes = await find_their_outcomes(context, refs, context.rules)
    around = {ref: _around(outcome) for ref, outcome in outcomes.items()}
    view = await _read(context, {member for members in around.values() for member in members})
    answered = {}
    for call in calls:
        own = subjects[call.digest]
        if isinstance(own, Ended):
            answered[call.digest] = RobotAnswer(own)
            continue
        found = [outcomes[ref] for ref in own if ref in outcomes]
        sharings = [_judge(context, outcome.ref, around[outcome.ref], view) for outcome in found]
        answered[call.digest] = to_answer(found, [each for each in sharings if each is not None], own)
    return answered


def _around(outcome: Outcome) -> set[RecordRef]:
    """Return the record and whoever shares a value with it; nobody when that is nobody else."""
    others = {*outcome.partners, *(match.ref for match in outcome.matches)}
    return {outcome.ref, *others} if others else set()


async def _read(context: PortalContext, members: Collection[RecordRef]) -> LiveView | None:
    if not members:
        return None
    clients = sorted(ref for ref in members if ref.type is not RecordType.LEAD)
    contacts = [ref for ref in clients if ref.type is RecordType.CONTACT]
    commands = {**who_and_what(members), **link_commands(contacts), **deal_commands(clients)}
    return read_view(await context.client.batch(commands), ())


def _judge(
    context: PortalContext, ref: RecordRef, members: Iterable[RecordRef], view: LiveView | None
) -> Sharing | None:
    if view is None or ref not in view.records:
        return None
    records = {member: _record(view, member) for member in members if member in view.records}
    keys = {
        member: {
            key for key in match_keys(record, context.rules, context.hashing_key) if key.kind in _COMPARED
        }
        for member, record in records.items()
    }
    values = [
        {member: records[member] for member in sorted(records) if key in keys[member]}
        for key in sorted(keys[ref])
    ]
    return worst_sharing(values, view.deals)


def _record(view: LiveView, ref: RecordRef) -> Record:
    """Return a record as read live, a contact with all its companies."""
    record = view.records[ref].record
    companies = view.companies.get(ref)
    return replace(record, links=companies) if companies else record


def worst_sharing(
    values: Iterable[Mapping[RecordRef, Record]], deals: Mapping[RecordRef, float]
) -> Sharing | None:
    """Return what is worst of several values, each given by those who carry it; None when none is shared."""
    found = [
        Sharing(data, next_call([Holder(record, deals.get(ref)) for ref, record in holders.items()]), holders)
        for holders in values
        if (data := classify_shared(list(holders.values()))) is not None
    ]
    return max(found, key=_how_bad, default=None)


def _how_bad(sharing: Sharing) -> tuple[int, bool]:
    return sharing.data.severity, sharing.routing is not None and sharing.routing.differs


def to_answer(found: Sequence[Outcome], sharings: Sequence[Sharing], own: Sequence[RecordRef]) -> RobotAnswer:
    """Return the worst of it as the step's results."""
    if not found:
        return RobotAnswer(Ended.GONE)
    if any(outcome.status is Status.NOT_CHECKED for outcome in found):
        return RobotAnswer(Ended.NOT_CHECKED)
    if not sharings:
        return RobotAnswer(Ended.OK, {"status": Status.NONE.value})
    worst = max(sharings, key=_how_bad)
    routing = worst.routing
    partners = [ref for ref in (*worst.data.contacts, *worst.data.companies) if ref not in own]
    values: dict[str, JSON] = {
        "status": Status.SHARED.value,
        "shared": worst.data.kind.value,
        "severity": worst.data.severity.word,
        "partners": [to_code(ref) for ref in partners],
        "contact_ids": [ref.id for ref in worst.data.contacts],
        "company_ids": [ref.id for ref in worst.data.companies],
        "receiver": to_user(worst.responsible_of(routing.receiver if routing else None)),
        "should_receive": to_user(worst.responsible_of(routing.should_receive if routing else None)),
    }
    return RobotAnswer(Ended.OK, values)


CHECK_SHARED = Robot(read_inputs, answer, NOTHING)
