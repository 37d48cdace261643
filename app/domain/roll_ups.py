"""Roll-ups: what raw probes say, summed up by minute, hour and day; and how long each is kept.

Whoever writes or amends raw probes marks their hours as due (`mark_due`). An hour that is over is
then computed anew from its raw probes, never counted on, so that late rows and repeated work do no
harm. Days are sums of hours. What is not rolled up yet is read from the raw probes
(`app.domain.health_sums.tails`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, text
from sqlmodel import Session

from app.config import settings
from app.domain.health_sums import (
    COLUMNS,
    DAY,
    GROWTHS,
    HOUR,
    SECONDS_OF,
    day_of,
)
from app.domain.probe_sums import PIECES, PROBE, SUMS
from models.base import now

# A probe that began in an hour may be written down after it; those that come later still mark
# their hour again.
SETTLED_AFTER = timedelta(minutes=2)
# Any constant does.
LOCK = 7_041_011
# Rows deleted by one statement, so that no lock and no transaction is long.
BATCH = 5000

_MARK = text("""
INSERT INTO service_rollups_due (service_id, hour, due_at)
SELECT DISTINCT service_id, date_trunc('hour', moment, 'UTC'), CAST(:now AS timestamptz)
FROM unnest(CAST(:services AS int[]), CAST(:moments AS timestamptz[])) AS m(service_id, moment)
ORDER BY 1, 2
ON CONFLICT (service_id, hour) DO UPDATE SET due_at = excluded.due_at WHERE false
""")

_TAKE = text("""
DELETE FROM service_rollups_due AS d
USING (
    SELECT service_id, hour FROM service_rollups_due
    WHERE due_at <= :now AND hour <= :settled
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
) AS taken
WHERE d.service_id = taken.service_id AND d.hour = taken.hour
RETURNING d.service_id, d.hour
""")

# A probe of a due hour, or the one before it, may speak for hours after it as well; and the next
# probe that saw counters tells how far they grew since.
_SPANS = text("""
CREATE TEMPORARY TABLE spans ON COMMIT DROP AS
SELECT DISTINCT taken.service_id, reached.starts_at,
    reached.starts_at + interval '1 hour' AS ends_at
FROM unnest(CAST(:services AS int[]), CAST(:hours AS timestamptz[])) AS taken(service_id, hour)
CROSS JOIN LATERAL (
    SELECT max(l.valid_until) AS valid_until, bool_or(l.finished IS NOT NULL) AS has_counters
    FROM service_health_logs AS l
    WHERE l.service_id = taken.service_id
      AND l.checked_at >= taken.hour AND l.checked_at < taken.hour + interval '1 hour'
) AS own
LEFT JOIN LATERAL (
    SELECT l.valid_until FROM service_health_logs AS l
    WHERE l.service_id = taken.service_id AND l.checked_at < taken.hour
    ORDER BY l.checked_at DESC LIMIT 1
) AS before ON true
CROSS JOIN LATERAL (
    SELECT generate_series(
        taken.hour,
        greatest(taken.hour, date_trunc(
            'hour', least(greatest(own.valid_until, before.valid_until), :now), 'UTC'
        )),
        interval '1 hour'
    )
    UNION ALL
    (SELECT date_trunc('hour', l.checked_at, 'UTC') FROM service_health_logs AS l
     WHERE own.has_counters AND l.service_id = taken.service_id AND l.finished IS NOT NULL
       AND l.checked_at >= taken.hour + interval '1 hour'
       AND l.checked_at < taken.hour + interval '26 hours'
     ORDER BY l.checked_at LIMIT 1)
) AS reached(starts_at)
""")

_MARK_UNSETTLED = text("""
WITH later AS (DELETE FROM spans WHERE starts_at > :settled RETURNING service_id, starts_at)
INSERT INTO service_rollups_due (service_id, hour, due_at)
SELECT service_id, starts_at, CAST(:now AS timestamptz) FROM later ORDER BY 1, 2
ON CONFLICT (service_id, hour) DO NOTHING
""")

_NAMES = ", ".join(COLUMNS)
# Where the raw probes are gone, at least in part, what was rolled up from them stands.
_CLEAR_HOURS = text("""
DELETE FROM service_health_hours AS h USING spans AS s
WHERE h.service_id = s.service_id AND h.starts_at = s.starts_at
  AND h.starts_at >= CAST(:raw_from AS timestamptz)
""")
_HOURS = text(f"""
WITH {PIECES}, {SUMS}
INSERT INTO service_health_hours ({_NAMES}) SELECT {_NAMES} FROM totals ON CONFLICT DO NOTHING
""")  # noqa: S608 (our own columns' names)

# A minute's probes keep the whole time that they speak for, up to the next probe. The minute of the
# probe before the hour comes along, because the hour's first probe ends its time.
_MINUTES = text(f"""
WITH found AS (
    SELECT s.service_id, s.ends_at, p.*
    FROM spans AS s CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT date_trunc('minute', l.checked_at, 'UTC') FROM service_health_logs AS l
             WHERE l.service_id = s.service_id AND l.checked_at < s.starts_at
             ORDER BY l.checked_at DESC LIMIT 1),
            s.starts_at
        ) AS since
    ) AS before CROSS JOIN LATERAL (
        SELECT {PROBE} FROM service_health_logs AS l
        WHERE l.service_id = s.service_id
          AND l.checked_at >= before.since AND l.checked_at < s.ends_at
        UNION ALL
        (SELECT {PROBE} FROM service_health_logs AS l
         WHERE l.service_id = s.service_id AND l.checked_at >= s.ends_at
         ORDER BY l.checked_at LIMIT 1)
    ) AS p
    WHERE s.starts_at >= CAST(:minutes_from AS timestamptz)
),
pieces AS (
    SELECT DISTINCT ON (service_id, checked_at)
        *, date_trunc('minute', checked_at, 'UTC') AS starts_at
    FROM (
        SELECT *, true AS is_own,
            greatest(0, extract(epoch FROM
                least(valid_until, lead(checked_at) OVER ordered, CAST(:now AS timestamptz))
                - checked_at
            ))::float8 AS seconds
        FROM found WINDOW ordered AS (PARTITION BY service_id, ends_at ORDER BY checked_at)
    ) AS timed
    WHERE checked_at < ends_at
),
{SUMS}
INSERT INTO service_health_minutes AS kept ({_NAMES}) SELECT {_NAMES} FROM totals
ON CONFLICT (service_id, starts_at) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:])}
WHERE kept.starts_at >= CAST(:raw_from AS timestamptz)
""")  # noqa: S608 (our own tables' and columns' names)

# 24 hours, because a day of the session's own zone may be shorter or longer.
_CLEAR_DAYS = text("""
DELETE FROM service_health_days AS d USING spans AS s
WHERE d.service_id = s.service_id AND d.starts_at = date_trunc('day', s.starts_at, 'UTC')
  AND d.starts_at >= CAST(:hours_from AS timestamptz)
""")
_ANSWERING = "(h.up_seconds + h.degraded_seconds + h.stalled_seconds)::float8"
_DAYS = text(f"""
WITH days AS (
    SELECT DISTINCT service_id, date_trunc('day', starts_at, 'UTC') AS day FROM spans
),
hours AS (
    -- In order, which has each day looked up by itself instead of all hours joined with all days.
    SELECT d.day, h.* FROM days AS d CROSS JOIN LATERAL (
        SELECT * FROM service_health_hours AS each
        WHERE each.service_id = d.service_id AND each.starts_at >= d.day
          AND each.starts_at < d.day + interval '24 hours'
        ORDER BY each.starts_at
    ) AS h
),
histograms AS (
    SELECT service_id, day, array_agg(bucket ORDER BY bucket) AS latency_buckets,
        array_agg(answers ORDER BY bucket) AS latency_counts
    FROM (
        SELECT service_id, day, bucket, sum(answers)::int AS answers
        FROM hours, unnest(latency_buckets, latency_counts) AS b(bucket, answers)
        GROUP BY service_id, day, bucket
    ) AS buckets
    GROUP BY service_id, day
),
totals AS (
    SELECT h.service_id, h.day AS starts_at, sum(h.probes)::int AS probes, {
    ", ".join(f"sum(h.{name}::float8) AS {name}" for name in SECONDS_OF.values())
},
        coalesce(max(g.latency_buckets), '{{}}'::smallint[]) AS latency_buckets,
        coalesce(max(g.latency_counts), '{{}}'::int[]) AS latency_counts, {
    ", ".join(
        f"coalesce(sum(h.{name}::float8 * {_ANSWERING})"
        f" / nullif(sum({_ANSWERING}) FILTER (WHERE h.{name} IS NOT NULL), 0),"
        f" avg(h.{name}::float8)) AS {name}"
        for name in ("queued_average", "running_average")
    )
},
        max(h.queued_most) AS queued_most, {
    ", ".join(f"sum(h.{name})::int AS {name}" for name in GROWTHS)
}
    FROM hours AS h LEFT JOIN histograms AS g USING (service_id, day)
    GROUP BY h.service_id, h.day
)
INSERT INTO service_health_days ({_NAMES}) SELECT {_NAMES} FROM totals ON CONFLICT DO NOTHING
""")  # noqa: S608 (our own tables' and columns' names)


def mark_due(session: Session, moments: Iterable[tuple[int, datetime]]) -> None:
    """Have the hours of some services computed anew, because probes of these times changed.

    Each pair is a service's id and a moment. Call it in the transaction that writes the probes:
    the mark is locked until that ends, so that no roll-up misses them.
    """
    marks = list(moments)
    if not marks:
        return
    services, times = zip(*marks, strict=True)
    parameters = {"services": list(services), "moments": list(times), "now": now()}
    session.connection().execute(_MARK, parameters)


def roll_up_due(session: Session, *, limit: int = 2000) -> int:
    """Compute up to `limit` due hours that are over, and their days; return how many were due.

    For the worker. Where another worker is at it, it is left to it.
    """
    at = now()
    connection = session.connection()
    # One at a time: a day is summed from its hours, and two would not see each other's.
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
        return 0
    times = {"now": at, "settled": at - HOUR - SETTLED_AFTER}
    taken = connection.execute(_TAKE, {**times, "limit": limit}).all()
    if not taken:
        return 0
    connection.execute(text("SET LOCAL work_mem = '32MB'"))
    hours = {"services": [row[0] for row in taken], "hours": [row[1] for row in taken]}
    connection.execute(_SPANS, {"now": at, **hours})
    connection.execute(_MARK_UNSETTLED, times)
    kept = {
        "now": at,
        # A day later than raw probes are surely there, because the hour's first moments may be
        # told by a probe before it.
        "raw_from": at - timedelta(days=settings().probe_days) + DAY,
    }
    connection.execute(_CLEAR_HOURS, kept)
    connection.execute(_HOURS, kept)
    minutes_from = at - timedelta(days=settings().health_minute_days)
    connection.execute(_MINUTES, {**kept, "minutes_from": minutes_from})
    hours_from = at - timedelta(days=366 * settings().health_hour_years) + DAY
    connection.execute(_CLEAR_DAYS, {"hours_from": hours_from})
    connection.execute(_DAYS)
    connection.execute(text("DROP TABLE spans"))
    return len(taken)


def prune(session: Session) -> int:
    """Delete a batch of each kind of row that is older than it is kept; return how many went.

    Call it again, in a new transaction, until it returns 0. For the worker.
    """
    at, keep = now(), settings()
    return (
        _prune(session, "service_health_logs", "checked_at", _raw_end(session, at))
        + _prune_by_days(session, "service_health_minutes", at, keep.health_minute_days)
        + _prune_by_days(session, "service_health_hours", at, 366 * keep.health_hour_years)
        + _prune_by_days(session, "service_health_days", at, 366 * keep.health_day_years)
    )


def _raw_end(session: Session, at: datetime) -> datetime:
    """Up to when raw probes may go: whole days, and none that is still to be rolled up."""
    oldest = session.connection().execute(text("SELECT min(hour) FROM service_rollups_due"))
    end = day_of(at - timedelta(days=settings().probe_days))
    due: datetime | None = oldest.scalar()
    return end if due is None else min(end, due - DAY)


def _prune_by_days(session: Session, table: str, at: datetime, days: float) -> int:
    return _prune(session, table, "starts_at", day_of(at - timedelta(days=days)))


def _prune(session: Session, table: str, moment: str, end: datetime) -> int:
    # Service by service, because that is how the rows' only index begins.
    statement = text(f"""
        DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT old.ctid FROM imputation_services AS s CROSS JOIN LATERAL (
                SELECT ctid FROM {table} WHERE service_id = s.id AND {moment} < :end
                ORDER BY {moment} LIMIT :batch
            ) AS old LIMIT :batch
        ))
    """)  # noqa: S608 (our own tables' names)
    gone = session.connection().execute(statement, {"end": end, "batch": BATCH})
    assert isinstance(gone, CursorResult)
    return gone.rowcount
