"""One index less on the audit's members: nothing reads by it, and every member stored paid for it."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("audit_member_by_responsible", "audit_member")
