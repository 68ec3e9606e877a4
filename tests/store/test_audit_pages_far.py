"""A page of groups reads as little at the beginning of 200,000 as at their end."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from b24app.store.address import libpq_dsn
from b24app.store.audit_groups import AuditGroupRepository, cursor_of
from b24app.store.audit_values import GroupCursor, GroupFilter, GroupOrder
from b24app.store.connections import open_pool, reading
from b24app.store.database import Store
from b24app.store.scope import Scope
from b24app.store.vault import Vault
from tests.conftest import StillClock
from tests.store.builders import a_portal

GROUPS, PAGE = 200_000, 25
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


READ = text("""
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'audit_group'
""")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    opened = open_pool(database_url, size=1, wait_s=5)
    yield opened
    await opened.dispose()


async def test_a_page_reads_its_own_groups_wherever_it_is(
    store: Store, database_url: str, engine: AsyncEngine, vault: Vault, clock: StillClock
) -> None:
    portal = await a_portal(store, "acme")
    connection = await asyncpg.connect(libpq_dsn(database_url))
    await connection.execute(FILL, portal.portal_id, GROUPS)
    await connection.execute("ANALYZE audit_group")
    await connection.close()

    for order, cursor in [*((order, None) for order in GroupOrder), *NEAR_THE_END.items()]:
        async with reading(engine) as asked:
            audits = AuditGroupRepository(Scope(asked, portal.portal_id, vault, clock))
            before = (await asked.execute(READ)).scalar_one()
            groups = await audits.find_groups(1, GroupFilter(), order, cursor, PAGE)
            rows_read = (await asked.execute(READ)).scalar_one() - before

        assert 0 < len(groups) <= rows_read <= 2 * PAGE, order
        assert cursor_of(groups[0], order) != cursor, order
