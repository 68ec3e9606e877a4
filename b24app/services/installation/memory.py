"""What was registered in a portal and can't be read back from it: kept in its options under ``registrations``.

The portal lists codes of robots without their settings, and says nothing of a field that somebody deleted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from b24app.bitrix24.registering import FIELD_OWNERS, FieldOwner
from b24app.store.database import Transaction

OPTION = "registrations"
FIELD_RESTORED = "field.restored"  # the journal's code

FieldOf: TypeAlias = tuple[FieldOwner, str]  # type of records, code of the field


@dataclass(frozen=True, slots=True)
class Memory:
    """``fields`` were there at the last look; ``steps``: code → fingerprint of its settings.

    ``restored``: fields that an administrator had deleted and that were made again, and when.
    """

    fields: frozenset[FieldOf] = frozenset()
    steps: Mapping[str, str] = field(default_factory=dict)
    restored: Mapping[FieldOf, float] = field(default_factory=dict)

    @classmethod
    async def load(cls, tx: Transaction) -> "Memory":
        """Return what is remembered; nothing before the first registration."""
        kept = await tx.options.get(OPTION) or {}
        steps, restored = kept.get("steps"), kept.get("restored")
        return cls(
            fields=frozenset(_read_fields(kept.get("fields"))),
            steps={code: str(mark) for code, mark in steps.items()} if isinstance(steps, dict) else {},
            restored=dict(zip(_read_fields(list(restored)), map(float, restored.values()), strict=True))
            if isinstance(restored, dict)
            else {},
        )

    async def save(self, tx: Transaction) -> None:
        await tx.options.put(
            OPTION,
            {
                "fields": sorted(map(_spell, self.fields)),
                "steps": dict(self.steps),
                "restored": {_spell(field_of): at for field_of, at in self.restored.items()},
            },
        )

    def known_of(self, made: Iterable[FieldOf]) -> list[FieldOf]:
        """Return those of the fields made now that had been there before: somebody deleted them."""
        return [field_of for field_of in made if field_of in self.fields]

    def with_these(
        self, fields: Iterable[FieldOf], restored: Iterable[FieldOf], steps: Mapping[str, str], *, at: float
    ) -> "Memory":
        """Return what is to be remembered from now on."""
        return Memory(
            fields=self.fields | frozenset(fields),
            steps={**self.steps, **steps},
            restored={**self.restored, **dict.fromkeys(restored, at)},
        )


def _spell(field_of: FieldOf) -> str:
    return ":".join(field_of)


def _read_fields(spelt: object) -> list[FieldOf]:
    parts = (str(text).partition(":") for text in spelt) if isinstance(spelt, list) else ()
    return [(owner, code) for word, _, code in parts for owner in FIELD_OWNERS if owner == word]
