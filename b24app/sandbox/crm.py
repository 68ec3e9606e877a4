"""The CRM of one portal: tables, links, user fields, the native index, and how a record is written.

Rights, events and the wire are not its business.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

from b24app.sandbox import custom_values
from b24app.sandbox.fields import MULTIFIELDS, READ_ONLY, SPECS, RecordSpec
from b24app.sandbox.links import Link, LinkBook
from b24app.sandbox.multifields import changed_values, new_values
from b24app.sandbox.native_index import NativeIndex
from b24app.sandbox.records import Record, RecordTable, Scalar, to_stored
from b24app.sandbox.statuses import StatusBook
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

Fields: TypeAlias = Mapping[str, Json]
_DEFAULT_STAGE = "NEW"
_CONTACT_LISTS = {"contact": "COMPANY_IDS", "lead": "CONTACT_IDS", "deal": "CONTACT_IDS"}
_PRIMARY = {"contact": "COMPANY_ID", "lead": "CONTACT_ID", "deal": "CONTACT_ID"}


@dataclass(slots=True)
class CustomField:
    """A user field as the portal keeps it; ``row`` is what ``userfield.get`` prints."""

    id: int
    word: str
    name: str
    type: str
    multiple: bool
    row: dict[str, Json] = field(default_factory=dict)

    @property
    def options(self) -> dict[int, str]:
        """Return the list of an enumeration: what each id reads."""
        rows = [as_map(one) or {} for one in as_list(self.row.get("LIST")) or ()]
        return {as_int(row.get("ID")): as_text(row.get("VALUE")) for row in rows}

    def stored(self, value: Json) -> Scalar:
        """Return a value as it is kept."""
        return custom_values.store(self.type, value, multiple=self.multiple, options=self.options)


class Crm:
    """All CRM data of a portal."""

    def __init__(self) -> None:
        self.tables = {word: RecordTable(spec) for word, spec in SPECS.items()}
        self.links = {word: LinkBook() for word in _PRIMARY}
        self.index = NativeIndex(self.tables)
        self.statuses = StatusBook()
        self.custom_fields: dict[int, CustomField] = {}
        self.value_ids = count(101, 2)
        self.option_ids = count(3157, 2)

    def custom_names(self, word: str) -> dict[str, CustomField]:
        return {custom.name: custom for custom in self.custom_fields.values() if custom.word == word}

    def get(self, word: str, record_id: int) -> Record | None:
        return self.tables[word].get(record_id)

    def add(self, word: str, fields: Fields, *, user_id: int, now: float) -> Record:
        """Make a record from portal fields; ``ID`` is honoured (seeding), otherwise the next one is given."""
        table = self.tables[word]
        record_id = as_int(fields.get("ID")) or table.last_id + 1
        record = Record(record_id, self._first_fields(table.spec, user_id, now))
        self._write_plain(table.spec, record, fields, seeding=True)
        if table.spec.has_multifields:
            for kind in MULTIFIELDS:
                if made := new_values(fields.get(kind), self.value_ids):
                    record.values[kind] = made
        table.put(record)
        self._write_links(word, record, fields)
        self.index.put(word, record)
        return record

    def update(self, word: str, record: Record, fields: Fields, *, user_id: int, now: float) -> Record:
        """Change a record by a classic update's rules; unknown and read-only fields are ignored."""
        table = self.tables[word]
        self.index.drop(word, record)
        changed = Record(record.id, dict(record.fields), dict(record.values))
        self._write_plain(table.spec, changed, fields, seeding=False)
        for kind in MULTIFIELDS:
            if kind in fields and table.spec.has_multifields:
                left = changed_values(changed.values.get(kind, ()), fields[kind], self.value_ids)
                changed.values.pop(kind, None)
                if left:
                    changed.values[kind] = left
        changed.fields |= {"MODIFY_BY_ID": user_id, "DATE_MODIFY": now}
        self._note_move(table.spec, record, changed)
        table.put(changed)
        self._write_links(word, changed, fields)
        self.index.put(word, changed)
        return changed

    def _note_move(self, spec: RecordSpec, before: Record, after: Record) -> None:
        """Write when and by whom the stage changed, and whether that closed the record."""
        stage = spec.stage_field or ""
        if after.fields.get(stage) == before.fields.get(stage):
            return
        who, now = after.fields["MODIFY_BY_ID"], after.fields["DATE_MODIFY"]
        is_closed = self.semantics(spec, after) != "P"
        after.fields |= {"MOVED_BY_ID": who, "MOVED_TIME": now}
        after.fields |= {"DATE_CLOSED": now if is_closed else None} if "DATE_CLOSED" in spec.names else {}
        after.fields |= {"CLOSED": "Y" if is_closed else "N"} if "CLOSED" in spec.names else {}

    def delete(self, word: str, record_id: int) -> Record | None:
        """Take a record out, with its index rows and every link to it."""
        record = self.tables[word].remove(record_id)
        if record is None:
            return None
        self.index.drop(word, record)
        for owner_word, target_word in (("contact", "company"), ("lead", "contact"), ("deal", "contact")):
            if target_word == word:
                for owner_id in self.links[owner_word].forget_target(record_id):
                    self.mirror_primary(owner_word, owner_id)
        if word in self.links:
            self.links[word].set(record_id, ())
        return record

    def mirror_primary(self, word: str, owner_id: int) -> None:
        """Write the primary link into COMPANY_ID or CONTACT_ID of its owner."""
        record = self.get(word, owner_id)
        if record is not None:
            record.fields[_PRIMARY[word]] = self.links[word].primary(owner_id)
            self.tables[word].put(record)

    def load_lazily(self, word: str, ids: Sequence[int], make: Callable[[int], Fields]) -> None:
        """Hold many records that are made from their portal fields each time one is looked at.

        ``make`` must give the same fields for the same id; ids ascend. For benchmarks of a million records.
        """
        spec = self.tables[word].spec

        def made(record_id: int) -> Record:
            record = Record(record_id, self._first_fields(spec, 1, 0.0))
            fields = make(record_id)
            self._write_plain(spec, record, fields, seeding=True)
            value_ids = count(record_id * 64 + 1)
            for kind in MULTIFIELDS:
                if kind in fields and (values := new_values(fields[kind], value_ids)):
                    record.values[kind] = values
            return record

        self.tables[word].load_lazily(ids, made)

    def _first_fields(self, spec: RecordSpec, user_id: int, now: float) -> dict[str, Scalar]:
        fields: dict[str, Scalar] = {
            "ASSIGNED_BY_ID": user_id,
            "CREATED_BY_ID": user_id,
            "MODIFY_BY_ID": user_id,
            "DATE_CREATE": now,
            "DATE_MODIFY": now,
            "LAST_ACTIVITY_BY": user_id,
            "LAST_ACTIVITY_TIME": now,
            "OPENED": "Y",
        }
        if spec.stage_field:
            fields |= {spec.stage_field: _DEFAULT_STAGE, "OPPORTUNITY": 0.0, "CURRENCY_ID": "RUB"}
            fields |= {"MOVED_BY_ID": user_id, "MOVED_TIME": now}
        if "CLOSED" in spec.names:
            fields["CLOSED"] = "N"
        return fields

    def _write_plain(self, spec: RecordSpec, record: Record, fields: Fields, *, seeding: bool) -> None:
        custom = self.custom_names(spec.word) if any(name.startswith("UF_") for name in fields) else {}
        for name, value in fields.items():
            if name in custom:
                record.fields[name] = custom[name].stored(value)
            elif name in spec.names and name != "ID" and (seeding or name not in READ_ONLY):
                record.fields[name] = to_stored(name, value)
        for name in ("CREATED_BY_ID", "MODIFY_BY_ID") if seeding and "ASSIGNED_BY_ID" in fields else ():
            if name not in fields:
                record.fields[name] = record.fields["ASSIGNED_BY_ID"]
        if seeding and "DATE_CREATE" in fields and "DATE_MODIFY" not in fields:
            record.fields["DATE_MODIFY"] = record.fields["DATE_CREATE"]

    def _write_links(self, word: str, record: Record, fields: Fields) -> None:
        if word not in self.links:
            return
        book, primary = self.links[word], _PRIMARY[word]
        listed = as_list(fields.get(_CONTACT_LISTS[word])) if _CONTACT_LISTS[word] in fields else None
        if listed is not None:
            targets = [as_int(target) for target in listed if as_int(target)]
            book.set(record.id, [Link(target, 10 * (at + 1)) for at, target in enumerate(targets)])
        elif primary in fields:
            target = as_int(fields[primary])
            others = [
                Link(link.target_id, link.sort + 10)
                for link in book.of(record.id)
                if link.target_id != target
            ]
            book.set(record.id, [Link(target, 10, primary=True), *others] if target else [])
        else:
            return
        record.fields[primary] = book.primary(record.id)

    def semantics(self, spec: RecordSpec, record: Record) -> str:
        """Return P, S or F for the record's stage."""
        return self.statuses.semantics(
            spec.directory or "", as_text(record.fields.get(spec.stage_field or ""))
        )
