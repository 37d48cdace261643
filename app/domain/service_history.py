"""All that is known of a service's health in a stretch of time, and what happened in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.domain.access import Actor, require
from app.domain.incident_queries import incidents_between
from app.domain.maintenance import windows_between
from app.domain.series import Series, StateStretch, series, states_between
from app.domain.service_changes import changes_of
from app.domain.service_rows import ServiceRow
from app.domain.services import get_service
from app.domain.uptime import Uptime, uptime_of


@dataclass(frozen=True)
class Happening:
    """An `incident`, `maintenance` or a `change`; `until` is None where it still goes on.

    `state` is that of an incident. A change has no length.
    """

    kind: str
    at: datetime
    until: datetime | None
    text: str
    state: str = ""


@dataclass(frozen=True)
class ServiceHistory:
    """A service between two times: in steps, summed up, by its states, and what happened."""

    service: ServiceRow
    series: Series
    uptime: Uptime
    states: Sequence[StateStretch]
    happenings: Sequence[Happening]


def history_of(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    until: datetime,
    length: timedelta | None,
) -> ServiceHistory:
    """A service's history in the time of some length before `until`.

    Without a length it begins when the service was added.
    """
    require(actor, "service:read")
    service = get_service(session, actor=actor, service_ref=service_ref)
    since = min(service.created_at, until) if length is None else until - length
    found = series(session, actor=actor, service_ref=service_ref, since=since, until=until)
    return ServiceHistory(
        service=service,
        series=found,
        uptime=uptime_of(session, actor=actor, service_ref=service_ref, since=since, until=until),
        states=states_between(
            session, actor=actor, service_ref=service_ref, since=found.since, until=until
        ),
        happenings=happenings(
            session, actor=actor, service_ref=service_ref, since=found.since, until=until
        ),
    )


def happenings(
    session: Session, *, actor: Actor, service_ref: str, since: datetime, until: datetime
) -> list[Happening]:
    """What happened to a service between two times, or reached into it, oldest first."""
    require(actor, "service:read")
    incidents = incidents_between(
        session, actor=actor, service_ref=service_ref, since=since, until=until
    )
    windows = windows_between(
        session, actor=actor, service_ref=service_ref, since=since, until=until
    )
    changes = changes_of(session, actor=actor, service_ref=service_ref, since=since)
    found = [
        Happening("incident", one.started_at, one.ended_at, one.cause, one.state)
        for one in incidents
    ]
    found += [Happening("maintenance", one.starts_at, one.ends_at, one.reason) for one in windows]
    found += [Happening("change", one.at, one.at, one.text) for one in changes if one.at <= until]
    return sorted(found, key=lambda one: one.at)
