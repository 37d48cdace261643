"""Silence: for a while nobody is told of a service's health, for a reason that is kept."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.domain.access import Actor, require_service
from app.domain.errors import Invalid
from app.domain.maintenance import given_reason
from app.domain.service_audit import audit_service
from app.domain.service_lookup import service_of
from models.base import now
from models.registry import ImputationService

LONGEST_HOURS = 24 * 7


def silence(
    session: Session, *, actor: Actor, service_ref: str, hours: float, reason: str
) -> datetime:
    """Tell nobody of a service's health for so many hours, a week at most; return until when."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    if not 0 < hours <= LONGEST_HOURS:
        raise Invalid("A service may be silenced for a week at most.", field="hours")
    given = given_reason(reason)
    service.silenced_until, service.silence_reason = now() + timedelta(hours=hours), given
    _follow_up(session, actor, "service.silence", service, given)
    return service.silenced_until


def unsilence(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Tell people of a service's health again."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    reason = service.silence_reason
    service.silenced_until, service.silence_reason = None, ""
    _follow_up(session, actor, "service.unsilence", service, reason)


def _follow_up(
    session: Session, actor: Actor, action: str, service: ImputationService, reason: str
) -> None:
    until = service.silenced_until
    audit_service(
        session,
        actor=actor,
        action=action,
        service=service,
        reason=reason,
        after={"silenced_until": until.isoformat() if until else None},
    )
