"""The keys of a whole portal of invented people."""

from b24app.dedupe.keys import MatchKey, match_keys
from b24app.dedupe.record import Multifield, Record, RecordRef, RecordType, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.sandbox.people import seed as seed_people
from tests.dedupe.builders import PORTAL_KEY

RULES = RuleSet()


def seeded_keys(size: int, *, seed: int) -> dict[RecordRef, frozenset[MatchKey]]:
    """Return the keys of about this many leads, contacts and companies."""
    people = seed_people(size, seed=seed)
    rows_by_type = {
        RecordType.LEAD: people.leads,
        RecordType.CONTACT: people.contacts,
        RecordType.COMPANY: people.companies,
    }
    return {
        RecordRef(record_type, row["ID"]): _keys(RecordRef(record_type, row["ID"]), row)
        for record_type, rows in rows_by_type.items()
        for row in rows
    }


def _keys(ref: RecordRef, row: dict[str, object]) -> frozenset[MatchKey]:
    multifields = (Multifield(kind, each["VALUE"]) for kind in ValueKind for each in row[kind.upper()])
    return match_keys(Record(ref, tuple(multifields)), RULES, PORTAL_KEY)
