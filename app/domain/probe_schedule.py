"""When services are probed: which are due, who asked, and the time between two probes."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.config import settings
from app.domain import conformance
from app.domain.access import Actor, require
from app.domain.errors import NotFound, Refused
from models import db
from models.base import now
from models.health import ServiceCheck
from models.registry import ImputationService

JITTER = 0.1
# The longest that a probe whose worker died keeps the others away, beyond the probe's own limit.
LEASE_MARGIN = timedelta(seconds=30)
# A probe that waits for a database of ours is tried again after this.
PUT_OFF_FOR = timedelta(seconds=5)
# A service that was checked this recently is not asked again, however often people press.
ASK_AGAIN_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class DueProbe:
    """A service to probe now, leased to the caller. Its token is in another database."""

    service_ref: str
    api_type: str
    base_url: str
    api_config: Mapping[str, Any]
    verified: conformance.Known


def claim_due(session: Session, *, limit: int) -> list[DueProbe]:
    """Lease up to `limit` services whose probe is due; nobody else gets them meanwhile.

    For the worker.
    """
    moment = now()
    _add_missing(session)
    due = session.exec(
        select(ServiceCheck, ImputationService)
        .join(ImputationService, col(ImputationService.id) == ServiceCheck.service_id)
        .where(
            col(ImputationService.is_active),
            col(ImputationService.retired_at).is_(None),
            ServiceCheck.next_probe_at <= moment,
            or_(col(ServiceCheck.lease_until).is_(None), col(ServiceCheck.lease_until) < moment),
        )
        .order_by(col(ServiceCheck.next_probe_at))
        .limit(limit)
        .with_for_update(of=ServiceCheck, skip_locked=True)
    ).all()
    lease = timedelta(seconds=settings().probe_timeout_seconds) + LEASE_MARGIN
    for check, _ in due:
        check.lease_until = moment + lease
    session.flush()
    return [_due(session, service) for _, service in due]


def put_off(session: Session, *, service_refs: Sequence[str]) -> None:
    """Give due probes back that cannot be made now, for a reason of ours; nothing is learned."""
    session.connection().execute(
        update(ServiceCheck)
        .where(
            col(ServiceCheck.service_id).in_(
                select(ImputationService.id).where(col(ImputationService.ref).in_(service_refs))
            ),
            col(ServiceCheck.lease_until).is_not(None),
        )
        .values(lease_until=None, next_probe_at=now() + PUT_OFF_FOR)
    )


def ask(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Ask the worker to probe a service now."""
    require(actor, "service:read")
    _add_missing(session)
    found = session.exec(
        select(ServiceCheck, ImputationService)
        .join(ImputationService, col(ImputationService.id) == ServiceCheck.service_id)
        .where(ImputationService.ref == service_ref)
        .with_for_update(of=ServiceCheck)
    ).first()
    if found is None:
        raise NotFound("service")
    check, service = found
    if service.retired_at is not None or not service.is_active:
        raise Refused(f"{service.name} is paused or retired, so it is not checked.")
    if check.checked_at is not None and now() - check.checked_at < ASK_AGAIN_AFTER:
        raise Refused(
            f"{service.name} was checked just now. Ask again in a moment.",
            retry_after=ASK_AGAIN_AFTER.total_seconds(),
        )
    check.next_probe_at = now()
    db.announce(session, "imputation_services", service_ref)


def forget(session: Session, *, service_id: int) -> None:
    """Probe a service anew at once, because it was added or changed; what is under way is void."""
    fresh = {
        "next_probe_at": now(),
        "interval_seconds": 0.0,
        "lease_until": None,
        "found": "unknown",
        "message": "",
        "pending_state": "",
        "pending_since": None,
        "streak": 0,
        "credentials_due_at": now(),
        "certificate_due_at": now(),
        "panels_due_at": now(),
        "canary_due_at": now(),
    }
    statement = insert(ServiceCheck).values(service_id=service_id, certificate={}, **fresh)
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["service_id"], set_=fresh)
    )


def interval() -> timedelta:
    """The time to the next probe, spread so that services are not all probed at once."""
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)
    return timedelta(seconds=settings().probe_interval_seconds * spread)


def _add_missing(session: Session) -> None:
    """Give each service without one its row of checks."""
    there = exists().where(col(ServiceCheck.service_id) == ImputationService.id)
    missing = session.exec(select(ImputationService.id).where(~there)).all()
    for service_id in missing:
        forget(session, service_id=service_id or 0)


def _due(session: Session, service: ImputationService) -> DueProbe:
    return DueProbe(
        service.ref,
        service.api_type,
        service.base_url,
        service.api_config,
        conformance.known(session, service=service),
    )
