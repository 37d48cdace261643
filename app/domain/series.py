"""A service's health over time, as charts, tables and files show it.

The range chooses the step: minutes up to a day and a half, hours up to a hundred days, days beyond.
What is not rolled up yet is read from the raw probes, so that the last point is of now.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, or_, select

from app.domain.access import Actor, require
from app.domain.health import Health
from app.domain.health_steps import step_of, steps_of, whole_steps
from app.domain.health_sums import Sums, hour_of
from app.domain.latency import percentile, percentiles
from app.domain.service_lookup import service_id_of
from app.domain.uptime import Interval, excused_of, excuses_of, ratio
from models.base import now
from models.health import ServiceState


@dataclass(frozen=True)
class Point:
    """A service between two times. Whatever nothing is known of is None, never 0.

    `seconds` per state and `no_data` seconds add up to its length, as far as it is not in the
    future; `excused` seconds are those of maintenance, and `uptime` leaves them out. Latencies are
    in milliseconds: where one probe answered, all five are the same; elsewhere the percentiles are
    those of `app.domain.latency`, and `least_ms` and `most_ms` bound what was measured. `queued_…`
    and `running_average` are what the service said of its runs, `finished` and the errors how many
    ended within the time.
    """

    starts_at: datetime
    ends_at: datetime
    probes: int
    seconds: Mapping[Health, float]
    no_data: float
    excused: float
    uptime: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    least_ms: float | None
    most_ms: float | None
    queued_average: float | None
    queued_most: int | None
    running_average: float | None
    finished: int | None
    executor_errors: int | None
    system_errors: int | None


@dataclass(frozen=True)
class Series:
    """Points that follow each other without a gap. `step` is `minute`, `hour` or `day`.

    By the minute there is a point where a probe began, and it lasts to the next one. The
    percentiles are those of all `probes` together.
    """

    step: str
    since: datetime
    until: datetime
    points: Sequence[Point]
    probes: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class HeatCell:
    """An hour of the week (UTC; Monday is 0) over several weeks; None where nothing is known.

    `hours` is how many such hours it is made of. Time that the
    service itself declared as maintenance is not in `availability`.
    """

    weekday: int
    hour: int
    hours: int
    median_ms: float | None
    queued_average: float | None
    availability: float | None


@dataclass(frozen=True)
class StateStretch:
    """A time in which a service was in one confirmed state; `until` is None where it still is."""

    state: Health
    since: datetime
    until: datetime | None
    layer: str
    reason: str


def series(
    session: Session, *, actor: Actor, service_ref: str, since: datetime, until: datetime
) -> Series:
    """A service's health between two times; they are moved to whole hours or days of that step."""
    require(actor, "service:read")
    service_id, at = service_id_of(session, service_ref), now()
    until = min(until, at)
    since = min(since, until)
    step = step_of(since, until, at=at)
    since, until = whole_steps(step, since, until, at=at)
    rows = steps_of(session, service_id, step=step, since=since, until=until, at=at)
    excuses = excuses_of(session, [service_id], since=since, until=until).get(service_id, ())
    latencies: Counter[int] = Counter()
    for row, _ in rows:
        latencies.update(row.latencies)
    return Series(
        step,
        since,
        until,
        [_point(row, min(ends, until), excuses) for row, ends in rows],
        sum(row.probes for row, _ in rows),
        *[percentile(latencies, part) for part in (0.5, 0.95, 0.99)],
    )


def heat_map(
    session: Session, *, actor: Actor, service_ref: str, since: datetime
) -> list[HeatCell]:
    """A service's usual week since a time, by weekday and hour (UTC): cells that know something."""
    require(actor, "service:read")
    statement = text("""
        WITH hours AS (
            SELECT extract(isodow FROM starts_at AT TIME ZONE 'UTC')::int - 1 AS weekday,
                extract(hour FROM starts_at AT TIME ZONE 'UTC')::int AS hour, h.*,
                (up_seconds + degraded_seconds + stalled_seconds)::float8 AS available,
                (authorisation_seconds + down_seconds)::float8 AS failed
            FROM service_health_hours AS h
            WHERE service_id = :service_id AND starts_at >= :since
        ),
        histograms AS (
            SELECT weekday, hour, array_agg(bucket) AS buckets, array_agg(answers) AS counts
            FROM (
                SELECT weekday, hour, bucket, sum(answers) AS answers
                FROM hours, unnest(latency_buckets, latency_counts) AS b(bucket, answers)
                GROUP BY weekday, hour, bucket
            ) AS merged GROUP BY weekday, hour
        ),
        sums AS (
            SELECT weekday, hour, count(*) AS hours, avg(queued_average::float8) AS queued,
                sum(available) / nullif(sum(available + failed), 0) AS availability
            FROM hours GROUP BY weekday, hour
        )
        SELECT weekday, hour, s.hours, s.queued, s.availability, h.buckets, h.counts
        FROM sums AS s LEFT JOIN histograms AS h USING (weekday, hour) ORDER BY weekday, hour
    """)
    parameters = {"service_id": service_id_of(session, service_ref), "since": hour_of(since)}
    return [
        HeatCell(
            weekday=weekday,
            hour=hour,
            hours=hours,
            median_ms=percentile(
                {
                    bucket: int(count)
                    for bucket, count in zip(buckets or (), counts or (), strict=True)
                },
                0.5,
            ),
            queued_average=queued,
            availability=availability,
        )
        for weekday, hour, hours, queued, availability, buckets, counts in (
            session.connection().execute(statement, parameters)
        )
    ]


def states_between(
    session: Session, *, actor: Actor, service_ref: str, since: datetime, until: datetime
) -> list[StateStretch]:
    """The confirmed states of a service that reach into a time, oldest first, uncut."""
    require(actor, "service:read")
    rows = session.exec(
        select(ServiceState)
        .where(ServiceState.service_id == service_id_of(session, service_ref))
        .where(ServiceState.since < until)
        .where(or_(col(ServiceState.until).is_(None), col(ServiceState.until) > since))
        .order_by(col(ServiceState.since))
    )
    return [
        StateStretch(Health(row.state), row.since, row.until, row.layer, row.reason) for row in rows
    ]


def _point(row: Sums, ends_at: datetime, excuses: Sequence[Interval]) -> Point:
    excused = excused_of(row.seconds, excuses, row.starts_at, ends_at)
    least, most = row.latency_bounds() or (None, None)
    p50, p95, p99 = percentiles(row.latencies, 0.5, 0.95, 0.99)
    if least is not None and most is not None:
        # The middle of a bucket may be beyond all that was measured.
        p50, p95, p99 = (each and min(max(each, least), most) for each in (p50, p95, p99))
    return Point(
        starts_at=row.starts_at,
        ends_at=ends_at,
        probes=row.probes,
        seconds=row.seconds,
        no_data=max(0.0, (ends_at - row.starts_at).total_seconds() - row.known_seconds),
        excused=excused,
        uptime=ratio(row.seconds, excused=excused),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        least_ms=least,
        most_ms=most,
        queued_average=row.queued_average,
        queued_most=row.queued_most,
        running_average=row.running_average,
        finished=row.finished,
        executor_errors=row.executor_errors,
        system_errors=row.system_errors,
    )
