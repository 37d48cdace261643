"""How the worker gets on with each service: one circuit breaker for all its jobs and all workers.

closed      no row, or one without `retry_at`: too few contacts in vain in a row to stop
open        `retry_at` lies ahead: `job_queue.claim_due` gives nobody a job of this service
half open   `retry_at` has passed: one claim goes through as a trial. It moves `retry_at` on, and
            that value is its token: only who holds it may close the breaker or open it anew

A service that names a time (`Retry-After`) is left alone until then, but is not lost: `lost_at` is
then empty. The time is the database's, so that workers with other clocks agree.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, select

from app.domain.access import Actor, require, require_service
from app.domain.job_queries import fields_of
from app.domain.job_queue import delay_after
from app.domain.job_states import TERMINAL
from app.domain.outbox import emit_audit
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry, JobsOutbox, ServiceContact

# Contacts in vain in a row until the service is left alone.
MOST_FAILURES = 3
# When a service answers again, its jobs become due within so many seconds, not all at once.
WAKE_SPREAD = 5.0


@dataclass(frozen=True)
class ContactRow:
    """A service that is left alone until `retry_at`.

    `lost_at` is since when it does not answer, or None where it asked us to wait.
    """

    service_ref: str
    lost_at: datetime | None
    retry_at: datetime | None
    error_message: str


def heard(session: Session, *, service_ref: str, trial: datetime | None = None) -> None:
    """The service answered as it should. While it is left alone, only the trial's word counts."""
    contact = _locked(session, service_ref)
    if contact is not None and contact.retry_at in (None, trial):
        _close(session, contact)


def heard_by_probes(session: Session, *, service_refs: Collection[str]) -> None:
    """Probes found the services up; one that asked for time gets it nevertheless."""
    lost = session.exec(
        select(ServiceContact)
        .where(
            col(ServiceContact.service_ref).in_(service_refs),
            col(ServiceContact.lost_at).is_not(None),
        )
        .order_by(ServiceContact.service_ref)
        .with_for_update()
    ).all()
    for contact in lost:
        _close(session, contact)


def in_vain(
    session: Session,
    *,
    service_ref: str,
    reason: str,
    retry_after: float | None = None,
    trial: datetime | None = None,
) -> None:
    """The service did not answer, or not as it should.

    What began before the service was left alone counts no more.
    """
    session.connection().execute(
        insert(ServiceContact)
        .values(service_ref=service_ref, failures=0, error_message="")
        .on_conflict_do_nothing()
    )
    contact = _locked(session, service_ref)
    if contact is None or contact.retry_at not in (None, trial):
        return
    contact.failures += 1
    contact.error_message = reason
    contact.lost_at = None if retry_after else contact.lost_at or now()
    if trial or retry_after or contact.failures >= MOST_FAILURES:
        _open(session, contact, retry_after)
    session.add(contact)


@dataclass(frozen=True)
class Leave:
    """Whether a service may be spoken to: not before `not_before`, or as the trial `trial`."""

    not_before: datetime | None = None
    error_message: str = ""
    trial: datetime | None = None


def ask_leave(session: Session, *, service_ref: str, trial_lasts: timedelta) -> Leave:
    """Whether the worker may speak to a service on another matter than a job's.

    Where the time for a trial has come, the asker has it, for `trial_lasts`.
    """
    contact = _locked(session, service_ref)
    if contact is None or contact.retry_at is None:
        return Leave()
    if contact.retry_at > _clock(session):
        return Leave(not_before=contact.retry_at, error_message=contact.error_message)
    contact.retry_at = _clock(session) + trial_lasts
    session.add(contact)
    return Leave(trial=contact.retry_at)


def contact_of(session: Session, *, actor: Actor, service_ref: str) -> ContactRow | None:
    """What keeps the worker from a service now, or None if nothing does."""
    require(actor, "service:read")
    return lost_contact(session, service_ref)


def lost_contact(session: Session, service_ref: str) -> ContactRow | None:
    """The same for a reader who has been authorised."""
    contact = session.get(ServiceContact, service_ref)
    return fields_of(ContactRow, contact) if contact and contact.retry_at else None


def try_now(session: Session, *, actor: Actor, service_ref: str) -> None:
    """Let the next due job of a service try at once."""
    require_service(actor, "service:write", service_ref)
    contact = _locked(session, service_ref)
    if contact is None or contact.retry_at is None:
        return
    contact.retry_at = _clock(session)
    session.add(contact)
    due = _entries(session, service_ref)
    _make_due(session, due, spread=0.0)
    emit_audit(
        session,
        JobsOutbox,
        actor=actor,
        action="service.try_now",
        target_type="service",
        target_ref=service_ref,
    )
    _announce(session, service_ref)


def _open(session: Session, contact: ServiceContact, retry_after: float | None) -> None:
    """Leave the service alone for a while, and say so at each of its jobs."""
    in_a_row = max(contact.failures - MOST_FAILURES, 0)
    delay = delay_after(in_a_row, retry_after=retry_after)
    contact.retry_at = _clock(session) + timedelta(seconds=delay)
    session.connection().execute(
        update(Job)
        .where(
            col(Job.service_ref) == contact.service_ref,
            col(Job.status).not_in(TERMINAL),
            col(Job.contact_error) != contact.error_message,
        )
        .values(contact_error=contact.error_message)
    )
    _announce(session, contact.service_ref)


def _close(session: Session, contact: ServiceContact) -> None:
    """Forget the failures; if the service was left alone, its jobs go on.

    Queue entries are locked before jobs, as everywhere.
    """
    session.delete(contact)
    if contact.retry_at is None:
        return
    _make_due(session, _entries(session, contact.service_ref), spread=WAKE_SPREAD)
    session.connection().execute(
        update(Job)
        .where(
            col(Job.service_ref) == contact.service_ref,
            col(Job.status).not_in(TERMINAL),
            col(Job.contact_error) == contact.error_message,
        )
        .values(contact_error="")
    )
    _announce(session, contact.service_ref)


def _entries(session: Session, service_ref: str) -> list[int]:
    """The service's jobs that no worker holds, locked in the queue."""
    return list(
        session.exec(
            select(JobQueueEntry.job_id)
            .join(Job, col(Job.id) == JobQueueEntry.job_id)
            .where(Job.service_ref == service_ref, JobQueueEntry.lease_owner == "")
            .with_for_update(of=JobQueueEntry, skip_locked=True)
        )
    )


def _make_due(session: Session, job_ids: list[int], *, spread: float) -> None:
    soon = func.now() + func.random() * timedelta(seconds=spread)
    session.connection().execute(
        update(JobQueueEntry)
        .where(col(JobQueueEntry.job_id).in_(job_ids))
        .values(next_action_at=func.least(JobQueueEntry.next_action_at, soon))
    )


def _announce(session: Session, service_ref: str) -> None:
    db.announce(session, "jobs")
    db.announce(session, "service_contacts", service_ref)


def _locked(session: Session, service_ref: str) -> ServiceContact | None:
    return session.exec(
        select(ServiceContact).where(ServiceContact.service_ref == service_ref).with_for_update()
    ).first()


def _clock(session: Session) -> datetime:
    moment: datetime = session.exec(select(func.clock_timestamp())).one()
    return moment
