"""A job's life: its statuses, which may follow which, and the history that every change leaves.

    waiting -> queued -> submitting -> submitted -> running -> collecting -> completed
                                                                          -> failed
    and from most of them: cancelling -> cancelled, or lost (a person gave it up)
    lost -> collecting, where the run turns out to be complete and its owner wants the results

A status says what we know of the run. That a service does not answer is another fact, the job's
contact, and never changes the status.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sqlmodel import Session, col, select

from app.domain import job_slots, job_status
from app.domain.errors import Conflict
from app.domain.outbox import emit
from models import db
from models.base import now
from models.jobs import Job, JobsOutbox, JobStatusChange

JobStatus = job_status.JobStatus

S = JobStatus

TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        S.WAITING: frozenset({S.QUEUED, S.FAILED, S.CANCELLED}),
        S.QUEUED: frozenset({S.SUBMITTING, S.FAILED, S.CANCELLED}),
        # Back to queued only where the service surely did not take the run.
        S.SUBMITTING: frozenset({S.QUEUED, S.SUBMITTED, S.FAILED, S.CANCELLED, S.LOST}),
        S.SUBMITTED: frozenset({S.RUNNING, S.COLLECTING, S.CANCELLING, S.CANCELLED, S.LOST}),
        S.RUNNING: frozenset({S.COLLECTING, S.CANCELLING, S.CANCELLED, S.LOST}),
        # Back where the service ignored the cancel.
        S.CANCELLING: frozenset({S.SUBMITTED, S.RUNNING, S.COLLECTING, S.CANCELLED, S.LOST}),
        S.COLLECTING: frozenset({S.COMPLETED, S.FAILED, S.CANCELLED, S.LOST}),
        S.COMPLETED: frozenset(),
        S.FAILED: frozenset(),
        S.CANCELLED: frozenset(),
        # Where the run is complete after all, and its results are wanted.
        S.LOST: frozenset({S.COLLECTING}),
    }
)

# The ends. Of them only `lost` can be left again, by its owner.
TERMINAL = frozenset({S.COMPLETED, S.FAILED, S.CANCELLED, S.LOST})

# Held so, a job asks its owner whether the service took its run (see `job_answers`).
ANSWER_LOST = "answer_lost"

_ENDS = {
    S.COMPLETED: "Completed: {name} on {service}",
    S.FAILED: "Failed: {name} on {service}",
}


def change_status(
    session: Session, job: Job, to: JobStatus, *, reason: str = "", actor: str = "worker"
) -> None:
    """Move a job to another status and write it into the history.

    Raises `Conflict` where the status may not follow; a job that has ended stays as it is.
    """
    before = JobStatus(job.status)
    if to not in TRANSITIONS[before]:
        raise Conflict(
            f"“{job.name}” is {before} and cannot become {to}. "
            "Reload the page to see where it stands."
        )
    job.status = to
    job.status_reason = reason
    _keep_times(job, before, to)
    if to in TERMINAL:
        job.held_reason = ""
    job_slots.moved(session, job, before)
    _record(session, job, before, reason, actor)
    if to in _ENDS:
        notify(session, job, f"job.{to}", _ENDS[to], job.error_message or reason)


def requeue(session: Session, job: Job, *, reason: str) -> None:
    """Put a job that the service surely did not take back into the queue.

    A try that ends as the one before did leaves no rows in the history, which has told it; until
    when it went on so is in `status_reason`.
    """
    latest = session.exec(
        select(JobStatusChange)
        .where(JobStatusChange.job_id == job.id)
        .order_by(col(JobStatusChange.id).desc())
        .limit(4)
    ).all()
    sending = latest[0]
    before = next((row for row in latest[1:] if row.from_status != row.to_status), None)
    is_repeated = (
        (sending.from_status, sending.to_status) == (S.QUEUED, S.SUBMITTING)
        and before is not None
        and (before.from_status, before.to_status) == (S.SUBMITTING, S.QUEUED)
        and before.reason == reason
    )
    if not is_repeated:
        change_status(session, job, S.QUEUED, reason=reason)
        return
    session.delete(sending)
    job.status = S.QUEUED
    job_slots.moved(session, job, S.SUBMITTING)
    job.updated_at = now()
    job.status_reason = f"{reason} Tried in vain until {job.updated_at:%Y-%m-%d %H:%M} UTC."
    session.add(job)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def note(session: Session, job: Job, reason: str, *, actor: str = "worker") -> None:
    """Write something that happened into the history without a change of status."""
    _record(session, job, JobStatus(job.status), reason, actor)


def hold(session: Session, job: Job, held_reason: str, explanation: str) -> None:
    """Say that a job cannot go on without a person; its owner is told once per reason."""
    if job.held_reason == held_reason and job.status_reason == explanation:
        return
    is_new = job.held_reason != held_reason
    job.held_reason = held_reason
    job_slots.held(session, job)
    job.status_reason = explanation
    note(session, job, explanation)
    if is_new:
        notify(session, job, "job.held", "Needs attention: {name} on {service}", explanation)


def let_go(session: Session, job: Job) -> None:
    """End a hold, because what stood against the job is gone."""
    if job.held_reason:
        job.held_reason = ""
        job.status_reason = ""
        note(session, job, "The service answers as it should again.")


def notify(session: Session, job: Job, topic: str, title: str, body: str) -> None:
    """Tell a job's owner; `title` may name the job with `{name}` and `{service}`."""
    payload = {
        "user_ref": job.owner_ref,
        "topic": topic,
        "title": title.format(name=job.name, service=job.service_name)[:200],
        "body": body,
        "link": f"/jobs/{job.ref}",
    }
    emit(session, JobsOutbox, "notification", payload)


def _keep_times(job: Job, before: JobStatus, to: JobStatus) -> None:
    """Our own clock's times of a change. A run that moves on is not stalled any more."""
    job.finished_at = now() if to in TERMINAL else None
    if to is S.RUNNING:
        job.running_at = job.running_at or now()
    has_started = before is S.SUBMITTED and to is S.RUNNING
    if to in TERMINAL or to is S.COLLECTING or has_started:
        job.stalled_at = None


def _record(session: Session, job: Job, before: JobStatus, reason: str, actor: str) -> None:
    assert job.id is not None
    job.updated_at = now()
    session.add(job)
    session.add(
        JobStatusChange(
            job_id=job.id,
            at=job.updated_at,
            from_status=before,
            to_status=job.status,
            remote_state=job.remote_state,
            reason=reason,
            actor=actor,
        )
    )
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
