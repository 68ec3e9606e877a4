"""Audits by the calendar: daily, weekly or monthly. A run that was missed is made up once, not for each time.

The next moment is kept in the option; whoever finds it past orders one run and sets the next moment after now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from b24app.bitrix24.answers import Viewer
from b24app.logs import logger
from b24app.services.audit.run.acts import TASK
from b24app.services.audit.run.orders import HOURS, AuditScope, AuditTerms, OrderMistake, read_zone
from b24app.services.audit.run.portal_run import is_audit_due
from b24app.services.portal.access import Refused
from b24app.services.portal.context import PortalContext, Runtime
from b24app.services.time_zones import DEFAULT_ZONE, zone_of
from b24app.store.audits import AuditOrder

OPTION = "audit_schedule"
NEXT_AT = "next_at"
KEPT_BEFORE = "utc_offset_min"  # by earlier versions, always 0
WEEK_DAYS, MONTH_DAYS = range(7), range(1, 29)  # a day that every month has

log = logger(__name__)


class Every(StrEnum):
    """How often."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class AuditSchedule:
    """When, and what. ``day`` is the weekday from 0, Monday, or the day of the month, 1 to 28; both as in ``zone``."""

    every: Every
    hour: int = 3
    day: int = 0
    zone: str = DEFAULT_ZONE
    scope: AuditScope = field(default_factory=AuditScope)
    terms: AuditTerms = field(default_factory=lambda: AuditTerms(incremental=True))

    def __post_init__(self) -> None:
        """Refuse a moment that no calendar has; OrderMistake names the field."""
        days = {Every.DAY: range(1), Every.WEEK: WEEK_DAYS, Every.MONTH: MONTH_DAYS}[self.every]
        for name, allowed in (("hour", HOURS), ("day", days)):
            if getattr(self, name) not in allowed:
                raise OrderMistake(name)

    def next_after(self, at: float) -> float:
        """Return the first moment of the schedule behind ``at``, Unix seconds."""
        today = datetime.fromtimestamp(at, zone_of(self.zone))
        moment = today.replace(hour=self.hour, minute=0, second=0, microsecond=0, fold=0)
        if self.every is Every.MONTH:
            moment = moment.replace(day=self.day)
            if moment.timestamp() <= at:
                moment = (moment.replace(day=1) + timedelta(days=32)).replace(day=self.day)
            return moment.timestamp()
        if self.every is Every.WEEK:
            moment += timedelta(days=(self.day - moment.weekday()) % 7)
        if moment.timestamp() <= at:
            moment += timedelta(days=7 if self.every is Every.WEEK else 1)
        return moment.timestamp()

    def to_dict(self) -> dict[str, object]:
        return {
            "every": self.every.value,
            "hour": self.hour,
            "day": self.day,
            "zone": self.zone,
            "scope": self.scope.to_dict(),
            "terms": self.terms.to_dict(),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> "AuditSchedule":
        """Return the schedule that JSON values describe; raises OrderMistake."""
        known = {"every", "hour", "day", "zone", "scope", "terms", NEXT_AT, KEPT_BEFORE}
        if unknown := set(raw) - known:
            raise OrderMistake(min(unknown))
        if raw.get("every") not in set(Every):
            raise OrderMistake("every")
        return cls(
            every=Every(str(raw["every"])),
            hour=_whole(raw, "hour", 3),
            day=_whole(raw, "day", 0),
            zone=read_zone(raw.get("zone", raw.get(KEPT_BEFORE, 0)), "zone"),
            scope=AuditScope.from_dict(_object(raw, "scope")),
            terms=AuditTerms.from_dict(_object(raw, "terms")),
        )


async def read_schedule(context: PortalContext) -> tuple[AuditSchedule, float] | None:
    """Return the schedule and its next moment; None when there is none."""
    async with context.read() as tx:
        kept = await tx.options.get(OPTION)
    if not kept:
        return None
    schedule = AuditSchedule.from_dict(kept)
    return schedule, _next_at(kept, schedule, context.now())


async def save_schedule(context: PortalContext, viewer: Viewer, schedule: AuditSchedule | None) -> None:
    """Keep a schedule, or none; raises Refused for anybody but an administrator."""
    if not viewer.is_admin:
        raise Refused("not_admin_settings", 403)
    now = context.now()
    kept = {**schedule.to_dict(), NEXT_AT: schedule.next_after(now)} if schedule else {}
    async with context.begin() as tx:
        before = await tx.options.get(OPTION) or {}
        await tx.options.put(OPTION, kept)
        await tx.journal.note(viewer.id, "audit.schedule", before, kept, now)


async def order_scheduled(runtime: Runtime) -> None:
    """Order the runs that are due, one for each portal however many were missed."""
    now = runtime.clock.now()
    async with runtime.store.begin_shared() as shared:
        due = await shared.portals_to_schedule(OPTION, now)
    for portal_id in due:
        await _order(runtime, portal_id, now)


async def portals_to_audit(runtime: Runtime) -> list[int]:
    """Return the portals with a run that may be worked on now: a crash may have come between row and task."""
    async with runtime.store.begin_shared() as shared:
        waiting = await shared.portals_to_audit()
    return [portal_id for portal_id in waiting if await is_audit_due(runtime, portal_id)]


async def _order(runtime: Runtime, portal_id: int, now: float) -> None:
    async with runtime.store.begin(portal_id) as tx:
        kept = await tx.options.get(OPTION)
        if not kept:
            return
        schedule = AuditSchedule.from_dict(kept)
        if _next_at(kept, schedule, now) > now:
            return  # another process was quicker
        await tx.options.put(OPTION, {**kept, NEXT_AT: schedule.next_after(now)})
        open_runs = await tx.audits.unfinished()
        if any(run.started_by is None for run in open_runs):
            log.info("the scheduled audit before is not done yet")
            return
        rules = (await tx.portal.get()).rules
        order = AuditOrder("", schedule.scope.to_dict(), schedule.terms.to_dict(), rules, started_by=None)
        run = await tx.audits.order(order, now)
        await tx.journal.note(None, "audit.order", {}, {"run": run.run_id}, now)
    await runtime.queue.ask(TASK, portal_id)


def _next_at(kept: Mapping[str, object], schedule: AuditSchedule, now: float) -> float:
    value = kept.get(NEXT_AT)
    return float(value) if isinstance(value, int | float) else schedule.next_after(now)


def _whole(raw: Mapping[str, object], name: str, default: int) -> int:
    value = raw.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise OrderMistake(name)
    return value


def _object(raw: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = raw.get(name, {})
    if not isinstance(value, dict):
        raise OrderMistake(name)
    return value
