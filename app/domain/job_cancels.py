"""What becomes of a cancel that the service accepted: the run stops in time, or it was ignored."""

from datetime import timedelta

from sqlmodel import Session, col, func, select

from app.domain.job_states import JobStatus, change_status
from models.base import now
from models.jobs import Job, JobStatusChange

# A run that still goes on this long after the service accepted the cancel ignores it.
CANCEL_PATIENCE = timedelta(seconds=60)


def patience_is_over(session: Session, job: Job) -> bool:
    """Tell whether a run that goes on ignores the cancel.

    Counted from the last entry about the cancel, which is the service's acceptance.
    """
    if job.cancel_outcome not in ("accepted", "already_finished"):
        return False
    said = session.exec(
        select(func.max(JobStatusChange.at)).where(
            JobStatusChange.job_id == job.id,
            col(JobStatusChange.to_status) == JobStatus.CANCELLING,
        )
    ).one()
    return said is not None and now() - said > CANCEL_PATIENCE


def cancel_ignored(session: Session, job: Job, reason: str) -> None:
    """The run goes on: the job is again what it was before the cancel."""
    job.cancel_outcome = "ignored"
    # What it was before: a run that has not started goes back to being submitted.
    was_running = session.exec(
        select(JobStatusChange.id).where(
            JobStatusChange.job_id == job.id, col(JobStatusChange.to_status) == JobStatus.RUNNING
        )
    ).first()
    back = JobStatus.RUNNING if was_running else JobStatus.SUBMITTED
    change_status(session, job, back, reason=reason)
