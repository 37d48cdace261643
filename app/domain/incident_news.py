"""What is told later than it happens, because it has to last first.

That a service is up again, that one which flapped is stable, and that one is bad still whose
silence or maintenance window is over.
"""

from datetime import timedelta

from sqlmodel import Session, col, select

from app.config import settings
from app.domain import alert_words
from app.domain.alerts import AlertKind
from app.domain.health import Health
from app.domain.incidents import CONCERNS_OWNERS, KINDS, SEVERITY, Case, cases_of, news_of
from app.domain.outbox import Message, emit_once
from models import db
from models.base import now
from models.health import ServiceIncident, ServiceState
from models.registry import ImputationService, RegistryOutbox

BATCH = 200


def tell_later(session: Session) -> int:
    """Tell what is due, and return of how many services. Safe with any number of workers."""
    return _stable(session) + _recovered(session) + _still_bad(session)


def _recovered(session: Session) -> int:
    due = session.exec(
        select(ServiceIncident)
        .join(ImputationService)
        .where(col(ServiceIncident.recovery_due_at) <= now(), ~col(ImputationService.is_flapping))
        .order_by(col(ServiceIncident.recovery_due_at))
        .limit(BATCH)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    cases = cases_of(session, [incident.service_id for incident in due]) if due else {}
    messages: list[Message] = []
    for incident in due:
        ended = incident.ended_at or now()
        words = alert_words.recovered(
            cases[incident.service_id].service.name, incident.started_at, ended
        )
        messages += _end(cases[incident.service_id], incident, words)
    emit_once(session, RegistryOutbox, messages)
    return len(due)


def _stable(session: Session) -> int:
    """End the flapping of the services whose state has lasted."""
    lasts_since = now() - timedelta(hours=settings().flapping_hours)
    due = session.exec(
        select(ImputationService, ServiceState)
        .join(ServiceState)
        .where(
            col(ImputationService.is_flapping),
            col(ServiceState.until).is_(None),
            ServiceState.since <= lasts_since,
            col(ServiceState.state).in_([Health.UP, *SEVERITY]),
        )
        .limit(BATCH)
        .with_for_update(of=ImputationService, key_share=True, skip_locked=True)
    ).all()
    cases = cases_of(session, [service.id or 0 for service, _ in due]) if due else {}
    messages: list[Message] = []
    for service, stretch in due:
        service.is_flapping = False
        case = cases[service.id or 0]
        if case.incident is None:
            continue
        if stretch.state == Health.UP:
            words = alert_words.stable(service.name, settings().flapping_hours)
            messages += _end(case, case.incident, words)
        else:
            words = alert_words.stable_but_bad(
                service.name, Health(stretch.state), stretch.since, stretch.reason
            )
            messages += _bad(
                case, case.incident, Health(stretch.state), words, once=f"stable {stretch.since}"
            )
        db.announce(session, "imputation_services", service.ref)
    emit_once(session, RegistryOutbox, messages)
    return len(due)


def _still_bad(session: Session) -> int:
    """Tell of the open incidents that began while nobody was to be told."""
    untold = session.exec(
        select(ServiceIncident, ImputationService)
        .join(ImputationService)
        .where(
            col(ServiceIncident.ended_at).is_(None),
            col(ServiceIncident.told_at).is_(None),
            ~col(ImputationService.is_flapping),
            col(ImputationService.health_status).in_(list(SEVERITY)),
        )
        .limit(BATCH)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    cases = cases_of(session, [service.id or 0 for _, service in untold]) if untold else {}
    due = [one for one in untold if not cases[one[1].id or 0].is_muted]
    messages: list[Message] = []
    for incident, service in due:
        state = Health(service.health_status)
        words = alert_words.still_bad(service.name, state, incident.started_at, incident.cause)
        messages += _bad(cases[service.id or 0], incident, state, words, once="still")
    emit_once(session, RegistryOutbox, messages)
    return len(due)


def _end(case: Case, incident: ServiceIncident, words: alert_words.Words) -> list[Message]:
    """Tell of an incident's end those who were told of it."""
    incident.recovery_due_at = None
    return news_of(
        case,
        incident,
        kind=AlertKind.RECOVERED,
        words=words,
        is_quiet=case.is_muted or incident.told_at is None,
        concerns_owners=True,
    )


def _bad(
    case: Case, incident: ServiceIncident, state: Health, words: alert_words.Words, *, once: str
) -> list[Message]:
    return news_of(
        case,
        incident,
        kind=KINDS[state],
        words=words,
        once=once,
        is_quiet=case.is_muted,
        concerns_owners=state in CONCERNS_OWNERS,
    )
