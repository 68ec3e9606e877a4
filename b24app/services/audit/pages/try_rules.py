"""A trial of rules for the page: what would be gained and lost, with samples as the viewer may read them."""

from collections.abc import Sequence
from typing import Final

from b24app.dedupe.record import RecordRef
from b24app.services.audit.pages.form_values import RulesForm, Trial
from b24app.services.audit.pages.forms import to_rules
from b24app.services.audit.pages.live_members import LiveMembers, read_members
from b24app.services.audit.pages.open_desk import Desk
from b24app.services.audit.run.simulate import simulate_rules

SAMPLES: Final = 5
MEMBERS: Final = 6  # of a sample

Samples = tuple[tuple[tuple[RecordRef, str], ...], ...]


async def try_rules(desk: Desk, form: RulesForm) -> Trial:
    """Return what the typed rules would find; raises OrderMistake, which names the field."""
    found = await simulate_rules(desk.context, to_rules(form, desk.context.rules))
    shown = (found.gained_samples[:SAMPLES], found.lost_samples[:SAMPLES])
    refs = {ref for samples in shown for group in samples for ref in group[:MEMBERS]}
    live = await read_members(desk, refs, with_stages=False)
    gained, lost = (_named(samples, live) for samples in shown)
    return Trial(
        reason=found.reason or "",
        before=found.groups_before,
        after=found.groups_after,
        gained=found.gained,
        lost=found.lost,
        changed=found.changed,
        gained_samples=gained,
        lost_samples=lost,
    )


def _named(samples: Sequence[Sequence[RecordRef]], live: LiveMembers) -> Samples:
    """Return the records the viewer may read, with their titles; samples of which he may read none are left out."""
    named = (
        tuple((ref, live.records[ref].title) for ref in group[:MEMBERS] if ref in live.records)
        for group in samples
    )
    return tuple(group for group in named if group)
