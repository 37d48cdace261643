"""First tables"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imputation_services",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("service_type", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("api_type", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("base_url", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("location", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("is_simulation", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_available", sa.Boolean(), nullable=False),
        sa.Column("health_status", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("response_time_ms", sa.Float(), nullable=True),
        sa.Column("last_health_check", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_message", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("api_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("service_info", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("next_probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probe_lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imputation_services")),
        sa.UniqueConstraint("name", name=op.f("uq_imputation_services_name")),
        sa.UniqueConstraint("ref", name=op.f("uq_imputation_services_ref")),
    )
    op.create_index(
        op.f("ix_imputation_services_next_probe_at"),
        "imputation_services",
        ["next_probe_at"],
        unique=False,
    )
    op.create_table(
        "registry_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("topic", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_outbox")),
        sa.UniqueConstraint("event_ref", name=op.f("uq_registry_outbox_event_ref")),
    )
    op.create_index(
        op.f("ix_registry_outbox_delivered_at"), "registry_outbox", ["delivered_at"], unique=False
    )
    op.create_table(
        "reference_panels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("panel_id", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("population", sqlmodel.sql.sqltypes.AutoString(length=120), nullable=False),
        sa.Column("build", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("sample_count", sa.Integer(), nullable=True),
        sa.Column("variant_count", sa.Integer(), nullable=True),
        sa.Column("recipe", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_reference_panels_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_panels")),
        sa.UniqueConstraint("ref", name=op.f("uq_reference_panels_ref")),
        sa.UniqueConstraint(
            "service_id", "panel_id", name=op.f("uq_reference_panels_service_id_panel_id")
        ),
    )
    op.create_index(
        op.f("ix_reference_panels_service_id"), "reference_panels", ["service_id"], unique=False
    )
    op.create_table(
        "service_health_logs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("health_status", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("response_time_ms", sa.Float(), nullable=True),
        sa.Column("error_message", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_health_logs_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_health_logs")),
    )
    op.create_index(
        "ix_service_health_logs_service_at",
        "service_health_logs",
        ["service_id", "checked_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_service_health_logs_service_at", table_name="service_health_logs")
    op.drop_table("service_health_logs")
    op.drop_index(op.f("ix_reference_panels_service_id"), table_name="reference_panels")
    op.drop_table("reference_panels")
    op.drop_index(op.f("ix_registry_outbox_delivered_at"), table_name="registry_outbox")
    op.drop_table("registry_outbox")
    op.drop_index(op.f("ix_imputation_services_next_probe_at"), table_name="imputation_services")
    op.drop_table("imputation_services")
