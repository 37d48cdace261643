"""Writing down what probes found: the raw rows, each service's state, and when the next is due."""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, select

from app.domain import service_changes, service_layers
from app.domain.health import AVAILABLE, Finding
from app.domain.probe_schedule import interval
from app.domain.queue_stall import with_stalls
from models import db
from models.base import now
from models.health import ServiceCheck, ServiceHealthLog
from models.registry import ImputationService

MAX_MESSAGE_CHARACTERS = 1000
# A probe speaks for the time until the next one, and this much longer if that is late.
VALID_BEYOND = timedelta(seconds=60)


def record(session: Session, findings: Sequence[Finding]) -> None:
    """Write what probes found. For the worker.

    Nothing is written of a service that was changed meanwhile: it was another one that was probed.
    """
    judged = with_stalls(session, findings)
    known = [finding for finding in judged if _record(session, finding)]
    service_layers.write(session, known)
    service_changes.follow(session, known)


def _record(session: Session, finding: Finding) -> bool:
    found = session.exec(
        select(ServiceCheck, ImputationService)
        .join(ImputationService, col(ImputationService.id) == ServiceCheck.service_id)
        .where(ImputationService.ref == finding.service_ref)
        .with_for_update()
    ).first()
    if found is None or found[0].lease_until is None:
        return False
    check, service = found
    message = finding.message[:MAX_MESSAGE_CHARACTERS].replace("\x00", "")
    check.checked_at, check.lease_until = now(), None
    check.next_probe_at = check.checked_at + interval()
    check.found, check.message = finding.health, message
    check.response_time_ms = finding.response_time_ms
    session.add(
        ServiceHealthLog(
            service_id=check.service_id,
            checked_at=finding.checked_at,
            valid_until=check.next_probe_at + VALID_BEYOND,
            health_status=finding.health,
            found=finding.health,
            layer=finding.layer or "",
            response_time_ms=finding.response_time_ms,
            error_message=message,
        )
    )
    service.health_status = finding.health
    service.is_available = finding.health in AVAILABLE
    db.announce(session, "imputation_services", finding.service_ref)
    return True
