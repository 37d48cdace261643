"""Runs that were given up: looked at now and then, and offered to their owner if they complete.

A job that was given up is `lost`, and ended for its owner. While its run may go on at the service,
the job stays in the queue; nobody is told of any trouble with it. If the run completes, its owner
is told once, and may have the results fetched: `lost -> collecting -> completed`.
"""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.connectors.base import RunState, RunStatus
from app.domain.access import Actor
from app.domain.errors import Conflict
from app.domain.job_leftovers import keep_expiry
from app.domain.job_queries import JobRow, job_row
from app.domain.job_queue import Claim, claimed_job, poll_delay, release, retire
from app.domain.job_states import JobStatus, change_status, note, notify
from app.domain.jobs import ABANDONED_LOOK, audit, locked
from models.base import now
from models.jobs import Job, JobQueueEntry

LOOKED_AT_FOR = timedelta(days=30)
RAREST_LOOK = timedelta(days=1)


def looked_at(session: Session, claim: Claim, *, status: RunStatus | None) -> None:
    """What a look at a run that was given up showed; None if the service told nothing.

    A complete run is offered. One that failed or was cancelled is noted, and the looking ends, as
    it does after `LOOKED_AT_FOR`.
    """
    job = claimed_job(session, claim)
    state = status.state if status else RunState.UNKNOWN
    if status and status.raw_state:
        job.contact_at, job.contact_error = now(), ""
        job.remote_state = status.raw_state
        keep_expiry(job, status)
        session.add(job)
    if status and status.results_gone:
        note(session, job, f"{job.service_name} has deleted what the run left that was given up")
        retire(session, claim)
    elif state is RunState.COMPLETE:
        _offer(session, job)
        retire(session, claim)
    elif state in (RunState.FAILED, RunState.CANCELLED):
        word = "failed" if state is RunState.FAILED else "was cancelled"
        note(session, job, f"The run that was given up {word} at {job.service_name}")
        retire(session, claim)
    elif now() - _given_up_at(job) > LOOKED_AT_FOR:
        days = LOOKED_AT_FOR.days
        note(session, job, f"The run that was given up has not ended in {days} days; not followed")
        retire(session, claim)
    else:
        release(session, claim, after=_next_look(job))


def accept_offer(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """Fetch the results of a run that was given up and completed after all."""
    job = _offered(session, actor, job_ref)
    reason = "The run is complete after all; fetching its results"
    change_status(session, job, JobStatus.COLLECTING, reason=reason, actor=actor.name)
    assert job.id is not None
    session.add(JobQueueEntry(job_id=job.id))
    audit(session, actor, "job.accept_offer", job)
    return job_row(job)


def decline_offer(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """Leave the results of a run that was given up where they are, for good."""
    job = _offered(session, actor, job_ref)
    job.offered_at = None
    note(session, job, "The results are not wanted any more", actor=actor.name)
    audit(session, actor, "job.decline_offer", job)
    return job_row(job)


def _offer(session: Session, job: Job) -> None:
    job.offered_at = now()
    note(session, job, f"The run that was given up is complete at {job.service_name}")
    notify(
        session,
        job,
        "job.offered",
        "Complete after all: {name} on {service}",
        "You gave this run up, and it has completed since. Its results can be fetched.",
    )


def _offered(session: Session, actor: Actor, job_ref: str) -> Job:
    job = locked(session, actor, job_ref)
    if job.status != JobStatus.LOST or job.offered_at is None:
        raise Conflict(
            f"No results of “{job.name}” are offered. Reload the page to see where it stands."
        )
    return job


def _given_up_at(job: Job) -> datetime:
    return job.finished_at or job.updated_at


def _next_look(job: Job) -> float:
    """Hourly at first, a quarter of the time that has passed later on, at least once a day."""
    age = (now() - _given_up_at(job)).total_seconds()
    return poll_delay(min(max(ABANDONED_LOOK, age / 4), RAREST_LOOK.total_seconds()))
