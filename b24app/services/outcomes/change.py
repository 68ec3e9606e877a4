"""A real change of a record's outcome, as reactions are told of it, and what a reaction is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from b24app.dedupe.outcome import Outcome
from b24app.dedupe.record import RecordRef
from b24app.services.portal.context import PortalContext
from b24app.store.database import Transaction
from b24app.store.outcomes import StoredOutcome


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A record whose status, matches, grade, shared data or group became other ones.

    ``before`` None: never published. ``is_new``: the record was created in the portal a short while ago, and this is
    the first that is known of it; records of the first indexing are never new. ``is_backlog``: nothing happened
    to the record; other rules, a night or an indexing had it looked at again.
    """

    ref: RecordRef
    before: StoredOutcome | None
    after: Outcome
    version: int
    is_new: bool
    is_backlog: bool = False


Reaction = Callable[[PortalContext, Transaction, Sequence[OutcomeChange]], Awaitable[None]]
