"""Runs that a service lost in a restart of its own: started again there, a few times by ourselves.

A run that is interrupted more often than that is its owner's business: the job is held, and goes on
when its owner asks for another try.
"""

from sqlmodel import Session

from app.connectors.base import RunStatus
from app.domain import job_progress, job_queue
from app.domain.access import Actor
from app.domain.errors import Conflict
from app.domain.job_queries import JobRow, job_row
from app.domain.job_queue import Claim, claimed_job, release, retire
from app.domain.job_states import JobStatus, change_status, hold, let_go, note
from app.domain.job_status import INTERRUPTED
from app.domain.jobs import audit, locked
from models.base import now
from models.jobs import Job

MOST_RESTARTS = 3
# What a job waits for whose owner asked for that.
ASKED = "restart"
# A held job is looked at now and then: the service's operators may start the run again themselves.
HELD_LOOK = 600.0
FIRST_LOOK = 2.0


def interrupted(session: Session, claim: Claim, *, status: RunStatus) -> bool:
    """The service stopped in the middle of the run; true if it is to be started again now.

    The claim is kept then. A run that was to be cancelled is not started again.
    """
    job = claimed_job(session, claim)
    job.contact_at, job.contact_error = now(), ""
    job_progress.keep(job, status)
    if job.remote_state != status.raw_state:
        job.remote_state = status.raw_state
        note(session, job, f"{job.service_name} was interrupted in the run ({status.raw_state})")
    if job.status == JobStatus.CANCELLING:
        job.cancel_outcome = "confirmed"
        reason = "The run was interrupted at the service, and is not started again"
        change_status(session, job, JobStatus.CANCELLED, reason=reason)
        retire(session, claim)
        return False
    if job.restarts < MOST_RESTARTS or job.waits_for == ASKED:
        session.add(job)
        return True
    hold(
        session,
        job,
        INTERRUPTED,
        f"{job.service_name} was interrupted in this run again and again, and "
        f"{job.restarts} new starts did not help. Start it again once the service works "
        "steadily, or give the job up.",
    )
    release(session, claim, after=HELD_LOOK)
    return False


def restarted(session: Session, claim: Claim, *, trouble: str = "") -> None:
    """The service was asked to start the run again; `trouble` is why it may not have done so."""
    job = claimed_job(session, claim)
    job.restarts += 1
    _forget_wish(job)
    let_go(session, job)
    told = f"Started again at {job.service_name}, which had lost the run (number {job.restarts})"
    if trouble:
        told = f"Asked {job.service_name} to start the run again (number {job.restarts}). {trouble}"
    job.status_reason = told
    note(session, job, told)
    release(session, claim, after=FIRST_LOOK)


def cannot_restart(session: Session, claim: Claim, *, reason: str) -> None:
    """The service cannot start an interrupted run again: a person must decide."""
    job = claimed_job(session, claim)
    job.restarts = max(job.restarts, MOST_RESTARTS)
    _forget_wish(job)
    hold(session, job, INTERRUPTED, f"{reason} Give the job up and submit it again.")
    release(session, claim, after=HELD_LOOK)


def ask_restart(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """Have the service start an interrupted run again, as the job's owner wishes."""
    job = locked(session, actor, job_ref)
    if job.held_reason != INTERRUPTED:
        raise Conflict(
            f"The run of “{job.name}” need not be started again. Reload the page to see where it "
            "stands."
        )
    assert job.id is not None
    job.held_reason, job.waits_for = "", ASKED
    job.status_reason = f"{job.service_name} is asked to start the run again"
    note(session, job, "Asked to start the run again at the service", actor=actor.name)
    job_queue.wake(session, job.id)
    audit(session, actor, "job.restart", job)
    return job_row(job)


def _forget_wish(job: Job) -> None:
    if job.waits_for == ASKED:
        job.waits_for = ""
