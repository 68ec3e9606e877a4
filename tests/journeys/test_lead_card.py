"""A manager opens the tab: install, index, open, act."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from b24app.sandbox.people import SHOWCASE
from tests.journeys.town import Town, token_of, town


@pytest.fixture
async def acme(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as built:
        await built.install()
        await built.work()
        yield built


async def test_the_first_answer_holds_every_match_in_all_three_types(acme: Town):
    answer = await acme.open_card(2, "lead", 101)

    assert answer.status_code == 200
    for path in ("/crm/lead/details/102/", "/crm/contact/details/101/", "/crm/company/details/101/"):
        assert path in answer.text
