"""Services: what the platform knows of each, who may change it, and how to reach it.

A service is never deleted: it is retired, and keeps its history.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.domain import incidents, probe_schedule, service_changes, service_limits
from app.domain.access import Actor, require, require_service
from app.domain.errors import Conflict, NotFound
from app.domain.outbox import emit
from app.domain.service_audit import audit_service
from app.domain.service_fields import ServiceFields
from app.domain.service_lookup import service_of
from app.domain.service_rows import ServiceRow, service_rows
from app.domain.versions import check_version
from models.base import now
from models.health import ServiceCheck
from models.registry import ImputationService, RegistryOutbox

# What a change of these makes of the last probe: it says nothing about the service any more.
PROBE_AGAIN_AFTER = ("base_url", "api_type", "api_config", "is_active")
# The limit that jobs of the platform wait for (`app.domain.job_slots`).
SLOTS = "max_concurrent_jobs"


def list_services(
    session: Session,
    *,
    actor: Actor,
    search: str = "",
    health_status: str = "",
    include_retired: bool = False,
) -> list[ServiceRow]:
    """Services in the order of their names; `search` looks at name, location and country."""
    require(actor, "service:read")
    conditions: list[ColumnElement[bool]] = []
    if not include_retired:
        conditions.append(col(ImputationService.retired_at).is_(None))
    if health_status:
        conditions.append(col(ImputationService.health_status) == health_status)
    if search:
        text = func.concat_ws(
            " ", ImputationService.name, ImputationService.location, ImputationService.country
        )
        conditions.append(text.icontains(search, autoescape=True))
    return service_rows(session, actor=actor, conditions=conditions)


def get_service(session: Session, *, actor: Actor, service_ref: str) -> ServiceRow:
    """One service, retired or not."""
    require(actor, "service:read")
    rows = service_rows(
        session, actor=actor, conditions=[col(ImputationService.ref) == service_ref]
    )
    if not rows:
        raise NotFound("service")
    return rows[0]


def service_to_change(session: Session, *, actor: Actor, service_ref: str) -> ServiceRow:
    """One service, for who may change it."""
    require_service(actor, "service:write", service_ref)
    return get_service(session, actor=actor, service_ref=service_ref)


def add_service(
    session: Session,
    *,
    actor: Actor,
    fields: ServiceFields,
    service_info: Mapping[str, Any] | None = None,
) -> ServiceRow:
    """Add a service; the worker probes it at once. `service_info` is what a test of it learned."""
    require(actor, "service:write")
    _check_name_is_free(session, fields.name)
    service = ImputationService(**fields.columns(), service_info=dict(service_info or {}))
    service.limits_confirmed = _confirmed(fields, limits={}, confirmed={})
    session.add(service)
    _flush(session, fields.name)
    _forget_probe(session, service)
    _follow_up(session, actor, "service.add", service, before=None)
    return get_service(session, actor=actor, service_ref=service.ref)


def change_service(
    session: Session, *, actor: Actor, service_ref: str, fields: ServiceFields, version: str = ""
) -> ServiceRow:
    """Change a service. Where its address or connector changes, it is probed anew.

    A limit that is changed is thereby confirmed. With a `version` (`versions.version_of` its
    `updated_at`), raises `Outdated` where somebody has changed the service since.
    """
    require_service(actor, "service:write", service_ref)
    service = _locked(session, service_ref)
    if version:
        check_version(service.updated_at, version, service.name)
    _check_name_is_free(session, fields.name, besides=service_ref)
    before = _said(service)
    service.limits_confirmed = _confirmed(
        fields, limits=service.limits, confirmed=service.limits_confirmed
    )
    for name, value in fields.columns().items():
        setattr(service, name, value)
    service.updated_at = now()
    if any(before[name] != getattr(service, name) for name in PROBE_AGAIN_AFTER):
        _forget_probe(session, service)
    elif before["check_settings"] != service.check_settings:
        probe_schedule.hurry(session, service_id=service.id or 0)
    if any(before[name] != getattr(service, name) for name in ("base_url", "api_type")):
        service_changes.forget(session, service=service)
    if before["limits"].get(SLOTS) != service.limits.get(SLOTS):
        emit(session, RegistryOutbox, "slots_changed", {"service_ref": service.ref})
    _flush(session, fields.name)
    _follow_up(session, actor, "service.change", service, before=before)
    return get_service(session, actor=actor, service_ref=service_ref)


def set_active(session: Session, *, actor: Actor, service_ref: str, active: bool) -> None:
    """Let a service be used and probed, or pause it. Jobs that run there are still followed."""
    require_service(actor, "service:write", service_ref)
    service = _locked(session, service_ref)
    before = _said(service)
    service.is_active = active
    service.updated_at = now()
    _forget_probe(session, service)
    action = "service.activate" if active else "service.deactivate"
    _follow_up(session, actor, action, service, before=before)


def retire_service(session: Session, *, actor: Actor, service_ref: str, reason: str = "") -> None:
    """Take a service out of use for good; its panels, jobs and health stay readable."""
    require_service(actor, "service:write", service_ref)
    service = _locked(session, service_ref)
    if service.retired_at is not None:
        raise Conflict(f"{service.name} is retired already.")
    before = _said(service)
    service.retired_at = service.updated_at = now()
    _forget_probe(session, service)
    _follow_up(session, actor, "service.retire", service, before=before, reason=reason)


def restore_service(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Bring a retired service back, with everything it had."""
    require_service(actor, "service:write", service_ref)
    service = _locked(session, service_ref)
    if service.retired_at is None:
        raise Conflict(f"{service.name} is not retired.")
    before = _said(service)
    service.retired_at, service.updated_at = None, now()
    _forget_probe(session, service)
    _follow_up(session, actor, "service.restore", service, before=before)


def _confirmed(
    fields: ServiceFields, *, limits: Mapping[str, Any], confirmed: Mapping[str, Any]
) -> dict[str, str]:
    return service_limits.confirmations(
        fields.limits,
        given=fields.limits_confirmed,
        before=limits,
        confirmed_before=confirmed,
        today=now().date(),
    )


def _locked(session: Session, service_ref: str) -> ImputationService:
    # In the order in which findings are written down, so that neither waits for the other.
    session.exec(
        select(ServiceCheck.service_id)
        .join(ImputationService, col(ImputationService.id) == ServiceCheck.service_id)
        .where(ImputationService.ref == service_ref)
        .with_for_update(of=ServiceCheck)
    ).first()
    return service_of(session, service_ref, lock=True)


def _check_name_is_free(session: Session, name: str, besides: str = "") -> None:
    taken = session.exec(
        select(ImputationService).where(
            func.lower(ImputationService.name) == name.lower(), ImputationService.ref != besides
        )
    ).first()
    if taken is not None:
        retired = taken.retired_at is not None
        cure = "Restore it, or choose another name." if retired else "Choose another name."
        raise Conflict(f"A {'retired ' * retired}service is called “{taken.name}” already. {cure}")


def _flush(session: Session, name: str) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(f"A service is called “{name}” already. Choose another name.") from None


def _forget_probe(session: Session, service: ImputationService) -> None:
    service.health_status, service.is_available = "unknown", False
    probe_schedule.forget(session, service_id=service.id or 0)
    incidents.stop_watching(session, service_id=service.id or 0)


def _said(service: ImputationService) -> dict[str, Any]:
    """What people have decided about a service: the audit log keeps it, so it holds no secret."""
    said = {name: getattr(service, name) for name in ServiceFields.model_fields}
    said["retired_at"] = service.retired_at.isoformat() if service.retired_at else None
    return said


def _follow_up(
    session: Session,
    actor: Actor,
    action: str,
    service: ImputationService,
    *,
    before: Mapping[str, Any] | None,
    reason: str = "",
) -> None:
    audit_service(
        session,
        actor=actor,
        action=action,
        service=service,
        reason=reason,
        before=before,
        after=_said(service),
    )
