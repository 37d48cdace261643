"""Download keys, and how long results are kept."""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "download_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("key_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("job_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("owner_ref", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_download_keys_key_hash")),
        sa.UniqueConstraint("ref", name=op.f("uq_download_keys_ref")),
    )
    op.create_index(op.f("ix_download_keys_job_ref"), "download_keys", ["job_ref"], unique=False)
    op.add_column("files", sa.Column("kept_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_files_kept_until"), "files", ["kept_until"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_files_kept_until"), table_name="files")
    op.drop_column("files", "kept_until")
    op.drop_index(op.f("ix_download_keys_job_ref"), table_name="download_keys")
    op.drop_table("download_keys")
