"""Uptime by time: how long a service was in which state, and how much of that time is known.

A probe speaks for the time to the next one; time for which none speaks is "no data". `unknown` and
"no data" count neither for nor against a service. Maintenance that the service declares, and
failures within a maintenance window of ours, are excused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from app.config import settings
from app.domain.access import Actor, require
from app.domain.health import AVAILABLE, Health
from app.domain.health_sums import (
    DAY,
    HOUR,
    Span,
    Sums,
    day_of,
    from_raw,
    hour_of,
    rolled_up,
    tails,
)
from app.domain.service_lookup import service_id_of
from models.base import now

HOURS = "service_health_hours"
DAYS = "service_health_days"

Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class Uptime:
    """How a service fared between two times; every ratio is None where nothing is known.

    `seconds` per state, `no_data` and nothing else add up to the time between. `excused` seconds
    are those of maintenance. `with_maintenance` is the share of time in which the service was
    available where these are left out, `without_maintenance` where they count as not available.
    `coverage` is the share of time of which the state is known.
    """

    since: datetime
    until: datetime
    seconds: Mapping[Health, float]
    no_data: float
    excused: float
    with_maintenance: float | None
    without_maintenance: float | None
    coverage: float


def uptime_of(
    session: Session, *, actor: Actor, service_ref: str, since: datetime, until: datetime
) -> Uptime:
    """A service's uptime between two times; what lies in the future is cut off.

    A beginning or end that is older than the raw probes is moved to the hour, one that is older
    than the hours to the day; the answer says from when to when it is.
    """
    require(actor, "service:read")
    service_id = service_id_of(session, service_ref)
    at = now()
    since = _kept_from(since, at)
    until = max(since, _kept_from(min(until, at), at))
    tail = tails(session, [service_id], at=at)[service_id]
    parts = _parts(session, service_id, since, until, tail, at)
    excuses = excuses_of(session, [service_id], since=since, until=until).get(service_id, ())
    seconds = dict.fromkeys(Health, 0.0)
    excused = 0.0
    for part, ends_at in parts:
        for health, spent in part.seconds.items():
            seconds[health] += spent
        excused += excused_of(part.seconds, excuses, part.starts_at, ends_at)
    window = (until - since).total_seconds()
    return Uptime(
        since=since,
        until=until,
        seconds=seconds,
        no_data=max(0.0, window - sum(seconds.values())),
        excused=excused,
        with_maintenance=ratio(seconds, excused=excused),
        without_maintenance=ratio(seconds),
        coverage=told(seconds) / window if window else 0.0,
    )


def ratio(seconds: Mapping[Health, float], *, excused: float = 0.0) -> float | None:
    """The share of time in which a service was available; None where nobody can tell.

    `excused` seconds are left out. They are never of time in which it was available.
    """
    available = sum(seconds.get(health, 0.0) for health in AVAILABLE)
    whole = told(seconds) - excused
    # Roll-ups keep seconds to a few microseconds.
    return min(1.0, available / whole) if whole > 1e-3 else None


def told(seconds: Mapping[Health, float]) -> float:
    """For how many seconds the state is known."""
    return sum(spent for health, spent in seconds.items() if health is not Health.UNKNOWN)


def excuses_of(
    session: Session, service_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[int, list[Interval]]:
    """When services failed within a maintenance window of ours, each time once, by their ids."""
    statement = text("""
        WITH windows AS (
            SELECT service_id, unnest(range_agg(tstzrange(starts_at, ends_at))) AS span
            FROM maintenance_windows
            WHERE service_id = ANY(:services) AND ends_at > :since AND starts_at < :until
              AND ends_at > starts_at
            GROUP BY service_id
        )
        SELECT s.service_id, greatest(lower(w.span), s.since, :since),
            least(upper(w.span), s.until, :until)
        FROM windows AS w JOIN service_states AS s
        ON s.service_id = w.service_id AND s.since < upper(w.span)
        AND (s.until IS NULL OR s.until > lower(w.span))
        WHERE s.state = ANY(:bad) AND s.since < :until
        ORDER BY 1, 2
    """)
    bad = [Health.DOWN.value, Health.AUTHORISATION_NEEDED.value]
    parameters = {"services": list(service_ids), "since": since, "until": until, "bad": bad}
    found: dict[int, list[Interval]] = {}
    for service_id, starts, ends in session.connection().execute(statement, parameters):
        if ends > starts:
            found.setdefault(service_id, []).append((starts, ends))
    return found


def excused_of(
    seconds: Mapping[Health, float],
    excuses: Sequence[Interval],
    starts_at: datetime,
    ends_at: datetime,
) -> float:
    """How many of a stretch's seconds are excused: never more than it failed, as far as known."""
    overlap = sum(
        max(0.0, (min(ends, ends_at) - max(starts, starts_at)).total_seconds())
        for starts, ends in excuses
    )
    failed = seconds.get(Health.DOWN, 0.0) + seconds.get(Health.AUTHORISATION_NEEDED, 0.0)
    return min(overlap, failed) + seconds.get(Health.MAINTENANCE, 0.0)


def _kept_from(moment: datetime, at: datetime) -> datetime:
    """The last moment not after this one from which on everything is kept."""
    keep = settings()
    if moment >= at - timedelta(days=keep.probe_days) + DAY:
        return moment
    hours_kept = timedelta(days=366 * keep.health_hour_years)
    return hour_of(moment) if moment >= at - hours_kept + DAY else day_of(moment)


def _parts(
    session: Session,
    service_id: int,
    since: datetime,
    until: datetime,
    tail: datetime,
    at: datetime,
) -> list[tuple[Sums, datetime]]:
    """What is known between two times, in parts with their ends: whole days where possible."""
    first_hour = hour_of(since + HOUR - timedelta(microseconds=1))
    last_hour = max(first_hour, min(hour_of(until), tail))
    first_day, last_day = day_of(first_hour + DAY - timedelta(microseconds=1)), day_of(last_hour)
    stretches = [(HOURS, HOUR, first_hour, last_hour)]
    if first_day < last_day:
        stretches = [
            (HOURS, HOUR, first_hour, first_day),
            (DAYS, DAY, first_day, last_day),
            (HOURS, HOUR, last_day, last_hour),
        ]
    parts = [
        (row, row.starts_at + length)
        for table, length, start, end in stretches
        for row in rolled_up(session, table, service_id=service_id, since=start, until=end)
    ]
    edges = [(since, min(first_hour, until)), (last_hour, until)]
    spans = [Span(service_id, start, end) for start, end in edges if start < end]
    ends = {span.starts_at: span.ends_at for span in spans}
    parts.extend((row, ends[row.starts_at]) for row in from_raw(session, spans, at=at))
    return parts
