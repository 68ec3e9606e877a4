"""What the app does in a portal, each once, and enquiries judged repeats."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "effect",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("effect_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("planned_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "effect_id"),
        sa.UniqueConstraint("portal_id", "key"),
    )
    op.create_index(
        "effect_waiting",
        "effect",
        ["portal_id", "effect_id"],
        postgresql_where=sa.text("state IN ('planned', 'doing', 'undoing')"),
    )
    op.create_index("effect_of_enquiry", "effect", ["portal_id", "lead_id"])
    op.create_table(
        "enquiry",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.Double(), nullable=False),
        sa.Column("judged_at", sa.Double(), nullable=True),
        sa.Column("original_type", sa.SmallInteger(), nullable=True),
        sa.Column("original_id", sa.BigInteger(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", "lead_id"),
    )
    op.create_index("enquiry_by_state", "enquiry", ["portal_id", "state", "judged_at"])
    op.create_index("enquiry_by_original", "enquiry", ["portal_id", "original_type", "original_id"])
