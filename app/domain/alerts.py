"""Alerts: what people should know of a service, told once, to those whom it concerns.

An alert is written to the registry's outbox together with what it tells of. From there it reaches
`monitoring_db`, where all alerts are kept, the people with the permission of its `audience`, and,
where it tells of an incident, the owners of unfinished jobs there (`app.domain.job_alerts`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.domain.access import Actor, require
from app.domain.health import Health
from app.domain.maintenance import is_open_at
from app.domain.outbox import Message, emit_once
from app.domain.paging import Page, page_bounds
from models import db
from models.base import new_ref, now
from models.health import ServiceState
from models.monitoring import Alert
from models.registry import ImputationService, RegistryOutbox

ADMINISTRATORS = "service:write"
# An audience of one person, whose own token it is, say.
PERSON = "user:"
# The lab's own network is told of at most this often.
NETWORK_EVERY = timedelta(hours=1)


class AlertKind(StrEnum):
    """What an alert is about."""

    DOWN = "down"
    RECOVERED = "recovered"
    DEGRADED = "degraded"
    STALLED = "stalled"
    AUTHORISATION = "authorisation"
    FLAPPING = "flapping"
    NETWORK = "network"
    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105 (no secret)
    CANARY = "canary"
    RESULTS = "results"


@dataclass(frozen=True)
class AlertRow:
    """One alert. `is_silenced`: it was told to nobody."""

    ref: str
    kind: str
    service_ref: str
    service_name: str
    incident_ref: str
    title: str
    body: str
    is_silenced: bool
    raised_at: datetime


def raise_alert(
    session: Session,
    *,
    kind: AlertKind,
    service: ImputationService,
    title: str,
    body: str,
    once: str,
    incident_ref: str = "",
    audience: str = ADMINISTRATORS,
    is_quiet: bool | None = None,
) -> bool:
    """Raise an alert in the transaction that makes it so; tell whether people are told.

    The same `kind` and `once` of a service a second time changes nothing. `audience` is a
    permission, or `PERSON` and a person's ref. `is_quiet` keeps the alert without telling anybody;
    left out, it is so while the service is silenced or in a maintenance window.
    """
    if is_quiet is None:
        is_quiet = (service.id or 0) in muted(session, [service.id or 0])
    messages = messages_of(
        kind=kind,
        service=(service.ref, service.name),
        title=title,
        body=body,
        once=once,
        incident_ref=incident_ref,
        audience=audience,
        is_quiet=is_quiet,
    )
    return bool(emit_once(session, RegistryOutbox, messages)) and not is_quiet


def network_lost(session: Session, *, reason: str) -> bool:
    """Tell administrators that this lab's own network is away, once for all services that it hides.

    Told again only when a service's state was known in between, and not within `NETWORK_EVERY`.
    """
    session.connection().execute(text("SELECT pg_advisory_xact_lock(hashtext('network alert'))"))
    last = session.exec(
        select(func.max(RegistryOutbox.created_at)).where(
            RegistryOutbox.topic == "alert",
            col(RegistryOutbox.payload)["kind"].astext == AlertKind.NETWORK,
        )
    ).one()
    if last is not None and (now() - last < NETWORK_EVERY or not _known_since(session, last)):
        return False
    body = f"{reason} Until it is back, nobody can tell how the services are; none counts as down."
    messages = messages_of(
        kind=AlertKind.NETWORK,
        service=("", ""),
        title="This lab's own network is away",
        body=body.strip(),
        once=now().isoformat(),
    )
    return bool(emit_once(session, RegistryOutbox, messages))


def messages_of(
    *,
    kind: AlertKind,
    service: tuple[str, str],
    title: str,
    body: str,
    once: str,
    incident_ref: str = "",
    audience: str = ADMINISTRATORS,
    is_quiet: bool = False,
) -> list[Message]:
    """What an alert about a service (its ref and name) puts into the registry's outbox."""
    service_ref, service_name = service
    key = f"{kind}:{service_ref}:{once}"
    alert = {
        "kind": kind,
        "service_ref": service_ref,
        "service_name": service_name,
        "incident_ref": incident_ref,
        "audience": audience,
        "title": title[:200],
        "body": body,
        "is_silenced": is_quiet,
        "raised_at": now().isoformat(),
    }
    if is_quiet:
        return [Message("alert", alert, key)]
    told = {
        "topic": f"service.{kind}",
        "title": title[:200],
        "body": body,
        "link": f"/services/{service_ref}" if service_ref else "/services",
    }
    if audience.startswith(PERSON):
        news = Message("notification", told | {"user_ref": audience.removeprefix(PERSON)}, key)
    else:
        news = Message("announcement", told | {"permission": audience}, key)
    return [Message("alert", alert, key), news]


def muted(session: Session, service_ids: Sequence[int]) -> set[int]:
    """Which of these services nobody is told of now: silenced, or in a maintenance window."""
    moment = now()
    found = session.exec(
        select(ImputationService.id).where(
            col(ImputationService.id).in_(service_ids),
            (col(ImputationService.silenced_until) > moment)
            | is_open_at(ImputationService.id, moment),
        )
    )
    return {service_id for service_id in found if service_id is not None}


def receive(session: Session, *, event_ref: str, payload: Mapping[str, Any]) -> None:
    """Keep an alert that came by an outbox; the same event a second time changes nothing.

    The session is of `monitoring_db`.
    """
    values = dict(payload) | {
        "ref": new_ref(),
        "event_ref": event_ref,
        "raised_at": datetime.fromisoformat(payload["raised_at"]),
    }
    statement = insert(Alert).values(**values).on_conflict_do_nothing(index_elements=["event_ref"])
    if session.connection().execute(statement.returning(col(Alert.id))).first():
        db.announce(session, "alerts", values["ref"])


def list_alerts(
    session: Session,
    *,
    actor: Actor,
    kind: str = "",
    service_ref: str = "",
    number: int = 1,
    size: int = 25,
) -> Page[AlertRow]:
    """One page of alerts, the newest first. For those who look after services.

    The session is of `monitoring_db`.
    """
    require(actor, ADMINISTRATORS)
    conditions: list[ColumnElement[bool]] = []
    if kind:
        conditions.append(col(Alert.kind) == kind)
    if service_ref:
        conditions.append(col(Alert.service_ref) == service_ref)
    number, size = page_bounds(number, size)
    total = session.exec(select(func.count()).select_from(Alert).where(*conditions)).one()
    number = min(number, max(1, -(-total // size)))
    found = session.exec(
        select(Alert)
        .where(*conditions)
        .order_by(col(Alert.raised_at).desc(), col(Alert.id).desc())
        .offset((number - 1) * size)
        .limit(size)
    )
    return Page([_row(alert) for alert in found], total, number, size)


def _known_since(session: Session, moment: datetime) -> bool:
    known = exists().where(
        col(ServiceState.since) > moment, col(ServiceState.state) != Health.UNKNOWN
    )
    return bool(session.exec(select(known)).one())


def _row(alert: Alert) -> AlertRow:
    return AlertRow(**{name: getattr(alert, name) for name in AlertRow.__dataclass_fields__})
