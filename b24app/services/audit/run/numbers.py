"""The figures of a run, as they are kept: they outlive the groups and make the trend over runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditNumbers:
    """Words for keys, so that they can be read without the code.

    ``by_pair``: "lead-contact" → pairs in groups. ``shared``: "foreign_company:alarm" → values. ``responsibles``:
    user id, 0 for nobody → groups, records. ``sources`` and ``months`` ("2026-03") count duplicates: all
    records of a group but its first.
    """

    records: int = 0
    groups: int = 0
    records_in_groups: int = 0
    duplicate_rate: float = 0.0
    largest: int = 0
    weakly_held: int = 0
    hubs: int = 0
    shared_values: int = 0
    misrouted: int = 0
    solved: int = 0
    by_pair: Mapping[str, int] = field(default_factory=dict)
    by_grade: Mapping[str, int] = field(default_factory=dict)
    by_name_grade: Mapping[str, int] = field(default_factory=dict)
    by_change: Mapping[str, int] = field(default_factory=dict)
    shared: Mapping[str, int] = field(default_factory=dict)
    responsibles: Mapping[str, list[int]] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    months: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "AuditNumbers":
        """Return a run's figures; those of an unfinished one, or that an older version did not count, are 0."""
        return cls(**{each.name: raw[each.name] for each in fields(cls) if each.name in raw})
