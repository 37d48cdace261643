"""Services whose confirmed states change as a test wants it."""

from datetime import datetime, timedelta

from sqlmodel import col, select

from app.domain import incidents
from app.domain.health import AVAILABLE, Health, Layer, StateChange
from models import db
from models.base import now
from models.health import ServiceState
from models.registry import ImputationService


def add_service(name: str = "ILIFU") -> str:
    """Add a service that is up since yesterday; return its ref."""
    with db.session(db.REGISTRY) as session:
        service = ImputationService(
            name=name,
            service_type="wes",
            api_type="wes",
            base_url="https://wes.example.org",
            health_status="up",
        )
        session.add(service)
        session.flush()
        since = now() - timedelta(days=1)
        session.add(ServiceState(service_id=service.id or 0, state="up", since=since))
        return service.ref


def change(
    service_ref: str, after: Health, at: datetime | None = None, reason: str = "", layer: str = ""
) -> StateChange:
    """Change a service's state as the recorder does: the stretches, the service, the incident."""
    at = at or now()
    with db.session(db.REGISTRY) as session:
        service = session.exec(
            select(ImputationService).where(ImputationService.ref == service_ref)
        ).one()
        last = session.exec(
            select(ServiceState).where(
                ServiceState.service_id == service.id, col(ServiceState.until).is_(None)
            )
        ).one()
        last.until = at
        session.flush()
        session.add(ServiceState(service_id=service.id or 0, state=after, since=at, reason=reason))
        service.health_status, service.is_available = after, after in AVAILABLE
        made = StateChange(
            service_id=service.id or 0,
            service_ref=service_ref,
            before=Health(last.state),
            after=after,
            at=at,
            reason=reason,
            layer=Layer(layer) if layer else None,
        )
        incidents.follow(session, [made])
        return made
