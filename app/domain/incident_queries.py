"""Incidents as people read them: searched, paged, and of one service."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.errors import NotFound
from app.domain.paging import Page, page_bounds
from models.base import now
from models.health import ServiceIncident
from models.registry import ImputationService


@dataclass(frozen=True)
class IncidentRow:
    """An incident with its worst state; `ended_at` is None while it is open."""

    ref: str
    service_ref: str
    service_name: str
    state: str
    layer: str
    cause: str
    started_at: datetime
    ended_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by_name: str
    note: str

    @property
    def duration(self) -> timedelta:
        """How long it lasted, or lasts by now."""
        return (self.ended_at or now()) - self.started_at


@dataclass(frozen=True)
class IncidentFilter:
    """What a list is narrowed to; an empty field narrows nothing.

    With `since` and `until` it is the incidents that touch this stretch of time.
    """

    state: str = ""
    service_ref: str = ""
    is_open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_incidents(
    session: Session,
    *,
    actor: Actor,
    wanted: IncidentFilter | None = None,
    number: int = 1,
    size: int = 25,
) -> Page[IncidentRow]:
    """One page of incidents, the open ones first, then the latest."""
    require(actor, "service:read")
    conditions = _conditions(wanted or IncidentFilter())
    number, size = page_bounds(number, size)
    total = session.exec(
        select(func.count()).select_from(ServiceIncident).join(ImputationService).where(*conditions)
    ).one()
    number = min(number, max(1, -(-total // size)))
    found = session.exec(
        select(ServiceIncident, ImputationService.ref, ImputationService.name)
        .join(ImputationService)
        .where(*conditions)
        .order_by(
            col(ServiceIncident.ended_at).is_not(None),
            col(ServiceIncident.started_at).desc(),
            col(ServiceIncident.id).desc(),
        )
        .offset((number - 1) * size)
        .limit(size)
    )
    return Page([_row(*one) for one in found], total, number, size)


def every_incident(
    session: Session, *, actor: Actor, wanted: IncidentFilter | None = None
) -> list[IncidentRow]:
    """All incidents of a filter, the latest first."""
    require(actor, "service:read")
    found = session.exec(
        select(ServiceIncident, ImputationService.ref, ImputationService.name)
        .join(ImputationService)
        .where(*_conditions(wanted or IncidentFilter()))
        .order_by(col(ServiceIncident.started_at).desc(), col(ServiceIncident.id).desc())
    )
    return [_row(*one) for one in found]


def get_incident(session: Session, *, actor: Actor, incident_ref: str) -> IncidentRow:
    """One incident."""
    require(actor, "service:read")
    found = session.exec(
        select(ServiceIncident, ImputationService.ref, ImputationService.name)
        .join(ImputationService)
        .where(ServiceIncident.ref == incident_ref)
    ).first()
    if found is None:
        raise NotFound("incident")
    return _row(*found)


def open_incident(session: Session, *, actor: Actor, service_ref: str) -> IncidentRow | None:
    """A service's open incident, if it has one."""
    wanted = IncidentFilter(service_ref=service_ref, is_open=True)
    rows = list_incidents(session, actor=actor, wanted=wanted, size=1).rows
    return rows[0] if rows else None


def incidents_between(
    session: Session, *, actor: Actor, service_ref: str, since: datetime, until: datetime
) -> list[IncidentRow]:
    """A service's incidents that touch a stretch of time, the latest first."""
    wanted = IncidentFilter(service_ref=service_ref, since=since, until=until)
    return every_incident(session, actor=actor, wanted=wanted)


def services_of_incidents(session: Session, *, actor: Actor) -> list[tuple[str, str]]:
    """Ref and name of the services that ever had an incident, by name."""
    require(actor, "service:read")
    had_one = select(ServiceIncident.service_id).distinct()
    found = session.exec(
        select(ImputationService.ref, ImputationService.name)
        .where(col(ImputationService.id).in_(had_one))
        .order_by(func.lower(ImputationService.name))
    )
    return list(found)


def _conditions(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    ended = col(ServiceIncident.ended_at)
    if wanted.state:
        conditions.append(col(ServiceIncident.state) == wanted.state)
    if wanted.service_ref:
        conditions.append(col(ImputationService.ref) == wanted.service_ref)
    if wanted.is_open is not None:
        conditions.append(ended.is_(None) if wanted.is_open else ended.is_not(None))
    if wanted.since is not None:
        conditions.append(ended.is_(None) | (ended > wanted.since))
    if wanted.until is not None:
        conditions.append(col(ServiceIncident.started_at) < wanted.until)
    return conditions


def _row(incident: ServiceIncident, service_ref: str, service_name: str) -> IncidentRow:
    return IncidentRow(
        ref=incident.ref,
        service_ref=service_ref,
        service_name=service_name,
        state=incident.state,
        layer=incident.layer,
        cause=incident.cause,
        started_at=incident.started_at,
        ended_at=incident.ended_at,
        acknowledged_at=incident.acknowledged_at,
        acknowledged_by_name=incident.acknowledged_by_name,
        note=incident.note,
    )
