"""A portal that refuses to be read: the app's page says why, and the portal is not asked every minute."""

from pathlib import Path

from b24app.services.housekeeping import portals_to_index
from tests.conftest import StillClock
from tests.journeys.town import ADMIN, town

NOW = 1_790_000_000.0


async def test_a_refused_indexing_is_told_and_tried_again_after_an_hour(
    database_url: str, tmp_path: Path
) -> None:
    clock = StillClock(NOW)
    async with town(database_url, tmp_path, size=20, clock=clock, scopes=("placement", "user_brief")) as acme:
        await acme.install()
        await acme.work()

        page = await acme.open(ADMIN, "DEFAULT")
        asked_at_once = await portals_to_index(acme.house.runtime)
        clock.advance(3_700)
        asked_later = await portals_to_index(acme.house.runtime)

    assert "больше нет доступа ко всей CRM" in page.text
    assert asked_at_once == []
    assert asked_later == [1]
