"""Silence: for a while nobody is told of a service's health, for a reason that is kept."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from app.domain.access import Actor, require
from app.domain.errors import Invalid, NotFound
from app.domain.maintenance import given_reason
from app.domain.outbox import emit_audit
from models import db
from models.base import now
from models.registry import ImputationService, RegistryOutbox

LONGEST_HOURS = 24 * 7


def silence(
    session: Session, *, actor: Actor, service_ref: str, hours: float, reason: str
) -> datetime:
    """Tell nobody of a service's health for so many hours, a week at most; return until when."""
    require(actor, "service:write")
    service = _service(session, service_ref)
    if not 0 < hours <= LONGEST_HOURS:
        raise Invalid("A service may be silenced for a week at most.", field="hours")
    given = given_reason(reason)
    service.silenced_until, service.silence_reason = now() + timedelta(hours=hours), given
    _follow_up(session, actor, "service.silence", service, given)
    return service.silenced_until


def unsilence(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Tell people of a service's health again."""
    require(actor, "service:write")
    service = _service(session, service_ref)
    reason = service.silence_reason
    service.silenced_until, service.silence_reason = None, ""
    _follow_up(session, actor, "service.unsilence", service, reason)


def _service(session: Session, service_ref: str) -> ImputationService:
    service = session.exec(
        select(ImputationService).where(ImputationService.ref == service_ref).with_for_update()
    ).first()
    if service is None:
        raise NotFound("service")
    return service


def _follow_up(
    session: Session, actor: Actor, action: str, service: ImputationService, reason: str
) -> None:
    until = service.silenced_until
    emit_audit(
        session,
        RegistryOutbox,
        actor=actor,
        action=action,
        target_type="service",
        target_ref=service.ref,
        target_name=service.name,
        reason=reason,
        after={"silenced_until": until.isoformat() if until else None},
    )
    db.announce(session, "imputation_services", service.ref)
