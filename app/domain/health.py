"""The health of services: what a probe found, when the next one is due, and the history.

up                     it answers the protocol and accepts our credential
degraded               it answers, but is in maintenance, or fails behind its front door
authorisation_needed   it answers, but wants a credential or does not accept ours
down                   no answer, or one that is not of the protocol
unknown                not probed since it was added or changed
"""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, true
from sqlmodel import Session, col, select

from app.config import settings
from app.connectors.base import ServiceFacts
from app.domain import conformance
from app.domain.access import Actor, require
from app.domain.errors import NotFound, Refused
from models import db
from models.base import now
from models.registry import ImputationService, ServiceHealthLog

JITTER = 0.1
MAX_ERROR_CHARACTERS = 1000
MAX_HISTORY_ROWS = 5000
# The longest that a probe whose worker died keeps the others away, beyond the probe's own limit.
LEASE_MARGIN = timedelta(seconds=30)
# A probe that waits for a database of ours is tried again after this.
PUT_OFF_FOR = timedelta(seconds=5)
# A service that was checked this recently is not asked again, however often people press.
ASK_AGAIN_AFTER = timedelta(seconds=10)


class Health(StrEnum):
    """A service's state, as the last probe found it."""

    UP = "up"
    DEGRADED = "degraded"
    AUTHORISATION_NEEDED = "authorisation_needed"
    DOWN = "down"
    UNKNOWN = "unknown"


AVAILABLE = frozenset({Health.UP, Health.DEGRADED})


@dataclass(frozen=True)
class DueProbe:
    """A service to probe now, leased to the caller. Its token is in another database."""

    service_ref: str
    api_type: str
    base_url: str
    api_config: Mapping[str, Any]
    verified: conformance.Known


@dataclass(frozen=True)
class Finding:
    """What a probe found. `response_time_ms` is None where nothing answered."""

    health: Health
    response_time_ms: float | None = None
    message: str = ""
    facts: ServiceFacts | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ProbeRow:
    """One probe of the past."""

    checked_at: datetime
    health_status: str
    response_time_ms: float | None
    error_message: str


def claim_due(session: Session, *, limit: int) -> list[DueProbe]:
    """Lease up to `limit` services whose probe is due; nobody else gets them meanwhile.

    For the worker.
    """
    moment = now()
    due = session.exec(
        select(ImputationService)
        .where(
            col(ImputationService.is_active),
            col(ImputationService.retired_at).is_(None),
            ImputationService.next_probe_at <= moment,
            or_(
                col(ImputationService.probe_lease_until).is_(None),
                col(ImputationService.probe_lease_until) < moment,
            ),
        )
        .order_by(col(ImputationService.next_probe_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    lease = timedelta(seconds=settings().probe_timeout_seconds) + LEASE_MARGIN
    for service in due:
        service.probe_lease_until = moment + lease
    session.flush()
    return [_due(session, service) for service in due]


def put_off(session: Session, *, service_ref: str) -> None:
    """Give a due probe back that cannot be made now, for a reason of ours; nothing is learned."""
    service = session.exec(
        select(ImputationService).where(ImputationService.ref == service_ref).with_for_update()
    ).first()
    if service is not None and service.probe_lease_until is not None:
        service.probe_lease_until = None
        service.next_probe_at = now() + PUT_OFF_FOR


def record(session: Session, *, service_ref: str, finding: Finding) -> None:
    """Write what a probe found: a row of the history, the service's state, the next time.

    Nothing is written where the service was changed meanwhile: it was another one that was probed.
    For the worker.
    """
    service = session.exec(
        select(ImputationService).where(ImputationService.ref == service_ref).with_for_update()
    ).first()
    if service is None or service.id is None:
        raise NotFound("service")
    if service.probe_lease_until is None:
        return
    moment, message = now(), finding.message[:MAX_ERROR_CHARACTERS]
    session.add(
        ServiceHealthLog(
            service_id=service.id,
            checked_at=moment,
            health_status=finding.health,
            response_time_ms=finding.response_time_ms,
            error_message=message,
        )
    )
    service.health_status = finding.health
    service.is_available = finding.health in AVAILABLE
    service.response_time_ms = finding.response_time_ms
    service.last_health_check = moment
    service.error_message = message
    if finding.facts is not None:
        service.service_info = facts_as_json(finding.facts)
        conformance.software_seen(session, service=service, facts=finding.facts)
    service.probe_lease_until = None
    service.next_probe_at = moment + _interval()
    db.announce(session, "imputation_services", service_ref)


def ask_probe(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Ask the worker to probe a service now."""
    require(actor, "service:read")
    service = session.exec(
        select(ImputationService).where(ImputationService.ref == service_ref).with_for_update()
    ).first()
    if service is None:
        raise NotFound("service")
    if service.retired_at is not None or not service.is_active:
        raise Refused(f"{service.name} is paused or retired, so it is not checked.")
    last = service.last_health_check
    if last is not None and now() - last < ASK_AGAIN_AFTER:
        raise Refused(
            f"{service.name} was checked just now. Ask again in a moment.",
            retry_after=ASK_AGAIN_AFTER.total_seconds(),
        )
    service.next_probe_at = now()
    db.announce(session, "imputation_services", service_ref)


def history(session: Session, *, actor: Actor, service_ref: str, since: datetime) -> list[ProbeRow]:
    """The probes since a time, oldest first; the newest `MAX_HISTORY_ROWS` if there are more."""
    require(actor, "service:read")
    rows = session.exec(
        select(ServiceHealthLog)
        .where(ServiceHealthLog.service_id == _id_of(session, service_ref))
        .where(ServiceHealthLog.checked_at >= since)
        .order_by(col(ServiceHealthLog.checked_at).desc())
        .limit(MAX_HISTORY_ROWS)
    ).all()
    return [
        ProbeRow(
            checked_at=row.checked_at,
            health_status=row.health_status,
            response_time_ms=row.response_time_ms,
            error_message=row.error_message,
        )
        for row in reversed(rows)
    ]


def recent_states(session: Session, *, actor: Actor, limit: int) -> dict[str, list[str]]:
    """The states that the last `limit` probes of each service found, oldest first, by its ref."""
    require(actor, "service:read")
    newest = (
        select(ServiceHealthLog.health_status, ServiceHealthLog.checked_at)
        .where(ServiceHealthLog.service_id == ImputationService.id)
        .order_by(col(ServiceHealthLog.checked_at).desc())
        .limit(limit)
        .correlate(ImputationService)
        .lateral()
    )
    rows = session.exec(
        select(ImputationService.ref, newest.c.health_status)
        .join(newest, true())
        .order_by(newest.c.checked_at)
    )
    states: dict[str, list[str]] = {}
    for ref, state in rows:
        states.setdefault(ref, []).append(state)
    return states


def facts_as_json(facts: ServiceFacts) -> dict[str, Any]:
    """What a service says of itself, as `ImputationService.service_info` stores it."""
    return {**_plain(asdict(facts)), "capabilities": sorted(facts.capabilities)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    # PostgreSQL's jsonb cannot hold this one character.
    return value.replace("\x00", "") if isinstance(value, str) else value


def _due(session: Session, service: ImputationService) -> DueProbe:
    return DueProbe(
        service.ref,
        service.api_type,
        service.base_url,
        service.api_config,
        conformance.known(session, service=service),
    )


def _interval() -> timedelta:
    """The time to the next probe, spread so that services are not all probed at once."""
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)
    return timedelta(seconds=settings().probe_interval_seconds * spread)


def _id_of(session: Session, service_ref: str) -> int | None:
    found = session.exec(
        select(ImputationService.id).where(ImputationService.ref == service_ref)
    ).first()
    if found is None:
        raise NotFound("service")
    return found
