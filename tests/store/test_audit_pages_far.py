"""A page of groups costs the same at the beginning of 200,000 and at their end."""

from statistics import median
from time import perf_counter

import asyncpg

from b24app.store.address import libpq_dsn
from b24app.store.audit_groups import cursor_of
from b24app.store.audit_values import GroupCursor, GroupFilter, GroupOrder
from b24app.store.database import Store
from tests.store.builders import a_portal

GROUPS, PAGE, TIMES = 200_000, 25, 7
DEAREST = 5.0  # a far page beside the first; walking there would cost a hundred times as much
NEAR_THE_END = {
    GroupOrder.NUMBER: GroupCursor(GROUPS - 100, GROUPS - 100),
    GroupOrder.SIZE: GroupCursor(2, 500),
    GroupOrder.GRADE: GroupCursor(1, 500),
    GroupOrder.SEVERITY: GroupCursor(0, 500),
    GroupOrder.NEWEST: GroupCursor(500, 500),
}
FILL = """
    INSERT INTO audit_group
    SELECT $1, 1, n, 'lead:' || n, 2 + n % 7, 2 + n % 7, 0, 0, 1 + n % 4, 0, NULL, 1, 1, 0, n % 4, false,
        ARRAY[n % 50], n, ARRAY[]::bigint[], 0, false, NULL, NULL
    FROM generate_series(0, $2::bigint - 1) AS n
"""


async def test_a_far_page_costs_what_the_first_one_does(store: Store, database_url: str) -> None:
    portal = await a_portal(store, "acme")
    connection = await asyncpg.connect(libpq_dsn(database_url))
    await connection.execute(FILL, portal.portal_id, GROUPS)
    await connection.execute("ANALYZE audit_group")
    await connection.close()

    for order in GroupOrder:
        first_s, first = await _page(store, portal.portal_id, order, None)
        far_s, last = await _page(store, portal.portal_id, order, NEAR_THE_END[order])

        assert first == PAGE
        assert last > 0
        assert far_s <= DEAREST * first_s + 0.002, order


async def _page(
    store: Store, portal_id: int, order: GroupOrder, after: GroupCursor | None
) -> tuple[float, int]:
    """Return the median seconds of a page and how many groups stand on it."""
    times, found = [], 0
    async with store.read(portal_id) as tx:
        for _ in range(TIMES):
            started = perf_counter()
            groups = await tx.audits.find_groups(1, GroupFilter(), order, after, PAGE)
            times.append(perf_counter() - started)
            found = len(groups)
            assert all(cursor_of(group, order).group_no == group.group_no for group in groups)
    return median(times), found
