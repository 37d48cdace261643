"""Who may use which service, wishes for an account, and versions of people and roles."""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("users", "roles"):
        op.add_column(
            table,
            sa.Column(
                "updated_at",
                sa.DateTime(timezone=True),
                nullable=False,
                server_default=sa.func.now(),
            ),
        )
        op.alter_column(table, "updated_at", server_default=None)
    op.create_table(
        "service_access",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("service_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("user_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("may_use", sa.Boolean(), nullable=False),
        sa.Column("may_manage", sa.Boolean(), nullable=False),
        sa.Column("jobs_per_month", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_access")),
        sa.UniqueConstraint("ref", name=op.f("uq_service_access_ref")),
        sa.UniqueConstraint(
            "service_ref", "user_ref", name=op.f("uq_service_access_service_ref_user_ref")
        ),
    )
    op.create_index(op.f("ix_service_access_user_ref"), "service_access", ["user_ref"])
    op.create_table(
        "account_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(length=254), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("client_address", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_requests")),
        sa.UniqueConstraint("ref", name=op.f("uq_account_requests_ref")),
    )
    op.create_index(op.f("ix_account_requests_email"), "account_requests", ["email"])


def downgrade() -> None:
    op.drop_table("account_requests")
    op.drop_table("service_access")
    op.drop_column("roles", "updated_at")
    op.drop_column("users", "updated_at")
