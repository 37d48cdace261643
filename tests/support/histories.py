"""Services with a past, written as the worker's roll-ups leave it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import col, select

from app.domain.health import Health
from models import db
from models.base import now
from models.health import HealthDay, HealthHour, ServiceCheck
from models.registry import ImputationService

DAY_SECONDS = 86400.0
COLUMN = {
    Health.UP: "up_seconds",
    Health.DEGRADED: "degraded_seconds",
    Health.DOWN: "down_seconds",
}


def day_start(days_ago: int) -> datetime:
    """The beginning (UTC) of a day."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


def add_past(service_ref: str, days: dict[int, dict[Health, float]]) -> None:
    """Give a service days: how many seconds of each it spent in which state, by days ago."""
    with db.session(db.REGISTRY) as session:
        service_id = _id(session, service_ref)
        for days_ago, seconds in days.items():
            spent = {COLUMN[health]: length for health, length in seconds.items()}
            session.add(HealthDay(service_id=service_id, starts_at=day_start(days_ago), **spent))


def add_latencies(service_ref: str, buckets: Sequence[int], counts: Sequence[int]) -> None:
    """Give a service answers of an hour that is over."""
    begins = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    with db.session(db.REGISTRY) as session:
        session.add(
            HealthHour(
                service_id=_id(session, service_ref),
                starts_at=begins,
                probes=sum(counts),
                latency_buckets=list(buckets),
                latency_counts=list(counts),
            )
        )


def set_now(service_ref: str, *, state: str, **check: Any) -> None:
    """Say how a service is now, and let the pages know."""
    with db.session(db.REGISTRY) as session:
        service = session.exec(
            select(ImputationService).where(ImputationService.ref == service_ref)
        ).one()
        service.health_status = state
        found = session.exec(
            select(ServiceCheck).where(col(ServiceCheck.service_id) == service.id)
        ).one()
        for name, value in {"found": state, **check}.items():
            setattr(found, name, value)
        db.announce(session, "imputation_services", service_ref)


def _id(session: db.Session, service_ref: str) -> int:
    found = select(ImputationService.id).where(ImputationService.ref == service_ref)
    return session.exec(found).one() or 0
