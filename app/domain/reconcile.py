"""Setting right what a crash at a bad moment, or a hand in the database, may leave behind."""

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.domain.job_states import TERMINAL, JobStatus, note
from models.jobs import Job, JobQueueEntry

BATCH = 100

# A job that was given up is terminal too, but its run may still be looked at.
_OUT_OF_QUEUE = TERMINAL - {JobStatus.LOST}


def requeue_forgotten(session: Session) -> list[str]:
    """Put jobs that have not ended and that no worker would ever see back into the queue.

    Return their refs. Every change of a job and its place in the queue commit together, so that
    there should be none: one that is found is written into its history and logged.
    """
    forgotten = session.exec(
        select(Job)
        .outerjoin(JobQueueEntry, col(JobQueueEntry.job_id) == Job.id)
        .where(col(Job.status).not_in(TERMINAL), col(JobQueueEntry.job_id).is_(None))
        .order_by(col(Job.id))
        .limit(BATCH)
        .with_for_update(of=Job, skip_locked=True)
    ).all()
    for job in forgotten:
        assert job.id is not None
        session.add(JobQueueEntry(job_id=job.id))
        note(session, job, "It had lost its place in the queue and was put back")
    return [job.ref for job in forgotten]


def drop_ended(session: Session) -> int:
    """Take jobs that have ended out of the queue; return how many there were."""
    ended = select(Job.id).where(col(Job.status).in_(_OUT_OF_QUEUE))
    dropped = session.connection().execute(
        delete(JobQueueEntry).where(col(JobQueueEntry.job_id).in_(ended))
    )
    return dropped.rowcount
