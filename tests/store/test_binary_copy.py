"""Columns that were written as bytes come back from PostgreSQL as they were."""

import asyncpg
import numpy as np

from b24app.store.address import libpq_dsn
from b24app.store.binary_copy import BigintArrays, Column, Nulls, Numbers, Texts, encode_rows

TABLE = """
    CREATE TEMPORARY TABLE given (
        row_no integer, kind smallint, id bigint, moment double precision, is_meant boolean, name text,
        links bigint[], nothing bigint
    )
"""
LEAST, MOST = -(2**63), 2**63 - 1


async def test_rows_of_any_width_come_back_as_they_were_given(database_url: str) -> None:
    links = [[], [LEAST, 0, MOST], [7], []]
    columns: list[Column] = [
        Numbers(np.arange(4), "i4"),
        Numbers(np.array([-1, 1, 3, 4], np.int8), "i2"),
        Numbers(np.array([LEAST, 0, 5, MOST]), "i8", np.array([False, True, False, False])),
        Numbers(np.array([0.1, np.nan, -1e300, 2.0]), "f8", np.array([False, True, False, False])),
        Numbers(np.array([True, False, True, False]), "b1"),
        Texts(["lead:1", "", "ёж", "company:9007199254740993"]),
        BigintArrays(np.array([0, 3, 1, 0]), np.array([LEAST, 0, MOST, 7])),
        Nulls(4),
    ]

    found = await _copied(database_url, encode_rows(columns))

    assert found == [
        (0, -1, LEAST, 0.1, True, "lead:1", links[0], None),
        (1, 1, None, None, False, "", links[1], None),
        (2, 3, 5, -1e300, True, "ёж", links[2], None),
        (3, 4, MOST, 2.0, False, "company:9007199254740993", links[3], None),
    ]


async def test_no_rows_are_a_stream_too(database_url: str) -> None:
    nothing = np.empty(0, np.int64)
    numbers = [Numbers(nothing, kind) for kind in ("i4", "i2", "i8", "f8", "b1")]

    found = await _copied(
        database_url, encode_rows([*numbers, Texts([]), BigintArrays(nothing, nothing), Nulls(0)])
    )

    assert found == []


async def _copied(url: str, data: bytearray) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(libpq_dsn(url))
    try:
        await connection.execute(TABLE)
        await connection.copy_to_table("given", source=data, format="binary")
        return [tuple(row) for row in await connection.fetch("SELECT * FROM given ORDER BY row_no")]
    finally:
        await connection.close()
