"""Slots, progress inside the service, and archives."""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_results", sa.Column("downloads_left", sa.Integer(), nullable=True))
    op.add_column("job_results", sa.Column("archive_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_job_results_archive_id_job_results"),
        "job_results",
        "job_results",
        ["archive_id"],
        ["id"],
    )
    op.add_column(
        "jobs",
        sa.Column(
            "slot_key",
            sqlmodel.sql.sqltypes.AutoString(length=90),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "waits_for",
            sqlmodel.sql.sqltypes.AutoString(length=20),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "progress",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "qc_statistics",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "archive_password",
            sqlmodel.sql.sqltypes.AutoString(),
            nullable=False,
            server_default="",
        ),
    )
    op.add_column("jobs", sa.Column("results_expire_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("results_gone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("restarts", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_jobs_results_expire_at"), "jobs", ["results_expire_at"], unique=False)
    op.create_index(
        "ix_jobs_slot_key",
        "jobs",
        ["slot_key", "status"],
        unique=False,
        postgresql_where=sa.text("slot_key <> ''"),
    )
    op.alter_column("jobs", "slot_key", server_default=None)
    op.alter_column("jobs", "waits_for", server_default=None)
    op.alter_column("jobs", "progress", server_default=None)
    op.alter_column("jobs", "qc_statistics", server_default=None)
    op.alter_column("jobs", "archive_password", server_default=None)
    op.alter_column("jobs", "restarts", server_default=None)


def downgrade() -> None:
    op.drop_index("ix_jobs_slot_key", table_name="jobs", postgresql_where=sa.text("slot_key <> ''"))
    op.drop_index(op.f("ix_jobs_results_expire_at"), table_name="jobs")
    op.drop_column("jobs", "restarts")
    op.drop_column("jobs", "results_gone_at")
    op.drop_column("jobs", "results_expire_at")
    op.drop_column("jobs", "archive_password")
    op.drop_column("jobs", "qc_statistics")
    op.drop_column("jobs", "progress")
    op.drop_column("jobs", "waits_for")
    op.drop_column("jobs", "slot_key")
    op.drop_constraint(
        op.f("fk_job_results_archive_id_job_results"), "job_results", type_="foreignkey"
    )
    op.drop_column("job_results", "archive_id")
    op.drop_column("job_results", "downloads_left")
