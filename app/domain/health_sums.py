"""What is known of a service in stretches of time: read from roll-ups, or from raw probes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from app.domain.health import AVAILABLE, Health
from app.domain.latency import bounds_of
from app.domain.probe_sums import PIECES, SUMS

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# What is later than this and not rolled up yet is read from the raw probes.
LONGEST_TAIL = DAY

SECONDS_OF = {
    Health.UP: "up_seconds",
    Health.DEGRADED: "degraded_seconds",
    Health.STALLED: "stalled_seconds",
    Health.AUTHORISATION_NEEDED: "authorisation_seconds",
    Health.MAINTENANCE: "maintenance_seconds",
    Health.DOWN: "down_seconds",
    Health.UNKNOWN: "unknown_seconds",
}
NUMBERS = ("queued_average", "queued_most", "running_average")
GROWTHS = ("finished", "executor_errors", "system_errors")
COLUMNS = (
    "service_id",
    "starts_at",
    "probes",
    *SECONDS_OF.values(),
    "latency_buckets",
    "latency_counts",
    *NUMBERS,
    *GROWTHS,
)


@dataclass(slots=True)
class Sums:
    """What is known of a service in one stretch of time, as `models.health.RollUp` says it."""

    service_id: int
    starts_at: datetime
    probes: int = 0
    seconds: dict[Health, float] = field(default_factory=dict)
    latencies: dict[int, int] = field(default_factory=dict)
    queued_average: float | None = None
    queued_most: int | None = None
    running_average: float | None = None
    finished: int | None = None
    executor_errors: int | None = None
    system_errors: int | None = None
    least_ms: float | None = None
    most_ms: float | None = None

    @property
    def known_seconds(self) -> float:
        """How long some probe speaks for, whatever it found."""
        return sum(self.seconds.values())

    @property
    def available_seconds(self) -> float:
        """How long it answered and worked."""
        return sum(self.seconds.get(health, 0.0) for health in AVAILABLE)

    def latency_bounds(self) -> tuple[float, float] | None:
        """Between which latencies (ms) all answers lay; to a bucket's width from roll-ups."""
        if self.least_ms is not None and self.most_ms is not None:
            return self.least_ms, self.most_ms
        if not self.latencies:
            return None
        return bounds_of(min(self.latencies))[0], bounds_of(max(self.latencies))[1]

    def add(self, other: "Sums") -> None:
        """Add another stretch of the same service.

        Averages of the queue weigh by the time in which the service answered.
        """
        mine, its = self.available_seconds, other.available_seconds
        for name in ("queued_average", "running_average"):
            average = _weighed(getattr(self, name), mine, getattr(other, name), its)
            setattr(self, name, average)
        if other.queued_most is not None:
            self.queued_most = max(self.queued_most or 0, other.queued_most)
        for name in GROWTHS:
            if (more := getattr(other, name)) is not None:
                setattr(self, name, (getattr(self, name) or 0) + more)
        for health, seconds in other.seconds.items():
            self.seconds[health] = self.seconds.get(health, 0.0) + seconds
        for bucket, answers in other.latencies.items():
            self.latencies[bucket] = self.latencies.get(bucket, 0) + answers
        self.probes += other.probes
        # Roll-ups do not keep them.
        self.least_ms = self.most_ms = None


@dataclass(frozen=True)
class Span:
    """A stretch of a service's time."""

    service_id: int
    starts_at: datetime
    ends_at: datetime


def from_raw(session: Session, spans: Iterable[Span], *, at: datetime) -> list[Sums]:
    """Sum up raw probes, one row per span of which anything is known, in the order of time."""
    wanted = list(spans)
    if not wanted:
        return []
    statement = f"""WITH spans AS (
        SELECT * FROM unnest(CAST(:services AS int[]), CAST(:starts AS timestamptz[]),
            CAST(:ends AS timestamptz[])) AS s(service_id, starts_at, ends_at)
    ), {PIECES}, {SUMS}
    SELECT {", ".join(COLUMNS)}, least_ms, most_ms
    FROM totals ORDER BY service_id, starts_at"""  # noqa: S608 (our own columns' names)
    parameters = {
        "services": [span.service_id for span in wanted],
        "starts": [span.starts_at for span in wanted],
        "ends": [span.ends_at for span in wanted],
        "now": at,
    }
    return [sums_of(row) for row in session.connection().execute(text(statement), parameters)]


def rolled_up(
    session: Session, table: str, *, service_id: int, since: datetime, until: datetime
) -> list[Sums]:
    """The rows of a roll-up's table that begin in a time, oldest first."""
    statement = text(
        f"SELECT {', '.join(COLUMNS)} FROM {table} "  # noqa: S608 (our own tables' names)
        "WHERE service_id = :service_id AND starts_at >= :since AND starts_at < :until "
        "ORDER BY starts_at"
    )
    parameters = {"service_id": service_id, "since": since, "until": until}
    return [sums_of(row) for row in session.connection().execute(statement, parameters)]


def tails(session: Session, service_ids: Sequence[int], *, at: datetime) -> dict[int, datetime]:
    """From which hour on each service's probes are not rolled up yet: the raw ones tell of it."""
    statement = text(
        "SELECT service_id, min(hour) FROM service_rollups_due "
        "WHERE service_id = ANY(:services) AND hour >= :earliest GROUP BY service_id"
    )
    present = hour_of(at)
    parameters = {"services": list(service_ids), "earliest": present - LONGEST_TAIL}
    rows = session.connection().execute(statement, parameters)
    due: dict[int, datetime] = {row[0]: row[1] for row in rows}
    return {each: min(due.get(each, present), present) for each in service_ids}


def hourly(tail: Mapping[int, datetime], *, until: datetime) -> list[Span]:
    """The hours from each service's tail on, the last one up to a time."""
    spans = []
    for service_id, first in tail.items():
        start = first
        while start < until:
            spans.append(Span(service_id, start, min(start + HOUR, until)))
            start += HOUR
    return spans


def hour_of(moment: datetime) -> datetime:
    """The beginning of an hour (UTC)."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    """The beginning of a day (UTC)."""
    return hour_of(moment).replace(hour=0)


def sums_of(row: Any) -> Sums:
    """Read a row of `COLUMNS`."""
    service_id, starts_at, probes, *seconds = row[: 3 + len(SECONDS_OF)]
    buckets, counts, *numbers = row[3 + len(SECONDS_OF) :]
    spent = {health: each for health, each in zip(SECONDS_OF, seconds, strict=True) if each}
    return Sums(
        service_id, starts_at, probes, spent, dict(zip(buckets, counts, strict=True)), *numbers
    )


def _weighed(one: float | None, weight: float, other: float | None, its: float) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    both = weight + its
    return (one * weight + other * its) / both if both else (one + other) / 2
