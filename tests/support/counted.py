"""Services whose probes counted runs, made without a service and without waiting."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from app.domain import services
from app.domain.access import ROLES, Actor
from app.domain.service_fields import parse_service
from models import db
from models.health import ServiceCheck, ServiceHealthLog
from models.registry import ImputationService

ADMIN = Actor("admin", "admin", "", ROLES["administrator"])


def add_service(name: str = "Node", **fields: Any) -> str:
    """A service that is up; return its ref."""
    host = name.lower().replace(" ", "-")
    wanted = {"name": name, "base_url": f"https://{host}.example.org"} | fields
    with db.session(db.REGISTRY) as session:
        ref = services.add_service(session, actor=ADMIN, fields=parse_service(wanted)).ref
    set_health(ref, "up")
    return ref


def set_health(service_ref: str, health: str) -> None:
    """Say how a service is."""
    with db.session(db.REGISTRY) as session:
        service = _service(session, service_ref)
        service.health_status = health
        session.add(service)


def count(
    service_ref: str,
    rows: Iterable[tuple[datetime, int, int, int]],
    *,
    errors: tuple[int, int] = (0, 0),
) -> None:
    """Probes of a service: when, and how many runs waited, ran and had finished."""
    with db.session(db.REGISTRY) as session:
        service = _service(session, service_ref)
        assert service.id is not None
        check = session.get(ServiceCheck, service.id)
        assert check is not None
        for at, queued, running, finished in rows:
            session.add(
                ServiceHealthLog(
                    service_id=service.id,
                    checked_at=at,
                    valid_until=at + timedelta(minutes=7),
                    health_status="up",
                    found="up",
                    queued=queued,
                    running=running,
                    finished=finished,
                    executor_errors=errors[0],
                    system_errors=errors[1],
                )
            )
            check.checked_at, check.queued, check.running = at, queued, running
        session.add(check)


def _service(session: Any, service_ref: str) -> ImputationService:
    return session.exec(select(ImputationService).where(ImputationService.ref == service_ref)).one()
