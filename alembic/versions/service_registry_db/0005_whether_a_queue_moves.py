"""Whether a queue moves"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_queues",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_seconds", sa.Float(), nullable=False),
        sa.Column("busy_seconds", sa.Float(), nullable=False),
        sa.Column("gaps", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("stalled_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stall_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_queues_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service_queues")),
    )
    op.create_index(
        "ix_service_queues_stalled",
        "service_queues",
        ["service_id"],
        unique=False,
        postgresql_where=sa.text("stall_reason <> ''"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_service_queues_stalled",
        table_name="service_queues",
        postgresql_where=sa.text("stall_reason <> ''"),
    )
    op.drop_table("service_queues")
