"""Services at a glance: a bar for each of the last days, percentiles and the queue of 24 hours.

A handful of statements for all services together, from days, hours, and the raw probes of what is
not rolled up yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.health import Health
from app.domain.health_sums import (
    DAY,
    HOUR,
    SECONDS_OF,
    day_of,
    from_raw,
    hour_of,
    hourly,
    tails,
)
from app.domain.latency import percentiles
from app.domain.uptime import Interval, excused_of, excuses_of, ratio, told
from models.base import now
from models.registry import ImputationService

# The first that a day saw is what its bar shows.
WORST_FIRST = (
    Health.DOWN,
    Health.AUTHORISATION_NEEDED,
    Health.MAINTENANCE,
    Health.STALLED,
    Health.DEGRADED,
    Health.UNKNOWN,
    Health.UP,
)
QUEUE_HOURS = 24
# A trend is the mean of the queue's last hours against that of the others.
RECENT_HOURS = 3
STEADY = 0.2


class Bar(NamedTuple):
    """One day (UTC) of a service. What `seconds` miss to the day's length is "no data".

    `uptime` leaves excused time out, and is None where nobody can tell; `worst` is the worst state
    of the day, None where no probe tells of it; `excused` seconds are those of maintenance. It is
    a tuple because a list of services makes thousands.
    """

    starts_at: datetime
    uptime: float | None
    worst: Health | None
    seconds: Mapping[Health, float]
    excused: float = 0.0


@dataclass(frozen=True)
class Glance:
    """A service in one line. The last bar is today's, so far.

    `uptime` is that of all the bars together, `coverage` the share of their time of which the state
    is known. Percentiles are of the last 24 full hours and the present one; None where nothing
    answered. `queue` is how many runs waited, by the hour, oldest first, None where the service
    did not say; `queue_trend` is `rising`, `falling`, `steady`, or empty where that is unknown.
    """

    bars: Sequence[Bar]
    uptime: float | None
    coverage: float
    p50_ms: float | None
    p95_ms: float | None
    queue: Sequence[float | None]
    queue_trend: str

    @property
    def uptime_90d(self) -> float | None:
        """The uptime of all bars, which are 90 unless somebody asked for other days."""
        return self.uptime


def glances(
    session: Session,
    *,
    actor: Actor,
    days: int = 90,
    service_refs: Sequence[str] | None = None,
) -> dict[str, Glance]:
    """Services by their refs, over the last `days` days with today.

    All that are not retired, or those that are asked for.
    """
    require(actor, "service:read")
    wanted = (
        col(ImputationService.retired_at).is_(None)
        if service_refs is None
        else col(ImputationService.ref).in_(service_refs)
    )
    services = session.exec(select(ImputationService.id, ImputationService.ref).where(wanted)).all()
    refs = {service_id: ref for service_id, ref in services if service_id is not None}
    at = now()
    first = day_of(at) - (days - 1) * DAY
    tail = tails(session, list(refs), at=at)
    seen = {service_id: _Seen() for service_id in refs}
    _read_days(session, tail, seen, first)
    _read_last_hours(session, tail, seen, at)
    _read_tail(session, tail, seen, first, at)
    excuses = excuses_of(session, list(refs), since=first, until=at)
    empty = [_bar(first + number * DAY, {}, ()) for number in range(days)]
    plain: dict[tuple[int, float], Bar] = {}
    return {
        refs[each]: _glance(seen[each], excuses.get(each, ()), at, empty, plain) for each in refs
    }


@dataclass(slots=True)
class _Seen:
    """What was read of one service: days by number, most of them up and no more; queue by age."""

    up_days: dict[int, float] = field(default_factory=dict)
    other_days: dict[int, dict[Health, float]] = field(default_factory=dict)
    latencies: dict[int, int] = field(default_factory=dict)
    queue: dict[int, float] = field(default_factory=dict)

    def day(self, number: float) -> dict[Health, float]:
        """The seconds per state of a day, to add to."""
        if (day := self.other_days.get(int(number))) is None:
            spent = self.up_days.pop(int(number), 0.0)
            day = self.other_days[int(number)] = {Health.UP: spent} if spent else {}
        return day


_TAILS = """
WITH tails AS (
    SELECT * FROM unnest(CAST(:services AS int[]), CAST(:tails AS timestamptz[]),
        CAST(:days AS timestamptz[])) AS t(service_id, tail, day)
)"""
_OTHERS = tuple(health for health in SECONDS_OF if health is not Health.UP)
_OTHER_SECONDS = tuple(SECONDS_OF[health] for health in _OTHERS)
# Whole days, and the hours of the day in which what is not rolled up begins. Few days have seconds
# of another state than up. The earliest hour tells PostgreSQL how few there are.
_DAYS = text(f"""{_TAILS}
SELECT service_id, array_agg(number), array_agg(up_seconds),
    array_agg(ARRAY[number, {", ".join(_OTHER_SECONDS)}])
        FILTER (WHERE {" + ".join(_OTHER_SECONDS)} > 0)
FROM (
    SELECT d.service_id,
        CAST(d.starts_at AT TIME ZONE 'UTC' AS date) - CAST(:first_date AS date) AS number,
        d.up_seconds, {", ".join(f"d.{name}" for name in _OTHER_SECONDS)}
    FROM tails AS t JOIN service_health_days AS d ON d.service_id = t.service_id
    AND d.starts_at >= :first AND d.starts_at < t.day
    UNION ALL
    SELECT h.service_id,
        CAST(t.day AT TIME ZONE 'UTC' AS date) - CAST(:first_date AS date) AS number,
        sum(h.up_seconds)::real, {", ".join(f"sum(h.{name})::real" for name in _OTHER_SECONDS)}
    FROM tails AS t JOIN service_health_hours AS h ON h.service_id = t.service_id
    AND h.starts_at >= t.day AND h.starts_at < t.tail AND h.starts_at >= :earliest
    GROUP BY h.service_id, t.day
) AS days
GROUP BY service_id
""")  # noqa: S608 (our own columns' names)
_LAST_HOURS = text(f"""{_TAILS},
hours AS (
    SELECT h.service_id, h.starts_at, h.queued_average, h.latency_buckets, h.latency_counts
    FROM tails AS t JOIN service_health_hours AS h ON h.service_id = t.service_id
    AND h.starts_at >= :since AND h.starts_at < t.tail
),
histograms AS (
    SELECT service_id, array_agg(bucket) AS buckets, array_agg(answers) AS counts
    FROM (
        SELECT service_id, bucket, sum(answers)::int AS answers
        FROM hours, unnest(latency_buckets, latency_counts) AS b(bucket, answers)
        GROUP BY service_id, bucket
    ) AS merged GROUP BY service_id
),
queues AS (
    SELECT service_id, array_agg(queued_average) AS queued,
        array_agg(extract(epoch FROM CAST(:newest AS timestamptz) - starts_at)::int / 3600) AS ago
    FROM hours WHERE queued_average IS NOT NULL GROUP BY service_id
)
SELECT service_id, h.buckets, h.counts, q.ago, q.queued
FROM histograms AS h FULL JOIN queues AS q USING (service_id)
""")  # noqa: S608 (our own columns' names)


def _read_days(
    session: Session, tail: Mapping[int, datetime], seen: Mapping[int, _Seen], first: datetime
) -> None:
    earliest = max(first, day_of(min(tail.values(), default=first)))
    parameters = {
        **_as_arrays(tail),
        "first": first,
        "first_date": first.date(),
        "earliest": earliest,
    }
    rows = session.connection().execute(_DAYS, parameters)
    for service_id, numbers, up_seconds, others in rows:
        mine = seen[service_id]
        mine.up_days = dict(zip(numbers, up_seconds, strict=True))
        for number, *seconds in others or ():
            day = mine.day(number)
            day |= {health: spent for health, spent in zip(_OTHERS, seconds, strict=True) if spent}


def _read_last_hours(
    session: Session, tail: Mapping[int, datetime], seen: Mapping[int, _Seen], at: datetime
) -> None:
    newest = hour_of(at)
    parameters = {**_as_arrays(tail), "newest": newest, "since": newest - QUEUE_HOURS * HOUR}
    rows = session.connection().execute(_LAST_HOURS, parameters)
    for service_id, buckets, counts, ago, queued in rows:
        seen[service_id].latencies = dict(zip(buckets or (), counts or (), strict=True))
        seen[service_id].queue = dict(zip(ago or (), queued or (), strict=True))


def _read_tail(
    session: Session,
    tail: Mapping[int, datetime],
    seen: Mapping[int, _Seen],
    first: datetime,
    at: datetime,
) -> None:
    newest = hour_of(at)
    for row in from_raw(session, hourly(tail, until=at), at=at):
        mine = seen[row.service_id]
        if row.starts_at >= first:
            day = mine.day((row.starts_at - first) // DAY)
            for health, spent in row.seconds.items():
                day[health] = day.get(health, 0.0) + spent
        for bucket, answers in row.latencies.items():
            mine.latencies[bucket] = mine.latencies.get(bucket, 0) + answers
        if row.queued_average is not None:
            mine.queue[(newest - row.starts_at) // HOUR] = row.queued_average


def _as_arrays(tail: Mapping[int, datetime]) -> dict[str, Any]:
    tails_of = list(tail.values())
    return {"services": list(tail), "tails": tails_of, "days": [day_of(each) for each in tails_of]}


def _glance(
    seen: _Seen,
    excuses: Sequence[Interval],
    at: datetime,
    empty: Sequence[Bar],
    plain: dict[tuple[int, float], Bar],
) -> Glance:
    """`empty` are the bars of days without data, `plain` those of days that were up: shared."""
    bars = list(empty)
    seconds = dict.fromkeys(Health, 0.0)
    seconds[Health.UP] = sum(seen.up_days.values())
    excused = 0.0
    for item in seen.up_days.items():
        number, spent = item
        if (known := plain.get(item)) is None:
            up = {Health.UP: spent} if spent else {}
            known = plain[item] = _bar(empty[number].starts_at, up, ())
        bars[number] = known
    for number, day in seen.other_days.items():
        bars[number] = _bar(empty[number].starts_at, day, excuses)
        excused += bars[number].excused
        for health, spent in day.items():
            seconds[health] += spent
    queue = [seen.queue.get(ago) for ago in range(QUEUE_HOURS, -1, -1)]
    p50, p95 = percentiles(seen.latencies, 0.5, 0.95)
    return Glance(
        bars=bars,
        uptime=ratio(seconds, excused=excused),
        coverage=told(seconds) / (at - empty[0].starts_at).total_seconds(),
        p50_ms=p50,
        p95_ms=p95,
        queue=queue,
        queue_trend=_trend(queue),
    )


def _bar(moment: datetime, seconds: Mapping[Health, float], excuses: Sequence[Interval]) -> Bar:
    if not seconds:
        return Bar(moment, None, None, seconds)
    excused = excused_of(seconds, excuses, moment, moment + DAY)
    worst = next(health for health in WORST_FIRST if health in seconds)
    return Bar(moment, ratio(seconds, excused=excused), worst, seconds, excused)


def _trend(queue: Sequence[float | None]) -> str:
    before = [number for number in queue[:-RECENT_HOURS] if number is not None]
    recent = [number for number in queue[-RECENT_HOURS:] if number is not None]
    if not before or not recent:
        return ""
    usual, latest = fmean(before), fmean(recent)
    if abs(latest - usual) <= max(1.0, STEADY * usual):
        return "steady"
    return "rising" if latest > usual else "falling"
