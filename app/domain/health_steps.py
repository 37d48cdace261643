"""Which step a range of time is shown in, and a service's sums of each step."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import text
from sqlmodel import Session

from app.config import settings
from app.domain.health_sums import (
    DAY,
    HOUR,
    Span,
    Sums,
    day_of,
    from_raw,
    hour_of,
    hourly,
    rolled_up,
    tails,
)
from app.domain.uptime import DAYS, HOURS

MINUTES = "service_health_minutes"
LONGEST_BY_MINUTE = timedelta(hours=36)
LONGEST_BY_HOUR = timedelta(days=100)
INSTANT = timedelta(microseconds=1)


def step_of(since: datetime, until: datetime, *, at: datetime) -> str:
    """`minute`, `hour` or `day`: the finest that is kept and gives some 2000 points at most."""
    keep = settings()
    if until - since > LONGEST_BY_HOUR or since < at - timedelta(days=366 * keep.health_hour_years):
        return "day"
    minutes_kept = timedelta(days=max(keep.health_minute_days, keep.probe_days))
    if until - since > LONGEST_BY_MINUTE or since < at - minutes_kept:
        return "hour"
    return "minute"


def whole_steps(
    step: str, since: datetime, until: datetime, *, at: datetime
) -> tuple[datetime, datetime]:
    """Widen a range to whole hours or days, but not into the future."""
    if step == "minute":
        return since, until
    if step == "hour":
        return hour_of(since), min(at, hour_of(until + HOUR - INSTANT))
    return day_of(since), min(at, day_of(until + DAY - INSTANT))


def steps_of(
    session: Session, service_id: int, *, step: str, since: datetime, until: datetime, at: datetime
) -> list[tuple[Sums, datetime]]:
    """The sums of each step with its end, without a gap; those of which nothing is known are empty.

    Minutes are those in which a probe began, and each lasts to the next.
    """
    if step != "minute":
        return _by_step(session, service_id, step, since, until, at)
    if since < at - timedelta(days=settings().probe_days) + DAY:
        rows = rolled_up(session, MINUTES, service_id=service_id, since=since, until=until)
        return _filled(service_id, _lasting({since, *(row.starts_at for row in rows)}, until), rows)
    lasting = _lasting({since, *_probed_minutes(session, service_id, since, until)}, until)
    rows = from_raw(session, [Span(service_id, *each) for each in lasting], at=at)
    return _filled(service_id, lasting, rows)


def _by_step(
    session: Session, service_id: int, step: str, since: datetime, until: datetime, at: datetime
) -> list[tuple[Sums, datetime]]:
    """From what is rolled up, and from the raw probes of the hours after that."""
    table, length = (HOURS, HOUR) if step == "hour" else (DAYS, DAY)
    tail = max(since, min(tails(session, [service_id], at=at)[service_id], until))
    whole = tail if step == "hour" else max(since, day_of(tail))
    rows = rolled_up(session, table, service_id=service_id, since=since, until=whole)
    rows += rolled_up(session, HOURS, service_id=service_id, since=whole, until=tail)
    rows += from_raw(session, hourly({service_id: tail}, until=until), at=at)
    starts = [since + number * length for number in range(-(-(until - since) // length))]
    return _filled(service_id, [(start, start + length) for start in starts], _merged(rows, step))


def _merged(rows: Iterable[Sums], step: str) -> list[Sums]:
    """One row per hour or day; what is left of the present day came by the hour."""
    merged: dict[datetime, Sums] = {}
    for row in rows:
        row.starts_at = hour_of(row.starts_at) if step == "hour" else day_of(row.starts_at)
        if (there := merged.get(row.starts_at)) is not None:
            there.add(row)
        else:
            merged[row.starts_at] = row
    return list(merged.values())


def _filled(
    service_id: int, lasting: Iterable[tuple[datetime, datetime]], rows: Iterable[Sums]
) -> list[tuple[Sums, datetime]]:
    known = {row.starts_at: row for row in rows}
    return [(known.get(start) or Sums(service_id, start), end) for start, end in lasting]


def _lasting(starts: set[datetime], until: datetime) -> list[tuple[datetime, datetime]]:
    borders = [*sorted(starts), until]
    return [(one, other) for one, other in pairwise(borders) if one < other]


def _probed_minutes(
    session: Session, service_id: int, since: datetime, until: datetime
) -> list[datetime]:
    statement = text(
        "SELECT DISTINCT greatest(date_trunc('minute', checked_at, 'UTC'), :since) "
        "FROM service_health_logs "
        "WHERE service_id = :service_id AND checked_at >= :since AND checked_at < :until"
    )
    parameters = {"service_id": service_id, "since": since, "until": until}
    return list(session.connection().scalars(statement, parameters))
