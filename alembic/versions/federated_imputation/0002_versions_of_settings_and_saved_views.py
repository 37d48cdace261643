"""Versions of settings, saved views, and what belongs together in the audit log."""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("owner_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("resource", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint(
            "owner_ref", "resource", "name", name=op.f("uq_saved_views_owner_ref_resource_name")
        ),
        sa.UniqueConstraint("ref", name=op.f("uq_saved_views_ref")),
    )
    op.create_table(
        "setting_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("by_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting_changes")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_setting_changes_key_version")),
    )
    op.add_column(
        "audit_log",
        sa.Column(
            "client_agent",
            sqlmodel.sql.sqltypes.AutoString(length=300),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column(
        "audit_log",
        sa.Column(
            "correlation_ref",
            sqlmodel.sql.sqltypes.AutoString(length=40),
            nullable=False,
            server_default="",
        ),
    )
    op.drop_index(op.f("ix_audit_log_target_ref"), table_name="audit_log")
    op.create_index(op.f("ix_audit_log_action"), "audit_log", ["action"], unique=False)
    op.create_index(
        op.f("ix_audit_log_correlation_ref"), "audit_log", ["correlation_ref"], unique=False
    )
    op.create_index(
        "ix_audit_log_target", "audit_log", ["target_type", "target_ref", "id"], unique=False
    )
    op.add_column(
        "settings", sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    )
    for table, column in (
        ("audit_log", "client_agent"),
        ("audit_log", "correlation_ref"),
        ("settings", "version"),
    ):
        op.alter_column(table, column, server_default=None)


def downgrade() -> None:
    op.drop_column("settings", "version")
    op.drop_index("ix_audit_log_target", table_name="audit_log")
    op.drop_index(op.f("ix_audit_log_correlation_ref"), table_name="audit_log")
    op.drop_index(op.f("ix_audit_log_action"), table_name="audit_log")
    op.create_index(op.f("ix_audit_log_target_ref"), "audit_log", ["target_ref"], unique=False)
    op.drop_column("audit_log", "correlation_ref")
    op.drop_column("audit_log", "client_agent")
    op.drop_table("setting_changes")
    op.drop_table("saved_views")
