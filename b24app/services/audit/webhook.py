"""An audit through an incoming webhook: nothing is installed, and nothing stays behind but the files."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from b24app.bitrix24.calls import CallRecord
from b24app.bitrix24.client import PortalClient
from b24app.bitrix24.webhooks import WebhookGrant, WebhookMistake, parse_webhook
from b24app.clock import Clock
from b24app.dedupe.group import Grouping, group_records
from b24app.dedupe.rules import RuleMistake, RuleSet
from b24app.services.audit.gathering import Gathered, Gatherer, Progress, complete_links
from b24app.services.audit.refusals import WrongOrder
from b24app.services.audit.result import AuditResult, Circumstances, build_result, unlinked_sharers


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

    def check_folders(self) -> None:
        """Refuse before an hour of reading what could not be written after it. Raises WrongOrder."""
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
class Material:
    """All that is needed of the portal, and the groups in it."""

    gathered: Gathered
    grouping: Grouping
    started_at: float


@dataclass(frozen=True, slots=True)
class WebhookAudit:
    """One audit. ``hashing_key`` is made for it and forgotten with it."""

    client: PortalClient
    clock: Clock
    origin: str
    counter: RequestCounter
    hashing_key: bytes = field(repr=False)
    rules: RuleSet
    with_titles: bool

    async def read(self, progress: Progress) -> Material:
        """Read the portal and group its records. Raises Bitrix24Error."""
        started_at = self.clock.now()
        gathered = await Gatherer(
            client=self.client,
            clock=self.clock,
            rules=self.rules,
            hashing_key=self.hashing_key,
            with_titles=self.with_titles,
            progress=progress,
        ).gather()
        grouping = group_records(gathered.keys, hub_limit=self.rules.hub_limit)
        sharers = unlinked_sharers(grouping, gathered.records)
        await complete_links(self.client, gathered.records, sharers)
        return Material(gathered, grouping, started_at)

    def conclude(self, material: Material) -> AuditResult:
        """Return the result of what was read: grades, shared contact data, figures. Asks nobody."""
        ran = Circumstances(self.origin, material.started_at, material.started_at, self.counter.requests)
        result = build_result(material.gathered, material.grouping, self.rules, self.hashing_key, ran)
        return replace(result, finished_at=self.clock.now())
