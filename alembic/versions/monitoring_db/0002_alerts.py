"""Alerts"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("event_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("service_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("service_name", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("incident_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("audience", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("is_silenced", sa.Boolean(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("event_ref", name=op.f("uq_alerts_event_ref")),
        sa.UniqueConstraint("ref", name=op.f("uq_alerts_ref")),
    )
    op.create_index(op.f("ix_alerts_raised_at"), "alerts", ["raised_at"], unique=False)
    op.create_index(
        "ix_alerts_service_raised", "alerts", ["service_ref", "raised_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_alerts_service_raised", table_name="alerts")
    op.drop_index(op.f("ix_alerts_raised_at"), table_name="alerts")
    op.drop_table("alerts")
