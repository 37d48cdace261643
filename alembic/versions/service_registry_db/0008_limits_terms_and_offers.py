"""Limits that are confirmed, terms, and what services offer."""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("panel_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("created_by_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["panel_id"],
            ["reference_panels.id"],
            name=op.f("fk_service_terms_panel_id_reference_panels"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_terms_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_terms")),
        sa.UniqueConstraint("ref", name=op.f("uq_service_terms_ref")),
        sa.UniqueConstraint(
            "service_id",
            "panel_id",
            "version",
            name=op.f("uq_service_terms_service_id_panel_id_version"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_service_terms_panel_id"), "service_terms", ["panel_id"], unique=False)
    op.add_column(
        "imputation_services",
        sa.Column(
            "limits_confirmed",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    op.add_column(
        "reference_panels",
        sa.Column(
            "offered",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    op.add_column(
        "reference_panels", sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.alter_column("imputation_services", "limits_confirmed", server_default=None)
    op.alter_column("reference_panels", "offered", server_default=None)


def downgrade() -> None:
    op.drop_column("reference_panels", "offered_at")
    op.drop_column("reference_panels", "offered")
    op.drop_column("imputation_services", "limits_confirmed")
    op.drop_index(op.f("ix_service_terms_panel_id"), table_name="service_terms")
    op.drop_table("service_terms")
