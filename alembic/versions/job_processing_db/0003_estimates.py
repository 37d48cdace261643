"""Estimates"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_estimates",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wait_least", sa.Float(), nullable=True),
        sa.Column("wait_most", sa.Float(), nullable=True),
        sa.Column("turnaround_least", sa.Float(), nullable=True),
        sa.Column("turnaround_most", sa.Float(), nullable=True),
        sa.Column("basis", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_estimates_job_id_jobs")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_estimates")),
    )


def downgrade() -> None:
    op.drop_table("job_estimates")
