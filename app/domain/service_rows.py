"""A service as it is shown: its description, and its health with what people decided laid over it.

What probes find and what people decide is kept apart; here they meet. A service that is retired,
paused or in a maintenance window is shown as that, whatever its probes find.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import Session, col, select

from app.domain import maintenance
from app.domain.access import Actor
from app.domain.health import Health
from app.domain.maintenance import WindowRow
from models.health import ServiceCheck, ServiceState
from models.registry import ImputationService, ReferencePanel

RETIRED, PAUSED = "retired", "paused"


@dataclass(frozen=True)
class ServiceRow:
    """A service with its health, as everybody signed in may see it.

    `state` is the one to show: `retired`, `paused`, `maintenance` while a window of ours is open
    (then `maintenance_until` and its reason tell of it), or else the confirmed `health_status`.
    It holds since `state_since`; `state_reason` and `state_layer` say why and what failed. Since
    `submissions_paused_at` no job is sent there. `setup_step` is where its setting up goes on.
    `found`, `error_message` and `response_time_ms` are what the last probe found by itself. Where
    that waits to be confirmed, `pending_state` was found `streak` times since `pending_since`.
    `service_info` is what the service says of itself (`app.domain.service_info.facts_as_json`);
    `api_config` and `check_settings` are empty for those who may not change services.
    """

    ref: str
    name: str
    description: str
    service_type: str
    api_type: str
    base_url: str
    location: str
    country: str
    is_simulation: bool
    is_active: bool
    is_available: bool
    health_status: str
    state: str
    state_since: datetime | None
    state_layer: str
    state_reason: str
    maintenance_until: datetime | None
    maintenance_reason: str
    is_flapping: bool
    silenced_until: datetime | None
    silence_reason: str
    submissions_paused_at: datetime | None
    submissions_pause_reason: str
    setup_step: str
    found: str
    response_time_ms: float | None
    error_message: str
    pending_state: str
    pending_since: datetime | None
    streak: int
    last_health_check: datetime | None
    next_probe_at: datetime | None
    queued: int | None
    running: int | None
    certificate_expires_at: datetime | None
    api_config: Mapping[str, Any]
    check_settings: Mapping[str, Any]
    limits: Mapping[str, Any]
    limits_confirmed: Mapping[str, Any]
    service_info: Mapping[str, Any]
    panel_count: int
    created_at: datetime
    updated_at: datetime
    retired_at: datetime | None


def service_rows(
    session: Session, *, actor: Actor, conditions: Sequence[ColumnElement[bool]]
) -> list[ServiceRow]:
    """Services in the order of their names; the caller has authorised the actor."""
    panels = (
        select(func.count())
        .select_from(ReferencePanel)
        .where(
            ReferencePanel.service_id == ImputationService.id,
            col(ReferencePanel.retired_at).is_(None),
        )
        .correlate(ImputationService)
        .scalar_subquery()
    )
    current = and_(
        col(ServiceState.service_id) == ImputationService.id, col(ServiceState.until).is_(None)
    )
    found = session.exec(
        select(ImputationService, ServiceCheck, ServiceState, panels)
        .outerjoin(ServiceCheck, col(ServiceCheck.service_id) == ImputationService.id)
        .outerjoin(ServiceState, current)
        .where(*conditions)
        .order_by(func.lower(ImputationService.name))
    ).all()
    windows = maintenance.open_windows(session, actor=actor) if found else {}
    return [
        _row(service, check, stretch, windows.get(service.ref), count, actor)
        for service, check, stretch, count in found
    ]


def _row(
    service: ImputationService,
    check: ServiceCheck | None,
    stretch: ServiceState | None,
    window: WindowRow | None,
    panel_count: int,
    actor: Actor,
) -> ServiceRow:
    may_write = actor.may("service:write") or service.ref in actor.managed_services
    state, since = _shown(service, check, window)
    values: dict[str, Any] = {name: getattr(service, name) for name in _OF_SERVICE}
    values |= {name: getattr(check, name) if check else None for name in _OF_CHECK}
    if not may_write:
        values |= {"api_config": {}, "check_settings": {}}
    return ServiceRow(
        **values,
        state=state,
        state_since=since,
        state_layer=stretch.layer if stretch else "",
        state_reason=stretch.reason if stretch else "",
        maintenance_until=window.ends_at if window else None,
        maintenance_reason=window.reason if window else "",
        found=check.found if check else Health.UNKNOWN,
        error_message=check.message if check else "",
        pending_state=check.pending_state if check else "",
        streak=check.streak if check else 0,
        last_health_check=check.checked_at if check else None,
        panel_count=panel_count,
    )


def _shown(
    service: ImputationService, check: ServiceCheck | None, window: WindowRow | None
) -> tuple[str, datetime | None]:
    if service.retired_at is not None:
        return RETIRED, service.retired_at
    if not service.is_active:
        return PAUSED, None
    if window is not None:
        return Health.MAINTENANCE, window.starts_at
    return service.health_status, check.state_since if check else None


_OF_SERVICE: Sequence[str] = [
    name for name in ServiceRow.__dataclass_fields__ if name in ImputationService.model_fields
]
_OF_CHECK: Sequence[str] = [
    "response_time_ms",
    "pending_since",
    "next_probe_at",
    "queued",
    "running",
    "certificate_expires_at",
]
