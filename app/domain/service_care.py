"""What an administrator looks after at one service: its open incident, silence, maintenance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.domain.access import Actor, require
from app.domain.incident_queries import IncidentRow, open_incident
from app.domain.maintenance import WindowRow, list_windows
from app.domain.service_lookup import service_of
from models.base import now


@dataclass(frozen=True)
class Care:
    """`silenced_until` is None where people are told; `windows` are the latest first."""

    incident: IncidentRow | None
    is_flapping: bool
    silenced_until: datetime | None
    silence_reason: str
    windows: Sequence[WindowRow]


def care_of(session: Session, *, actor: Actor, service_ref: str) -> Care:
    """The care that one service is given."""
    require(actor, "service:read")
    service = service_of(session, service_ref)
    is_silenced = service.silenced_until is not None and service.silenced_until > now()
    return Care(
        incident=open_incident(session, actor=actor, service_ref=service_ref),
        is_flapping=service.is_flapping,
        silenced_until=service.silenced_until if is_silenced else None,
        silence_reason=service.silence_reason if is_silenced else "",
        windows=list_windows(session, actor=actor, service_ref=service_ref),
    )
