"""A toy portal over real HTTP with an incoming webhook, and the command line as a person runs it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from click.testing import Result
from typer.testing import CliRunner

from b24app.cli import app
from b24app.clock import SystemClock
from b24app.sandbox.limits import SandboxLimits
from b24app.sandbox.oauth import SandboxOAuth
from b24app.sandbox.people import Ref, Seeded
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.users import User
from tests.journeys.wire_tap import Heard, TappedServer

ADMIN = 1
CODE = "s3cretwebhookc0de"
INSECURE = {"B24APP_ALLOW_INSECURE_HTTP": "1"}


@dataclass
class Served:
    """A portal with a webhook."""

    portal: SandboxPortal
    heard: list[Heard]
    webhook: str

    async def audit(
        self, *arguments: str, webhook: str | None = None, env: dict[str, str] = INSECURE
    ) -> Result:
        """Run ``b24app audit`` beside the portal."""
        words = ["audit", "--webhook", webhook or self.webhook, *arguments]
        return await asyncio.to_thread(CliRunner().invoke, app, words, env=env)

    async def audit_to_json(self, folder: Path, *arguments: str) -> dict[str, Any]:
        target = folder / "audit.json"
        done = await self.audit("--json", str(target), *arguments)
        assert done.exit_code == 0, done.output
        return dict(orjson.loads(target.read_bytes()))

    def add(self, word: str, *values: str, **fields: Any) -> Ref:
        """Put in a record with these phones and e-mails."""
        for value in values:
            field = "EMAIL" if "@" in value else "PHONE"
            fields.setdefault(field, []).append({"VALUE": value, "VALUE_TYPE": "WORK"})
        fields.setdefault("TITLE", "Запись")
        return Ref(word, self.portal.add_record(word, fields))


@asynccontextmanager
async def served(
    people: Seeded | None = None,
    *,
    limits: SandboxLimits | None = None,
    scopes: Sequence[str] = ("crm",),
    user: int = ADMIN,
) -> AsyncIterator[Served]:
    """Serve a portal, empty but for an administrator and these people."""
    clock = SystemClock()
    oauth = SandboxOAuth(clock)
    portal = SandboxPortal(
        member_id="a" * 32, domain="127.0.0.1:0", scheme="http", clock=clock, oauth=oauth,
        limits=limits or SandboxLimits.none(),
    )  # fmt: skip
    portal.users.add(User(ADMIN, "Анна", "Громова", admin=True))
    if people is not None:
        portal.load(people)
    heard: list[Heard] = []
    async with TappedServer([portal], oauth, delivers=False, heard=heard):
        yield Served(portal, heard, portal.add_webhook(user, CODE, scopes))


def refs(records: Sequence[dict[str, Any]]) -> frozenset[Ref]:
    return frozenset(Ref(record["type"], record["id"]) for record in records)
