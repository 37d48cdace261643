"""The pace of queues"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "service_queues", sa.Column("paced_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("service_queues", sa.Column("pace_seconds", sa.Float(), nullable=True))
    op.add_column("service_queues", sa.Column("pace_finished", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("service_queues", "pace_finished")
    op.drop_column("service_queues", "pace_seconds")
    op.drop_column("service_queues", "paced_at")
