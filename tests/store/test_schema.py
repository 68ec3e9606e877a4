"""The schema: created once, whoever starts first, and equal to the tables."""

import asyncio
import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from b24app.store.database import migrate, pending
from b24app.store.errors import StoreUnavailable
from b24app.store.tenants import TENANT_TABLES

PARTITION = re.compile(r"_p\d\d$")


async def test_an_empty_database_is_pending_until_it_is_migrated(empty_database_url: str):
    before = await pending(empty_database_url)

    await migrate(empty_database_url)

    assert before is True
    assert await pending(empty_database_url) is False


async def test_a_database_that_is_not_there_is_one_that_cannot_be_reached(empty_database_url: str):
    elsewhere = (
        make_url(empty_database_url).set(database="nobody_made_it").render_as_string(hide_password=False)
    )

    for ask in (pending, migrate):
        with pytest.raises(StoreUnavailable):
            await ask(elsewhere)


async def test_migrating_twice_and_at_once_is_as_good_as_once(empty_database_url: str):
    await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))
    await migrate(empty_database_url)

    assert await pending(empty_database_url) is False


async def test_the_migrations_make_exactly_the_tables_we_declare(database_url: str):
    engine = create_async_engine(database_url)

    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
    await engine.dispose()

    assert differences == []


def test_every_primary_key_begins_with_the_portal():
    firsts = {table.name: next(iter(table.primary_key)).name for table in SQLModel.metadata.sorted_tables}

    assert set(firsts.values()) == {"portal_id"}
    assert set(firsts) == {table.name for table in TENANT_TABLES}


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection,
        opts={"include_name": lambda name, kind, _: kind != "table" or not PARTITION.search(name or "")},
    )
    return list(compare_metadata(context, SQLModel.metadata))
