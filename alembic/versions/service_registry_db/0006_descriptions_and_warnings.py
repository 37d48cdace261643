"""What counts in a description, and warnings that were given"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expiry_warnings",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_expiry_warnings_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint(
            "service_id", "subject", "expires_at", "days", name=op.f("pk_expiry_warnings")
        ),
    )
    op.add_column(
        "imputation_services",
        sa.Column(
            "described",
            sqlmodel.sql.sqltypes.AutoString(length=32),
            nullable=False,
            server_default="",
        ),
    )
    op.alter_column("imputation_services", "described", server_default=None)


def downgrade() -> None:
    op.drop_column("imputation_services", "described")
    op.drop_table("expiry_warnings")
