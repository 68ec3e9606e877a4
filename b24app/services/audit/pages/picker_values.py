"""Choices of people, departments and sources as pages print them: names are the portal's, told to whoever looks."""

from dataclasses import dataclass
from typing import Final

LONG: Final = 8  # more options than are seen at a glance


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen. ``note`` is a code: dismissed, unknown, or "". ``depth`` places a department."""

    value: str
    name: str
    is_chosen: bool
    note: str = ""
    depth: int = 0
    detail: str = ""  # such as a position, which tells people of one name apart


@dataclass(frozen=True, slots=True)
class Picker:
    """What a form offers in one field. With a ``reason`` the portal told no names, and values are typed.

    ``query`` is what was looked for; ``found`` how many people are called so, None when nobody was looked for;
    ``is_cut``: not all of them are among the options.
    """

    options: tuple[Option, ...] = ()
    reason: str = ""
    query: str = ""
    found: int | None = None
    is_cut: bool = False

    @property
    def is_long(self) -> bool:
        """Tell whether the list is worth a filter."""
        return len(self.options) > LONG

    @property
    def typed(self) -> str:
        """Return the chosen values as they are typed where there are no names."""
        return ", ".join(option.value for option in self.options if option.is_chosen)


@dataclass(frozen=True, slots=True)
class ScopePickers:
    """Those of a form that says whom an audit looks at."""

    responsibles: Picker
    departments: Picker
    sources: Picker


@dataclass(frozen=True, slots=True)
class Pickers:
    """Those of the audit's first page, by its forms and their fields."""

    start: ScopePickers
    schedule: ScopePickers
    told: Picker
    people: Picker
    named_departments: Picker
