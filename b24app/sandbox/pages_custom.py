"""User fields in a card: captions in the viewer's language, bindings as links, employees by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from b24app.sandbox.crm import CustomField
from b24app.sandbox.fields import BINDING_MARKS
from b24app.sandbox.pages_records import moment_text, person_name, show_link
from b24app.sandbox.pages_screen import Viewer
from b24app.sandbox.records import Record
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text

_WORDS = {mark: word for word, mark in BINDING_MARKS.items()}


@dataclass(frozen=True, slots=True)
class ShownValue:
    """One value; ``path`` is empty unless it can be opened."""

    text: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class ShownField:
    """A user field that has a value."""

    name: str
    label: str
    values: tuple[ShownValue, ...]


def show_custom(viewer: Viewer, word: str, record: Record) -> tuple[ShownField, ...]:
    """Return the record's user fields that are filled, in their order."""
    fields = viewer.portal.crm.custom_names(word).values()
    ordered = sorted(fields, key=lambda custom: (as_int(custom.row.get("SORT")), custom.id))
    shown = (
        ShownField(custom.name, caption_of(custom, viewer.user.language), _values(viewer, custom, record))
        for custom in ordered
    )
    return tuple(field for field in shown if field.values)


def caption_of(custom: CustomField, language: str) -> str:
    """Return a field's caption; languages it was not given in read its name."""
    captions = as_map(custom.row.get("EDIT_FORM_LABEL")) or {}
    return as_text(captions.get(language)) or custom.name


def _values(viewer: Viewer, custom: CustomField, record: Record) -> tuple[ShownValue, ...]:
    stored = record.fields.get(custom.name)
    several = as_list(stored)
    given = [stored] if several is None else several
    return tuple(value for one in given for value in _value(viewer, custom, one))


def _value(viewer: Viewer, custom: CustomField, value: Json) -> Iterator[ShownValue]:
    if value is None or value is False or value == "":
        return
    if custom.type == "enumeration":
        yield ShownValue(custom.options.get(as_int(value), ""))
    elif custom.type == "employee":
        yield ShownValue(person_name(viewer, as_int(value)), f"/company/personal/user/{as_int(value)}/")
    elif custom.type == "crm":
        yield from _binding(viewer, as_text(value))
    elif custom.type == "boolean":
        yield ShownValue(viewer.texts["yes"])
    elif isinstance(value, float) and custom.type in ("datetime", "date"):
        yield ShownValue(moment_text(value))
    else:
        yield ShownValue(as_text(value))


def _binding(viewer: Viewer, text: str) -> Iterator[ShownValue]:
    mark, _, number = text.partition("_")
    link = show_link(viewer, _WORDS[mark], as_int(number)) if mark in _WORDS else None
    if link is None:
        yield ShownValue(text)
        return
    yield ShownValue(f"{viewer.texts[link.word]} {link.title}" if link.path else link.title, link.path)
