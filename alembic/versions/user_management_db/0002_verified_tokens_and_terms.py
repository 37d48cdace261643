"""Tokens that are verified, and who accepted which terms."""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "terms_acceptances",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("terms_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("service_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("panel_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=330), nullable=False),
        sa.Column("user_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("user_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("client_address", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms_acceptances")),
        sa.UniqueConstraint(
            "terms_ref", "user_ref", name=op.f("uq_terms_acceptances_terms_ref_user_ref")
        ),
    )
    op.create_index(
        op.f("ix_terms_acceptances_service_ref"), "terms_acceptances", ["service_ref"], unique=False
    )
    op.create_index(
        op.f("ix_terms_acceptances_user_ref"), "terms_acceptances", ["user_ref"], unique=False
    )
    op.add_column(
        "service_credentials",
        sa.Column(
            "state",
            sqlmodel.sql.sqltypes.AutoString(length=20),
            nullable=False,
            server_default="unverified",
        ),
    )
    op.add_column(
        "service_credentials",
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""),
    )
    op.add_column(
        "service_credentials",
        sa.Column(
            "account",
            sqlmodel.sql.sqltypes.AutoString(length=200),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column(
        "service_credentials", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "service_credentials", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "service_credentials",
        sa.Column(
            "verify_due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
    )
    op.create_index(
        op.f("ix_service_credentials_verify_due_at"),
        "service_credentials",
        ["verify_due_at"],
        unique=False,
    )
    op.alter_column("service_credentials", "state", server_default=None)
    op.alter_column("service_credentials", "detail", server_default=None)
    op.alter_column("service_credentials", "account", server_default=None)
    op.alter_column("service_credentials", "verify_due_at", server_default=None)


def downgrade() -> None:
    op.drop_index(op.f("ix_service_credentials_verify_due_at"), table_name="service_credentials")
    op.drop_column("service_credentials", "verify_due_at")
    op.drop_column("service_credentials", "verified_at")
    op.drop_column("service_credentials", "expires_at")
    op.drop_column("service_credentials", "account")
    op.drop_column("service_credentials", "detail")
    op.drop_column("service_credentials", "state")
    op.drop_index(op.f("ix_terms_acceptances_user_ref"), table_name="terms_acceptances")
    op.drop_index(op.f("ix_terms_acceptances_service_ref"), table_name="terms_acceptances")
    op.drop_table("terms_acceptances")
