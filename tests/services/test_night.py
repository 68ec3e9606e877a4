"""When the whole portal is compared."""

import pytest

from b24app.jobs.tasks import NIGHT


@pytest.mark.parametrize("offset", range(2, 13))
def test_the_night_s_work_falls_into_nobody_s_working_hours(offset: int) -> None:
    minute, hour = map(int, NIGHT.split()[:2])

    local = (hour + offset + minute / 60) % 24

    assert not 8 <= local < 20
