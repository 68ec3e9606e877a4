"""What an administrator set about writing results into records: whether, and which match is the best."""

from collections.abc import Mapping
from dataclasses import dataclass

from b24app.dedupe.outcome import MatchKind
from b24app.services.portal.context import Runtime
from b24app.store.database import Transaction

OPTION = "publishing"
TASK = "publish_outcomes"
BACKLOG_TASK = "publish_backlog"


class PublishingMistake(ValueError):
    """A field of the options can't be what it was said to be; ``field`` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: not one of the choices")
        self.field = field


@dataclass(frozen=True, slots=True)
class PublishingOptions:
    """``best_order`` holds every kind of match once, the most wanted first."""

    write_fields: bool = True
    best_order: tuple[MatchKind, ...] = tuple(MatchKind)

    def __post_init__(self) -> None:
        """Refuse an order that leaves a kind out or names one twice."""
        if sorted(self.best_order) != sorted(MatchKind):
            raise PublishingMistake("best_order")

    def to_dict(self) -> dict[str, object]:
        """Return the options as JSON values; ``from_dict`` gives the same back."""
        return {"write_fields": self.write_fields, "best_order": [kind.value for kind in self.best_order]}

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> "PublishingOptions":
        """Return the options a JSON object describes, missing ones by default; raises PublishingMistake."""
        default = cls().to_dict()
        if unknown := sorted(raw.keys() - default.keys()):
            raise PublishingMistake(unknown[0])
        given = {**default, **raw}
        if not isinstance(given["write_fields"], bool):
            raise PublishingMistake("write_fields")
        if not isinstance(given["best_order"], list):
            raise PublishingMistake("best_order")
        try:
            order = tuple(MatchKind(kind) for kind in given["best_order"])
        except ValueError as error:
            raise PublishingMistake("best_order") from error
        return cls(given["write_fields"], order)


async def read_options(tx: Transaction) -> PublishingOptions:
    """Return what the portal's administrator set, or the defaults."""
    return PublishingOptions.from_dict(await tx.options.get(OPTION) or {})


async def ask_to_publish(runtime: Runtime, portal_id: int) -> None:
    """Have everything looked at that waits; called after the transaction that noted it."""
    async with runtime.store.read(portal_id) as tx:
        for task, is_backlog in ((TASK, False), (BACKLOG_TASK, True)):
            if await tx.pending.take(1, is_backlog=is_backlog):
                await runtime.queue.ask(task, portal_id)
