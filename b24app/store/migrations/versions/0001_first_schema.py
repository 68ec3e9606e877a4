"""The first schema: portals, their index, what waits, and what people decided."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTITIONS = 16


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("inbox_sequence", data_type=sa.BigInteger)))
    for create in (
        create_portal,
        create_throttle,
        create_record,
        create_record_key,
        create_forgotten,
        create_inbox,
        create_sync_run,
        create_sync_range,
        create_sweep,
        create_rejection,
        create_journal,
        create_page_token,
    ):
        create()
    for table in ("record", "record_key"):
        for remainder in range(PARTITIONS):
            op.execute(
                f"CREATE TABLE {table}_p{remainder:02} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {remainder})"
            )


def create_portal() -> None:
    op.create_table(
        "portal",
        sa.Column("portal_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("blocked_reason", sa.Text(), nullable=True),
        sa.Column("admin_user_id", sa.BigInteger(), nullable=True),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("license", sa.Text(), nullable=False),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("manifest_version", sa.Integer(), nullable=False),
        sa.Column("installed_at", sa.Double(), nullable=True),
        sa.Column("indexed_at", sa.Double(), nullable=True),
        sa.Column("token_expires_at", sa.Double(), nullable=True),
        sa.Column("access_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("application_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("hashing_key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("rules_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id"),
        sa.UniqueConstraint("member_id"),
    )


def create_throttle() -> None:
    op.create_table(
        "throttle",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("blocked_until", sa.Double(), nullable=False),
        sa.Column("capacity", sa.Double(), nullable=False),
        sa.Column("rate_per_s", sa.Double(), nullable=False),
        sa.Column("operating_limit_s", sa.Double(), nullable=False),
        sa.Column("methods", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.portal_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id"),
    )


def create_record() -> None:
    op.create_table(
        "record",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("responsible_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("links", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=True),
        sa.Column("modified_at", sa.Double(), nullable=True),
        sa.Column("read_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "type", "id"),
        postgresql_partition_by="HASH (portal_id)",
    )


def create_record_key() -> None:
    op.create_table(
        "record_key",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "kind", "hash", "type", "id"),
        postgresql_partition_by="HASH (portal_id)",
    )
    op.create_index("record_key_by_record", "record_key", ["portal_id", "type", "id"])


def create_forgotten() -> None:
    op.create_table(
        "forgotten",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("forgotten_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "type", "id"),
    )


def create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "type", "id"),
    )
    op.create_index("inbox_by_age", "inbox", ["portal_id", "received_at"])


def create_sync_run() -> None:
    op.create_table(
        "sync_run",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("expected", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", "run_id"),
    )


def create_sync_range() -> None:
    op.create_table(
        "sync_range",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("up_to_id", sa.BigInteger(), nullable=False),
        sa.Column("read", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "run_id", "number"),
    )


def create_sweep() -> None:
    op.create_table(
        "sweep",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("swept_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "type"),
    )


def create_rejection() -> None:
    op.create_table(
        "rejection",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("a_type", sa.SmallInteger(), nullable=False),
        sa.Column("a_id", sa.BigInteger(), nullable=False),
        sa.Column("b_type", sa.SmallInteger(), nullable=False),
        sa.Column("b_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint_a", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint_b", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rejected_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", "a_type", "a_id", "b_type", "b_id"),
    )
    op.create_index("rejection_by_second", "rejection", ["portal_id", "b_type", "b_id"])


def create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("old_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("new_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "entry_id"),
    )


def create_page_token() -> None:
    op.create_table(
        "page_token",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "nonce"),
    )
