"""The benchmark of the tab works at a tiny size: every opening is answered, and the portal's share is taken off."""

from pathlib import Path

from bench.widget import open_tabs

SIZE, OPENINGS = 200, 5


async def test_tabs_are_opened_with_one_request_each(database_url: str, tmp_path: Path):
    measured = await open_tabs(SIZE, OPENINGS, database_url, tmp_path)

    assert measured.requests == OPENINGS
    assert len(measured.own_ms) == len(measured.floor_ms) == OPENINGS
    assert all(own > 0 for own in measured.own_ms)


async def test_a_filled_index_is_used_again(database_url: str, tmp_path: Path):
    await open_tabs(SIZE, OPENINGS, database_url, tmp_path)

    again = await open_tabs(SIZE, OPENINGS, database_url, tmp_path)

    assert again.requests == OPENINGS
