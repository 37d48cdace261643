"""`service_registry_db`, health: what probes found of each service, and what became of it.

Raw probes are kept for days; roll-ups, states, layers and incidents for years.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import REAL, DateTime, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from models.base import identity, json_object, moment, optional_moment, ref_field
from models.registry import RegistryBase


def service_key() -> Any:
    """The service that a row tells of, as the first part of its primary key."""
    return Field(foreign_key="imputation_services.id", primary_key=True)


def key_moment() -> Any:
    """A point in time as the last part of a primary key."""
    return Field(primary_key=True, sa_type=DateTime(timezone=True))


class ServiceCheck(RegistryBase, table=True):
    """When a service is probed next, what the last probe found, and what waits to be confirmed.

    One narrow row per service, apart from its description, because every probe writes it.
    `interval_seconds` is what `next_probe_at` was computed with. `found` is what the last probe
    found by itself; `pending_state` is another state than the service's, seen `streak` probes in a
    row since `pending_since`, and not confirmed yet. The `…_due_at` say when the layers that are
    not looked at by every probe are due. `certificate` is the last one seen, as facts.
    """

    __tablename__ = "service_checks"

    service_id: int = Field(foreign_key="imputation_services.id", primary_key=True)
    next_probe_at: datetime = moment(index=True)
    interval_seconds: float = Field(default=0.0)
    lease_until: datetime | None = optional_moment()
    checked_at: datetime | None = optional_moment()
    found: str = Field(default="unknown", max_length=30)
    response_time_ms: float | None = Field(default=None)
    message: str = Field(default="")
    state_since: datetime | None = optional_moment()
    pending_state: str = Field(default="", max_length=30)
    pending_since: datetime | None = optional_moment()
    streak: int = Field(default=0)
    queued: int | None = Field(default=None)
    running: int | None = Field(default=None)
    credentials_due_at: datetime = moment()
    certificate_due_at: datetime = moment()
    panels_due_at: datetime = moment()
    canary_due_at: datetime = moment()
    certificate: dict[str, Any] = json_object()
    certificate_expires_at: datetime | None = optional_moment()


class ServiceHealthLog(RegistryBase, table=True):
    """One probe of one service.

    `found` is what this probe found, `health_status` what it counts as once changes are confirmed:
    a single failure between good probes counts as up. The probe speaks for the time from
    `checked_at` to the next probe, but not beyond `valid_until`; after that nobody knows. The
    numbers are the service's own counters of runs, where it shows any: waiting, running, finished
    in any way, and of these those that failed by the run's fault and by the service's.
    """

    __tablename__ = "service_health_logs"
    __table_args__ = (
        Index("ix_service_health_logs_checked_at", "checked_at", postgresql_using="brin"),
    )

    service_id: int = service_key()
    checked_at: datetime = key_moment()
    valid_until: datetime = moment()
    health_status: str = Field(max_length=30)
    found: str = Field(max_length=30)
    layer: str = Field(default="", max_length=20)
    response_time_ms: float | None = Field(default=None, sa_type=REAL)
    error_message: str = Field(default="")
    queued: int | None = Field(default=None)
    running: int | None = Field(default=None)
    finished: int | None = Field(default=None)
    executor_errors: int | None = Field(default=None)
    system_errors: int | None = Field(default=None)


class ServiceState(RegistryBase, table=True):
    """A stretch of time in which a service was in one confirmed state; the last one has no end.

    `since` is when the first probe found it, not when it was confirmed. `reason` says why it came.
    """

    __tablename__ = "service_states"
    __table_args__ = (
        Index("ix_service_states_service_since", "service_id", "since"),
        Index(
            "uq_service_states_current",
            "service_id",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: int | None = identity()
    service_id: int = Field(foreign_key="imputation_services.id")
    state: str = Field(max_length=30)
    since: datetime = moment()
    until: datetime | None = optional_moment()
    layer: str = Field(default="", max_length=20)
    reason: str = Field(default="")


class ServiceLayer(RegistryBase, table=True):
    """A stretch of time in which one layer of a service had one verdict; the last has no end."""

    __tablename__ = "service_layers"
    __table_args__ = (
        Index("ix_service_layers_service_since", "service_id", "layer", "since"),
        Index(
            "uq_service_layers_current",
            "service_id",
            "layer",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: int | None = identity()
    service_id: int = Field(foreign_key="imputation_services.id")
    layer: str = Field(max_length=20)
    verdict: str = Field(max_length=20)
    detail: str = Field(default="")
    since: datetime = moment()
    until: datetime | None = optional_moment()


class ServiceIncident(RegistryBase, table=True):
    """A time in which a service was not as it should be, from the first bad state to recovery.

    `state`, `layer` and `cause` are those of its worst moment. `told_at` is when people were first
    told of it, and at `recovery_due_at` they are told of its end, if it stays ended until then.
    """

    __tablename__ = "service_incidents"
    __table_args__ = (
        Index("ix_service_incidents_service_started", "service_id", "started_at"),
        Index(
            "uq_service_incidents_open",
            "service_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = identity()
    ref: str = ref_field()
    service_id: int = Field(foreign_key="imputation_services.id")
    state: str = Field(max_length=30)
    layer: str = Field(default="", max_length=20)
    cause: str = Field(default="")
    started_at: datetime = moment(index=True)
    ended_at: datetime | None = optional_moment()
    told_at: datetime | None = optional_moment()
    recovery_due_at: datetime | None = optional_moment(index=True)
    acknowledged_at: datetime | None = optional_moment()
    acknowledged_by_ref: str = Field(default="", max_length=40)
    acknowledged_by_name: str = Field(default="", max_length=200)
    note: str = Field(default="")


class MaintenanceWindow(RegistryBase, table=True):
    """A time in which a service's failures are no surprise, declared before, meanwhile or after."""

    __tablename__ = "maintenance_windows"
    __table_args__ = (Index("ix_maintenance_windows_service_ends", "service_id", "ends_at"),)

    id: int | None = identity()
    ref: str = ref_field()
    service_id: int = Field(foreign_key="imputation_services.id")
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    reason: str = Field(default="")
    created_at: datetime = moment()
    created_by_ref: str = Field(default="", max_length=40)
    created_by_name: str = Field(default="", max_length=200)


class RollUp(RegistryBase):
    """What the probes of one service said of one stretch of time, summed up.

    The seconds say how long the service was in which state; what is missing to the stretch's length
    is "no data". Latencies are a histogram: `latency_counts[i]` answers fell into the bucket
    `latency_buckets[i]` (`app.domain.latency`). `finished` and the errors are the growth of the
    service's counters, `queued_…` what it said of its queue.
    """

    service_id: int = service_key()
    starts_at: datetime = key_moment()
    probes: int = Field(default=0)
    up_seconds: float = Field(default=0.0, sa_type=REAL)
    degraded_seconds: float = Field(default=0.0, sa_type=REAL)
    stalled_seconds: float = Field(default=0.0, sa_type=REAL)
    authorisation_seconds: float = Field(default=0.0, sa_type=REAL)
    maintenance_seconds: float = Field(default=0.0, sa_type=REAL)
    down_seconds: float = Field(default=0.0, sa_type=REAL)
    unknown_seconds: float = Field(default=0.0, sa_type=REAL)
    latency_buckets: list[int] = Field(default_factory=list, sa_type=ARRAY(SmallInteger))
    latency_counts: list[int] = Field(default_factory=list, sa_type=ARRAY(Integer))
    queued_average: float | None = Field(default=None, sa_type=REAL)
    queued_most: int | None = Field(default=None)
    running_average: float | None = Field(default=None, sa_type=REAL)
    finished: int | None = Field(default=None)
    executor_errors: int | None = Field(default=None)
    system_errors: int | None = Field(default=None)


class HealthMinute(RollUp, table=True):
    """Probes that began in one minute, and the time that they speak for, even beyond it.

    Minutes in which no probe began have no row.
    """

    __tablename__ = "service_health_minutes"


class HealthHour(RollUp, table=True):
    """One hour, cut at its ends."""

    __tablename__ = "service_health_hours"


class HealthDay(RollUp, table=True):
    """One day (UTC), cut at its ends."""

    __tablename__ = "service_health_days"


class RollUpDue(RegistryBase, table=True):
    """An hour of a service whose probes have changed, to be rolled up again from `due_at` on."""

    __tablename__ = "service_rollups_due"

    service_id: int = service_key()
    hour: datetime = key_moment()
    due_at: datetime = moment(index=True)


class ServiceQueue(RegistryBase, table=True):
    """Whether a service's queue moves, as `app.domain.queue_movement` learns it probe by probe.

    `checked_at` and the numbers are those of the last probe that it knows of. `stall_reason` is
    empty while the queue moves or nobody can tell; a probe that finds the service up and runs
    waiting finds it stalled otherwise. `pace_finished` runs finished in the `pace_seconds` of the
    day before `paced_at` in which others waited.
    """

    __tablename__ = "service_queues"
    __table_args__ = (
        Index(
            "ix_service_queues_stalled", "service_id", postgresql_where=text("stall_reason <> ''")
        ),
    )

    service_id: int = Field(foreign_key="imputation_services.id", primary_key=True)
    checked_at: datetime = moment()
    valid_until: datetime = moment()
    queued: int = Field(default=0)
    running: int = Field(default=0)
    finished: int = Field(default=0)
    waiting_since: datetime | None = optional_moment()
    waiting_seconds: float = Field(default=0.0)
    busy_seconds: float = Field(default=0.0)
    gaps: list[float] = Field(default_factory=list, sa_type=ARRAY(REAL))
    stalled_since: datetime | None = optional_moment()
    stall_reason: str = Field(default="")
    paced_at: datetime | None = optional_moment()
    pace_seconds: float | None = Field(default=None)
    pace_finished: int | None = Field(default=None)


class ServiceCanary(RegistryBase, table=True):
    """A small run on toy data that shows whether work is really done. `verdict` is empty until."""

    __tablename__ = "service_canaries"
    __table_args__ = (Index("ix_service_canaries_service_started", "service_id", "started_at"),)

    id: int | None = identity()
    service_id: int = Field(foreign_key="imputation_services.id")
    started_at: datetime = moment()
    lease_until: datetime | None = optional_moment()
    remote_id: str = Field(default="", max_length=200)
    ended_at: datetime | None = optional_moment()
    verdict: str = Field(default="", max_length=20)
    detail: str = Field(default="")
    wait_seconds: float | None = Field(default=None)
    seconds: float | None = Field(default=None)
