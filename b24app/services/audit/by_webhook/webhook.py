"""An audit through an incoming webhook: nothing is installed, and nothing stays behind but the files."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from b24app.bitrix24.calls import CallRecord
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.throttle import LocalThrottle, Priority
from b24app.bitrix24.webhooks import WebhookAccess, WebhookGrant, WebhookMistake, parse_webhook
from b24app.bitrix24.wire import Http
from b24app.clock import Clock
from b24app.dedupe.bulk import group_table, grouping_of
from b24app.dedupe.key_table import KeyTable
from b24app.dedupe.record import Record, RecordRef
from b24app.dedupe.rules import RuleMistake, RuleSet
from b24app.services.audit.by_webhook.gathering import Gatherer, Progress
from b24app.services.audit.by_webhook.refusals import WrongOrder
from b24app.services.audit.by_webhook.result import (
    AuditResult,
    Circumstances,
    Material,
    build_result,
    members_and_samples,
    unlinked_sharers,
)
from b24app.services.indexing.company_links import complete_links


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """What somebody asked for. ``with_values`` puts titles, phones and e-mails into the files."""

    webhook: str = field(repr=False)
    region: str = "RU"
    json: Path | None = None
    xlsx: Path | None = None
    with_values: bool = False
    language: str = "ru"

    def grant(self, *, allow_insecure: bool) -> WebhookGrant:
        """Return the webhook, read strictly. Raises WrongOrder."""
        try:
            return parse_webhook(self.webhook, allow_insecure=allow_insecure)
        except WebhookMistake as mistake:
            raise WrongOrder(f"--webhook: {mistake}") from None

    def rules(self) -> RuleSet:
        """Return the rules to match by. Raises WrongOrder."""
        try:
            return RuleSet(region=self.region.upper())
        except RuleMistake as mistake:
            raise WrongOrder("--region: not a country known by two letters, such as RU or KZ") from mistake

    def check(self) -> None:
        """Refuse before an hour of reading what could not be matched or written after it. Raises WrongOrder."""
        self.rules()
        for path in (self.json, self.xlsx):
            if path and (not path.parent.is_dir() or path.is_dir()):
                raise WrongOrder(f"{path}: there is no such folder to write into, or it is a folder itself")


@dataclass(slots=True)
class RequestCounter:
    """The log of an audit without a log: it counts."""

    requests: int = 0

    def __call__(self, call: CallRecord) -> None:
        self.requests += 1


@dataclass(frozen=True, slots=True)
class WebhookAudit:
    """One audit. ``hashing_key`` is forgotten with it."""

    client: PortalClient
    clock: Clock
    origin: str
    counter: RequestCounter
    hashing_key: bytes = field(repr=False)
    rules: RuleSet
    with_titles: bool

    async def read(self, progress: Progress) -> Material:
        """Read the portal and group its records. Raises Bitrix24Error."""
        gatherer = Gatherer(self.client, self.clock, self.rules, self.hashing_key, progress)
        gathered = await gatherer.gather()
        table = KeyTable.from_blocks(gathered.keys)
        grouping = grouping_of(table, group_table(table, hub_limit=self.rules.hub_limit))
        records: dict[RecordRef, Record] = {}
        titles: dict[RecordRef, str] = {}
        for live in gathered.unpack(members_and_samples(grouping)):
            records[live.record.ref] = live.record
            if self.with_titles:
                titles[live.record.ref] = live.title
        await complete_links(self.client, records, unlinked_sharers(grouping, records))
        return Material(gathered, grouping, records, titles)

    def conclude(self, material: Material, started_at: float) -> AuditResult:
        """Return the result of what was read: grades, shared contact data, figures. Asks nobody."""
        ran = Circumstances(self.origin, started_at, started_at, self.counter.requests)
        result = build_result(material, self.rules, self.hashing_key, ran)
        return replace(result, finished_at=self.clock.now())


def open_audit(
    http: Http,
    grant: WebhookGrant,
    order: AuditOrder,
    clock: Clock,
    *,
    hashing_key: bytes,
    max_wait_s: float,
) -> WebhookAudit:
    """Return an audit that shares its limits and log with nobody."""
    counter = RequestCounter()
    client = PortalClient(
        http=http,
        access=WebhookAccess(grant),
        throttle=LocalThrottle(clock),
        clock=clock,
        log=counter,
        priority=Priority.BACKGROUND,
        max_wait_s=max_wait_s,
    )
    return WebhookAudit(
        client=client,
        clock=clock,
        origin=grant.origin,
        counter=counter,
        hashing_key=hashing_key,
        rules=order.rules(),
        with_titles=order.with_values,
    )
