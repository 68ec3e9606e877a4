"""Members of a group side by side: a row per field, equal values marked as what they are. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24app.dedupe.keys import MatchKey, match_keys
from b24app.dedupe.record import Multifield, Record, RecordRef, RecordType, Stage, ValueKind
from b24app.dedupe.rules import RuleSet
from b24app.services.card.shown import Person
from b24app.services.indexing.records import LiveRecord
from b24app.services.links import card_path

LETTERS = 26
OWN_FIELDS = ("person", "company", "stage", "responsible")


@dataclass(frozen=True, slots=True)
class Piece:
    """A text in a cell; ``is_shared``: another member has the same value, however it is written."""

    text: str
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of all members. ``differs``: they do not say the same."""

    code: str
    cells: tuple[tuple[Piece, ...], ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class ShownMember:
    """A member as the head of its column. ``mark`` is its letter in the chain."""

    ref: RecordRef
    mark: str
    title: str
    path: str
    responsible: Person | None
    stage: Stage
    created_at: float | None
    modified_at: float | None


@dataclass(frozen=True, slots=True)
class Sides:
    """Members beside each other."""

    members: tuple[ShownMember, ...]
    rows: tuple[FieldRow, ...]


def side_by_side(
    members: Sequence[LiveRecord],
    marks: Mapping[RecordRef, str],
    names: Mapping[int, str],
    stages: Mapping[str, str],
    rules: RuleSet,
    portal_key: bytes,
) -> Sides:
    """Return the columns in the order given, and a row for each field that any of them fills."""
    shown = tuple(_shown(live, marks, names) for live in members)
    texts = {
        "person": [_name(live.record) for live in members],
        "company": [_company(live.record) for live in members],
        "stage": [stages.get(live.stage_id, live.stage_id) for live in members],
        "responsible": [_named(live.record.responsible_id, names) for live in members],
    }
    rows = [_text_row(code, texts[code]) for code in OWN_FIELDS if any(texts[code])]
    for kind in ValueKind:
        values = _value_row(kind, [live.record for live in members], rules, portal_key)
        if values:
            rows.append(values)
    return Sides(shown, tuple(rows))


def marks_of(refs: Sequence[RecordRef]) -> dict[RecordRef, str]:
    """Return a letter for each record, as a chain names them: A, B, … Z, A1, B1 …"""
    return {
        ref: chr(ord("A") + number % LETTERS) + (str(number // LETTERS) if number >= LETTERS else "")
        for number, ref in enumerate(refs)
    }


def merge_order(members: Sequence[LiveRecord]) -> tuple[RecordRef, ...]:
    """Return the records as the portal's merge page should get them: the first one stays.

    A lead in work before a closed one, then who has more to tell, then the older one.
    """
    return tuple(live.record.ref for live in sorted(members, key=_worth_keeping))


def _worth_keeping(live: LiveRecord) -> tuple[bool, int, float, int]:
    record = live.record
    filled = len(record.multifields) + len(record.links) + bool(live.title) + bool(_name(record))
    return record.stage.is_closed, -filled, record.created_at or 0.0, record.ref.id


def _shown(live: LiveRecord, marks: Mapping[RecordRef, str], names: Mapping[int, str]) -> ShownMember:
    record = live.record
    responsible = record.responsible_id
    return ShownMember(
        ref=record.ref,
        mark=marks[record.ref],
        title=live.title,
        path=card_path(record.ref),
        responsible=None if responsible is None else Person(responsible, names.get(responsible, "")),
        stage=record.stage,
        created_at=record.created_at,
        modified_at=record.modified_at,
    )


def _text_row(code: str, texts: Sequence[str]) -> FieldRow:
    told = {" ".join(text.casefold().split()) for text in texts if text}
    return FieldRow(code, tuple((Piece(text),) if text else () for text in texts), len(told) > 1)


def _value_row(
    kind: ValueKind, records: Sequence[Record], rules: RuleSet, portal_key: bytes
) -> FieldRow | None:
    fields = [[field for field in record.multifields if field.kind is kind] for record in records]
    if not any(fields):
        return None
    keys = {field: _keys(field, rules, portal_key) for row in fields for field in row}
    holders: Counter[MatchKey] = Counter()
    for row in fields:
        holders.update({key for field in row for key in keys[field]})
    cells = tuple(
        tuple(Piece(field.value, any(holders[key] > 1 for key in keys[field])) for field in row)
        for row in fields
    )
    is_told_apart = len(records) > 1 and any(not piece.is_shared for cell in cells for piece in cell)
    return FieldRow(kind.value, cells, is_told_apart)


def _keys(field: Multifield, rules: RuleSet, portal_key: bytes) -> frozenset[MatchKey]:
    return match_keys(Record(RecordRef(RecordType.LEAD, 0), (field,)), rules, portal_key)


def _name(record: Record) -> str:
    person = record.person
    return " ".join(part for part in (person.last, person.first, person.second) if part)


def _company(record: Record) -> str:
    return "" if record.ref.type is RecordType.COMPANY else record.company_title


def _named(user_id: int | None, names: Mapping[int, str]) -> str:
    return "" if user_id is None else names.get(user_id, "") or f"ID {user_id}"
