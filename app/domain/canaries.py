"""Canaries: a small run on toy data, every day where it is wished, that shows whether work is done.

A canary is written down before it is sent, and carries a tag: whoever takes it over from a worker
that died looks for it by the tag and never sends it again. Each look at it is a turn of its own, so
that no worker is bound to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from app.config import settings
from app.domain import service_layers
from app.domain.access import Actor, require
from app.domain.alerts import AlertKind, raise_alert
from app.domain.health import Finding, Health, Layer, LayerFinding, Verdict
from models import db
from models.base import now
from models.health import ServiceCanary, ServiceCheck
from models.registry import ImputationService, ReferencePanel

# Longer than it takes to send one or to look at one; after it another worker may.
LEASE = timedelta(minutes=3)
# One that has not ended after this does not count as done.
MOST_TIME = timedelta(hours=6)
# What could not be told is tried again after this.
AGAIN_AFTER = timedelta(hours=1)
# What waits for a database of ours is tried again after this.
PUT_OFF_FOR = timedelta(seconds=5)
MOST_SHOWN = 14


@dataclass(frozen=True)
class Canary:
    """A canary leased to the caller. `is_new`: it was never sent, and nobody else will.

    `recipe` is that of a panel of a simulation, which toy genotypes fit; empty for other services.
    """

    canary_id: int
    service_ref: str
    api_type: str
    started_at: datetime
    remote_id: str
    is_new: bool
    recipe: Mapping[str, Any]

    @property
    def tag(self) -> str:
        """What the run carries in place of a job's id."""
        return f"canary-{self.service_ref}-{self.canary_id}"


@dataclass(frozen=True)
class CanaryRow:
    """A canary of the past, or the one under way (`verdict` is empty). Times are in seconds."""

    started_at: datetime
    ended_at: datetime | None
    verdict: str
    detail: str
    wait_seconds: float | None
    seconds: float | None


def claim(session: Session) -> Canary | None:
    """Lease a canary that is due for a look, or begin one. For the worker."""
    return _take_over(session) or _begin(session)


def sent(session: Session, *, canary_id: int, remote_id: str) -> None:
    """The service took it."""
    canary = _open(session, canary_id)
    if canary is not None:
        canary.remote_id, canary.lease_until = remote_id[:200], now()
        session.add(canary)


def give_back(session: Session, *, canary_id: int, is_new: bool) -> None:
    """Nothing could be done with it, for a reason of ours; a new one was never there."""
    canary = _open(session, canary_id)
    if canary is None:
        return
    if not is_new:
        canary.lease_until = now() + PUT_OFF_FOR
        session.add(canary)
        return
    check = session.get_one(ServiceCheck, canary.service_id, with_for_update=True)
    check.canary_due_at = now() + PUT_OFF_FOR
    session.add(check)
    session.delete(canary)


def look_again(
    session: Session, *, canary_id: int, seconds: float, has_begun: bool = False
) -> None:
    """It is still at work, or cannot be asked about now: look again after so many seconds."""
    canary = _open(session, canary_id)
    if canary is None:
        return
    canary.lease_until = now() + timedelta(seconds=seconds)
    if has_begun and canary.wait_seconds is None:
        canary.wait_seconds = _seconds_since(canary.started_at)
    session.add(canary)


def end(
    session: Session, *, canary_id: int, verdict: Verdict, detail: str, soon: bool = False
) -> None:
    """Say what came of it; `soon` has another one begin in an hour.

    A failure after a success is told to those who look after services.
    """
    canary = _open(session, canary_id)
    if canary is None:
        return
    canary.verdict, canary.detail = verdict, service_layers.clean(detail)
    canary.ended_at, canary.lease_until = now(), None
    if verdict is not Verdict.UNTOLD:
        canary.seconds = _seconds_since(canary.started_at)
    session.add(canary)
    service = session.get_one(ImputationService, canary.service_id)
    if soon:
        check = session.get_one(ServiceCheck, canary.service_id, with_for_update=True)
        check.canary_due_at = now() + AGAIN_AFTER
        session.add(check)
    session.flush()
    told = LayerFinding(Layer.CANARY, verdict, detail)
    finding = Finding(service.ref, Health.UNKNOWN, canary.ended_at, layers=[told])
    is_new = service_layers.write(session, [finding]) > 0
    if verdict is Verdict.FAILED and is_new:
        raise_alert(
            session,
            kind=AlertKind.CANARY,
            service=service,
            title=f"The canary at {service.name} failed",
            body=canary.detail,
            once=str(canary_id),
        )
    db.announce(session, "imputation_services", service.ref)


def canaries_of(session: Session, *, actor: Actor, service_ref: str) -> list[CanaryRow]:
    """The last canaries of a service, newest first."""
    require(actor, "service:read")
    rows = session.exec(
        select(ServiceCanary)
        .join(ImputationService)
        .where(ImputationService.ref == service_ref)
        .order_by(col(ServiceCanary.started_at).desc())
        .limit(MOST_SHOWN)
    )
    return [
        CanaryRow(**{name: getattr(row, name) for name in CanaryRow.__dataclass_fields__})
        for row in rows
    ]


def _take_over(session: Session) -> Canary | None:
    found = session.exec(
        select(ServiceCanary, ImputationService)
        .join(ImputationService)
        .where(
            ServiceCanary.verdict == "",
            or_(
                col(ServiceCanary.lease_until).is_(None),
                col(ServiceCanary.lease_until) < now(),
            ),
        )
        .order_by(col(ServiceCanary.lease_until).nulls_first())
        .limit(1)
        .with_for_update(of=ServiceCanary, skip_locked=True)
    ).first()
    if found is None:
        return None
    canary, service = found
    canary.lease_until = now() + LEASE
    session.add(canary)
    return _leased(canary, service, is_new=False, recipe={})


def _begin(session: Session) -> Canary | None:
    is_open = exists().where(
        col(ServiceCanary.service_id) == ImputationService.id, col(ServiceCanary.verdict) == ""
    )
    found = session.exec(
        select(ServiceCheck, ImputationService)
        .join(ImputationService, col(ImputationService.id) == ServiceCheck.service_id)
        .where(
            col(ImputationService.check_settings)["canary"].as_boolean(),
            col(ImputationService.is_active),
            col(ImputationService.retired_at).is_(None),
            col(ImputationService.is_available),
            ServiceCheck.canary_due_at <= now(),
            ~is_open,
        )
        .order_by(col(ServiceCheck.canary_due_at))
        .limit(1)
        .with_for_update(of=ServiceCheck, skip_locked=True)
    ).first()
    if found is None:
        return None
    check, service = found
    check.canary_due_at = now() + _interval()
    canary = ServiceCanary(service_id=check.service_id, lease_until=now() + LEASE)
    session.add(check)
    session.add(canary)
    session.flush()
    recipe = _recipe_of(session, service) if service.is_simulation else {}
    return _leased(canary, service, is_new=True, recipe=recipe)


def _recipe_of(session: Session, service: ImputationService) -> Mapping[str, Any]:
    recipes = session.exec(
        select(ReferencePanel.recipe)
        .where(
            ReferencePanel.service_id == service.id,
            col(ReferencePanel.is_active),
            col(ReferencePanel.retired_at).is_(None),
        )
        .order_by(col(ReferencePanel.id))
    )
    return next((recipe for recipe in recipes if recipe), {})


def _leased(
    canary: ServiceCanary, service: ImputationService, *, is_new: bool, recipe: Mapping[str, Any]
) -> Canary:
    return Canary(
        canary_id=canary.id or 0,
        service_ref=service.ref,
        api_type=service.api_type,
        started_at=canary.started_at,
        remote_id=canary.remote_id,
        is_new=is_new,
        recipe=recipe,
    )


def _open(session: Session, canary_id: int) -> ServiceCanary | None:
    """The canary's row, locked; None if it has ended."""
    return session.exec(
        select(ServiceCanary)
        .where(ServiceCanary.id == canary_id, ServiceCanary.verdict == "")
        .with_for_update()
    ).first()


def _seconds_since(moment: datetime) -> float:
    return round((now() - moment).total_seconds(), 1)


def _interval() -> timedelta:
    return timedelta(hours=settings().canary_interval_hours)
