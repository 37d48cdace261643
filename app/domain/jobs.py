"""What a person may do to a job: cancel it, or give it up."""

from sqlmodel import Session, select

from app.domain import job_queue
from app.domain.access import Actor, require, require_own
from app.domain.errors import Conflict, NotFound
from app.domain.job_cancels import CANCEL_PATIENCE
from app.domain.job_queries import JobRow, job_row
from app.domain.job_states import TERMINAL, JobStatus, change_status, note
from app.domain.outbox import emit_audit
from models.base import now
from models.jobs import Job, JobQueueEntry, JobsOutbox

# Seconds until the first look at a run that was given up (see `job_offers`).
ABANDONED_LOOK = 3600.0

NOT_SENT = frozenset({JobStatus.WAITING, JobStatus.QUEUED})
_AT_SERVICE = frozenset({JobStatus.SUBMITTED, JobStatus.RUNNING})
CAN_CANCEL = NOT_SENT | _AT_SERVICE | {JobStatus.SUBMITTING}
GIVE_UP_FROM = frozenset(
    {
        JobStatus.SUBMITTING,
        JobStatus.SUBMITTED,
        JobStatus.RUNNING,
        JobStatus.CANCELLING,
        JobStatus.COLLECTING,
    }
)


def cancel(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """Cancel a job: at once if it was never sent, else the worker asks the service.

    Asking twice is the same as asking once; asking again after the service ignored it asks again.
    Raises `Conflict` where the run has ended.
    """
    job = locked(session, actor, job_ref)
    status = JobStatus(job.status)
    if status in TERMINAL or status is JobStatus.COLLECTING:
        ended = "its run has ended" if status is JobStatus.COLLECTING else f"it is {status}"
        raise Conflict(f"“{job.name}” cannot be cancelled any more: {ended}.")
    if status is JobStatus.CANCELLING or (job.cancel_requested_at and not job.cancel_outcome):
        return job_row(job)
    job.cancel_requested_at = now()
    job.cancel_outcome = ""
    assert job.id is not None
    if status in NOT_SENT:
        job.cancel_outcome = "confirmed"
        change_status(
            session,
            job,
            JobStatus.CANCELLED,
            reason="Cancelled before it was sent to the service",
            actor=actor.name,
        )
        job_queue.drop(session, job.id)
    elif status in _AT_SERVICE:
        change_status(
            session, job, JobStatus.CANCELLING, reason="Cancel requested", actor=actor.name
        )
        job_queue.wake(session, job.id)
    else:
        note(session, job, "Cancel requested while it was being submitted", actor=actor.name)
        job_queue.wake(session, job.id)
    audit(session, actor, "job.cancel", job)
    return job_row(job)


def may_give_up(row: JobRow) -> bool:
    """Tell whether giving a job up is to be offered: something hinders its end for a while."""
    asked = row.cancel_requested_at
    is_slow_to_stop = asked is not None and now() - asked > CANCEL_PATIENCE
    is_hindered = bool(row.held_reason or row.contact_error or row.stalled_at) or is_slow_to_stop
    return JobStatus(row.status) in GIVE_UP_FROM and is_hindered


def give_up(session: Session, *, actor: Actor, job_ref: str) -> JobRow:
    """End a job whose service gives no end to it; its run may go on at the service.

    A run that the service is known to have is still looked at now and then (see `job_offers`).
    """
    job = locked(session, actor, job_ref)
    if JobStatus(job.status) not in GIVE_UP_FROM:
        raise Conflict(
            f"“{job.name}” need not be given up. Reload the page to see where it stands."
        )
    is_there = bool(job.remote_id) and job.status != JobStatus.SUBMITTING
    job.offered_at = None
    change_status(
        session,
        job,
        JobStatus.LOST,
        reason=f"Given up by {actor.name}; the run may still go on at {job.service_name}",
        actor=actor.name,
    )
    assert job.id is not None
    if is_there:
        job_queue.postpone(session, job.id, seconds=ABANDONED_LOOK)
    else:
        # An id that was never verified is no run of this job.
        job.remote_id = ""
        job_queue.drop(session, job.id)
    audit(session, actor, "job.give_up", job)
    return job_row(job)


def locked(session: Session, actor: Actor, job_ref: str) -> Job:
    """Authorise, then lock the queue entry and the job, in the order that the worker does."""
    require(actor, "job:cancel")
    found = session.exec(select(Job.id, Job.owner_ref).where(Job.ref == job_ref)).first()
    if found is None:
        raise NotFound("job")
    job_id, owner_ref = found
    require_own(actor, "job:cancel", owner_ref=owner_ref, what="job")
    assert job_id is not None
    return lock_rows(session, job_id)


def lock_rows(session: Session, job_id: int) -> Job:
    """Lock a job and its queue entry, for a reader who has been authorised."""
    session.exec(
        select(JobQueueEntry).where(JobQueueEntry.job_id == job_id).with_for_update()
    ).first()
    return session.exec(select(Job).where(Job.id == job_id).with_for_update()).one()


def audit(session: Session, actor: Actor, action: str, job: Job) -> None:
    """Say in the audit log what a person did to a job."""
    emit_audit(
        session,
        JobsOutbox,
        actor=actor,
        action=action,
        target_type="job",
        target_ref=job.ref,
        target_name=job.name,
        after={"status": job.status, "service": job.service_name},
    )
