"""The robot "Find duplicates": the outcome of the record, or of a deal's clients, by the step's own rules.

What a step leaves empty is taken from the app's settings. ``keys`` choose by which values records find each other;
how sure a match is stays a matter of everything the two share.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from b24app.bitrix24.calls import JSON
from b24app.dedupe.enquiry import shared_by
from b24app.dedupe.enquiry_rules import By
from b24app.dedupe.grade import Grade
from b24app.dedupe.outcome import Outcome, OutcomeMatch, Status
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.rules import RuleSet
from b24app.dedupe.shared import SharedKind
from b24app.services.portal.context import PortalContext
from b24app.services.robots.robot import (
    Ended,
    Given,
    Inputs,
    Robot,
    RobotAnswer,
    choices,
    one_choice,
    one_flag,
    one_number,
    to_code,
    to_user,
)
from b24app.services.robots.subjects import catch_up, find_subjects, find_their_outcomes, refs_of
from b24app.services.writeback.reason_text import reason_text
from b24app.store.robot_calls import KeptCall
from b24app.texts import language_of

LOOK_BACK_DAYS = range(3651)
NOTHING: Mapping[str, JSON] = {
    "status": Status.NOT_CHECKED.value,
    "count": 0,
    "leads": 0,
    "contacts": 0,
    "companies": 0,
    "matches": [],
    "best": "",
    "best_responsible": "",
    "grade": "",
    "shared": "",
    "reason": "",
    "checked_at": "",
    "group": "",
    "lead_ids": [],
    "contact_ids": [],
    "company_ids": [],
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What several records together have found: one, or the clients of a deal."""

    status: Status
    matches: tuple[OutcomeMatch, ...]
    shared: SharedKind | None
    group: str
    checked_at: float

    @property
    def grade(self) -> Grade | None:
        return max((match.grade for match in self.matches), default=None)


def read_inputs(given: Given) -> Inputs:
    """Return what the step asks for, with what was left empty left out; raises InputMistake."""
    inputs: Inputs = {
        "types": choices(given, "types", (kind.word for kind in RecordType)) or None,
        "keys": choices(given, "keys", By) or None,
        "look_back_days": one_number(given, "look_back_days", LOOK_BACK_DAYS),
        "include_closed": one_flag(given, "closed"),
        "least_grade": one_choice(given, "least_grade", (grade.word for grade in Grade)),
    }
    return {name: value for name, value in inputs.items() if value is not None}


def rules_for(rules: RuleSet, inputs: Mapping[str, object]) -> RuleSet:
    """Return the portal's rules with what the step says otherwise."""
    said = {name: value for name, value in inputs.items() if name != "keys"}
    return RuleSet.from_dict({**rules.to_dict(), **said})


async def answer(context: PortalContext, calls: Sequence[KeptCall]) -> dict[bytes, RobotAnswer]:
    """Answer calls with the same inputs: everything is looked up for all of them at once."""
    subjects = await find_subjects(context, calls)
    refs = refs_of(subjects)
    await catch_up(context)
    inputs = calls[0].inputs
    outcomes = await find_their_outcomes(context, refs, rules_for(context.rules, inputs))
    kinds = _kinds(inputs)
    language = language_of(context.portal.language)
    answered = {}
    for call in calls:
        own = subjects[call.digest]
        if isinstance(own, Ended):
            answered[call.digest] = RobotAnswer(own)
            continue
        found = [only_by(outcomes[ref], kinds) for ref in own if ref in outcomes]
        answered[call.digest] = to_answer(found, own, language) if found else RobotAnswer(Ended.GONE)
    return answered


def _kinds(inputs: Mapping[str, object]) -> frozenset[By]:
    chosen = inputs.get("keys")
    return frozenset(map(By, chosen)) if isinstance(chosen, list) else frozenset(By)


def only_by(outcome: Outcome, kinds: frozenset[By]) -> Outcome:
    """Return the outcome with the matches alone that share a value of one of these kinds."""
    if kinds == frozenset(By):
        return outcome
    matches = tuple(match for match in outcome.matches if shared_by(match.codes) & kinds)
    partners = tuple(ref for ref in outcome.partners if any(match.ref == ref for match in matches))
    return replace(
        outcome,
        status=_status(outcome.status, matches, partners),
        matches=matches,
        best=matches[0] if matches else None,
        grade=max((match.grade for match in matches), default=None),
        shared=outcome.shared if partners else None,
        partners=partners,
        group=outcome.group if matches else "",
    )


def _status(before: Status, matches: Iterable[OutcomeMatch], partners: Sequence[RecordRef]) -> Status:
    if before is Status.NOT_CHECKED:
        return before
    if any(match.ref not in partners for match in matches):
        return Status.DUPLICATE
    return Status.SHARED if partners else Status.NONE


_WORST = (Status.NOT_CHECKED, Status.DUPLICATE, Status.SHARED, Status.NONE)


def together(found: Sequence[Outcome], own: Sequence[RecordRef]) -> Finding:
    """Return what a deal's clients have found, each match once; the clients are no matches of one another."""
    matches: dict[RecordRef, OutcomeMatch] = {}
    for outcome in found:
        for match in outcome.matches:
            if match.ref not in own:
                matches.setdefault(match.ref, match)
    status = min((outcome.status for outcome in found), key=_WORST.index)
    if status is Status.DUPLICATE and not matches:
        status = Status.NONE
    return Finding(
        status=status,
        matches=tuple(matches.values()),
        shared=next((outcome.shared for outcome in found if outcome.shared), None),
        group=next((outcome.group for outcome in found if outcome.group), ""),
        checked_at=max(outcome.checked_at for outcome in found),
    )


def to_answer(found: Sequence[Outcome], own: Sequence[RecordRef], language: str) -> RobotAnswer:
    """Return the finding as the step's results, each in the spelling of its type."""
    finding = together(found, own)
    if finding.status is Status.NOT_CHECKED:
        return RobotAnswer(Ended.NOT_CHECKED)
    best = finding.matches[0] if finding.matches else None
    reason = "; ".join(dict.fromkeys(filter(None, (reason_text(outcome, language) for outcome in found))))
    ids = {kind: [match.ref.id for match in finding.matches if match.ref.type is kind] for kind in RecordType}
    values: dict[str, JSON] = {
        "status": finding.status.value,
        "count": len(finding.matches),
        "leads": len(ids[RecordType.LEAD]),
        "contacts": len(ids[RecordType.CONTACT]),
        "companies": len(ids[RecordType.COMPANY]),
        "matches": [to_code(match.ref) for match in finding.matches],
        "best": to_code(best.ref) if best else "",
        "best_responsible": to_user(best.responsible_id if best else None),
        "grade": finding.grade.word if finding.grade else "",
        "shared": finding.shared.value if finding.shared else "",
        "reason": reason,
        "checked_at": _moment(finding.checked_at),
        "group": finding.group,
        "lead_ids": list(ids[RecordType.LEAD]),
        "contact_ids": list(ids[RecordType.CONTACT]),
        "company_ids": list(ids[RecordType.COMPANY]),
    }
    return RobotAnswer(Ended.OK, values, message=reason)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="seconds")


FIND_DUPLICATES = Robot(read_inputs, answer, NOTHING)
