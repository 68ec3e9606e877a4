"""What every opened card asks of the index. Planned once per connection: planning takes longer than the answer.

Left to itself the server weighs one partition against sixteen and plans anew for each call. A function that says so
keeps its plan (PostgreSQL documentation, "plan_cache_mode", "PL/pgSQL Under the Hood: Plan Caching"). Values are looked
up one by one, so that a plan made while a table was new serves when it is full, before the server has counted its
rows. The functions are temporary: always the ones this code expects.
"""

_OF_KEYS = "portal bigint, kinds smallint[], hashes bigint[]"
_OF_REFS = "portal bigint, types smallint[], ids bigint[]"
_KEYS = "unnest($2, $3) AS wanted(kind, hash)"
_REFS = "unnest($2, $3) AS wanted(type, id)"
_ONE_BY_ONE = "OFFSET 0"  # no join of a whole portal's rows, however few there were when it was planned


def _function(name: str, arguments: str, columns: str, query: str) -> str:
    return f"""
        CREATE FUNCTION pg_temp.{name}({arguments}) RETURNS TABLE ({columns}) LANGUAGE plpgsql STABLE
        SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
        AS $$
            #variable_conflict use_column
            BEGIN RETURN QUERY {query}; END
        $$;
    """


_GET = _function(
    "known_records",
    _OF_REFS,
    """
        type smallint, id bigint, kinds smallint[], hashes bigint[], fingerprint bigint, responsible_id bigint,
        stage smallint, links bigint[], created_at double precision, modified_at double precision,
        read_at double precision
    """,
    f"""
        SELECT r.type, r.id, k.kinds, k.hashes, r.fingerprint, r.responsible_id, r.stage, r.links,
            r.created_at, r.modified_at, r.read_at
        FROM {_REFS}
        CROSS JOIN LATERAL (
            SELECT * FROM record WHERE portal_id = $1 AND type = wanted.type AND id = wanted.id {_ONE_BY_ONE}
        ) AS r
        CROSS JOIN LATERAL (
            SELECT array_agg(kind) AS kinds, array_agg(hash) AS hashes
            FROM record_key WHERE portal_id = $1 AND type = wanted.type AND id = wanted.id
        ) AS k
    """,  # noqa: S608 - constants only
)
_HOLDERS = _function(
    "key_holders",
    _OF_KEYS,
    """
        kind smallint, hash bigint, type smallint, id bigint, responsible_id bigint, stage smallint,
        links bigint[], created_at double precision, modified_at double precision
    """,
    f"""
        SELECT k.kind, k.hash, r.type, r.id, r.responsible_id, r.stage, r.links, r.created_at, r.modified_at
        FROM {_KEYS}
        CROSS JOIN LATERAL (
            SELECT * FROM record_key
            WHERE portal_id = $1 AND kind = wanted.kind AND hash = wanted.hash {_ONE_BY_ONE}
        ) AS k
        CROSS JOIN LATERAL (
            SELECT * FROM record WHERE portal_id = $1 AND type = k.type AND id = k.id {_ONE_BY_ONE}
        ) AS r
        ORDER BY k.kind, k.hash, r.type, r.id
    """,  # noqa: S608
)
_COUNTS = _function(
    "key_counts",
    _OF_KEYS,
    "kind smallint, hash bigint, holders bigint",
    f"""
        SELECT wanted.kind, wanted.hash, held.holders
        FROM {_KEYS}
        CROSS JOIN LATERAL (
            SELECT count(*) AS holders FROM record_key AS k
            WHERE k.portal_id = $1 AND k.kind = wanted.kind AND k.hash = wanted.hash
        ) AS held
    """,  # noqa: S608
)

FUNCTIONS = _GET + _HOLDERS + _COUNTS
"""To be made in every new connection."""
GET = "SELECT * FROM pg_temp.known_records($1, $2, $3)"
HOLDERS = "SELECT * FROM pg_temp.key_holders($1, $2, $3)"
COUNTS = "SELECT * FROM pg_temp.key_counts($1, $2, $3)"
