"""SQL that sums up raw probes, for what is rolled up and for what is not yet.

A probe speaks for the time from when it began to the next probe's, but not beyond `valid_until`,
and not into the future. Where a probe's time crosses the end of a stretch, it is cut there.
"""

from app.domain.latency import BUCKET_SQL

PROBE = (
    "l.checked_at, l.valid_until, l.health_status, l.response_time_ms, l.queued, l.running, "
    "l.finished, l.executor_errors, l.system_errors"
)

# From `spans` (service_id, starts_at, ends_at) and `:now`: the probes that tell of each span, cut
# at its ends. The one before a span tells of its beginning, but is not its own.
PIECES = f"""
found AS (
    SELECT s.service_id, s.starts_at, s.ends_at, p.*
    FROM spans AS s CROSS JOIN LATERAL (
        (SELECT {PROBE} FROM service_health_logs AS l
         WHERE l.service_id = s.service_id AND l.checked_at < s.starts_at
         ORDER BY l.checked_at DESC LIMIT 1)
        UNION ALL
        SELECT {PROBE} FROM service_health_logs AS l
        WHERE l.service_id = s.service_id
          AND l.checked_at >= s.starts_at AND l.checked_at < s.ends_at
    ) AS p
),
pieces AS (
    SELECT *, checked_at >= starts_at AS is_own,
        greatest(0, extract(epoch FROM
            least(valid_until, lead(checked_at) OVER ordered, ends_at, CAST(:now AS timestamptz))
            - greatest(checked_at, starts_at)
        ))::float8 AS seconds
    FROM found
    WINDOW ordered AS (PARTITION BY service_id, starts_at ORDER BY checked_at)
)"""  # noqa: S608 (our own columns' names)

# From `pieces`: `totals`, with a roll-up's columns, and the least and most latency. A counter that
# falls was set back, or the service forgot old runs: that is no growth. Where the probe before a
# stretch saw no counters, the last one of the day before that did is taken.
SUMS = f"""
histograms AS (
    SELECT service_id, starts_at, array_agg(bucket ORDER BY bucket) AS latency_buckets,
        array_agg(answers ORDER BY bucket) AS latency_counts
    FROM (
        SELECT service_id, starts_at, {BUCKET_SQL} AS bucket, count(*)::int AS answers
        FROM pieces WHERE is_own AND response_time_ms IS NOT NULL
        GROUP BY service_id, starts_at, bucket
    ) AS buckets
    GROUP BY service_id, starts_at
),
counted AS (
    SELECT service_id, starts_at, is_own, checked_at, finished, executor_errors, system_errors
    FROM pieces WHERE is_own AND finished IS NOT NULL
    UNION ALL
    SELECT s.service_id, s.starts_at, false, p.*
    FROM (
        SELECT DISTINCT service_id, starts_at FROM pieces WHERE is_own AND finished IS NOT NULL
    ) AS s CROSS JOIN LATERAL (
        SELECT l.checked_at, l.finished, l.executor_errors, l.system_errors
        FROM service_health_logs AS l
        WHERE l.service_id = s.service_id AND l.checked_at < s.starts_at
          AND l.checked_at >= s.starts_at - interval '24 hours' AND l.finished IS NOT NULL
        ORDER BY l.checked_at DESC LIMIT 1
    ) AS p
),
growths AS (
    SELECT service_id, starts_at, sum(finished) AS finished,
        sum(executor_errors) AS executor_errors, sum(system_errors) AS system_errors
    FROM (
        SELECT service_id, starts_at, is_own,
            greatest(finished, lag(finished) OVER ordered)
                - lag(finished) OVER ordered AS finished,
            greatest(executor_errors, lag(executor_errors) OVER ordered)
                - lag(executor_errors) OVER ordered AS executor_errors,
            greatest(system_errors, lag(system_errors) OVER ordered)
                - lag(system_errors) OVER ordered AS system_errors
        FROM counted
        WINDOW ordered AS (PARTITION BY service_id, starts_at ORDER BY checked_at)
    ) AS steps
    WHERE is_own GROUP BY service_id, starts_at
),
sums AS (
    SELECT service_id, starts_at,
        (count(*) FILTER (WHERE is_own))::int AS probes,
        coalesce(sum(seconds) FILTER (WHERE health_status = 'up'), 0) AS up_seconds,
        coalesce(sum(seconds) FILTER (WHERE health_status = 'degraded'), 0) AS degraded_seconds,
        coalesce(sum(seconds) FILTER (WHERE health_status = 'stalled'), 0) AS stalled_seconds,
        coalesce(sum(seconds) FILTER (WHERE health_status = 'authorisation_needed'), 0)
            AS authorisation_seconds,
        coalesce(sum(seconds) FILTER (WHERE health_status = 'maintenance'), 0)
            AS maintenance_seconds,
        coalesce(sum(seconds) FILTER (WHERE health_status = 'down'), 0) AS down_seconds,
        coalesce(sum(seconds) FILTER (WHERE health_status = 'unknown'), 0) AS unknown_seconds,
        sum(queued * seconds) / nullif(sum(seconds) FILTER (WHERE queued IS NOT NULL), 0)
            AS queued_average,
        max(queued) FILTER (WHERE is_own OR seconds > 0) AS queued_most,
        sum(running * seconds) / nullif(sum(seconds) FILTER (WHERE running IS NOT NULL), 0)
            AS running_average,
        min(response_time_ms) FILTER (WHERE is_own) AS least_ms,
        max(response_time_ms) FILTER (WHERE is_own) AS most_ms
    FROM pieces GROUP BY service_id, starts_at
    HAVING bool_or(is_own) OR sum(seconds) > 0
),
totals AS (
    SELECT s.*, g.finished, g.executor_errors, g.system_errors,
        coalesce(h.latency_buckets, '{{}}'::smallint[]) AS latency_buckets,
        coalesce(h.latency_counts, '{{}}'::int[]) AS latency_counts
    FROM sums AS s
    LEFT JOIN histograms AS h USING (service_id, starts_at)
    LEFT JOIN growths AS g USING (service_id, starts_at)
)"""  # noqa: S608 (our own expression)
