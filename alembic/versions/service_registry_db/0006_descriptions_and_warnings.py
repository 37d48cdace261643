"""What counts in a description"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
