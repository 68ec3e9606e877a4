"""The one road into the index: COPY into a staging table, then a few statements over all of it.

A first indexing brings what is not there yet, so it copies straight into the index.
"""

from collections.abc import Iterable

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.dedupe.record import RecordRef, RecordType
from b24app.store.arrays import ref_columns
from b24app.store.binary_copy import BigintArrays, Column, Numbers, encode_rows, same_in_all
from b24app.store.connections import driver_of
from b24app.store.index_batch import IndexedBatch
from b24app.store.pending import note_removed, note_staged
from b24app.store.scope import Scope

# The staging tables live as long as the connection; every commit empties them.
_STAGING = """
    CREATE TEMP TABLE IF NOT EXISTS staged_record (
            type smallint, id bigint, fingerprint bigint, responsible_id bigint, stage smallint,
            links bigint[], created_at double precision, modified_at double precision,
            read_at double precision
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE IF NOT EXISTS staged_key (kind smallint, hash bigint, type smallint, id bigint)
    ON COMMIT DELETE ROWS;
    DELETE FROM staged_record;
    DELETE FROM staged_key;
"""
_DROP_LATE = text("""
    DELETE FROM staged_record AS s
    WHERE EXISTS (
        SELECT FROM record AS r
        WHERE r.portal_id = :portal_id AND r.type = s.type AND r.id = s.id AND r.read_at > s.read_at
    ) OR EXISTS (
        SELECT FROM forgotten AS f
        WHERE f.portal_id = :portal_id AND f.type = s.type AND f.id = s.id AND f.forgotten_at >= s.read_at
    )
""")
_TOUCH_UNCHANGED = text("""
    WITH touched AS (
        UPDATE record AS r SET read_at = s.read_at, modified_at = CASE WHEN EXISTS (
            SELECT FROM outcome AS o
            WHERE o.portal_id = :portal_id AND o.type = r.type AND o.id = r.id
                AND s.modified_at BETWEEN o.published_at - :own_write_s AND o.published_at + :own_write_s
        ) THEN r.modified_at ELSE s.modified_at END
        FROM staged_record AS s
        WHERE r.portal_id = :portal_id AND r.type = s.type AND r.id = s.id AND r.fingerprint = s.fingerprint
        RETURNING r.type, r.id
    )
    DELETE FROM staged_record AS s USING touched AS t WHERE s.type = t.type AND s.id = t.id
""")
_OWN_WRITE_S = 60.0  # between a write of our fields and the portal's date of it, clocks included
_PUT = text("""
    WITH dropped AS (
        DELETE FROM record_key AS k USING staged_record AS s
        WHERE k.portal_id = :portal_id AND k.type = s.type AND k.id = s.id
            AND NOT EXISTS (
                SELECT FROM staged_key AS n
                WHERE n.type = k.type AND n.id = k.id AND n.kind = k.kind AND n.hash = k.hash
            )
    ), added AS (
        INSERT INTO record_key (portal_id, kind, hash, type, id)
        SELECT :portal_id, n.kind, n.hash, n.type, n.id
        FROM staged_key AS n JOIN staged_record AS s ON s.type = n.type AND s.id = n.id
        ON CONFLICT DO NOTHING
    ), unburied AS (
        DELETE FROM forgotten AS f USING staged_record AS s
        WHERE f.portal_id = :portal_id AND f.type = s.type AND f.id = s.id
    )
    INSERT INTO record (portal_id, type, id, fingerprint, responsible_id, stage, links,
                        created_at, modified_at, read_at)
    SELECT :portal_id, s.* FROM staged_record AS s ORDER BY s.type, s.id
    ON CONFLICT (portal_id, type, id) DO UPDATE SET
        fingerprint = excluded.fingerprint, responsible_id = excluded.responsible_id, stage = excluded.stage,
        links = excluded.links, created_at = excluded.created_at, modified_at = excluded.modified_at,
        read_at = excluded.read_at
    RETURNING type, id
""")

_REFS = "unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[])) AS named(type, id)"
_BURY = text(f"""
    INSERT INTO forgotten (portal_id, type, id, forgotten_at)
    SELECT :portal_id, named.type, named.id, :at FROM {_REFS}
    WHERE NOT EXISTS (
        SELECT FROM record AS r
        WHERE r.portal_id = :portal_id AND r.type = named.type AND r.id = named.id AND r.read_at > :at
    )
    ON CONFLICT (portal_id, type, id) DO UPDATE
        SET forgotten_at = greatest(forgotten.forgotten_at, excluded.forgotten_at)
""")  # noqa: S608 - constants only
_REMOVE_RECORDS = text(f"""
    DELETE FROM record AS r USING {_REFS}
    WHERE r.portal_id = :portal_id AND r.type = named.type AND r.id = named.id AND r.read_at <= :at
    RETURNING r.type, r.id
""")  # noqa: S608
_REMOVE_KEYS = text(f"""
    DELETE FROM record_key AS k USING {_REFS}
    WHERE k.portal_id = :portal_id AND k.type = named.type AND k.id = named.id
""")  # noqa: S608

_ARE_FIRST = text("""
    SELECT EXISTS (SELECT FROM portal WHERE portal_id = :portal_id AND indexed_at IS NULL)
        AND NOT EXISTS (SELECT FROM record WHERE portal_id = :portal_id AND type = :type AND id = ANY(:ids))
        AND NOT EXISTS (SELECT FROM forgotten WHERE portal_id = :portal_id AND type = :type AND id = ANY(:ids))
""")
_WORTH_ASKING = 200  # records at once: fewer are no first indexing


async def replace_batch(scope: Scope, batch: IndexedBatch) -> list[RecordRef]:
    """See ``IndexRepository.replace_batch``."""
    latest = batch.settled()
    if not len(latest):
        return []
    if len(latest) >= _WORTH_ASKING and await _are_first(scope, latest):
        await _copy(scope.connection, latest, "record", "record_key", portal_id=scope.portal_id)
        return latest.refs()
    await _stage(scope.connection, latest)
    own = {"portal_id": scope.portal_id}
    await scope.connection.execute(_DROP_LATE, own)
    await scope.connection.execute(_TOUCH_UNCHANGED, {**own, "own_write_s": _OWN_WRITE_S})
    await note_staged(scope)
    changed = await scope.connection.execute(_PUT, own)
    return sorted(RecordRef(RecordType(row.type), row.id) for row in changed)


async def forget(scope: Scope, refs: Iterable[RecordRef], at: float) -> list[RecordRef]:
    """See ``IndexRepository.forget``."""
    named = {"portal_id": scope.portal_id, **ref_columns(sorted(set(refs)))}
    await scope.connection.execute(_BURY, {**named, "at": at})
    rows = await scope.connection.execute(_REMOVE_RECORDS, {**named, "at": at})
    removed = sorted(RecordRef(RecordType(row.type), row.id) for row in rows)
    await scope.connection.execute(_REMOVE_KEYS, {"portal_id": scope.portal_id, **ref_columns(removed)})
    await note_removed(scope, removed)
    return removed


async def _are_first(scope: Scope, batch: IndexedBatch) -> bool:
    """Claim that a first indexing brings these: nothing is known of them, and nobody waits to hear of them."""
    for type_, ids in batch.ids_by_type().items():
        asked = {"portal_id": scope.portal_id, "type": type_, "ids": ids}
        if not (await scope.connection.execute(_ARE_FIRST, asked)).scalar_one():
            return False
    return True


async def _stage(connection: AsyncConnection, batch: IndexedBatch) -> None:
    """Copy the records and their keys into the staging tables, inside the open transaction."""
    driver = driver_of(connection)
    await driver.execute(_STAGING)
    await _copy(connection, batch, "staged_record", "staged_key")
    await driver.execute("ANALYZE staged_record, staged_key")  # else whole partitions are read for one record


async def _copy(
    connection: AsyncConnection, batch: IndexedBatch, record_table: str, key_table: str, **portal_id: int
) -> None:
    """Copy the records and their keys into two tables; the index's own have the portal's id as well."""
    driver = driver_of(connection)
    for table, columns in (
        (record_table, same_in_all(len(batch), **portal_id) | _record_columns(batch)),
        (key_table, same_in_all(len(batch.key_rows), **portal_id) | _key_columns(batch)),
    ):
        rows = encode_rows(list(columns.values()))
        await driver.copy_to_table(table, source=rows, columns=tuple(columns), format="binary")


def _record_columns(batch: IndexedBatch) -> dict[str, Column]:
    return {
        "type": Numbers(batch.types, "i2"),
        "id": Numbers(batch.ids, "i8"),
        "fingerprint": Numbers(batch.fingerprints, "i8"),
        "responsible_id": Numbers(batch.responsibles, "i8", batch.responsibles == 0),
        "stage": Numbers(batch.stages, "i2"),
        "links": BigintArrays(batch.link_counts, batch.links),
        "created_at": Numbers(batch.created_at, "f8", np.isnan(batch.created_at)),
        "modified_at": Numbers(batch.modified_at, "f8", np.isnan(batch.modified_at)),
        "read_at": Numbers(batch.read_at, "f8"),
    }


def _key_columns(batch: IndexedBatch) -> dict[str, Column]:
    return {
        "kind": Numbers(batch.key_kinds, "i2"),
        "hash": Numbers(batch.key_hashes, "i8"),
        "type": Numbers(batch.types[batch.key_rows], "i2"),
        "id": Numbers(batch.ids[batch.key_rows], "i8"),
    }
