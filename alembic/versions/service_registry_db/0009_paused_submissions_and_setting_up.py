"""Paused submissions and setting up."""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "imputation_services",
        sa.Column("submissions_paused_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "imputation_services",
        sa.Column(
            "submissions_pause_reason",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column(
        "imputation_services",
        sa.Column(
            "setup_step",
            sqlmodel.sql.sqltypes.AutoString(length=20),
            nullable=False,
            server_default="",
        ),
    )
    for name in ("submissions_pause_reason", "setup_step"):
        op.alter_column("imputation_services", name, server_default=None)


def downgrade() -> None:
    op.drop_column("imputation_services", "setup_step")
    op.drop_column("imputation_services", "submissions_pause_reason")
    op.drop_column("imputation_services", "submissions_paused_at")
