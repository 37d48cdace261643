"""What people say of an incident: that they look after it, and what they found out."""

from sqlmodel import Session, select

from app.domain.access import Actor, require
from app.domain.errors import Conflict, NotFound
from app.domain.service_audit import audit_service
from models import db
from models.base import now
from models.health import ServiceIncident
from models.registry import ImputationService

LONGEST_NOTE = 2000


def acknowledge(session: Session, *, actor: Actor, incident_ref: str, note: str = "") -> None:
    """Say that somebody looks after an open incident, with a note for all who wonder."""
    require(actor, "service:write")
    incident, service = _locked(session, incident_ref)
    if incident.ended_at is not None:
        raise Conflict("This incident has ended, so there is nothing to acknowledge.")
    incident.acknowledged_at = now()
    incident.acknowledged_by_ref, incident.acknowledged_by_name = actor.user_ref, actor.name
    incident.note = note.strip()[:LONGEST_NOTE] or incident.note
    _follow_up(session, actor, "incident.acknowledge", incident, service)


def write_note(session: Session, *, actor: Actor, incident_ref: str, note: str) -> None:
    """Change an incident's note, also long after its end."""
    require(actor, "service:write")
    incident, service = _locked(session, incident_ref)
    incident.note = note.strip()[:LONGEST_NOTE]
    _follow_up(session, actor, "incident.note", incident, service)


def _locked(session: Session, incident_ref: str) -> tuple[ServiceIncident, ImputationService]:
    found = session.exec(
        select(ServiceIncident, ImputationService)
        .join(ImputationService)
        .where(ServiceIncident.ref == incident_ref)
        .with_for_update(of=ServiceIncident)
    ).first()
    if found is None:
        raise NotFound("incident")
    return found[0], found[1]


def _follow_up(
    session: Session,
    actor: Actor,
    action: str,
    incident: ServiceIncident,
    service: ImputationService,
) -> None:
    audit_service(
        session,
        actor=actor,
        action=action,
        service=service,
        after={"incident": incident.ref, "note": incident.note},
    )
    db.announce(session, "service_incidents", incident.ref)
