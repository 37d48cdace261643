"""Probes of a test's own making: claimed and written down at times that the test names."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from app.domain import probe_records, probe_schedule
from app.domain.health import Finding, Health
from models import db


def set_checks(**values: object) -> None:
    """Set columns of every service's row of checks."""
    columns = ", ".join(f"{name} = :{name}" for name in values)
    with db.session(db.REGISTRY) as session:
        session.connection().execute(text(f"UPDATE service_checks SET {columns}"), values)


def next_due(session: Session, service_ref: str) -> datetime:
    """When a service is probed next."""
    query = text(
        "SELECT next_probe_at FROM service_checks JOIN imputation_services s ON s.id = service_id"
        " WHERE s.ref = :ref"
    )
    due: datetime = session.connection().execute(query, {"ref": service_ref}).scalar_one()
    return due


def probe_at(
    session: Session, service_ref: str, health: Health, at: datetime, message: str = ""
) -> bool:
    """Claim the service at a time and write down what was found then; false if it was not due."""
    due = probe_schedule.claim_due(session, limit=1000, at=at)
    if service_ref not in [one.service_ref for one in due]:
        return False
    finding = Finding(service_ref, health, at, 12.5, message=message)
    probe_records.record(session, [finding], at=at)
    return True


def probe_on(
    service_ref: str, findings: Iterable[Health], *, start: datetime | None = None
) -> datetime:
    """Probe a service as often as there are findings, each when it is due; return the next time."""
    with db.session(db.REGISTRY) as session:
        at = start or next_due(session, service_ref)
        for health in findings:
            assert probe_at(session, service_ref, health, at)
            at = next_due(session, service_ref)
    return at
