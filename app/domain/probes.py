"""The raw probes of the last days, one by one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import true
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.errors import NotFound
from models.health import ServiceHealthLog
from models.registry import ImputationService

MAX_HISTORY_ROWS = 5000


@dataclass(frozen=True)
class ProbeRow:
    """One probe of the past, as `models.health.ServiceHealthLog` keeps it."""

    checked_at: datetime
    valid_until: datetime
    health_status: str
    found: str
    layer: str
    response_time_ms: float | None
    queued: int | None
    running: int | None
    finished: int | None
    executor_errors: int | None
    system_errors: int | None
    error_message: str


def history(session: Session, *, actor: Actor, service_ref: str, since: datetime) -> list[ProbeRow]:
    """The probes since a time, oldest first; the newest `MAX_HISTORY_ROWS` if there are more."""
    require(actor, "service:read")
    rows = session.exec(
        select(ServiceHealthLog)
        .where(ServiceHealthLog.service_id == _id_of(session, service_ref))
        .where(ServiceHealthLog.checked_at >= since)
        .order_by(col(ServiceHealthLog.checked_at).desc())
        .limit(MAX_HISTORY_ROWS)
    ).all()
    names = ProbeRow.__dataclass_fields__
    return [ProbeRow(**{name: getattr(row, name) for name in names}) for row in reversed(rows)]


def recent_states(session: Session, *, actor: Actor, limit: int) -> dict[str, list[str]]:
    """The states that the last `limit` probes of each service found, oldest first, by its ref."""
    require(actor, "service:read")
    newest = (
        select(ServiceHealthLog.health_status, ServiceHealthLog.checked_at)
        .where(ServiceHealthLog.service_id == ImputationService.id)
        .order_by(col(ServiceHealthLog.checked_at).desc())
        .limit(limit)
        .correlate(ImputationService)
        .lateral()
    )
    rows = session.exec(
        select(ImputationService.ref, newest.c.health_status)
        .join(newest, true())
        .order_by(newest.c.checked_at)
    )
    states: dict[str, list[str]] = {}
    for ref, state in rows:
        states.setdefault(ref, []).append(state)
    return states


def _id_of(session: Session, service_ref: str) -> int | None:
    found = session.exec(
        select(ImputationService.id).where(ImputationService.ref == service_ref)
    ).first()
    if found is None:
        raise NotFound("service")
    return found
