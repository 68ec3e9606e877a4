"""The request limits of a portal's plan."""

from b24app.bitrix24.throttle import Limits, Priority
from b24app.services.portal.limits import StoredThrottle
from b24app.store.database import Store
from b24app.store.portals import PortalStatus, StoredTokens
from tests.conftest import StillClock


async def _a_portal(store: Store) -> int:
    async with store.begin_shared() as shared:
        portal = await shared.portals.install(
            "abc", "https://acme.bitrix24.test", StoredTokens("a", "r", 0.0), application_token=None,
            admin_user_id=1, scopes=frozenset(), language="ru", status=PortalStatus.ACTIVE,
        )  # fmt: skip
    return portal.portal_id


async def _taken_at_once(throttle: StoredThrottle) -> int:
    taken = 0
    while await throttle.take(Priority.PERSON, ["profile"]) == 0:
        taken += 1
    return taken


async def test_an_ordinary_plan_lets_fifty_requests_go_at_once(store: Store, clock: StillClock):
    throttle = StoredThrottle(store, await _a_portal(store), clock)

    assert await _taken_at_once(throttle) == 50


async def test_an_enterprise_plan_lets_more_go_until_the_portal_refuses(store: Store, clock: StillClock):
    throttle = StoredThrottle(store, await _a_portal(store), clock)
    await throttle.widen(Limits.ENTERPRISE)

    assert await _taken_at_once(throttle) == 250
    await throttle.refused(retry_after_s=1.0)
    clock.advance(3600)

    assert await _taken_at_once(throttle) == 50


async def test_a_refusal_that_does_not_say_until_when_shortens_no_known_wait(store: Store, clock: StillClock):
    throttle = StoredThrottle(store, await _a_portal(store), clock)
    await throttle.spent({"crm.lead.list": (470.0, clock.now() + 500)})

    await throttle.blocked("crm.lead.list", clock.now() + 60)

    assert await throttle.take(Priority.BACKGROUND, ["crm.lead.list"]) == 500.0
