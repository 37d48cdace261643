"""Maintenance windows: times in which a service's failures are no surprise.

A window changes nothing that was found. It is laid over it where it is read: the state that is
shown, the time that counts as excused, and who is told. So it may be declared beforehand, while it
lasts, or years later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select

from app.domain.access import SERVICE_MANAGE, Actor, require, require_service
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.service_audit import audit_service
from app.domain.service_lookup import service_of
from models.base import now
from models.health import MaintenanceWindow
from models.registry import ImputationService

LONGEST = timedelta(days=366)
LONGEST_REASON = 500


@dataclass(frozen=True)
class WindowRow:
    """A maintenance window, from `starts_at` until `ends_at`, which is outside it."""

    ref: str
    service_ref: str
    service_name: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_at: datetime
    created_by_name: str

    def is_open(self, moment: datetime) -> bool:
        """Whether the window is open at a moment."""
        return self.starts_at <= moment < self.ends_at


def declare(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
) -> WindowRow:
    """Declare a window, before, meanwhile or afterwards. Raises `Invalid` for impossible times."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref)
    _check(starts_at, ends_at)
    window = MaintenanceWindow(
        service_id=service.id or 0,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=given_reason(reason),
        created_by_ref=actor.user_ref,
        created_by_name=actor.name,
    )
    session.add(window)
    session.flush()
    _follow_up(session, actor, "maintenance.declare", service, before=None, after=_said(window))
    return _row(window, service)


def end(session: Session, *, actor: Actor, window_ref: str) -> WindowRow:
    """End a window that is open now."""
    require(actor, SERVICE_MANAGE)
    window, service = _locked(session, window_ref)
    require_service(actor, "service:write", service.ref)
    moment = now()
    if not window.starts_at <= moment < window.ends_at:
        raise Conflict("This maintenance window is not open, so it cannot be ended.")
    before = _said(window)
    window.ends_at = moment
    _follow_up(session, actor, "maintenance.end", service, before=before, after=_said(window))
    return _row(window, service)


def withdraw(session: Session, *, actor: Actor, window_ref: str) -> None:
    """Take a window back, as if it had never been declared; the audit log keeps it."""
    require(actor, SERVICE_MANAGE)
    window, service = _locked(session, window_ref)
    require_service(actor, "service:write", service.ref)
    _follow_up(session, actor, "maintenance.withdraw", service, before=_said(window), after=None)
    session.delete(window)


def list_windows(
    session: Session, *, actor: Actor, service_ref: str, limit: int = 50
) -> list[WindowRow]:
    """A service's windows, the latest first, those to come included."""
    require(actor, "service:read")
    found = session.exec(
        select(MaintenanceWindow, ImputationService)
        .join(ImputationService)
        .where(ImputationService.ref == service_ref)
        .order_by(col(MaintenanceWindow.starts_at).desc())
        .limit(limit)
    )
    return [_row(window, service) for window, service in found]


def windows_between(
    session: Session, *, actor: Actor, service_ref: str, since: datetime, until: datetime
) -> list[WindowRow]:
    """A service's windows that touch a stretch of time, the earliest first."""
    require(actor, "service:read")
    found = session.exec(
        select(MaintenanceWindow, ImputationService)
        .join(ImputationService)
        .where(
            ImputationService.ref == service_ref,
            MaintenanceWindow.starts_at < until,
            MaintenanceWindow.ends_at > since,
        )
        .order_by(col(MaintenanceWindow.starts_at))
    )
    return [_row(window, service) for window, service in found]


def open_windows(session: Session, *, actor: Actor) -> dict[str, WindowRow]:
    """The windows that are open now, by the service's ref; of several the one that ends last."""
    require(actor, "service:read")
    moment = now()
    found = session.exec(
        select(MaintenanceWindow, ImputationService)
        .join(ImputationService)
        .where(MaintenanceWindow.starts_at <= moment, MaintenanceWindow.ends_at > moment)
        .order_by(col(MaintenanceWindow.ends_at))
    )
    return {service.ref: _row(window, service) for window, service in found}


def is_open_at(service_id: Any, moment: Any) -> ColumnElement[bool]:
    """Whether a window of the service in the column `service_id` is open, as a part of a query."""
    return exists().where(
        col(MaintenanceWindow.service_id) == service_id,
        col(MaintenanceWindow.starts_at) <= moment,
        col(MaintenanceWindow.ends_at) > moment,
    )


def turned_between(session: Session, *, since: datetime, until: datetime) -> list[str]:
    """The services of which a window opened or closed in a stretch of time."""
    starts, ends = col(MaintenanceWindow.starts_at), col(MaintenanceWindow.ends_at)
    found = session.exec(
        select(ImputationService.ref)
        .join(MaintenanceWindow)
        .where(
            ((starts > since) & (starts <= until)) | ((ends > since) & (ends <= until)),
        )
        .distinct()
    )
    return list(found)


def given_reason(reason: str) -> str:
    """A reason as a person gave it; `Invalid` without one."""
    given = " ".join(reason.split())[:LONGEST_REASON]
    if not given:
        raise Invalid("Say why, so that others know.", field="reason")
    return given


def _check(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise Invalid("The times need their time zone.", field="starts_at")
    if ends_at <= starts_at:
        raise Invalid("The end must come after the start.", field="ends_at")
    if ends_at - starts_at > LONGEST:
        raise Invalid(
            "A window may last a year at most. Retire the service instead.", field="ends_at"
        )


def _locked(session: Session, window_ref: str) -> tuple[MaintenanceWindow, ImputationService]:
    found = session.exec(
        select(MaintenanceWindow, ImputationService)
        .join(ImputationService)
        .where(MaintenanceWindow.ref == window_ref)
        .with_for_update(of=MaintenanceWindow)
    ).first()
    if found is None:
        raise NotFound("maintenance window")
    return found[0], found[1]


def _said(window: MaintenanceWindow) -> Mapping[str, Any]:
    return {
        "starts_at": window.starts_at.isoformat(),
        "ends_at": window.ends_at.isoformat(),
        "reason": window.reason,
    }


def _follow_up(
    session: Session,
    actor: Actor,
    action: str,
    service: ImputationService,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    audit_service(
        session,
        actor=actor,
        action=action,
        service=service,
        reason=(after or before or {})["reason"],
        before=before,
        after=after,
    )


def _row(window: MaintenanceWindow, service: ImputationService) -> WindowRow:
    return WindowRow(
        ref=window.ref,
        service_ref=service.ref,
        service_name=service.name,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        reason=window.reason,
        created_at=window.created_at,
        created_by_name=window.created_by_name,
    )
