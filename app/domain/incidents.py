"""Incidents: the time from a service's first bad state until it is up again, and who hears of it.

An incident keeps its worst moment. People are told when it begins and when it gets worse than it
was, and once of its end. A service that was well only for a moment is in the same incident still,
so nobody hears “up” and “down” in turns (`app.domain.incident_news` tells of the end when it has
lasted). One that goes bad again and again flaps: that is told once, and then nothing until it is
stable. That the service works on itself, or that nobody can tell how it is, neither begins nor ends
an incident.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from app.config import settings
from app.domain import alert_words, alerts
from app.domain.alerts import AlertKind
from app.domain.health import Health, StateChange
from app.domain.outbox import Message, emit_once
from models import db
from models.base import now
from models.health import ServiceIncident, ServiceState
from models.registry import ImputationService, RegistryOutbox

# The bad states, and how bad each is.
SEVERITY = {
    Health.DEGRADED: 1,
    Health.STALLED: 2,
    Health.AUTHORISATION_NEEDED: 3,
    Health.DOWN: 4,
}
KINDS = {
    Health.DEGRADED: AlertKind.DEGRADED,
    Health.STALLED: AlertKind.STALLED,
    Health.AUTHORISATION_NEEDED: AlertKind.AUTHORISATION,
    Health.DOWN: AlertKind.DOWN,
}
# A slow service still moves its jobs: their owners need not hear of it.
CONCERNS_OWNERS = frozenset({Health.STALLED, Health.AUTHORISATION_NEEDED, Health.DOWN})


@dataclass
class Case:
    """A service with its open or latest incident, while changes of it are followed."""

    service: ImputationService
    incident: ServiceIncident | None
    is_muted: bool


def follow(session: Session, changes: Sequence[StateChange]) -> None:
    """Open, worsen and end incidents by confirmed changes, and raise the alerts they are worth.

    For the recorder, in the transaction that writes the changes; those of one service in order.
    """
    if not changes:
        return
    cases = cases_of(session, sorted({change.service_id for change in changes}))
    failures = _failures(session, changes)
    messages: list[Message] = []
    for change in changes:
        case = cases.get(change.service_id)
        if case is None:
            continue
        if change.after in SEVERITY:
            recent = failures.get(change.service_id, ())
            messages += _worsen(session, case, change, recent)
        elif change.after is Health.UP:
            _end(case, change)
    emit_once(session, RegistryOutbox, messages)
    db.announce(session, "service_incidents")
    lost = [change for change in changes if change.after is Health.UNKNOWN]
    if lost:
        alerts.network_lost(session, reason=lost[0].reason)


def stop_watching(session: Session, *, service_id: int) -> None:
    """End what is open of a service that is not probed any more, or becomes another; untold."""
    incidents = session.exec(
        select(ServiceIncident).where(
            ServiceIncident.service_id == service_id,
            col(ServiceIncident.ended_at).is_(None)
            | col(ServiceIncident.recovery_due_at).is_not(None),
        )
    )
    for incident in incidents:
        incident.ended_at = incident.ended_at or now()
        incident.recovery_due_at = None
    service = session.get_one(ImputationService, service_id)
    service.is_flapping = False


def cases_of(session: Session, service_ids: Sequence[int]) -> dict[int, Case]:
    """The services with their latest incidents, both locked, and whether people are told now."""
    services = session.exec(
        select(ImputationService)
        .where(col(ImputationService.id).in_(service_ids))
        .order_by(col(ImputationService.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    latest = (
        select(ServiceIncident.id)
        .where(col(ServiceIncident.service_id).in_(service_ids))
        .ext(distinct_on(col(ServiceIncident.service_id)))
        .order_by(
            col(ServiceIncident.service_id),
            col(ServiceIncident.ended_at).is_not(None),
            col(ServiceIncident.started_at).desc(),
            col(ServiceIncident.id).desc(),
        )
    )
    found = session.exec(
        select(ServiceIncident)
        .where(col(ServiceIncident.id).in_(latest))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    incidents = {incident.service_id: incident for incident in found}
    quiet = alerts.muted(session, service_ids)
    return {
        service.id: Case(service, incidents.get(service.id), service.id in quiet)
        for service in services
        if service.id is not None
    }


def news_of(
    case: Case,
    incident: ServiceIncident,
    *,
    kind: AlertKind,
    words: alert_words.Words,
    once: str = "",
    is_quiet: bool,
    concerns_owners: bool,
) -> list[Message]:
    """An alert about an incident; where people are told, the owners of jobs there are too."""
    messages = alerts.messages_of(
        kind=kind,
        service=(case.service.ref, case.service.name),
        title=words.title,
        body=words.body,
        once=f"{incident.ref}:{once}",
        incident_ref=incident.ref,
        is_quiet=is_quiet,
    )
    if is_quiet:
        return messages
    incident.told_at = incident.told_at or now()
    if not concerns_owners:
        return messages
    payload = {
        "service_ref": case.service.ref,
        "service_name": case.service.name,
        "incident_ref": incident.ref,
        "started_at": incident.started_at.isoformat(),
        "is_recovery": kind is AlertKind.RECOVERED,
        "title": words.title,
        "body": words.body,
    }
    return [*messages, Message("job_alert", payload, f"{incident.ref}:{kind}:{once}")]


def _worsen(
    session: Session, case: Case, change: StateChange, failures: Sequence[datetime]
) -> list[Message]:
    incident = case.incident
    if incident is None or not _goes_on(case.service, incident, change.at):
        if incident is not None:
            # Nobody is told any more that it was up: it is not.
            incident.recovery_due_at = None
        incident = ServiceIncident(service_id=change.service_id, state="", started_at=change.at)
        session.add(incident)
        case.incident = incident
    incident.ended_at = incident.recovery_due_at = None
    is_worse = SEVERITY[change.after] > SEVERITY.get(_health(incident.state), 0)
    if is_worse:
        incident.state = change.after
        incident.layer, incident.cause = change.layer or "", change.reason
    messages = []
    if not case.service.is_flapping and _flaps(change, failures):
        case.service.is_flapping = True
        messages += _flapping(case, incident, change)
    if is_worse:
        messages += news_of(
            case,
            incident,
            kind=KINDS[change.after],
            words=alert_words.bad(case.service.name, change.after, change.at, change.reason),
            once=change.after,
            is_quiet=case.is_muted or case.service.is_flapping,
            concerns_owners=change.after in CONCERNS_OWNERS,
        )
    return messages


def _flapping(case: Case, incident: ServiceIncident, change: StateChange) -> list[Message]:
    """Who was told of the incident already, and not of its end, need not hear of it again."""
    return news_of(
        case,
        incident,
        kind=AlertKind.FLAPPING,
        words=alert_words.flapping(
            case.service.name, settings().flapping_changes, settings().flapping_hours
        ),
        once=change.at.isoformat(),
        is_quiet=case.is_muted or incident.told_at is not None,
        concerns_owners=Health(incident.state) in CONCERNS_OWNERS,
    )


def _end(case: Case, change: StateChange) -> None:
    incident = case.incident
    if incident is None or incident.ended_at is not None:
        return
    incident.ended_at = max(change.at, incident.started_at)
    incident.recovery_due_at = change.at + timedelta(seconds=settings().incident_reopen_seconds)


def _goes_on(service: ImputationService, incident: ServiceIncident, at: datetime) -> bool:
    """Whether a service that is bad at a moment is in the same incident still.

    It is not once people were told that the incident is over.
    """
    if incident.ended_at is None:
        return True
    short = timedelta(seconds=settings().incident_reopen_seconds)
    is_short = service.is_flapping or at - incident.ended_at < short
    return incident.recovery_due_at is not None and is_short


def _flaps(change: StateChange, failures: Sequence[datetime]) -> bool:
    """Whether the service has gone from up to bad too often lately, this change included."""
    if change.before is not Health.UP:
        return False
    since = change.at - timedelta(hours=settings().flapping_hours)
    earlier = sum(since < at < change.at for at in failures)
    return earlier + 1 >= settings().flapping_changes


def _failures(session: Session, changes: Sequence[StateChange]) -> dict[int, list[datetime]]:
    """When the services went from up to bad lately, by their ids."""
    failed = [change for change in changes if change.after in SEVERITY]
    if not failed:
        return {}
    # One more stretch, so that the first failure within the time has its “before”.
    since = min(change.at for change in failed) - 2 * timedelta(hours=settings().flapping_hours)
    before = func.lag(ServiceState.state).over(
        partition_by=col(ServiceState.service_id), order_by=col(ServiceState.since)
    )
    stretches = (
        select(
            col(ServiceState.service_id),
            col(ServiceState.since),
            col(ServiceState.state),
            before.label("before"),
        )
        .where(
            col(ServiceState.service_id).in_([change.service_id for change in failed]),
            ServiceState.since > since,
        )
        .subquery()
    )
    found = session.connection().execute(
        select(stretches.c.service_id, stretches.c.since).where(
            stretches.c.state.in_(list(SEVERITY)),
            func.coalesce(stretches.c.before, Health.UP) == Health.UP,
        )
    )
    failures: dict[int, list[datetime]] = {}
    for service_id, at in found:
        failures.setdefault(service_id, []).append(at)
    return failures


def _health(state: str) -> Health:
    return Health(state) if state else Health.UP
