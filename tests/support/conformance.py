"""A service that was added and probed, and what is kept of its conformance."""

import asyncio

from sqlmodel import col, select

from app.connectors.base import ServiceFacts
from app.connectors.conformance import Feature, How, observation
from app.domain import conformance, probe_records, service_addresses, services
from app.domain.access import WORKER
from app.domain.health import Finding, Health
from app.domain.service_fields import parse_service
from app.domain.service_lookup import service_of
from models import db
from models.base import now
from models.health import ServiceCheck
from models.registry import ImputationService, ServiceEvent, ServiceFeature
from workers import health


def add_probed(base_url: str) -> str:
    """Add a service that was never tried, and probe it; return its ref."""
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "ILIFU", "base_url": base_url})
        ref = services.add_service(session, actor=WORKER, fields=fields).ref
    asyncio.run(health.sweep())
    return ref


def row(service_ref: str) -> ImputationService:
    """The service as it is kept."""
    with db.session(db.REGISTRY) as session:
        return session.exec(
            select(ImputationService).where(ImputationService.ref == service_ref)
        ).one()


def features() -> dict[str, ServiceFeature]:
    """What is kept of the one service, by feature."""
    with db.session(db.REGISTRY) as session:
        return {one.feature: one for one in session.exec(select(ServiceFeature))}


def events() -> list[str]:
    """Its history in words."""
    with db.session(db.REGISTRY) as session:
        return list(session.exec(select(ServiceEvent.text).order_by(col(ServiceEvent.id))))


def known(service_ref: str) -> dict[str, bool]:
    """What connectors rely on."""
    with db.session(db.REGISTRY) as session:
        return dict(service_addresses.address_of(session, service_ref=service_ref).known)


def find_out(service_ref: str, feature: Feature, conforms: bool | None, how: How) -> None:
    """Keep a verdict."""
    with db.session(db.REGISTRY) as session:
        conformance.record(
            session,
            service_ref=service_ref,
            observations=[observation(feature, conforms, "It was so.")],
            how=how,
        )


def probe_shows(service_ref: str, facts: ServiceFacts) -> None:
    """Probe it and find this software."""
    with db.session(db.REGISTRY) as session:
        service = service_of(session, service_ref, lock=True)
        check = session.get_one(ServiceCheck, service.id)
        check.lease_until = now()
        session.add(check)
    with db.session(db.REGISTRY) as session:
        finding = Finding(service_ref, Health.UP, now(), 1.0, facts=facts)
        probe_records.record(session, [finding])
