"""What is known of how far each service conforms"""

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
        "service_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_events_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_events")),
    )
    op.create_index(
        "ix_service_events_service_at", "service_events", ["service_id", "at"], unique=False
    )
    op.create_table(
        "service_features",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("feature", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("verdict", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("how", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outdated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("previous_verdict", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_features_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_features")),
        sa.UniqueConstraint(
            "service_id", "feature", name=op.f("uq_service_features_service_id_feature")
        ),
    )
    op.create_table(
        "service_trials",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("requested_by_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column(
            "requested_by_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False
        ),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_trials_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_trials")),
        sa.UniqueConstraint("ref", name=op.f("uq_service_trials_ref")),
    )
    op.create_index(
        op.f("ix_service_trials_ended_at"), "service_trials", ["ended_at"], unique=False
    )
    op.create_index(
        op.f("ix_service_trials_service_id"), "service_trials", ["service_id"], unique=False
    )
    op.add_column(
        "imputation_services",
        sa.Column(
            "software",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
        ),
    )
    op.alter_column("imputation_services", "software", server_default=None)
    op.add_column(
        "imputation_services",
        sa.Column(
            "next_conformance_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
    )
    op.alter_column("imputation_services", "next_conformance_at", server_default=None)
    op.add_column(
        "imputation_services",
        sa.Column("conformance_lease_until", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "imputation_services",
        sa.Column("conformance_read_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "imputation_services",
        sa.Column(
            "conformance_problem",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=False,
            server_default="",
        ),
    )
    op.alter_column("imputation_services", "conformance_problem", server_default=None)
    op.create_index(
        op.f("ix_imputation_services_next_conformance_at"),
        "imputation_services",
        ["next_conformance_at"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_imputation_services_next_conformance_at"), table_name="imputation_services"
    )
    op.drop_column("imputation_services", "conformance_problem")
    op.drop_column("imputation_services", "conformance_read_at")
    op.drop_column("imputation_services", "conformance_lease_until")
    op.drop_column("imputation_services", "next_conformance_at")
    op.drop_column("imputation_services", "software")
    op.drop_index(op.f("ix_service_trials_service_id"), table_name="service_trials")
    op.drop_index(op.f("ix_service_trials_ended_at"), table_name="service_trials")
    op.drop_table("service_trials")
    op.drop_table("service_features")
    op.drop_index("ix_service_events_service_at", table_name="service_events")
    op.drop_table("service_events")
