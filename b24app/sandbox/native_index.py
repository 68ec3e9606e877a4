"""The portal's own duplicate index: normal form of a value → the records that carry it.

Built when first asked, then kept up by each change. Leads, contacts and companies only.
"""

from collections.abc import Iterable, Mapping

from b24app.sandbox.native_form import native_email, native_phone
from b24app.sandbox.records import Record, RecordTable

INDEXED = ("lead", "contact", "company")
ROWS_PER_VALUE = 20  # the server reads no further; so 20 leads hide all contacts and companies
_FORMS = {"PHONE": native_phone, "EMAIL": native_email}


class NativeIndex:
    """Who carries a value, as the portal sees it."""

    def __init__(self, tables: Mapping[str, RecordTable]) -> None:
        self._tables = tables
        self._carriers: dict[tuple[str, str], dict[str, set[int]]] | None = None

    def put(self, word: str, record: Record) -> None:
        """Note the record's values; call ``drop`` with the old state before."""
        if self._carriers is None or word not in INDEXED:
            return
        for key in _keys(record):
            self._carriers.setdefault(key, {}).setdefault(word, set()).add(record.id)

    def drop(self, word: str, record: Record) -> None:
        if self._carriers is None or word not in INDEXED:
            return
        for key in _keys(record):
            self._carriers.get(key, {}).get(word, set()).discard(record.id)

    def find(self, kind: str, value: str, words: Iterable[str]) -> list[tuple[str, int]]:
        """Return at most 20 carriers: leads first, then contacts, then companies, oldest first."""
        form = _FORMS[kind](value)
        carriers = self._built().get((kind, form), {}) if form else {}
        wanted = set(words)
        rows = [
            (word, found) for word in INDEXED if word in wanted for found in sorted(carriers.get(word, ()))
        ]
        return rows[:ROWS_PER_VALUE]

    def _built(self) -> dict[tuple[str, str], dict[str, set[int]]]:
        if self._carriers is None:
            self._carriers = {}
            for word in INDEXED:
                for record in self._tables[word]:
                    self.put(word, record)
        return self._carriers


def _keys(record: Record) -> set[tuple[str, str]]:
    return {
        (kind, form)
        for kind, to_form in _FORMS.items()
        for value in record.values.get(kind, ())
        if (form := to_form(value.value))
    }
