"""Which parts of the app are off, why and since when: noted once, cleared by the first success."""

from collections.abc import AsyncIterator

import pytest

from b24app.bitrix24.errors import (
    AccessDenied,
    BadRequest,
    Bitrix24Error,
    InsufficientScope,
    MethodUnknown,
    PlanRefused,
)
from b24app.dedupe.rules import RuleSet
from b24app.services.portal.context import PortalContext, Runtime
from b24app.services.portal.parts import REASONS, Part, PartOff, note_part, part_reason, parts_off
from b24app.store.database import Store
from b24app.store.portals import PortalStatus, StoredTokens
from tests.conftest import StillClock


@pytest.fixture
async def context(store: Store, clock: StillClock) -> AsyncIterator[PortalContext]:
    async with store.begin_shared() as shared:
        portal = await shared.portals.install(
            "abc", "https://acme.bitrix24.test", StoredTokens("a", "r", 0.0), application_token=None,
            admin_user_id=1, scopes=frozenset(), language="ru", status=PortalStatus.ACTIVE,
        )  # fmt: skip
    runtime = Runtime(
        store=store, oauth=None, make_client=None, queue=None, send=None, clock=clock, manifest=None, base_url="",
        client_id="", bx24_js_url="", page_keys=(),
    )  # type: ignore[arg-type]  # fmt: skip
    yield PortalContext(runtime, portal, RuleSet(), b"", None)  # type: ignore[arg-type]


async def off(context: PortalContext) -> dict[Part, PartOff]:
    async with context.read() as tx:
        return await parts_off(tx)


async def test_a_refused_part_stays_off_since_its_first_refusal_until_it_works_again(
    context: PortalContext, clock: StillClock
):
    since = clock.now()
    await note_part(context, Part.ROBOTS, "plan_refused")
    clock.advance(60)
    await note_part(context, Part.ROBOTS, "plan_refused")
    await note_part(context, Part.TASKS, "scope_missing")
    await note_part(context, Part.FIELDS, None)

    assert await off(context) == {
        Part.ROBOTS: PartOff("plan_refused", since),
        Part.TASKS: PartOff("scope_missing", since + 60),
    }

    await note_part(context, Part.ROBOTS, "access_denied")
    await note_part(context, Part.TASKS, None)

    assert await off(context) == {Part.ROBOTS: PartOff("access_denied", since + 60)}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PlanRefused(), "plan_refused"),
        (InsufficientScope(), "scope_missing"),
        (AccessDenied(), "access_denied"),
        (MethodUnknown(), "method_unknown"),
        (BadRequest(), "refused"),
    ],
)
def test_the_narrowest_refusal_names_the_reason(error: Bitrix24Error, reason: str):
    assert part_reason(error) == reason
    assert reason in REASONS
