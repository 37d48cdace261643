"""Stalls, offers and contact"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_contacts",
        sa.Column("service_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_message", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("service_ref", name=op.f("pk_service_contacts")),
    )
    op.add_column("jobs", sa.Column("looked_in_vain_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("running_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("stalled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_jobs_panel_finished", "jobs", ["panel_ref", "finished_at"], unique=False)
    op.add_column(
        "submissions",
        sa.Column(
            "resubmission_of",
            sqlmodel.sql.sqltypes.AutoString(length=40),
            nullable=False,
            server_default="",
        ),
    )
    op.alter_column("submissions", "resubmission_of", server_default=None)
    op.create_index(
        op.f("ix_submissions_resubmission_of"), "submissions", ["resubmission_of"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_submissions_resubmission_of"), table_name="submissions")
    op.drop_column("submissions", "resubmission_of")
    op.drop_index("ix_jobs_panel_finished", table_name="jobs")
    op.drop_column("jobs", "offered_at")
    op.drop_column("jobs", "stalled_at")
    op.drop_column("jobs", "running_at")
    op.drop_column("jobs", "looked_in_vain_at")
    op.drop_table("service_contacts")
