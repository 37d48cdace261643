"""Who was told of an incident"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "service_incidents", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "service_incidents", sa.Column("recovery_due_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        op.f("ix_service_incidents_recovery_due_at"),
        "service_incidents",
        ["recovery_due_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_service_incidents_recovery_due_at"), table_name="service_incidents")
    op.drop_column("service_incidents", "recovery_due_at")
    op.drop_column("service_incidents", "told_at")
