"""No index by age: groups are numbered by it. Runs of before keep their numbers until they go."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("audit_group_by_age", "audit_group")
