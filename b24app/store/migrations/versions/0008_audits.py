"""Runs of the audit and their results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_runs()
    create_groups()
    create_members()
    create_shared_values()
    create_hubs()


def create_runs() -> None:
    op.create_table(
        "audit_run",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("rules_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("groups", sa.BigInteger(), nullable=False),
        sa.Column("speed", sa.Double(), nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("numbers", postgresql.JSONB(), nullable=False),
        sa.Column("checkpoint", postgresql.JSONB(), nullable=False),
        sa.Column("previous_run_id", sa.BigInteger(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", "run_id"),
    )


def create_groups() -> None:
    op.create_table(
        "audit_group",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("group_no", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("leads", sa.Integer(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("companies", sa.Integer(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("name_grade", sa.SmallInteger(), nullable=False),
        sa.Column("name_score", sa.SmallInteger(), nullable=True),
        sa.Column("kinds", sa.SmallInteger(), nullable=False),
        sa.Column("pairs", sa.SmallInteger(), nullable=False),
        sa.Column("shared_kind", sa.SmallInteger(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("is_weakly_held", sa.Boolean(), nullable=False),
        sa.Column("responsibles", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("newest_at", sa.Double(), nullable=False),
        sa.Column("chain", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("change", sa.SmallInteger(), nullable=False),
        sa.Column("is_solved", sa.Boolean(), nullable=False),
        sa.Column("handed_to", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", "run_id", "group_no"),
    )
    op.create_index("audit_group_by_age", "audit_group", ["portal_id", "run_id", "newest_at", "group_no"])
    op.create_index("audit_group_by_grade", "audit_group", ["portal_id", "run_id", "grade", "group_no"])
    op.create_index("audit_group_by_severity", "audit_group", ["portal_id", "run_id", "severity", "group_no"])
    op.create_index("audit_group_by_size", "audit_group", ["portal_id", "run_id", "size", "group_no"])


def create_members() -> None:
    op.create_table(
        "audit_member",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("group_no", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("responsible_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("portal_id", "run_id", "group_no", "type", "id"),
    )
    op.create_index(
        "audit_member_by_responsible", "audit_member", ["portal_id", "run_id", "responsible_id", "group_no"]
    )


def create_shared_values() -> None:
    op.create_table(
        "audit_shared",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("group_no", sa.BigInteger(), nullable=False),
        sa.Column("shared_no", sa.Integer(), nullable=False),
        sa.Column("value_kind", sa.Text(), nullable=False),
        sa.Column("shared_kind", sa.SmallInteger(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("is_same_responsible", sa.Boolean(), nullable=False),
        sa.Column("contacts", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("companies", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("receiver", sa.BigInteger(), nullable=True),
        sa.Column("should_receive", sa.BigInteger(), nullable=True),
        sa.Column("is_misrouted", sa.Boolean(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "run_id", "group_no", "shared_no"),
    )


def create_hubs() -> None:
    op.create_table(
        "audit_hub",
        sa.Column("portal_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("hub_no", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("leads", sa.Integer(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("companies", sa.Integer(), nullable=False),
        sa.Column("sample", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("portal_id", "run_id", "hub_no"),
    )
