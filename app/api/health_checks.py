"""A service's health as files, for spreadsheets, statistics and a paper's methods section.

Each takes `hours` back from now, or `since` and `until` (ISO 8601; without a zone, UTC). The files
hold what the domain functions return, number by number, and the charts show the same.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response

from app.api.csv_files import csv_file
from app.api.session import CurrentActor
from app.domain import probes
from app.domain.health import Health
from app.domain.series import HeatCell, Point, StateStretch, heat_map, series, states_between
from app.domain.service_history import happenings
from models import db
from models.base import now
from models.threads import call

router = APIRouter(prefix="/api/services", tags=["health of services"])

LONGEST_HOURS = 24 * 366 * 25
CHECKS = (
    "checked_at",
    "valid_until",
    "health_status",
    "found",
    "layer",
    "response_time_ms",
    "queued",
    "running",
    "finished",
    "executor_errors",
    "system_errors",
    "error_message",
)
POINTS = (
    "starts_at",
    "ends_at",
    "probes",
    *(f"{health}_seconds" for health in Health),
    "no_data_seconds",
    "excused_seconds",
    "uptime",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "least_ms",
    "most_ms",
    "queued_average",
    "queued_most",
    "running_average",
    "finished",
    "executor_errors",
    "system_errors",
)
STATES = ("state", "since", "until", "layer", "reason")
EVENTS = ("kind", "at", "until", "state", "text")
CELLS = ("weekday", "hour", "hours", "median_ms", "queued_average", "availability")

Hours = Annotated[int, Query(ge=1, le=LONGEST_HOURS)]


def wanted_range(
    hours: Hours = 24, since: datetime | None = None, until: datetime | None = None
) -> tuple[datetime, datetime]:
    """FastAPI dependency: the time that a file is to tell of."""
    end = _utc(until or now())
    start = _utc(since) if since else end - timedelta(hours=hours)
    if not timedelta() < end - start <= timedelta(hours=LONGEST_HOURS):
        raise HTTPException(422, "The beginning must come before the end, by 25 years at most.")
    return start, end


Range = Annotated[tuple[datetime, datetime], Depends(wanted_range)]


@router.get("/{service_ref}/checks.csv")
async def checks(service_ref: str, actor: CurrentActor, hours: Hours = 24) -> Response:
    """Send the single checks of the last hours, oldest first.

    `found` is what a check found by itself, `health_status` what it counts as once changes are
    confirmed; it speaks for the time from `checked_at` to the next one's, or to `valid_until` if
    that is sooner. The counters are the service's own.
    """
    since = now() - timedelta(hours=hours)
    rows = await call(
        db.REGISTRY, probes.history, actor=actor, service_ref=service_ref, since=since
    )
    return await asyncio.to_thread(csv_file, "checks.csv", CHECKS, map(asdict, rows))


@router.get("/{service_ref}/series.csv")
async def points(service_ref: str, actor: CurrentActor, wanted: Range) -> Response:
    """Send health by the minute, hour or day, as the length of the time demands.

    Seconds are those in each state, and those of which no check tells; `uptime` is the share of
    available time in that of which the state is known, with `excused_seconds` left out.
    """
    since, until = wanted
    found = await call(
        db.REGISTRY, series, actor=actor, service_ref=service_ref, since=since, until=until
    )
    return await asyncio.to_thread(
        csv_file, f"health by {found.step}.csv", POINTS, _points(found.points)
    )


@router.get("/{service_ref}/states.csv")
async def states(service_ref: str, actor: CurrentActor, wanted: Range) -> Response:
    """Send the confirmed states that reach into a time, oldest first; the present one has no end.

    A state begins with the first check that found it, not when it was confirmed.
    """
    since, until = wanted
    found: Sequence[StateStretch] = await call(
        db.REGISTRY, states_between, actor=actor, service_ref=service_ref, since=since, until=until
    )
    return await asyncio.to_thread(csv_file, "states.csv", STATES, map(asdict, found))


@router.get("/{service_ref}/week.csv")
async def week(service_ref: str, actor: CurrentActor, wanted: Range) -> Response:
    """Send the usual week since a time: weekday (Monday is 0) by hour (UTC), medians and means."""
    found: Sequence[HeatCell] = await call(
        db.REGISTRY, heat_map, actor=actor, service_ref=service_ref, since=wanted[0]
    )
    return await asyncio.to_thread(csv_file, "week.csv", CELLS, map(asdict, found))


@router.get("/{service_ref}/events.csv")
async def events(service_ref: str, actor: CurrentActor, wanted: Range) -> Response:
    """Send incidents, maintenance windows and changes that reach into a time, oldest first."""
    since, until = wanted
    found = await call(
        db.REGISTRY, happenings, actor=actor, service_ref=service_ref, since=since, until=until
    )
    return await asyncio.to_thread(csv_file, "events.csv", EVENTS, map(asdict, found))


def _points(found: Sequence[Point]) -> Iterable[dict[str, str | int | float | datetime | None]]:
    for point in found:
        fields = {name: getattr(point, name) for name in POINTS if hasattr(point, name)}
        spent = {f"{health}_seconds": point.seconds.get(health, 0.0) for health in Health}
        untold = {"no_data_seconds": point.no_data, "excused_seconds": point.excused}
        yield {**fields, **spent, **untold}


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=moment.tzinfo or UTC)
