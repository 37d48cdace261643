"""The raw probes of the last days, one by one."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.service_lookup import service_id_of
from models.health import ServiceHealthLog

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
        .where(ServiceHealthLog.service_id == service_id_of(session, service_ref))
        .where(ServiceHealthLog.checked_at >= since)
        .order_by(col(ServiceHealthLog.checked_at).desc())
        .limit(MAX_HISTORY_ROWS)
    ).all()
    names = ProbeRow.__dataclass_fields__
    return [ProbeRow(**{name: getattr(row, name) for name in names}) for row in reversed(rows)]
