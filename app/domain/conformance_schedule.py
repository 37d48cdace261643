"""When a service is read again, and trials with real runs that people wish for.

What is due is leased in the database, so that of many workers one does it.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.config import settings
from app.connectors.conformance import STANDARDISED, How, Observation
from app.domain.access import Actor, require_service
from app.domain.conformance import record
from app.domain.errors import Conflict, Refused
from app.domain.service_audit import audit_service
from app.domain.service_lookup import service_of
from models import db
from models.base import now
from models.registry import ImputationService, ServiceTrial

READING_LEASE = timedelta(minutes=3)
# Longer than the longest trial; a worker that dies in one leaves it to be told as broken off.
TRIAL_LEASE = timedelta(minutes=12)
AFTER_FAILURE = timedelta(hours=1)
JITTER = 0.1
MOST_STEPS = 60
ANSWERING = ("up", "degraded")


@dataclass(frozen=True)
class Due:
    """A service to ask, or to try (`trial_ref`), leased to the caller.

    What is found is of this software at this address; the token is in another database.
    """

    service_ref: str
    api_type: str
    base_url: str
    software: Mapping[str, Any]
    trial_ref: str = ""


def claim_reading(session: Session) -> Due | None:
    """Lease a service that answers and whose reading is due. For the worker."""
    moment = now()
    service = session.exec(
        select(ImputationService)
        .where(
            col(ImputationService.is_active),
            col(ImputationService.retired_at).is_(None),
            col(ImputationService.api_type).in_(STANDARDISED),
            col(ImputationService.health_status).in_(ANSWERING),
            ImputationService.next_conformance_at <= moment,
            or_(
                col(ImputationService.conformance_lease_until).is_(None),
                col(ImputationService.conformance_lease_until) < moment,
            ),
        )
        .order_by(col(ImputationService.next_conformance_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if service is None:
        return None
    service.conformance_lease_until = moment + READING_LEASE
    return Due(service.ref, service.api_type, service.base_url, service.software)


def record_reading(
    session: Session, *, due: Due, observations: Sequence[Observation], problem: str = ""
) -> None:
    """Keep what the asking showed, and say when it is due again.

    What was asked at another address than the service has by now is void.
    """
    service = service_of(session, due.service_ref, lock=True)
    if service.base_url != due.base_url or service.conformance_lease_until is None:
        return
    service.conformance_lease_until = None
    service.conformance_problem = problem
    service.next_conformance_at = now() + (AFTER_FAILURE if problem else _interval())
    if not problem:
        service.conformance_read_at = now()
    record(session, service_ref=due.service_ref, observations=observations, how=How.ASKED)


def keep_test(
    session: Session,
    *,
    actor: Actor,
    service_ref: str,
    base_url: str,
    observations: Sequence[Observation],
) -> None:
    """Keep what a person's test of the connection showed, if it was of the service's address."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    if observations and service.base_url == base_url:
        service.conformance_read_at = now()
        record(session, service_ref=service_ref, observations=observations, how=How.ASKED)


def ask_reading(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Ask the worker to read a service again now."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    _check_in_use(service)
    service.next_conformance_at = now()
    db.announce(session, "imputation_services", service_ref)


def ask_trial(session: Session, *, actor: Actor, service_ref: str) -> str:
    """Ask the worker to try a service with real runs; return the trial's ref."""
    require_service(actor, "service:write", service_ref)
    service = service_of(session, service_ref, lock=True)
    _check_in_use(service)
    if open_trial(session, service) is not None:
        raise Conflict(f"A trial of {service.name} is under way already.")
    trial = ServiceTrial(
        service_id=service.id or 0,
        requested_by_ref=actor.user_ref,
        requested_by_name=actor.name,
        progress={"steps": []},
    )
    session.add(trial)
    audit_service(
        session,
        actor=actor,
        action="service.trial",
        service=service,
    )
    return trial.ref


def open_trial(session: Session, service: ImputationService) -> ServiceTrial | None:
    """The trial of a service that has not ended yet."""
    return session.exec(
        select(ServiceTrial).where(
            ServiceTrial.service_id == service.id, col(ServiceTrial.ended_at).is_(None)
        )
    ).first()


def claim_trial(session: Session) -> Due | None:
    """Lease a trial that waits. One whose worker died is ended: nobody starts runs twice."""
    found = session.exec(
        select(ServiceTrial, ImputationService)
        .join(ImputationService)
        .where(
            col(ServiceTrial.ended_at).is_(None),
            or_(
                col(ServiceTrial.lease_until).is_(None),
                col(ServiceTrial.lease_until) < now(),
            ),
        )
        .order_by(col(ServiceTrial.id))
        .limit(1)
        .with_for_update(of=ServiceTrial, skip_locked=True)
    ).first()
    if found is None:
        return None
    trial, service = found
    if trial.started_at is not None:
        _end(session, trial, service, "The trial broke off; its runs end by themselves.")
        return None
    trial.started_at = now()
    trial.lease_until = now() + TRIAL_LEASE
    session.add(trial)
    db.announce(session, "imputation_services", service.ref)
    return Due(service.ref, service.api_type, service.base_url, service.software, trial.ref)


def record_step(session: Session, *, due: Due, text: str) -> None:
    """Keep a step of a trial under way."""
    trial = _trial(session, due)
    _add_step(trial, text)
    session.add(trial)
    db.announce(session, "imputation_services", due.service_ref)


def record_trial(
    session: Session, *, due: Due, observations: Sequence[Observation], problem: str = ""
) -> None:
    """End a trial and keep what it showed, unless the service has another address by now."""
    service = service_of(session, due.service_ref, lock=True)
    trial = _trial(session, due)
    _end(session, trial, service, problem)
    is_other = due.software and due.software != service.software
    if service.base_url == due.base_url and not is_other:
        record(session, service_ref=due.service_ref, observations=observations, how=How.TRIAL)


def _trial(session: Session, due: Due) -> ServiceTrial:
    return session.exec(
        select(ServiceTrial).where(ServiceTrial.ref == due.trial_ref).with_for_update()
    ).one()


def _end(session: Session, trial: ServiceTrial, service: ImputationService, text: str) -> None:
    if text:
        _add_step(trial, text)
    trial.ended_at, trial.lease_until = now(), None
    session.add(trial)
    db.announce(session, "imputation_services", service.ref)


def _add_step(trial: ServiceTrial, text: str) -> None:
    steps = [*trial.progress.get("steps", []), {"at": now().isoformat(), "text": text}]
    trial.progress = {"steps": steps[-MOST_STEPS:]}


def _check_in_use(service: ImputationService) -> None:
    if service.retired_at is not None or not service.is_active:
        raise Refused(f"{service.name} is not in use, so nothing is asked of it.")
    if service.api_type not in STANDARDISED:
        raise Refused(f"There is no standard that {service.name} would have to keep to.")


def _interval() -> timedelta:
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)
    return timedelta(hours=settings().conformance_interval_hours * spread)
