"""How often a result was refused."""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "job_results", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0")
    )
    op.alter_column("job_results", "refusals", server_default=None)


def downgrade() -> None:
    op.drop_column("job_results", "refusals")
