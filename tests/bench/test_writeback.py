"""The benchmark of written fields works at a tiny size: every lead gets its own, repeats among them."""

from pathlib import Path

from bench.writeback import write_all

SIZE, LEADS = 60, 2


async def test_every_lead_gets_its_fields(database_url: str, tmp_path: Path):
    measured = await write_all(SIZE, LEADS, database_url, tmp_path)

    assert len(measured.waits_s) == LEADS
    assert measured.repeats == 1
    assert measured.floor_s
