"""Which jobs take a slot at their service: those whose run may be at work or queue there."""

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from app.domain.job_status import INTERRUPTED, UNKNOWN_RUN, JobStatus
from models.jobs import Job

OCCUPYING = frozenset(
    {JobStatus.SUBMITTING, JobStatus.SUBMITTED, JobStatus.RUNNING, JobStatus.CANCELLING}
)
# Held so until a person acts, a job has no run there that is at work or in the queue, and what else
# a service has of it counts not (Cloudgene: `JobService.submitJob` asks the queue alone).
AT_REST = frozenset({INTERRUPTED, UNKNOWN_RUN})


def in_slots(job: type[Job] = Job) -> ColumnElement[bool]:
    """The condition that a job takes a slot of its `slot_key`."""
    return col(job.status).in_(OCCUPYING) & col(job.held_reason).not_in(AT_REST)


def taken(session: Session, key: str) -> dict[str, int]:
    """How many slots of a key each owner's jobs take."""
    found = session.exec(
        select(Job.owner_ref, func.count())
        .where(Job.slot_key == key, in_slots())
        .group_by(Job.owner_ref)
    )
    return dict(found.all())
