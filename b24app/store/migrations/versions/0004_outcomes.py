"""What was found for each record, and what waits to be written."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("pending_sequence", data_type=sa.BigInteger())))
    op.create_table(
        "outcome",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("matches", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("best", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.SmallInteger(), nullable=True),
        sa.Column("shared", sa.Text(), nullable=True),
        sa.Column("partners", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written_hash", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "type", "id"),
    )
    op.create_index("outcome_by_group", "outcome", ["portal_id", "group_name"])
    op.create_table(
        "pending_outcome",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", sa.Double(), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("is_backlog", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "type", "id"),
    )
    op.create_index("pending_outcome_by_turn", "pending_outcome", ["portal_id", "is_backlog", "sequence"])
