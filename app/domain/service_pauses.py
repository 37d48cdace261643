"""Pausing the sending of jobs to a service, which is not taking it out of use.

It is still probed and its runs are followed; people may go on submitting, and their jobs wait and
say so (`app.domain.job_pauses`).
"""

from sqlmodel import Session

from app.domain.access import Actor, require_service
from app.domain.errors import Conflict
from app.domain.maintenance import given_reason
from app.domain.outbox import emit
from app.domain.service_audit import audit_service
from app.domain.service_lookup import service_of
from models.base import now
from models.registry import ImputationService, RegistryOutbox


def pause_submissions(session: Session, *, actor: Actor, service_ref: str, reason: str) -> str:
    """Let no job be sent to a service; the reason is shown to those who submit to it.

    Raises `Conflict` where that is so already.
    """
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    if service.submissions_paused_at is not None:
        raise Conflict(f"Jobs for {service.name} are paused already.")
    service.submissions_pause_reason = given_reason(reason)
    service.submissions_paused_at = now()
    _follow_up(session, actor, "service.pause", service, service.submissions_pause_reason)
    return f"Jobs for {service.name} wait from now on."


def resume_submissions(session: Session, *, actor: Actor, service_ref: str) -> str:
    """Send jobs to a service again; those that waited go in their order."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    if service.submissions_paused_at is None:
        raise Conflict(f"Jobs for {service.name} are not paused.")
    service.submissions_paused_at, service.submissions_pause_reason = None, ""
    _follow_up(session, actor, "service.resume", service, "")
    return f"Jobs are sent to {service.name} again."


def _follow_up(
    session: Session, actor: Actor, action: str, service: ImputationService, reason: str
) -> None:
    is_paused = service.submissions_paused_at is not None
    session.add(service)
    emit(session, RegistryOutbox, "pause_changed", {"service_ref": service.ref})
    audit_service(
        session,
        actor=actor,
        action=action,
        service=service,
        reason=reason,
        before={"submissions": "sent" if is_paused else "paused"},
        after={"submissions": "paused" if is_paused else "sent"},
    )
