"""The time from one probe of a service to the next, and how long an answer stays good."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Literal
from zlib import crc32

from app.domain.check_settings import DAY, HOUR, WEEK, Checks
from app.domain.health import AVAILABLE, Health
from app.domain.health_states import Standing

# What asks whether a cached answer will do: a page that a person opens, or the worker.
Caller = Literal["user", "system"]

# Probes of one moment are spread over this much of their interval, and no more than this.
JITTER, MOST_JITTER_SECONDS = 0.02, 1.0
# After an odd probe the next regular one is left out where it would follow at once.
LEAST_GAP = 0.1
# Only somebody at the service can help, and asking more often does not hurry them.
WAITING = frozenset({Health.AUTHORISATION_NEEDED, Health.MAINTENANCE, Health.UNKNOWN})


def next_probe_at(service_ref: str, standing: Standing, at: datetime, checks: Checks) -> datetime:
    """When a service is probed next whose probe ended at `at` and left it in this standing."""
    if standing.pending is None and standing.state in AVAILABLE:
        return _on_the_grid(service_ref, at, checks.interval_seconds)
    seconds = _unhealthy_seconds(standing, at, checks)
    # Retries are as far apart as was promised; there are few of them.
    late = _jitter(seconds) if seconds > checks.retry_seconds else 0.0
    return at + timedelta(seconds=seconds + late)


def fresh_seconds(standing: Standing, *, caller: Caller, at: datetime, checks: Checks) -> float:
    """How old the answer to a service's last probe may be before `caller` wants another one.

    Good answers last long. Bad ones are looked at again soon; the system, which asks before it
    sends a job, waits longer where a service has been down for long.
    """
    if standing.pending is None and standing.state in AVAILABLE:
        return checks.fresh_seconds
    if caller == "user":
        return checks.user_fresh_seconds
    return max(checks.system_fresh_seconds, _dead_seconds(standing, at, checks))


def _unhealthy_seconds(standing: Standing, at: datetime, checks: Checks) -> float:
    if standing.pending is not None:
        return checks.retry_seconds
    if standing.state in WAITING and standing.since is not None:
        return max(checks.waiting_seconds, _dead_seconds(standing, at, checks))
    return max(checks.retry_seconds, _dead_seconds(standing, at, checks))


def _dead_seconds(standing: Standing, at: datetime, checks: Checks) -> float:
    if standing.since is None or standing.state is Health.UNKNOWN:
        return 0.0
    age = (at - standing.since).total_seconds()
    if age < HOUR:
        return 0.0
    if age < DAY:
        return checks.dead_hour_seconds
    return checks.dead_day_seconds if age < WEEK else checks.dead_week_seconds


def _on_the_grid(service_ref: str, at: datetime, interval: float) -> datetime:
    """The next of the service's own points in time, which neither restarts nor slow answers move.

    Each service has its offset in the interval (the rule by which Prometheus spreads its targets,
    `scrape/target.go`).
    """
    offset = crc32(service_ref.encode()) / 2**32 * interval
    earliest = at.timestamp() + LEAST_GAP * interval
    point = math.ceil((earliest - offset) / interval) * interval + offset
    return datetime.fromtimestamp(point + _jitter(interval), UTC)


def _jitter(seconds: float) -> float:
    most = min(JITTER * seconds, MOST_JITTER_SECONDS)
    return random.uniform(0, most)  # noqa: S311 (no secret)
