"""Health that is confirmed and kept"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "maintenance_windows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", AutoString(length=40), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_ref", AutoString(length=40), nullable=False),
        sa.Column("created_by_name", AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_maintenance_windows_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_windows")),
        sa.UniqueConstraint("ref", name=op.f("uq_maintenance_windows_ref")),
    )
    op.create_index(
        "ix_maintenance_windows_service_ends",
        "maintenance_windows",
        ["service_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "service_canaries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remote_id", AutoString(length=200), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", AutoString(length=20), nullable=False),
        sa.Column("detail", AutoString(), nullable=False),
        sa.Column("wait_seconds", sa.Float(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_canaries_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_canaries")),
    )
    op.create_index(
        "ix_service_canaries_service_started",
        "service_canaries",
        ["service_id", "started_at"],
        unique=False,
    )
    op.create_table(
        "service_checks",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("next_probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval_seconds", sa.Float(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found", AutoString(length=30), nullable=False),
        sa.Column("response_time_ms", sa.Float(), nullable=True),
        sa.Column("message", AutoString(), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pending_state", AutoString(length=30), nullable=False),
        sa.Column("pending_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("queued", sa.Integer(), nullable=True),
        sa.Column("running", sa.Integer(), nullable=True),
        sa.Column("credentials_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certificate_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("panels_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("canary_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certificate", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("certificate_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_checks_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service_checks")),
    )
    op.create_index(
        op.f("ix_service_checks_next_probe_at"), "service_checks", ["next_probe_at"], unique=False
    )
    op.create_table(
        "service_health_days",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("up_seconds", sa.REAL(), nullable=False),
        sa.Column("degraded_seconds", sa.REAL(), nullable=False),
        sa.Column("stalled_seconds", sa.REAL(), nullable=False),
        sa.Column("authorisation_seconds", sa.REAL(), nullable=False),
        sa.Column("maintenance_seconds", sa.REAL(), nullable=False),
        sa.Column("down_seconds", sa.REAL(), nullable=False),
        sa.Column("unknown_seconds", sa.REAL(), nullable=False),
        sa.Column("latency_buckets", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("latency_counts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("queued_average", sa.REAL(), nullable=True),
        sa.Column("queued_most", sa.Integer(), nullable=True),
        sa.Column("running_average", sa.REAL(), nullable=True),
        sa.Column("finished", sa.Integer(), nullable=True),
        sa.Column("executor_errors", sa.Integer(), nullable=True),
        sa.Column("system_errors", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_health_days_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("service_id", "starts_at", name=op.f("pk_service_health_days")),
    )
    op.create_table(
        "service_health_hours",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("up_seconds", sa.REAL(), nullable=False),
        sa.Column("degraded_seconds", sa.REAL(), nullable=False),
        sa.Column("stalled_seconds", sa.REAL(), nullable=False),
        sa.Column("authorisation_seconds", sa.REAL(), nullable=False),
        sa.Column("maintenance_seconds", sa.REAL(), nullable=False),
        sa.Column("down_seconds", sa.REAL(), nullable=False),
        sa.Column("unknown_seconds", sa.REAL(), nullable=False),
        sa.Column("latency_buckets", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("latency_counts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("queued_average", sa.REAL(), nullable=True),
        sa.Column("queued_most", sa.Integer(), nullable=True),
        sa.Column("running_average", sa.REAL(), nullable=True),
        sa.Column("finished", sa.Integer(), nullable=True),
        sa.Column("executor_errors", sa.Integer(), nullable=True),
        sa.Column("system_errors", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_health_hours_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("service_id", "starts_at", name=op.f("pk_service_health_hours")),
    )
    op.create_table(
        "service_health_minutes",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("up_seconds", sa.REAL(), nullable=False),
        sa.Column("degraded_seconds", sa.REAL(), nullable=False),
        sa.Column("stalled_seconds", sa.REAL(), nullable=False),
        sa.Column("authorisation_seconds", sa.REAL(), nullable=False),
        sa.Column("maintenance_seconds", sa.REAL(), nullable=False),
        sa.Column("down_seconds", sa.REAL(), nullable=False),
        sa.Column("unknown_seconds", sa.REAL(), nullable=False),
        sa.Column("latency_buckets", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("latency_counts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("queued_average", sa.REAL(), nullable=True),
        sa.Column("queued_most", sa.Integer(), nullable=True),
        sa.Column("running_average", sa.REAL(), nullable=True),
        sa.Column("finished", sa.Integer(), nullable=True),
        sa.Column("executor_errors", sa.Integer(), nullable=True),
        sa.Column("system_errors", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_health_minutes_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("service_id", "starts_at", name=op.f("pk_service_health_minutes")),
    )
    op.create_table(
        "service_incidents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", AutoString(length=40), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("state", AutoString(length=30), nullable=False),
        sa.Column("layer", AutoString(length=20), nullable=False),
        sa.Column("cause", AutoString(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by_ref", AutoString(length=40), nullable=False),
        sa.Column("acknowledged_by_name", AutoString(length=200), nullable=False),
        sa.Column("note", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_incidents_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_incidents")),
        sa.UniqueConstraint("ref", name=op.f("uq_service_incidents_ref")),
    )
    op.create_index(
        "ix_service_incidents_service_started",
        "service_incidents",
        ["service_id", "started_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_service_incidents_started_at"), "service_incidents", ["started_at"], unique=False
    )
    op.create_index(
        "uq_service_incidents_open",
        "service_incidents",
        ["service_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "service_layers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("layer", AutoString(length=20), nullable=False),
        sa.Column("verdict", AutoString(length=20), nullable=False),
        sa.Column("detail", AutoString(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_layers_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_layers")),
    )
    op.create_index(
        "ix_service_layers_service_since",
        "service_layers",
        ["service_id", "layer", "since"],
        unique=False,
    )
    op.create_index(
        "uq_service_layers_current",
        "service_layers",
        ["service_id", "layer"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "service_rollups_due",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_rollups_due_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("service_id", "hour", name=op.f("pk_service_rollups_due")),
    )
    op.create_index(
        op.f("ix_service_rollups_due_due_at"), "service_rollups_due", ["due_at"], unique=False
    )
    op.create_table(
        "service_states",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("state", AutoString(length=30), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("layer", AutoString(length=20), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["imputation_services.id"],
            name=op.f("fk_service_states_service_id_imputation_services"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_states")),
    )
    op.create_index(
        "ix_service_states_service_since", "service_states", ["service_id", "since"], unique=False
    )
    op.create_index(
        "uq_service_states_current",
        "service_states",
        ["service_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    add_filled("imputation_services", "check_settings", postgresql.JSONB(), "{}")
    op.add_column(
        "imputation_services",
        sa.Column("silenced_until", sa.DateTime(timezone=True), nullable=True),
    )
    add_filled("imputation_services", "silence_reason", AutoString(), "")
    add_filled("imputation_services", "is_flapping", sa.Boolean(), "false")
    add_filled("reference_panels", "identity", AutoString(length=120), "")
    add_filled("service_events", "changes", postgresql.JSONB(), "{}")
    widen_probes()
    move_checks()


def add_filled(table: str, name: str, kind: sa.types.TypeEngine, value: str) -> None:
    """Add a column that no row may lack, with a value for the rows that are there."""
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=value))
    op.alter_column(table, name, server_default=None)


def widen_probes() -> None:
    """Keep the probes that were made; each spoke for six minutes, until the next one."""
    op.add_column(
        "service_health_logs", sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute("UPDATE service_health_logs SET valid_until = checked_at + interval '6 minutes'")
    op.alter_column("service_health_logs", "valid_until", nullable=False)
    add_filled("service_health_logs", "found", AutoString(length=30), "")
    op.execute("UPDATE service_health_logs SET found = health_status")
    add_filled("service_health_logs", "layer", AutoString(length=20), "")
    for number in ("queued", "running", "finished", "executor_errors", "system_errors"):
        op.add_column("service_health_logs", sa.Column(number, sa.Integer(), nullable=True))
    op.alter_column("service_health_logs", "response_time_ms", type_=sa.REAL())
    op.execute(
        "DELETE FROM service_health_logs AS one USING service_health_logs AS other"
        " WHERE one.service_id = other.service_id AND one.checked_at = other.checked_at"
        " AND one.id < other.id"
    )
    op.drop_column("service_health_logs", "id")
    op.drop_index("ix_service_health_logs_service_at", table_name="service_health_logs")
    op.create_primary_key(
        "pk_service_health_logs", "service_health_logs", ["service_id", "checked_at"]
    )
    op.create_index(
        "ix_service_health_logs_checked_at",
        "service_health_logs",
        ["checked_at"],
        postgresql_using="brin",
    )
    op.execute(
        "INSERT INTO service_rollups_due (service_id, hour, due_at)"
        " SELECT DISTINCT service_id, date_trunc('hour', checked_at, 'UTC'), now()"
        " FROM service_health_logs"
    )


def move_checks() -> None:
    """Give each service its row of checks and its present state, from what was its own."""
    op.execute(
        "INSERT INTO service_checks (service_id, next_probe_at, interval_seconds, checked_at,"
        " found, response_time_ms, message, state_since, pending_state, streak,"
        " credentials_due_at, certificate_due_at, panels_due_at, canary_due_at, certificate)"
        " SELECT id, next_probe_at, 0, last_health_check, health_status, response_time_ms,"
        " error_message, last_health_check, '', 0, now(), now(), now(), now(), '{}'"
        " FROM imputation_services"
    )
    op.execute(
        "INSERT INTO service_states (service_id, state, since, layer, reason)"
        " SELECT id, health_status, coalesce(last_health_check, created_at), '', error_message"
        " FROM imputation_services"
    )
    op.drop_index("ix_imputation_services_next_probe_at", table_name="imputation_services")
    for name in (
        "response_time_ms",
        "last_health_check",
        "next_probe_at",
        "probe_lease_until",
        "error_message",
    ):
        op.drop_column("imputation_services", name)


def downgrade() -> None:
    unmove_checks()
    unwiden_probes()
    op.drop_column("service_events", "changes")
    op.drop_column("reference_panels", "identity")
    op.drop_column("imputation_services", "is_flapping")
    op.drop_column("imputation_services", "silence_reason")
    op.drop_column("imputation_services", "silenced_until")
    op.drop_column("imputation_services", "check_settings")
    op.drop_index(
        "uq_service_states_current",
        table_name="service_states",
        postgresql_where=sa.text("until IS NULL"),
    )
    op.drop_index("ix_service_states_service_since", table_name="service_states")
    op.drop_table("service_states")
    op.drop_index(op.f("ix_service_rollups_due_due_at"), table_name="service_rollups_due")
    op.drop_table("service_rollups_due")
    op.drop_index(
        "uq_service_layers_current",
        table_name="service_layers",
        postgresql_where=sa.text("until IS NULL"),
    )
    op.drop_index("ix_service_layers_service_since", table_name="service_layers")
    op.drop_table("service_layers")
    op.drop_index(
        "uq_service_incidents_open",
        table_name="service_incidents",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_service_incidents_started_at"), table_name="service_incidents")
    op.drop_index("ix_service_incidents_service_started", table_name="service_incidents")
    op.drop_table("service_incidents")
    op.drop_table("service_health_minutes")
    op.drop_table("service_health_hours")
    op.drop_table("service_health_days")
    op.drop_index(op.f("ix_service_checks_next_probe_at"), table_name="service_checks")
    op.drop_table("service_checks")
    op.drop_index("ix_service_canaries_service_started", table_name="service_canaries")
    op.drop_table("service_canaries")
    op.drop_index("ix_maintenance_windows_service_ends", table_name="maintenance_windows")
    op.drop_table("maintenance_windows")


def unmove_checks() -> None:
    table = "imputation_services"
    op.add_column(table, sa.Column("response_time_ms", sa.Float(), nullable=True))
    moments = ("last_health_check", "probe_lease_until", "next_probe_at")
    for name in moments:
        op.add_column(table, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    add_filled(table, "error_message", AutoString(), "")
    op.execute(
        "UPDATE imputation_services SET next_probe_at = coalesce(c.next_probe_at, now()),"
        " last_health_check = c.checked_at, response_time_ms = c.response_time_ms,"
        " error_message = coalesce(c.message, '')"
        " FROM imputation_services AS s LEFT JOIN service_checks AS c ON c.service_id = s.id"
        " WHERE s.id = imputation_services.id"
    )
    op.alter_column(table, "next_probe_at", nullable=False)
    op.create_index("ix_imputation_services_next_probe_at", table, ["next_probe_at"])


def unwiden_probes() -> None:
    table = "service_health_logs"
    op.drop_index("ix_service_health_logs_checked_at", table_name=table)
    op.drop_constraint("pk_service_health_logs", table)
    op.add_column(table, sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_primary_key("pk_service_health_logs", table, ["id"])
    op.create_index("ix_service_health_logs_service_at", table, ["service_id", "checked_at"])
    op.alter_column(table, "response_time_ms", type_=sa.Float())
    for name in ("system_errors", "executor_errors", "finished", "running", "queued", "layer"):
        op.drop_column(table, name)
    op.drop_column(table, "found")
    op.drop_column(table, "valid_until")
